"""Single flight: of many threads that want the same done, one does it and all share the outcome."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from kakao_session.errors import KakaoError

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Lets one piece of work be under way at a time, of all that is done through it."""

    def __init__(self) -> None:
        # By process: a thread that is at work while the process forks is not there in the child.
        self._under_way: dict[object, _Flight[T]] = {}

    def share(self, work: Callable[[], T], wanted: Callable[[T], bool]) -> T | None:
        """Do the work, or wait for the thread that is at it and share what comes of that.

        :param work: brings about what is wanted.
        :param wanted: whether what another thread has brought about will do, too.
        :returns: the outcome; ``None`` for a thread that is at work and comes back for more.
        :raises KakaoError: what the work raised.
        """
        while True:
            flight, leads = self._board()
            if leads:
                return self._lead(flight, work)
            if flight.is_led_by_this_thread:
                return None
            flight.landed.wait()
            if flight.error is not None:
                # Each thread raises an error of its own: raising writes into the object.
                raise copy.copy(flight.error) from flight.error
            if flight.outcome is not None and wanted(flight.outcome):
                return flight.outcome

    def lead(self, work: Callable[[], T]) -> T | None:
        """Do the work unless some is under way.

        :returns: the outcome; ``None`` if some is.
        """
        flight, leads = self._board()
        return self._lead(flight, work) if leads else None

    def alone(self, job: Callable[[], T]) -> T:
        """Do what nobody else shares, while nothing is under way."""
        while True:
            flight, leads = self._board()
            if leads:
                try:
                    return job()
                finally:
                    self._land(flight)
            if flight.is_led_by_this_thread:
                return job()
            flight.landed.wait()

    def _lead(self, flight: _Flight[T], work: Callable[[], T]) -> T:
        try:
            outcome = flight.outcome = work()
        except KakaoError as error:
            flight.error = error
            raise
        finally:
            self._land(flight)
        return outcome

    def _board(self) -> tuple[_Flight[T], bool]:
        """:returns: the flight under way, and whether the caller leads it and so must land it."""
        mine: _Flight[T] = _Flight()
        flight = self._under_way.setdefault(mine.process, mine)  # no thread comes in between
        return flight, flight is mine

    def _land(self, flight: _Flight[T]) -> None:
        del self._under_way[flight.process]
        flight.landed.set()

    def __reduce__(self) -> tuple[type[SingleFlight[T]], tuple[()]]:
        return type(self), ()


class _Flight(Generic[T]):
    """One piece of work under way: who does it, and what came of it.

    Neither ``outcome`` nor ``error`` is set when the work was broken off, or was nobody's to share.
    """

    def __init__(self) -> None:
        self.process = _this_process
        self.landed = threading.Event()
        self.outcome: T | None = None
        self.error: Exception | None = None
        self._leader = threading.get_ident()

    @property
    def is_led_by_this_thread(self) -> bool:
        return self._leader == threading.get_ident()


_this_process = object()


def _become_another_process() -> None:
    global _this_process
    _this_process = object()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_become_another_process)
