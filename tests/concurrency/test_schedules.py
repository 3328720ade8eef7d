"""Threads that use one login at once, under every schedule.

One thread runs at a time, and a schedule says which. Each test runs under every order of what the
threads do with the store and the network, and then again with one switch at each function that the
package calls.
"""

import os
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from itertools import count, product

import pytest
import requests

from kakao_session import KakaoSession, LoginRequiredError, TemporaryError, Token, TokenStoreError
from tests.concurrency.harness import OURS, URL, FileFilter, LocalKakao, is_step, readiness

REQUEST = requests.Request("GET", URL).prepare()

EXPIRED = -1
ENDING = 200  # It is still good, so one thread refreshes it while the others go on with it.
FRESH = 20_000

OUT_OF_ORDER = (400, {})
LOGIN_IS_OVER = (400, {"error": "invalid_grant", "error_code": "KOE322"})

# At the end of each C function, too, in a longer search.
STEPS = ("call", "c_return") if "KAKAO_SESSION_EXAMPLES" in os.environ else ("call",)

is_ours = FileFilter(OURS)
may_wait = FileFilter(OURS, threading.__file__)

run_numbers = count(1)


class Schedule:
    """One run of some threads.

    :param turns: which of the possible threads goes on, each time that one reaches the outside.
    :param first: which thread starts.
    :param switch_at: the number of the step at which another thread goes on, if any.
    :param is_patient: with a switch, whether a thread that reaches the outside always lets another
        one go on, else never.
    """

    def __init__(self, turns=(), first=0, switch_at=0, is_patient=False):
        self.steps = 0
        self.taken = []  # which turn, out of how many
        self._turns = turns
        self._first = first
        self._switch_at = switch_at
        self._is_patient = is_patient
        self._living = []
        self._is_over = threading.Event()

    def run(self, jobs):
        """:returns: what each job returned or raised."""
        threads = [Scheduled(self, job) for job in jobs]
        self._living = list(threads)
        for thread in threads:
            thread.start()
        start = threads[self._first] if self._switch_at else self._choose(None)
        start.go.release()
        assert self._is_over.wait(20), f"a thread hangs, after {self.taken}"
        for thread in threads:
            thread.join()
        return [thread.outcome for thread in threads]

    def reach_outside(self, ready=lambda: True):
        """Let another thread go on. Return when it is this one's turn and it would not block."""
        me = threading.current_thread()
        if isinstance(me, Scheduled):
            me.is_ready = ready
            self._pass_on(me, self._choose(me))

    def step(self):
        self.steps += 1
        if self.steps == self._switch_at:
            me = threading.current_thread()
            self._pass_on(me, self._possible(me)[-1])

    def end(self, thread):
        self._living.remove(thread)
        if self._living:
            self._choose(None).go.release()
        else:
            self._is_over.set()

    def next_turns(self):
        """:returns: the turns of the run to try after this one; ``None`` if all were tried."""
        taken = list(self.taken)
        while taken:
            turn, possible = taken.pop()
            if turn + 1 < possible:
                return [turn for turn, _ in taken] + [turn + 1]
        return None

    def _choose(self, current):
        possible = self._possible(current)
        assert possible, f"deadlock, after {self.taken}"
        if self._switch_at:
            return possible[-1 if self._is_patient else 0]
        if len(possible) == 1:
            return possible[0]
        number = len(self.taken)
        turn = self._turns[number] if number < len(self._turns) else 0
        self.taken.append((turn, len(possible)))
        return possible[turn]

    def _possible(self, current):
        """The threads that can go on, the current one first."""
        ready = [thread for thread in self._living if thread.is_ready()]
        return sorted(ready, key=lambda thread: thread is not current)

    def _pass_on(self, current, following):
        if following is not current:
            following.go.release()
            current.go.acquire()
        current.is_ready = lambda: True


class Scheduled(threading.Thread):
    """A thread that does its job when the schedule lets it go."""

    def __init__(self, schedule, job):
        super().__init__(daemon=True)
        self.go = threading.Lock()
        self.go.acquire()
        self.is_ready = lambda: True
        self.outcome = None
        self._schedule = schedule
        self._job = job

    def run(self):
        self.go.acquire()
        sys.setprofile(self._follow)
        try:
            self.outcome = self._job()
        except BaseException as error:  # noqa: BLE001  # the outcome, whatever it is
            self.outcome = error
        finally:
            sys.setprofile(None)
            self._schedule.end(self)

    def _follow(self, frame, event, function):
        if not may_wait[frame.f_code.co_filename]:
            return
        if event == "c_call":
            ready = readiness(function)
            if ready is not None:
                self._schedule.reach_outside(ready)
        elif is_step(event, frame, is_ours, STEPS):
            self._schedule.step()


