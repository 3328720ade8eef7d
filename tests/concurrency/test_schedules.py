"""The single flight under every schedule: threads that are switched at each lock and each I/O step.

The threads are greenlets, so that one runs at a time and a run can be repeated. Before each step a
thread hands back to the schedule, which tries, one run after another, every order there is.
"""

import contextlib
import copy
import queue
import sys
from functools import partial
from types import SimpleNamespace

import pytest
from greenlet import getcurrent, greenlet

from kakao_session import (
    KakaoError,
    LoginRequiredError,
    TemporaryError,
    Token,
    TokenStoreError,
)
from kakao_session import single_flight as flight_module
from kakao_session.persistence import Persistence
from kakao_session.token_endpoint import TokenEndpoint
from kakao_session.token_source import TRIED_AHEAD, TokenSource
from kakao_session.unauthorized import REFRESHED_FOR_A_401, RetryUnauthorized

EXPIRED = Token({"access_token": "a0", "refresh_token": "r0", "expires_at": 1.0})
NOW = 1_800_000_000.0
ENDING = Token({**EXPIRED, "expires_in": 21_599, "expires_at": NOW + 200})
"""Still good, so that one thread renews it while the others go on."""


class Schedule:
    """One run. It takes the turns that it is given, and then always the first that is possible."""

    def __init__(self, given):
        self.given = given
        self.taken = []  # which turn, out of how many
        self._ready = {}

    def run(self, jobs):
        """:returns: what each job returned or raised."""
        self._hub = getcurrent()
        threads = [greenlet(_outcome_of) for _ in jobs]
        outcomes = {}
        arguments = dict(zip(threads, jobs, strict=True))
        self._ready = dict.fromkeys(threads, _always)
        while self._ready:
            possible = [thread for thread, ready in self._ready.items() if ready()]
            assert possible, f"deadlock after {self.taken}"
            turn = self.given[len(self.taken)] if len(self.taken) < len(self.given) else 0
            self.taken.append((turn, len(possible)))
            thread = possible[turn]
            first = (arguments.pop(thread),) if thread in arguments else ()
            outcome = thread.switch(*first)
            if thread.dead:
                outcomes[thread] = outcome
                del self._ready[thread]
        return [outcomes[thread] for thread in threads]

    def step(self, ready=None):
        """Hand back, and go on when it is this thread's turn and the way is free."""
        self._ready[getcurrent()] = ready or _always
        self._hub.switch()

    def next(self):
        """:returns: the turns of the run to try after this one; ``None`` if all have been tried."""
        taken = list(self.taken)
        while taken:
            turn, possible = taken.pop()
            if turn + 1 < possible:
                return [turn for turn, _ in taken] + [turn + 1]
        return None


def _always():
    return True


def _outcome_of(job):
    try:
        return job()
    except (KakaoError, KeyboardInterrupt) as error:
        return error


class Threading:
    """What the flight takes from ``threading``, switching before every step that others see."""

    schedule: Schedule

    @staticmethod
    def get_ident():
        if sys._getframe(1).f_code.co_name == "__init__":  # a flight that is about to begin
            Threading.schedule.step()
        return id(getcurrent())

    class Lock:
        def __init__(self):
            self.held = False

        def __enter__(self):
            Threading.schedule.step(lambda: not self.held)
            self.held = True

        def __exit__(self, *_):
            self.held = False


class Queues:
    """What the flight takes from ``queue``."""

    Empty = queue.Empty

    class SimpleQueue:
        def __init__(self):
            self.items = 0

        def put(self, _):
            self.items += 1

        def get(self, timeout):
            Threading.schedule.step(lambda: self.items > 0)
            self.items -= 1


class Kakao(TokenEndpoint):
    """Renews once for each refresh token, or fails as it is told."""

    def __init__(self, failure):
        super().__init__("https://kauth.example/oauth/token")
        self.failure = failure
        self.requests = []

    def request(self, form, **_):
        self.requests.append(form["refresh_token"])
        Threading.schedule.step()
        if self.failure is not None:
            raise copy.copy(self.failure)
        number = len(self.requests)
        return Token({"access_token": f"a{number}", "refresh_token": f"r{number}"})


