"""Which threads are inside which lock, and what each of them holds there."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from kakao_session.stores.base import Complaint

H = TypeVar("H")


class Holds(Generic[H]):
    """What the threads of this process hold, so that a thread finds its own again.

    A child process holds nothing of what its parent held when it forked. A hold is found by the
    place that is locked: a ``token_updater`` that saves to the very place of the store, with a
    store of its own, does not wait for its own thread.
    """

    def __init__(self) -> None:
        self._holds: dict[tuple[int, int, Hashable], tuple[object, H]] = {}

    def mine(self, place: Hashable) -> H | None:
        """What this thread holds at *place*; ``None`` if nothing."""
        found = self._holds.get(_key(place))
        return None if found is None else found[1]

    def check(self, place: Hashable, store: object, complaint: Complaint) -> None:
        """Refuse a lock for which this thread would wait until it gives up.

        :raises TokenStoreError: this thread holds *place* already, by another store.
        """
        found = self._holds.get(_key(place))
        if found is not None and found[0] is not store:
            raise complaint(
                "is locked",
                "this thread holds the lock already, by another store for the same place. Use one "
                "store for both",
            )

    @contextmanager
    def entered(self, place: Hashable, store: object, hold: H) -> Iterator[H]:
        """Let this thread hold *hold* at *place*, by *store*, for the time of the context."""
        key = _key(place)
        outer = self._holds.get(key)
        self._holds[key] = store, hold
        try:
            yield hold
        finally:
            if outer is None:
                self._holds.pop(key, None)
            else:
                self._holds[key] = outer


def _key(place: Hashable) -> tuple[int, int, Hashable]:
    return os.getpid(), threading.get_ident(), place
