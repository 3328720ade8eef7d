"""Of many threads one refreshes the token, and the others share what comes of it."""

import math
import threading
import time

import pytest
import requests

from kakao_session import (
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    TokenStoreError,
    single_flight,
)
from kakao_session.single_flight import SingleFlight
from tests.conftest import ME, REFRESH, MemoryStore, at_once, wire


@pytest.fixture
def refreshing(kakao, new_session, token, clock):
    """Makes a session whose token another thread's call is refreshing; Kakao does not answer it.

    :param times: how many token requests stay without an answer.
    """
    threads = []

    def make(times=None, timeout=None, store=None):
        kakao.fail_next("hang", times=times)
        session = new_session(token=token, token_store=store)
        clock.advance(hours=7)
        call = threading.Thread(target=at_once, args=(1, lambda: session.get("/", timeout=timeout)))
        threads.append(call)
        call.start()
        while not kakao.token_requests:
            pass
        return session

    yield make
    kakao.clear_failures()
    for thread in threads:
        thread.join()


def test_another_thread__is_waited_for_as_long_as_the_timeout(refreshing):
    session, began = refreshing(), time.monotonic()
    with pytest.raises(TemporaryError) as caught:
        session.get("/v2/user/me", timeout=0.3)
    assert str(caught.value) == (
        "Another thread has been refreshing the token for too long. Try again. The login is kept."
    )
    assert isinstance(caught.value, requests.Timeout)
    assert time.monotonic() - began < 5


def test_another_thread__is_waited_for_as_long_as_it_may_take(refreshing, token, monkeypatch):
    """The lock of its store, and then its requests."""
    monkeypatch.setattr("kakao_session.token_source.DEADLINE", 0.3)
    store = MemoryStore(token)
    store.lock_timeout = 0.2
    session, began = refreshing(store=store), time.monotonic()
    with pytest.raises(TemporaryError, match="Another thread"):
        session.get("/v2/user/me")
    assert 0.4 < time.monotonic() - began < 5


def test_another_thread__is_waited_for_without_end(new_session, token, clock):
    class Slow(MemoryStore):
        lock_timeout = math.inf

        def save(self, token):
            time.sleep(0.3)
            super().save(token)

    session = new_session(token_store=Slow(token))
    clock.advance(hours=7)
    assert at_once(4, lambda: session.get("/v2/user/me").status_code) == [200] * 4


@pytest.mark.parametrize(("leaders", "waiters"), [(0.5, 20), ((9, 0.5), 4)])
def test_another_thread__that_gives_up_early_is_followed(kakao, refreshing, leaders, waiters):
    session = refreshing(times=1, timeout=leaders)
    assert session.get("/v2/user/me", timeout=waiters).status_code == 200
    assert len(kakao.token_requests) == 2


def test_threads__do_not_share_the_failure_of_a_foreign_refresh_token(
    kakao, new_session, token, clock
):
    session = new_session(token=token)
    clock.advance(hours=7)
    kakao.latency = 0.5
    errors = []

    def refresh_another():
        with pytest.raises(LoginRequiredError):
            session.refresh_token(refresh_token="foreign")
        errors.append(1)

    first = threading.Thread(target=refresh_another)
    first.start()
    while not kakao.token_requests:
        time.sleep(0.01)
    assert session.get("/v2/user/me").status_code == 200
    first.join()
    assert errors == [1]


def test_threads__with_the_same_timeout_share_the_failure(kakao, new_session, token, clock):
    kakao.fail_next("hang", times=None)
    session, began = new_session(token=token), time.monotonic()
    clock.advance(hours=7)
    errors = at_once(16, lambda: session.get("/v2/user/me", timeout=0.5))
    assert all(isinstance(error, requests.Timeout) for error in errors)
    assert len(kakao.token_requests) == 1
    assert time.monotonic() - began < 5  # one after another, they would take 8