class Store:
    def __init__(self, failing, token):
        self.token = token.copy()
        self.failing = failing
        self.loads = 0
        self._lock = Threading.Lock()

    def _step(self, deed):
        Threading.schedule.step()
        if deed == self.failing:
            raise OSError(deed)

    def load(self):
        self._step("load")
        self.loads += 1
        return self.token and self.token.copy()

    def save(self, token):
        self._step("save")
        self.token = token.copy()

    def delete(self):
        self._step("delete")
        self.token = None

    @contextlib.contextmanager
    def lock(self):
        if self.failing == "lock":
            raise OSError("lock")
        with self._lock:
            yield


two_and_slowly_three = pytest.mark.parametrize(
    "threads", [2, pytest.param(3, marks=pytest.mark.slow)]
)


def every_schedule(
    sources,
    threads,
    check,
    *,
    failure=None,
    failing="",
    jobs=(TokenSource.authorization,),
    token=EXPIRED,
    held=True,
    check_source=None,
):
    """Let threads do their jobs at once, under every schedule. :returns: how many there were."""
    given = []
    count = 0
    while given is not None:
        Threading.schedule = schedule = Schedule(given)
        for cooldown in (TRIED_AHEAD, REFRESHED_FOR_A_401):
            cooldown.stop("Bearer a0")
            cooldown.stop("Bearer a1")
        kakao, store = Kakao(failure), Store(failing, token)
        shared = [
            TokenSource(kakao, Persistence(store, None), client_id="k") for _ in range(sources)
        ]
        for source in shared if held else ():
            source._refresher.begin_with(token.copy())
            state = source._refresher.state
            source._refresher.state = state._replace(stored=token)
        outcomes = schedule.run(
            [partial(jobs[n % len(jobs)], shared[n % sources]) for n in range(threads)]
        )
        check(kakao, store, outcomes)
        if check_source is not None:
            check_source(shared[0])
        given = schedule.next()
        count += 1
    return count


@pytest.fixture(autouse=True)
def _switching(monkeypatch):
    monkeypatch.setattr(flight_module, "threading", Threading)
    monkeypatch.setattr(flight_module, "queue", Queues)
    monkeypatch.setattr("kakao_session.token.time", SimpleNamespace(time=lambda: NOW))


@pytest.mark.parametrize("threads", [2, 3])
def test_success__one_request_under_every_schedule(threads):
    def check(kakao, store, outcomes):
        assert outcomes == ["Bearer a1"] * threads
        assert kakao.requests == ["r0"]
        assert store.token is not None
        assert store.token["refresh_token"] == "r1"

    assert every_schedule(1, threads, check) > 10


def test_success__two_sources_on_one_store():
    def check(kakao, store, outcomes):
        assert outcomes == ["Bearer a1"] * 2
        assert kakao.requests == ["r0"]

    assert every_schedule(2, 2, check) > 10


@two_and_slowly_three
def test_temporary_failure__each_gets_an_error_of_its_own(threads):
    requests = set()

    def check(kakao, store, outcomes):
        assert {type(outcome) for outcome in outcomes} == {TemporaryError}
        assert len({id(outcome) for outcome in outcomes}) == threads
        requests.add(len(kakao.requests))
        assert set(kakao.requests) == {"r0"}
        assert store.token == EXPIRED

    every_schedule(1, threads, check, failure=TemporaryError("out of order"))
    assert requests == set(range(1, threads + 1))  # all share one, or each comes too late for it


@two_and_slowly_three
def test_dead_login__one_request_under_every_schedule(threads):
    def check(kakao, store, outcomes):
        assert {type(outcome) for outcome in outcomes} == {LoginRequiredError}
        assert len({id(outcome) for outcome in outcomes}) == threads
        assert kakao.requests == ["r0"]

    every_schedule(1, threads, check, failure=LoginRequiredError("over"))


