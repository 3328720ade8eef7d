"""Single flight: of many threads that want the same thing, one does the work and all share it."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from kakao_session.call import at_most, current
from kakao_session.errors import KakaoError, TimedOutError

T = TypeVar("T")

LONGEST_LAST_STEP = 1.0
"""While the leader is at its last step, the others wait this many seconds before they go on."""


class SingleFlight(Generic[T]):
    """Lets one thread work at a time. The others wait, and may share its outcome.

    :param longest_wait: seconds that a thread waits for another one at most. It waits no longer
        than its own call may take either.
    """

    def __init__(self, longest_wait: float = threading.TIMEOUT_MAX) -> None:
        self._longest_wait = longest_wait
        # By process: a thread that works while the process forks does not exist in the child.
        self._under_way: dict[object, _Flight[T]] = {}

    def share(self, work: Callable[[], T], is_enough: Callable[[T], bool]) -> T | None:
        """Do the work, or wait for the thread that does it and share the outcome.

        :param work: what to do.
        :param is_enough: whether the outcome of another thread will do as well.
        :returns: the outcome; ``None`` for a thread that is at work itself and calls this again.
        :raises KakaoError: what the work raised, or the wait took too long.
        """
        while True:
            flight, leads = self._join()
            if leads:
                return self._lead(flight, work)
            if flight.is_led_by_this_thread:
                return None
            self._wait_for(flight.known)
            last_step = flight.last_step
            if last_step is not None and not last_step.wait(LONGEST_LAST_STEP):
                outcome = flight.outcome
                if outcome is not None and is_enough(outcome):
                    return outcome
                self._wait_for(last_step)
            if flight.error is not None and not flight.was_too_short_for(current.get().seconds):
                # A copy for each thread, because raising an error changes it.
                raise copy.copy(flight.error) from flight.error.__cause__
            if flight.outcome is not None and is_enough(flight.outcome):
                return flight.outcome

    def lead(self, work: Callable[[], T]) -> T | None:
        """Do the work, unless another thread is at work.

        :returns: the outcome; ``None`` if another thread is at work.
        """
        flight, leads = self._join()
        return self._lead(flight, work) if leads else None

    def alone(self, work: Callable[[], T]) -> T:
        """Do work whose outcome nobody shares, while no other thread is at work.

        :raises KakaoError: the wait for another thread took too long.
        """
        while True:
            flight, leads = self._join()
            if leads:
                try:
                    return work()
                finally:
                    self._land(flight)
            if flight.is_led_by_this_thread:
                return work()
            self._wait_for(flight.known)
            if flight.last_step is not None:
                self._wait_for(flight.last_step)

    def announce(self, outcome: T) -> None:
        """Say that the outcome is certain, and that the leader is at its last step.

        That is the user's own save callback. It may itself wait for a thread that waits here.
        """
        flight = self._under_way.get(_this_process)
        if flight is not None:
            flight.outcome = outcome
            flight.last_step = threading.Event()
            flight.known.set()

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
        flight.known.set()
        if flight.last_step is not None:
            flight.last_step.set()

    def _wait_for(self, event: threading.Event) -> None:
        if not event.wait(at_most(self._longest_wait)):
            raise TimedOutError(
                "Another thread has been refreshing the token for too long. "
                "Try again; the login is kept."
            )

    def __reduce__(self) -> tuple[type[SingleFlight[T]], tuple[float]]:
        return type(self), (self._longest_wait,)


class _Flight(Generic[T]):
    """Work under way: which thread does it, and its outcome.

    ``outcome`` and ``error`` stay ``None`` if the work was interrupted, or is not for sharing.
    ``known`` is set when the work is done, or only its last step is left. ``last_step`` is set when
    that is done too.
    """

    def __init__(self) -> None:
        self.process = _this_process
        self.known = threading.Event()
        self.last_step: threading.Event | None = None
        self.outcome: T | None = None
        self.error: KakaoError | None = None
        self._leader = threading.get_ident()
        self._call = current.get()

    @property
    def is_led_by_this_thread(self) -> bool:
        return self._leader == threading.get_ident()

    def was_too_short_for(self, seconds: float) -> bool:
        """Whether the leader gave up because its call has a shorter timeout than this one."""
        gave_up_early = getattr(self.error, "gave_up_early", False) or self._call.remaining <= 0
        return gave_up_early and self._call.seconds < seconds


_this_process = object()


def _become_another_process() -> None:
    global _this_process
    _this_process = object()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_become_another_process)