def test_another_thread__with_the_same_timeout_is_not_followed(kakao, refreshing):
    session = refreshing(timeout=1)
    time.sleep(0.2)  # so that some time is left when the other one gives up
    with pytest.raises(requests.Timeout):
        session.get("/v2/user/me", timeout=1)
    assert len(kakao.token_requests) == 1


def test_another_thread__with_a_shorter_timeout_shares_a_refusal(kakao, new_session, token, clock):
    kakao.latency = 0.3
    kakao.fail_next(error_code="KOE237", times=None)
    session = new_session(token=token)
    clock.advance(hours=7)
    first = threading.Thread(target=at_once, args=(1, lambda: session.get("/", timeout=10)))
    first.start()
    while not kakao.token_requests:
        pass
    with pytest.raises(RateLimitedError):
        session.get("/v2/user/me", timeout=20)
    first.join()
    assert len(kakao.token_requests) == 1


@pytest.mark.parametrize("error_code", ["KOE322", "KOE237"])
def test_threads__share_a_refusal(kakao, new_session, token, clock, error_code):
    kakao.latency = 0.3
    kakao.fail_next(error_code=error_code, times=None)
    session = new_session(token=token)
    clock.advance(hours=7)
    errors = at_once(8, lambda: session.get("/v2/user/me"))
    assert {error.error_code for error in errors} == {error_code}
    assert len(kakao.token_requests) == 1


def test_assignment__waits_for_the_refresh_and_wins(kakao, refreshing):
    session = refreshing()
    assigning = threading.Thread(target=setattr, args=(session, "token", {"access_token": "mine"}))
    assigning.start()
    assigning.join(0.1)
    assert assigning.is_alive()
    kakao.clear_failures()
    assigning.join()
    assert session.token == {"access_token": "mine"}


def test_save_callback__is_waited_for_by_other_threads(new_session, token, clock):
    order = []

    def updater(_):
        started.set()
        time.sleep(0.2)
        order.append("saved")

    def call():
        started.wait()
        order.append(session.get("/v2/user/me").status_code)

    started = threading.Event()
    session = new_session(token=token, token_updater=updater)
    clock.advance(hours=7)
    other = threading.Thread(target=call)
    other.start()
    session.get("/v2/user/me")
    other.join()
    assert order == ["saved", 200]


def test_save_callback__may_wait_for_a_thread_that_uses_the_session(
    kakao, new_session, token, clock
):
    statuses, saved = [], []

    def updater(new):
        other = threading.Thread(
            target=lambda: statuses.append(session.get("/v2/user/me").status_code)
        )
        other.start()
        other.join(5)
        assert statuses == [200]
        saved.append(new)

    session = new_session(token=token, token_updater=updater)
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert statuses == [200]
    assert saved == [session.token]
    assert wire(kakao) == [REFRESH, ME, ME]


def test_last_step__is_waited_for_by_those_who_need_more_than_is_known(monkeypatch):
    def work():
        flights.announce(1)
        announced.set()
        outcomes.append(flights.share(lambda: 0, bool))  # the leader itself does not wait
        free.wait()
        return 2

    monkeypatch.setattr(single_flight, "LONGEST_LAST_STEP", 0.01)
    flights, outcomes = SingleFlight(), []
    announced, free = threading.Event(), threading.Event()
    leader = threading.Thread(target=lambda: flights.share(work, bool))
    leader.start()
    announced.wait()
    assert flights.share(lambda: 0, lambda outcome: outcome == 1) == 1
    threading.Timer(0.1, free.set).start()
    assert flights.share(lambda: 0, lambda outcome: outcome == 2) == 2
    leader.join()
    assert outcomes == [None]


def test_last_step__that_fails_fails_for_all():
    def work():
        flights.announce(1)
        announced.set()
        time.sleep(0.2)  # the other thread waits by then
        raise TokenStoreError("The save callback failed.")

    flights, announced = SingleFlight(), threading.Event()
    leader = threading.Thread(target=at_once, args=(1, lambda: flights.share(work, bool)))
    leader.start()
    announced.wait()
    with pytest.raises(TokenStoreError):
        flights.share(lambda: 0, bool)
    leader.join()