@two_and_slowly_three
def test_interrupted_leader__the_others_go_on(threads):
    def check(kakao, store, outcomes):
        assert {type(outcome) for outcome in outcomes} == {KeyboardInterrupt}
        assert len(kakao.requests) == threads

    every_schedule(1, threads, check, failure=KeyboardInterrupt())


@pytest.mark.parametrize(
    "failing", ["lock", *(pytest.param(deed, marks=pytest.mark.slow) for deed in ("load", "save"))]
)
def test_failing_store__no_thread_is_left_behind(failing):
    def check(kakao, store, outcomes):
        assert {type(outcome) for outcome in outcomes} == {TokenStoreError}
        assert len(kakao.requests) == (1 if failing == "save" else 0)

    every_schedule(1, 3, check, failing=failing)


@pytest.mark.parametrize(("sources", "threads"), [(1, 2), (1, 3), (2, 2)])
def test_ahead_of_time__one_request_under_every_schedule(sources, threads):
    def check(kakao, store, outcomes):
        assert {"Bearer a1"} <= set(outcomes) <= {"Bearer a0", "Bearer a1"}
        assert kakao.requests == ["r0"]

    assert every_schedule(sources, threads, check, token=ENDING) > 10


@pytest.mark.parametrize("threads", [2, 3])
def test_ahead_of_time__one_request_that_fails_and_all_go_on(threads):
    def check(kakao, store, outcomes):
        assert outcomes == ["Bearer a0"] * threads
        assert kakao.requests == ["r0"]

    every_schedule(1, threads, check, token=ENDING, failure=TemporaryError("out of order"))


def test_ahead_of_time__and_a_rejection():
    def check(kakao, store, outcomes):
        assert outcomes[1] == "Bearer a1"
        assert kakao.requests == ["r0"]

    jobs = (TokenSource.authorization, rejected)
    every_schedule(1, 2, check, token=ENDING, jobs=jobs)


def rejected(source):
    return RetryUnauthorized(source, "Bearer a0")._another_than("Bearer a0")


@pytest.mark.parametrize("threads", [2, 3])
def test_rejections__one_request_under_every_schedule(threads):
    def check(kakao, store, outcomes):
        assert outcomes == ["Bearer a1"] * threads
        assert kakao.requests == ["r0"]

    assert every_schedule(1, threads, check, jobs=(rejected,)) > 10


def test_rejection_and_expiry__two_sources_on_one_store():
    def check(kakao, store, outcomes):
        assert outcomes == ["Bearer a1"] * 2
        assert kakao.requests == ["r0"]

    assert every_schedule(2, 2, check, jobs=(rejected, TokenSource.authorization)) > 10


def test_first_look__reads_the_store_once():
    def check(kakao, store, outcomes):
        assert outcomes == [ENDING] * 2
        assert store.loads == 1

    every_schedule(1, 2, check, jobs=(TokenSource.look_up,), token=ENDING, held=False)


def test_assignment_during_a_renewal__is_not_overwritten():
    given = Token({"access_token": "given", "refresh_token": "r9"})
    seen = set()

    def check(kakao, store, outcomes):
        seen.add(outcomes[0])

    def check_source(source):
        assert source.look_up() == given

    def assign(source):
        source.assign(given)

    jobs = (TokenSource.authorization, assign)
    every_schedule(1, 2, check, jobs=jobs, check_source=check_source)
    assert seen == {"Bearer a1", "Bearer given"}


def test_logout_during_a_renewal__ends_it():
    def check(kakao, store, outcomes):
        assert store.token is None
        assert outcomes[0] == "Bearer a1" or isinstance(outcomes[0], LoginRequiredError)

    every_schedule(1, 2, check, jobs=(TokenSource.authorization, TokenSource.forget))
