"""Single flight: of many threads that want the same thing, one does the work and all share it."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from kakao_session.errors import KakaoError

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Lets one thread work at a time. The others wait, and may share its outcome."""

    def __init__(self) -> None:
        # By process: a thread that works while the process forks does not exist in the child.
        self._under_way: dict[object, _Flight[T]] = {}

    def share(self, work: Callable[[], T], is_enough: Callable[[T], bool]) -> T | None:
        """Do the work, or wait for the thread that does it and share the outcome.

        :param work: what to do.
        :param is_enough: whether the outcome of another thread will do as well.
        :returns: the outcome; ``None`` for a thread that is at work itself and calls this again.
        :raises KakaoError: what the work raised.
        """
        while True:
            flight, leads = self._join()
            if leads:
                return self._lead(flight, work)
            if flight.is_led_by_this_thread:
                return None
            flight.landed.wait()
            if flight.error is not None:
                # A copy for each thread, because raising an error changes it.
                raise copy.copy(flight.error) from flight.error
            if flight.outcome is not None and is_enough(flight.outcome):
                return flight.outcome

    def lead(self, work: Callable[[], T]) -> T | None:
        """Do the work, unless another thread is at work.

        :returns: the outcome; ``None`` if another thread is at work.
        """
        flight, leads = self._join()
        return self._lead(flight, work) if leads else None

    def alone(self, work: Callable[[], T]) -> T:
        """Do work whose outcome nobody shares, while no other thread is at work."""
        while True:
            flight, leads = self._join()
            if leads:
                try:
                    return work()
                finally:
                    self._land(flight)
            if flight.is_led_by_this_thread:
                return work()
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

    def _join(self) -> tuple[_Flight[T], bool]:
        """:returns: the flight under way, and whether this thread has just started it."""
        mine: _Flight[T] = _Flight()
        flight = self._under_way.setdefault(mine.process, mine)  # atomic
        return flight, flight is mine

    def _land(self, flight: _Flight[T]) -> None:
        del self._under_way[flight.process]
        flight.landed.set()

    def __reduce__(self) -> tuple[type[SingleFlight[T]], tuple[()]]:
        return type(self), ()


class _Flight(Generic[T]):
    """Work under way: which thread does it, and its outcome.

    ``outcome`` and ``error`` stay ``None`` if the work was interrupted, or is not for sharing.
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
