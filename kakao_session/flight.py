"""Single flight: of many threads that want the same done, one does it and all share the outcome."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """One piece of work under way: who does it, and what came of it.

    Neither ``outcome`` nor ``error`` is set when the work was broken off, or was nobody's to share.
    """

    def __init__(self) -> None:
        self._leader = threading.get_ident()
        self.landed = threading.Event()
        self.outcome: T | None = None
        self.error: Exception | None = None

    @property
    def is_led_by_this_thread(self) -> bool:
        return self._leader == threading.get_ident()


class SingleFlight(Generic[T]):
    """Lets one flight be under way at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Flight[T] | None = None

    def board(self) -> tuple[Flight[T], bool]:
        """:returns: the flight under way, and whether the caller leads it and so must land it."""
        with self._lock:
            if self._under_way is not None:
                return self._under_way, False
            self._under_way = Flight()
            return self._under_way, True

    def land(self, flight: Flight[T]) -> None:
        """End a flight, so that those who wait for it go on and the next may start."""
        with self._lock:
            self._under_way = None
        flight.landed.set()
