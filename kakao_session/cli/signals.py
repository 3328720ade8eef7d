"""Ctrl-C and the other signals that end a command.

A token request must not be interrupted between Kakao's answer and the token file: a lost answer may
cost the login.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from kakao_session.cli.i18n import _

INTERRUPTED = 128 + signal.SIGINT
CLOSED_PIPE = 141
"""128 + SIGPIPE, which Windows lacks: the reader of our output has gone, as in ``| head -1``."""

_ENDING = ("SIGINT", "SIGTERM")
_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_FROM_KEYBOARD = {"SIGINT", "SIGQUIT"}

Handler = Callable[[int, Any], None]

_is_deferring = ContextVar("is_deferring", default=False)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Finish the block first, and end the command afterwards. A second Ctrl-C ends it at once.

    Of several blocks inside one another, the outermost is finished. If a terminal is closed, both
    the system and the shell may send a SIGHUP.
    """
    if _is_deferring.get():
        yield
        return
    received: list[int] = []

    def defer(number: int, _frame: object) -> None:
        received.append(number)
        if len(received) > 1:
            if number == signal.SIGINT:
                _end(number)
            return
        message = _(
            "Waiting for Kakao's answer, so that no token is lost. Press Ctrl-C again to stop now."
        )
        with suppress(OSError):  # print() must not be called inside of another print()
            os.write(2, f"\n{message}\n".encode(errors="replace"))

    token = _is_deferring.set(True)
    try:
        with _handled(_STOPPING, defer):
            yield
    finally:
        _is_deferring.reset(token)
    if received:
        _end(received[0])


@contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise, as Ctrl-C does, so that the block can restore the terminal."""
    with _handled(_ENDING, lambda number, _frame: _end(number)):
        yield


@contextmanager
def stop_event() -> Iterator[threading.Event]:
    """:returns: an event that Ctrl-C, SIGTERM and SIGHUP set."""
    stopped = threading.Event()
    with _handled(_STOPPING, lambda _number, _frame: stopped.set()):
        yield stopped


def run_child(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command on our own stdin, stdout and stderr, and forward signals to it.

    :returns: its exit status; 128 plus the signal's number if a signal ended it, as in a shell.
    :raises OSError: it can't be started.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, _frame: object) -> None:
        if child is None:
            early.append(number)
        elif not _is_from_terminal(number):
            child.send_signal(number)

    with _handled(_FORWARDED, forward):
        child = subprocess.Popen(command, env=dict(environment))  # noqa: S603 - the user's own
        for number in early:
            child.send_signal(number)
        status = child.wait()
    return 128 - status if status < 0 else status


@contextmanager
def _handled(names: Sequence[str], handler: Handler) -> Iterator[None]:
    """Handle signals, except those that are ignored, as SIGHUP under nohup."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    previous = {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, old_handler in previous.items():
            signal.signal(number, old_handler)


def _end(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _is_from_terminal(number: int) -> bool:
    """Whether the child got the signal too: Ctrl-C goes to the whole foreground group."""
    if signal.Signals(number).name not in _FROM_KEYBOARD or not sys.__stdin__:
        return False
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False