class Store:
    """A store in memory. A thread that comes to it lets others go on first.

    :param failing: what it can't do.
    """

    def __init__(self, schedule, token, failing=""):
        self.token = token.copy()
        self.loads = 0
        self._schedule = schedule
        self._failing = failing
        self._is_locked = False

    def _reach(self, deed, ready=lambda: True):
        self._schedule.reach_outside(ready)
        if deed == self._failing:
            raise OSError(deed)

    def load(self):
        self._reach("load")
        self.loads += 1
        return self.token and self.token.copy()

    def save(self, token):
        self._reach("save")
        self.token = Token(token)

    def delete(self):
        self._reach("delete")
        self.token = None

    @contextmanager
    def lock(self):
        self._reach("lock", lambda: not self._is_locked)
        self._is_locked = True
        try:
            yield
        finally:
            self._is_locked = False


class Kakao(LocalKakao):
    """A Kakao that is far away: a thread that sends something lets others go on first."""

    def __init__(self, schedule, *arguments):
        super().__init__(*arguments)
        self._schedule = schedule

    def send(self, request, **_):
        self._schedule.reach_outside()
        return super().send(request)


class Run:
    """One run, and what came of it.

    ``results`` has what each job returned or raised. Access tokens have the name of the run in
    front, for some waiting times apply to a token in the whole process; it is cut off here.
    """

    def __init__(
        self,
        schedule,
        jobs,
        *,
        seconds,
        sessions=1,
        has_store=True,
        failing="",
        failure=None,
        is_rejected=False,
        is_loaded=True,
    ):
        name = f"run{next(run_numbers)}"
        expires_at = time.time() + seconds
        token = Token(access_token=f"{name}-0", refresh_token="r0", expires_at=expires_at)
        token["expires_in"] = 21_599
        self.kakao = Kakao(schedule, name, [f"{name}-0"] if is_rejected else [], failure)
        self.store = Store(schedule, token, failing)
        self.sessions = []
        for _ in range(sessions):
            store = self.store if has_store else None
            session = KakaoSession("key", token=None if store else token, token_store=store)
            session.mount("https://", self.kakao)
            assert not is_loaded or session.token == token
            self.sessions.append(session)
        self.store.loads = 0
        work = [partial(job, self.sessions[n % sessions]) for n, job in enumerate(jobs)]
        self.results = [
            one.removeprefix(f"Bearer {name}-") if isinstance(one, str) else one
            for one in schedule.run(work)
        ]


def every_schedule(jobs, **conditions):
    """Let threads do their jobs at once, under every schedule.

    If there are only two, also with one switch at each step: three would take too long.
    """
    turns = ()
    while turns is not None:
        schedule = Schedule(turns)
        yield Run(schedule, jobs, **conditions)
        turns = schedule.next_turns()
    if len(jobs) > 2:
        return
    starts = {job: number for number, job in enumerate(jobs)}.values()
    for first, is_patient in product(starts, (False, True)):
        for number in count(1):
            schedule = Schedule(first=first, switch_at=number, is_patient=is_patient)
            yield Run(schedule, jobs, **conditions)
            if schedule.steps < number:
                break


# Jobs: each returns the header that its call has, in the end ------------------------------------


def authorize(session):
    return session.auth(REQUEST.copy()).headers["Authorization"]


def call(session):
    return session.get(URL).request.headers["Authorization"]


# What must hold under every schedule ------------------------------------------------------------

two_and_slowly_three = pytest.mark.parametrize(
    "threads", [2, pytest.param(3, marks=pytest.mark.slow)]
)


@pytest.mark.parametrize(("sessions", "threads"), [(1, 2), (1, 3), (2, 2)])
def test_success__one_request(sessions, threads):
    for run in every_schedule([authorize] * threads, seconds=EXPIRED, sessions=sessions):
        assert run.results == ["1"] * threads
        assert len(run.kakao.token_requests) == 1
        assert run.store.token["refresh_token"] == "r1"


@pytest.mark.filterwarnings("ignore:Kakao replaced the refresh token")
def test_success__one_request_without_a_store():
    for run in every_schedule([authorize] * 2, seconds=EXPIRED, has_store=False):
        assert run.results == ["1"] * 2
        assert len(run.kakao.token_requests) == 1


