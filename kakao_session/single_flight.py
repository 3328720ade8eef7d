"""Single flight: of many threads that want the same thing, one does the work and all share it."""

from __future__ import annotations

import copy
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from kakao_session.call import Call, at_most, current, parts
from kakao_session.errors import KakaoError, TimedOutError

T = TypeVar("T")

LONGEST_LAST_STEP = 1.0
"""While the leader is at its last step, the others wait this many seconds before they go on."""


_UNDER_WAY, _LAST_STEP, _LANDED = range(3)


class SingleFlight(Generic[T]):
    """Lets one thread work at a time. The others wait, and may share its outcome.

    :param longest_wait: seconds that a thread waits for another one at most. It waits no longer
        than its own call may take either.
    """

    def __init__(self, longest_wait: float = threading.TIMEOUT_MAX) -> None:
        self._longest_wait = min(longest_wait, threading.TIMEOUT_MAX)
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
            leader = _Leader()
            flight = self._join(leader)
            if flight.is_led_by(leader):
                return self._lead(flight, work)
            if flight.is_led_by_this_thread:
                return None
            self._wait_for(flight, _LAST_STEP)
            if not flight.wait_for(_LANDED, LONGEST_LAST_STEP):
                outcome = flight.outcome
                if outcome is not None and is_enough(outcome):
                    return outcome
                self._wait_for(flight, _LANDED)
            if flight.error is not None and not flight.was_too_short_for(current.get()):
                raise _copied(flight.error)
            if flight.outcome is not None and is_enough(flight.outcome):
                return flight.outcome

    def lead(self, work: Callable[[], T]) -> T | None:
        """Do the work, unless another thread is at work.

        :returns: the outcome; ``None`` if another thread is at work.
        """
        leader = _Leader()
        flight = self._join(leader)
        return self._lead(flight, work) if flight.is_led_by(leader) else None

    def alone(self, work: Callable[[], T]) -> T:
        """Do work while no other thread is at work.

        The others do not share its outcome, unless the work calls :meth:`announce`.

        :raises KakaoError: the wait for another thread took too long.
        """
        while True:
            leader = _Leader()
            flight = self._join(leader)
            if flight.is_led_by(leader):
                try:
                    return work()
                finally:
                    self._land(flight)
            if flight.is_led_by_this_thread:
                return work()
            self._wait_for(flight, _LANDED)

    def announce(self, outcome: T) -> None:
        """Say that the outcome is certain, and that the leader is at its last step.

        That is the user's own save callback. It may itself wait for a thread that waits here.
        """
        flight = self._under_way[_this_process]
        flight.outcome = outcome
        flight.reach(_LAST_STEP)

    def _lead(self, flight: _Flight[T], work: Callable[[], T]) -> T:
        try:
            outcome = flight.outcome = work()
        except KakaoError as error:
            flight.error = error
            raise
        finally:
            self._land(flight)
        return outcome

    def _join(self, leader: _Leader) -> _Flight[T]:
        """:returns: the flight under way, or one that *leader* has just started.

        An interrupt can come anywhere. So the flight also lands when its leader is gone: only a
        frame that is at work keeps one.
        """
        mine: _Flight[T] = _Flight(leader, self._land)
        return self._under_way.setdefault(mine.process, mine)  # atomic

    def _land(self, flight: _Flight[T]) -> None:
        if self._under_way.get(flight.process) is flight:
            del self._under_way[flight.process]
        flight.reach(_LANDED)

    def _wait_for(self, flight: _Flight[T], stage: int) -> None:
        if not flight.wait_for(stage, at_most(self._longest_wait)):
            raise TimedOutError(
                "Another thread has been refreshing the token for too long. "
                "Try again. The login is kept."
            )

    def __reduce__(self) -> tuple[type[SingleFlight[T]], tuple[float]]:
        return type(self), (self._longest_wait,)


class _Leader:
    """The one who does the work. It exists as long as the call that made it."""

    __slots__ = ("__weakref__",)


class _Flight(Generic[T]):
    """Work under way: which thread does it, and its outcome.

    ``outcome`` and ``error`` stay ``None`` if the work was interrupted. In
    :meth:`SingleFlight.alone` only ``announce`` sets an outcome.
    """

    def __init__(self, leader: _Leader, land: Callable[[_Flight[T]], object]) -> None:
        self.process = _this_process
        self._stage = _UNDER_WAY
        self._waiting: list[queue.SimpleQueue[None]] = []
        self.outcome: T | None = None
        self.error: KakaoError | None = None
        self._thread = threading.get_ident()
        self._call = current.get()
        self._leader = weakref.ref(leader, lambda _: land(self))

    def is_led_by(self, leader: _Leader) -> bool:
        return self._leader() is leader

    @property
    def is_led_by_this_thread(self) -> bool:
        return self._thread == threading.get_ident()

    def reach(self, stage: int) -> None:
        """Wake those who wait for a stage. It can be repeated, and interrupted anywhere."""
        self._stage = stage
        for waiting in self._waiting:
            waiting.put(None)  # unlike threading.Event.set, one step

    def wait_for(self, stage: int, seconds: float) -> bool:
        """:returns: whether the stage was reached within so many seconds."""
        if self._stage >= stage:
            return True
        end = time.monotonic() + seconds
        woken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._waiting.append(woken)
        while self._stage < stage:
            try:
                woken.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
        return self._stage >= stage

    def was_too_short_for(self, call: Call) -> bool:
        """Whether the leader gave up because its call has a shorter timeout than this one."""
        if not getattr(self.error, "gave_up_early", False) and self._call.remaining > 0:
            return False
        leaders, waiters = parts(self._call.timeout), parts(call.timeout)
        is_longer = waiters[0] > leaders[0] or waiters[1] > leaders[1]
        return is_longer and call.remaining > 0


def _copied(error: KakaoError) -> KakaoError:
    """A copy for another thread, because raising an error changes it and all that it chains."""
    twin = copy.copy(error)
    if error.__cause__ is not None:
        with suppress(Exception):  # not everybody's errors can be copied
            twin.__cause__ = copy.copy(error.__cause__)
    return twin


_this_process = object()


def _become_another_process() -> None:
    global _this_process
    _this_process = object()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_become_another_process)
