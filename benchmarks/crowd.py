"""Many threads that begin at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

Outcomes = list[int | str]
"""Of each call: the status, or the name of the error."""


def crowd(threads: int, work: Callable[[], Any]) -> None:
    """Do a piece of work in so many threads at once, and wait for all."""
    gate = threading.Barrier(threads)

    def run() -> None:
        gate.wait()
        work()

    crew = [threading.Thread(target=run) for _ in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


def storm(threads: int, calls: int, call: Callable[[], Any]) -> Outcomes:
    """Make so many calls in each thread. :returns: what came of each."""
    outcomes: Outcomes = []

    def run() -> None:
        for _ in range(calls):
            outcomes.append(outcome(call))

    crowd(threads, run)
    return outcomes


def outcome(call: Callable[[], Any]) -> int | str:
    """:returns: what came of one call."""
    try:
        return int(call().status_code)
    except Exception as error:  # noqa: BLE001  # whatever a peer raises is a failed call
        return type(error).__name__


def failed(outcomes: Outcomes) -> int:
    """:returns: how many calls brought no answer to the question."""
    return sum(status != 200 for status in outcomes)
