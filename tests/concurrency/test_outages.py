"""Servers that go away, holders that sleep or never come back: no refresh token is wasted."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from kakao_session import Token
from kakao_session.stores.testing import other_process
from tests.concurrency.worker_processes import App, call_when_told
from tests.stores import factories


@pytest.fixture
def app(kakao):
    return App.of(kakao)


@pytest.fixture
def thread():
    with ThreadPoolExecutor(1) as thread:
        yield thread


def expired(kakao):
    """A login whose access token has just ended."""
    token = Token.from_response(kakao.login(), time.time() - 30_000)
    kakao.expire_access_tokens()
    return token


def wait_for_token_request(kakao):
    deadline = time.monotonic() + 20
    while not kakao.token_requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Servers that go away ---------------------------------------------------------------------------


@pytest.fixture
def stopped():
    """Stops a server for a while. After the test its clients have no connection that is dead."""

    @contextmanager
    def stopped(server):
        server.stop()
        try:
            yield
        finally:
            server.start()

    yield stopped
    factories.close_all()


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_restart__in_the_middle_of_a_refresh(kakao, app, thread, new_store, stopped, request, kind):
    kakao.refresh_token_renewal = "always"
    kakao.latency = 0.5
    store = new_store()
    store.save(expired(kakao))
    call = thread.submit(app.me, app.auth(store))
    wait_for_token_request(kakao)
    with stopped(request.getfixturevalue(f"{kind}_server")):
        pass
    assert call.result() == 200
    assert len(kakao.token_requests) == 1
    assert kakao.find(store.load()["refresh_token"])


def test_stopped_server__is_needed_only_when_the_token_ends(
    kakao, app, postgresql_server, stopped, key, clock
):
    store = factories.sql_store(postgresql_server.url, key)
    store.save(Token.from_response(kakao.login(), clock.moment))
    auth = app.auth(store)
    assert app.me(auth) == 200
    with stopped(postgresql_server):
        assert app.me(auth) == 200
        clock.advance(seconds=21_599 - 200)  # It could be refreshed now.
        assert app.me(auth) == 200
        clock.advance(seconds=200)  # It has to be.
        assert app.me(auth).startswith("TokenStoreError")
        assert kakao.token_requests == []
    assert app.me(auth) == 200
    assert len(kakao.token_requests) == 1


# Holders that do not come back ------------------------------------------------------------------


@pytest.mark.parametrize("rotates", [False, True])
def test_lease__ends_while_its_holder_is_suspended(kakao, app, redis_server, key, rotates):
    kakao.refresh_token_renewal = "always" if rotates else "never"
    kakao.latency = 0.5
    new_store = partial(factories.redis_store, redis_server.url, key)
    store = new_store()
    store.save(expired(kakao))
    with other_process(partial(call_when_told, app), new_store) as sleeper:
        assert sleeper.answer() == "ready"
        sleeper.tell(True)
        wait_for_token_request(kakao)
        os.kill(sleeper.pid, signal.SIGSTOP)
        auth = app.auth(new_store())
        outcome = app.me(auth)
        newer = store.load()
        os.kill(sleeper.pid, signal.SIGCONT)
        assert sleeper.answer() == 200
        if rotates:
            # The sleeper had used the refresh token, so only it got a new one. It saves that one
            # after all, and the other takes it over.
            assert outcome.startswith("LoginRequiredError")
            assert store.load() != newer
            assert app.me(auth) == 200
        else:
            # Both got a token. The one that was saved in time stays, and both go on.
            assert outcome == 200
            assert store.load() == newer
        kakao.clear_requests()
        sleeper.tell(True)
        assert sleeper.answer() == 200
        assert kakao.token_requests == []
