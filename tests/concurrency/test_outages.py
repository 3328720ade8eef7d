"""Servers that go away, holders that sleep or die: no refresh token is spent for nothing."""

import logging
import os
import signal
import threading
import time
from functools import partial

import pytest
import requests

from kakao_session import FileTokenStore, Token, TokenStoreError
from kakao_session.stores.testing import other_process
from tests.concurrency import worker_processes
from tests.stores import factories
from tests.stores.servers import postgresql_server, redis_server

log = logging.getLogger(__name__)

KINDS = ["file", "redis", "postgresql", "mariadb", "sqlite"]


@pytest.fixture
def app(kakao):
    return worker_processes.App.of(kakao)


def expired(kakao):
    """A login whose access token has just ended."""
    token = Token.from_response(kakao.login(), time.time() - 30_000)
    kakao.expire_access_tokens()
    return token


def stored_in(store):
    token = store.load()
    assert token is not None
    return token


class Call(threading.Thread):
    """A call in a thread of its own."""

    def __init__(self, app, auth):
        super().__init__()
        self._app = app
        self._auth = auth
        self.outcome = None

    def run(self):
        try:
            with self._app.http() as http:
                self.outcome = self._app.me(http, self._auth).status_code
        except requests.RequestException as error:
            self.outcome = error


def await_token_request(kakao):
    deadline = time.monotonic() + 20
    while not kakao.token_requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Servers that go away ---------------------------------------------------------------------------


@pytest.mark.parametrize("start", [redis_server, postgresql_server])
def test_restart__in_the_middle_of_a_renewal(kakao, app, start):
    kakao.refresh_token_renewal = "always"
    kakao.latency = 0.5
    with start() as server:
        make = factories.redis_store if start is redis_server else factories.sql_store
        store = make(server.url, "user", lock_timeout=20)
        store.save(expired(kakao))
        call = Call(app, app.auth(lambda: store))
        call.start()
        await_token_request(kakao)
        server.stop()
        server.start()
        call.join()
        assert call.outcome == 200
        assert len(kakao.token_requests) == 1
        issue = kakao.find(stored_in(store)["refresh_token"])
        assert issue is not None
        factories.close_all()


def test_stopped__while_the_token_is_fresh_and_while_it_is_not(kakao, app, clock, caplog):
    with postgresql_server() as server, app.http() as http:
        store = factories.sql_store(server.url, "user")
        store.save(Token.from_response(kakao.login(), clock.moment))
        auth = app.auth(lambda: store)
        assert app.me(http, auth).status_code == 200

        server.stop()
        caplog.clear()
        assert app.me(http, auth).status_code == 200
        assert caplog.text == ""

        clock.advance(seconds=21_599 - 200)  # about to end
        assert app.me(http, auth).status_code == 200
        assert "could not renew ahead of time" in caplog.text

        clock.advance(seconds=200)  # at its end
        with pytest.raises(TokenStoreError, match="'user' of table kakao_tokens"):
            app.me(http, auth)
        assert kakao.token_requests == []

        server.start()
        assert app.me(http, auth).status_code == 200
        assert len(kakao.token_requests) == 1
        factories.close_all()


# Holders that do not come back ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_lock_wait__that_ends_spends_no_refresh_token(kakao, app, new_store, kind):
    holder = new_store()
    holder.save(expired(kakao))
    waiting = new_store()
    waiting.lock_timeout = 1
    call = Call(app, app.auth(lambda: waiting))
    with holder.lock():
        started = time.monotonic()
        call.start()
        call.join()
        took = time.monotonic() - started
    assert isinstance(call.outcome, TokenStoreError)
    assert "1 seconds" in str(call.outcome)
    assert 0.9 < took < 10
    assert kakao.token_requests == []


@pytest.mark.parametrize("rotates", [False, True])
def test_lease__ends_while_its_holder_is_suspended(kakao, app, redis_server, key, rotates):
    kakao.refresh_token_renewal = "always" if rotates else "never"
    kakao.latency = 0.5
    new_store = partial(factories.redis_store, redis_server.url, key)
    new_store().save(expired(kakao))
    with other_process(partial(worker_processes.call_when_told, app), new_store) as sleeper:
        assert sleeper.answer() == "ready"
        sleeper.tell(True)
        await_token_request(kakao)
        os.kill(sleeper.pid, signal.SIGSTOP)
        call = Call(app, auth := app.auth(new_store))
        call.start()
        call.join()
        newer = stored_in(new_store())
        os.kill(sleeper.pid, signal.SIGCONT)
        assert sleeper.answer() == 200
        if not rotates:
            # Both have got a token; the one that was saved in time stays, and both go on.
            assert call.outcome == 200
            assert stored_in(new_store()) == newer
        else:
            # The sleeper had spent the refresh token, so only it has got a new one. It is saved
            # after all, and the other takes it over.
            assert type(call.outcome).__name__ == "LoginRequiredError"
            assert stored_in(new_store()) != newer
            again = Call(app, auth)
            again.start()
            again.join()
            assert again.outcome == 200
        kakao.clear_requests()
        sleeper.tell(True)
        assert sleeper.answer() == 200
        assert kakao.token_requests == []


def test_kill__200_times_in_the_middle_of_renewals(kakao, app, tmp_path):
    kakao.refresh_token_renewal = "never"
    folder = tmp_path / "private"
    path = folder / "token.json"
    FileTokenStore(path).save(Token.from_response(kakao.login(), time.time()))
    work = partial(worker_processes.be_killed, app, 200)
    with other_process(work, partial(FileTokenStore, path)) as forker:
        left_behind = forker.answer()
    log.info("200 kills; %d left a temporary file, which the next holder removed", left_behind)
    assert len(kakao.token_requests) >= 200
    assert {file.name for file in folder.iterdir()} == {"token.json", "token.json.lock"}
