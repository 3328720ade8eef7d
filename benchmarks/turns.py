"""Contenders take turns, so that whatever else the machine does falls on all of them alike.

A turn is a few calls: one alone would find the processor's caches full of the one before it, and
those that share code with that one would have it warm.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

Samples = dict[str, list[float]]
"""What was measured of each contender."""


def take_turns(
    calls: Mapping[str, Callable[[], Any]],
    rounds: int,
    clock: Callable[[], int] = time.thread_time_ns,
    repeat: int = 20,
) -> Samples:
    """Let each make a few calls, in an order that changes, and again.

    :param clock: what tells the time, in nanoseconds; by default the CPU's, of this thread.
    :param repeat: how many calls are a turn.
    :returns: for each turn, what a call took, in seconds.
    """
    spent: Samples = {name: [] for name in calls}
    turns = list(calls.items())
    order = random.Random(0)
    for call in calls.values():
        for _ in range(repeat):
            call()
    gc.collect()
    for _ in range(rounds):
        order.shuffle(turns)
        for name, call in turns:
            started = clock()
            for _ in range(repeat):
                call()
            spent[name].append((clock() - started) / repeat / 1e9)
    return spent
