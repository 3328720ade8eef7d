"""The API call that needs a token, and how long it may take.

requests does not tell an auth how long its call may take. So :meth:`KakaoSession.request` notes it
here for its thread, and what a refresh waits for (the token endpoint, another thread, the lock of a
store) takes no longer. Only a request that may bring a new refresh token has more time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

import urllib3

T = TypeVar("T")

Timeout = float | tuple[float, float]


class Call(NamedTuple):
    """A call that is being made.

    :param timeout: its timeout as requests takes it, in seconds; ``None`` if it has none.
    :param started: when it started, by ``time.monotonic()``.
    :param raises_for: the token source whose refresh makes this call raise ``TokenUpdated``, as in
        OAuth2Session; ``None`` for none.
    :param is_quiet: whether the session makes it by itself, for a logout for example. Then no call
        inside raises ``TokenUpdated``.
    """

    timeout: Any = None
    started: float = 0.0
    raises_for: object = None
    is_quiet: bool = False

    @property
    def seconds(self) -> float:
        """How long the call may wait for a token; infinity if it has no timeout."""
        total = getattr(self.timeout, "total", None)  # of urllib3
        if isinstance(total, int | float):
            return total
        connect, read = parts(self.timeout)
        # For requests, timeout=5 is 5 seconds for each. But the user means 5 for all.
        return read if connect == read else connect + read

    @property
    def remaining(self) -> float:
        """How many of these seconds are left."""
        return self.started + self.seconds - time.monotonic()


NO_CALL = Call()

QUIET = Call(is_quiet=True)

current: ContextVar[Call] = ContextVar("call", default=NO_CALL)
"""The call that this thread is making."""


def during(call: Call, work: Callable[[], T]) -> T:
    """Do work with *call* as the call that this thread is making."""
    outer = current.get()
    try:  # not a context manager: an interrupt could skip its end
        current.set(call)
        return work()
    finally:
        current.set(outer)


def bounded(timeout: Any, work: Callable[[], T]) -> T:
    """Do work for which this thread's call has this timeout, counted from now."""
    return during(current.get()._replace(timeout=timeout, started=time.monotonic()), work)


def at_most(seconds: float) -> float:
    """:returns: *seconds*, or what is left of them for the call that this thread is making."""
    return max(0.0, min(seconds, current.get().remaining))


def is_shorter_than(seconds: float) -> bool:
    """Whether this thread's call has a shorter timeout."""
    return current.get().seconds < seconds


def parts(timeout: Any) -> tuple[float, float]:
    """Seconds to connect and to wait for an answer.

    Infinity stands for none, and for a timeout that requests will refuse.
    """
    if isinstance(timeout, urllib3.Timeout):
        timeout = timeout.clone()
        timeout.start_connect()  # without it, there is no time to read
        timeout = (timeout.connect_timeout, timeout.read_timeout)
    connect, read = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout,) * 2
    return (
        connect if isinstance(connect, int | float) else math.inf,
        read if isinstance(read, int | float) else math.inf,
    )
