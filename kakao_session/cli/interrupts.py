"""Ctrl-C and SIGTERM, where a token is being exchanged or saved: an answer that is lost between
Kakao and the file may cost the login."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kakao_session.cli.language import say

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let what is inside come to its end; the signal counts after it, a second one at once."""
    pressed: list[int] = []

    def note(number: int, _frame: object) -> None:
        if pressed:
            _end(number)
        pressed.append(number)
        # Past the console, which may be in the midst of a line and is not made to be entered twice.
        with suppress(OSError):
            os.write(2, f"\n{say('finishing')}\n".encode(errors="replace"))

    with _handled_by(note):
        yield
    if pressed:
        _end(pressed[0])


@contextmanager
def unwinding() -> Iterator[None]:
    """Let SIGTERM end what is inside as Ctrl-C does, so that the terminal is left in order."""
    with _handled_by(lambda number, _frame: _end(number)):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, Any], None]) -> Iterator[None]:
    numbers: tuple[signal.Signals, ...] = ()
    if threading.current_thread() is threading.main_thread():
        numbers = (signal.SIGINT, signal.SIGTERM)
    # What is ignored here, as under nohup, stays ignored.
    previous = {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, was in previous.items():
            signal.signal(number, was)


def _end(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(TERMINATED)