@two_and_slowly_three
def test_temporary_failure__each_gets_an_error_of_its_own(threads):
    requests = set()
    for run in every_schedule([authorize] * threads, seconds=EXPIRED, failure=OUT_OF_ORDER):
        assert {type(result) for result in run.results} == {TemporaryError}
        assert len({id(result) for result in run.results}) == threads
        assert run.store.token["refresh_token"] == "r0"
        requests.add(len(run.kakao.token_requests))
    assert requests == set(range(1, threads + 1))  # All share one, or each comes too late for it.


@two_and_slowly_three
def test_login_is_over__one_request(threads):
    for run in every_schedule([authorize] * threads, seconds=EXPIRED, failure=LOGIN_IS_OVER):
        assert {type(result) for result in run.results} == {LoginRequiredError}
        assert len({id(result) for result in run.results}) == threads
        assert len(run.kakao.token_requests) == 1


@two_and_slowly_three
def test_interrupted_leader__the_others_go_on(threads):
    interrupt = KeyboardInterrupt()
    for run in every_schedule([authorize] * threads, seconds=EXPIRED, failure=interrupt):
        assert run.results == [interrupt] * threads
        assert len(run.kakao.token_requests) == threads


@pytest.mark.parametrize("failing", ["lock", "load", "save"])
def test_failing_store__no_thread_is_left_behind(failing):
    for run in every_schedule([authorize] * 2, seconds=EXPIRED, failing=failing, is_loaded=False):
        assert {type(result) for result in run.results} == {TokenStoreError}
        assert len(run.kakao.token_requests) == (1 if failing == "save" else 0)


@pytest.mark.parametrize(("sessions", "threads"), [(1, 2), (1, 3), (2, 2)])
def test_ahead_of_time__one_request(sessions, threads):
    for run in every_schedule([authorize] * threads, seconds=ENDING, sessions=sessions):
        assert {"1"} <= set(run.results) <= {"0", "1"}
        assert len(run.kakao.token_requests) == 1


@pytest.mark.parametrize("threads", [2, 3])
def test_ahead_of_time__a_failure_is_not_repeated(threads):
    for run in every_schedule([authorize] * threads, seconds=ENDING, failure=OUT_OF_ORDER):
        assert run.results == ["0"] * threads
        assert len(run.kakao.token_requests) == 1


@two_and_slowly_three
def test_rejections__one_request(threads):
    for run in every_schedule([call] * threads, seconds=FRESH, is_rejected=True):
        assert run.results == ["1"] * threads
        assert len(run.kakao.token_requests) == 1


@pytest.mark.parametrize(("seconds", "sessions"), [(EXPIRED, 2), (ENDING, 1)])
def test_rejection_and_expiry__one_request(seconds, sessions):
    jobs = [call, authorize]
    for run in every_schedule(jobs, seconds=seconds, sessions=sessions, is_rejected=True):
        assert run.results[0] == "1"
        assert run.results[1] == "1" or seconds == ENDING
        assert len(run.kakao.token_requests) == 1


def test_rejection__does_not_share_a_failure_ahead_of_time():
    jobs, failure = [call, authorize], OUT_OF_ORDER
    for run in every_schedule(jobs, seconds=ENDING, is_rejected=True, failure=failure):
        assert isinstance(run.results[0], TemporaryError)
        assert run.results[1] == "0"


def test_first_look__reads_the_store_once():
    for run in every_schedule([lambda session: session.token] * 2, seconds=FRESH, is_loaded=False):
        assert run.results == [run.store.token] * 2
        assert run.store.loads == 1


def test_assignment_during_a_refresh__is_not_overwritten():
    given = Token(access_token="given", refresh_token="r9")

    def assign(session):
        session.token = given

    seen = set()
    for run in every_schedule([authorize, assign], seconds=EXPIRED):
        assert run.sessions[0].token == given
        seen.add(run.results[0])
    assert seen == {"1", "Bearer given"}


def test_logout_during_a_refresh__ends_it():
    def refresh(session):
        return session.refresh_token()["access_token"]

    def log_out(session):
        session.logout()

    for run in every_schedule([refresh, log_out], seconds=FRESH):
        assert run.store.token is None
        assert not run.sessions[0].token
        assert isinstance(run.results[0], LoginRequiredError) or run.results[0].endswith("-1")
