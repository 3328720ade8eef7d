"""The API call that a token is wanted for: what a refresh has to know of it.

requests does not tell an auth how long its call may take. So :meth:`KakaoSession.request` notes it
here for its thread, and what a refresh waits for (the token endpoint, another thread, the lock of a
store) takes no longer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

Timeout = float | tuple[float, float]


class Call(NamedTuple):
    """A call that is being made.

    :param timeout: its timeout as requests takes it, in seconds; ``None`` if it has none.
    :param started: when it started, by ``time.monotonic()``.
    :param raises_token_updated: whether it raises ``TokenUpdated`` after a refresh, as
        OAuth2Session does.
    """

    timeout: Any = None
    started: float = 0.0
    raises_token_updated: bool = False

    @property
    def seconds(self) -> float:
        """How long the call may wait for a token; infinity if it has no timeout."""
        connect, read = parts(self.timeout)
        return connect + read if isinstance(self.timeout, tuple) else read

    @property
    def remaining(self) -> float:
        """How many of these seconds are left."""
        return self.started + self.seconds - time.monotonic()


NO_CALL = Call()

current: ContextVar[Call] = ContextVar("call", default=NO_CALL)
"""The call that this thread is making."""


def bounded(timeout: Any, work: Callable[[], T]) -> T:
    """Do work for which a call has this timeout, counted from now."""
    outer = current.get()
    try:  # no context manager: an interrupt could leave it without its end
        current.set(outer._replace(timeout=timeout, started=time.monotonic()))
        return work()
    finally:
        current.set(outer)


def at_most(seconds: float) -> float:
    """:returns: *seconds*, or what is left of them for the call that this thread is making."""
    return max(0.0, min(seconds, current.get().remaining))


def longest(seconds: float) -> float:
    """:returns: *seconds*, or fewer if this thread's call has a shorter timeout: for messages."""
    return min(seconds, current.get().seconds)


def parts(timeout: Any) -> tuple[float, float]:
    """Seconds to connect and to wait for an answer.

    Infinity stands for none, and for a timeout that requests will refuse.
    """
    connect, read = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout,) * 2
    return _seconds(connect), _seconds(read)


def _seconds(part: Any) -> float:
    return part if isinstance(part, int | float) else math.inf
