"""A child process that is run as if this one were not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_FROM_KEYBOARD = {"SIGINT", "SIGQUIT"}


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command on this process's own stdin, stdout and stderr, and pass signals on to it.

    :returns: its exit status; 128 and the signal's number if a signal ended it, as a shell does.
    :raises OSError: if it can't be started.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if child is None:
            early.append(number)
        elif not _reached_child_too(number):
            child.send_signal(number)

    with _handling_signals(pass_on):
        child = subprocess.Popen(command, env=dict(environment))  # noqa: S603 - the user's own
        for number in early:
            child.send_signal(number)
        status = child.wait()
    return 128 - status if status < 0 else status


@contextmanager
def _handling_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """What is ignored here, as under nohup, stays ignored."""
    numbers = [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]
    handled = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, handler) for number in handled}
    try:
        yield
    finally:
        for number, was in previous.items():
            signal.signal(number, was)


def _reached_child_too(number: int) -> bool:
    """A terminal sends its Ctrl-C to the whole foreground group, the child included."""
    if signal.Signals(number).name not in _FROM_KEYBOARD or not sys.__stdin__:
        return False
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False
