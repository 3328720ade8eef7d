"""Lines that the user pastes while the command waits. They hold codes, so they are hidden."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_LONGEST_LINE = 1 << 16


@contextmanager
def pasted_lines(put: Callable[[str | None], None]) -> Iterator[bool]:
    """Read stdin in the background during the block.

    :param put: called in another thread with each line, and with ``None`` at the end of stdin.
    :returns: whether there is a stdin to read.
    """
    descriptor = _stdin()
    if descriptor is None:
        yield False
        return
    waker, woken = os.pipe()
    # On Windows nothing ends a read: the thread lives until the process ends.
    reader = threading.Thread(target=_read, args=(descriptor, waker, put), daemon=True)
    with _hidden(descriptor):
        reader.start()
        try:
            yield True
        finally:
            os.close(woken)
            if os.name != "nt":
                reader.join()
            os.close(waker)


def _stdin() -> int | None:
    try:
        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor) and os.name != "nt" and os.tcgetpgrp(descriptor) != os.getpgrp():
            return None  # a background job that reads the terminal is stopped
    except (AttributeError, OSError, ValueError):  # closed, or not a file
        return None
    return descriptor


def _read(descriptor: int, waker: int, put: Callable[[str | None], None]) -> None:
    pending = b""
    while _is_ready(descriptor, waker):
        part = _read_part(descriptor)
        *lines, pending = (pending + part).split(b"\n")
        if not part or len(pending) > _LONGEST_LINE:
            lines, pending = [*lines, pending], b""
        for line in lines:
            if line.strip():
                put(line.decode("utf-8", "replace"))
        if not part:
            put(None)
            return


def _is_ready(descriptor: int, waker: int) -> bool:
    if os.name == "nt":
        return True
    return waker not in select.select([descriptor, waker], [], [])[0]


def _read_part(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _LONGEST_LINE)
    except OSError:  # the terminal is gone
        return b""


@contextmanager
def _hidden(descriptor: int) -> Iterator[None]:
    """Turn the echo of the terminal off."""
    try:
        import termios
    except ImportError:  # Windows
        yield
        return
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:  # not a terminal
        yield
        return
    silent = [*before]
    silent[3] = before[3] & ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, silent)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
