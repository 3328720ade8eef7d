"""Which threads are inside a store's lock, and what each of them holds there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

H = TypeVar("H")


class Holds(Generic[H]):
    """What the threads of this process hold, so that a thread finds its own again.

    A child process holds nothing of what its parent held when it forked.
    """

    def __init__(self) -> None:
        self._by_thread: dict[tuple[int, int], H] = {}

    @property
    def mine(self) -> H | None:
        """What this thread holds; ``None`` if nothing."""
        return self._by_thread.get(_me())

    @contextmanager
    def entered(self, hold: H) -> Iterator[H]:
        """Let this thread hold *hold* for the time of the context."""
        me = _me()
        self._by_thread[me] = hold
        try:
            yield hold
        finally:
            del self._by_thread[me]


def _me() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()
