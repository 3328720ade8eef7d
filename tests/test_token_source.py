"""What a call waits for: nothing while the token is fresh, a refresh when it is about to end."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from kakao_session import (
    ConfigurationError,
    FileTokenStore,
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    Token,
    TokenStoreError,
)
from kakao_session.token_source import TRIED_AHEAD
from tests.conftest import LIFE, ME, REFRESH, status, wire

REFRESH_503 = ("POST", "/oauth/token", 503)


class Untouchable:
    """A store that must not be used."""

    def load(self):
        raise AssertionError("it was used")

    save = delete = lock = load


def test_fresh__the_store_is_not_read(kakao, new_session, token):
    session = new_session(token=token, token_store=Untouchable())
    assert [status(session) for _ in range(3)] == [200] * 3
    assert wire(kakao) == [ME] * 3


@pytest.mark.parametrize(
    ("age", "sent", "fails_in_an_outage"),
    [
        (LIFE - 361, [ME], False),
        (LIFE - 360, [REFRESH, ME], False),
        (LIFE - 61, [REFRESH, ME], False),
        (LIFE - 60, [REFRESH, ME], True),
        (LIFE, [REFRESH, ME], True),
    ],
)
def test_edges(kakao, new_session, token, clock, stopwatch, age, sent, fails_in_an_outage):
    session = new_session(token=dict(token))
    clock.moment += age
    assert status(session) == 200
    assert wire(kakao) == sent

    kakao.fail_next(503, times=None)
    other = new_session(token=dict(token))
    if fails_in_an_outage:
        with pytest.raises(TemporaryError):
            other.get("/v2/user/me")
    else:
        assert status(other) == 200


@pytest.mark.parametrize(("leeway", "ahead"), [(10, 20), (0, 0)])
def test_edges__as_given(kakao, new_session, token, clock, leeway, ahead):
    session = new_session(token=token, leeway=leeway, refresh_ahead=ahead)
    clock.moment += LIFE - leeway - ahead - 1
    session.get("/v2/user/me")
    assert wire(kakao) == [ME]
    clock.moment += 1
    session.get("/v2/user/me")
    assert wire(kakao) == [ME, REFRESH, ME]


@pytest.mark.parametrize("life", [1, 10, 60, 100])
def test_edges__shrink_for_a_short_life(kakao, new_session, clock, life):
    kakao.access_lifetime = life
    session = new_session(token=Token.from_response(kakao.login(), clock.moment))
    session.get("/v2/user/me")
    clock.moment += life / 2 - 0.01
    session.get("/v2/user/me")
    assert wire(kakao) == [ME, ME]
    clock.moment += 0.02
    session.get("/v2/user/me")
    assert wire(kakao) == [ME, ME, REFRESH, ME]


def test_unknown_end__used_until_a_401(kakao, new_session, clock):
    session = new_session(token=kakao.login())  # expires_in, but nobody knows since when
    clock.moment += LIFE * 2
    assert status(session) == 200
    assert wire(kakao) == [ME]


def test_life_that_is_over__refreshed_first(kakao, new_session, token):
    given = {name: token[name] for name in ("access_token", "refresh_token")}
    session = new_session(token={**given, "expires_in": "-30"})  # as the parent's documents do
    assert status(session) == 200
    assert wire(kakao) == [REFRESH, ME]


def test_ensure_active_token(kakao, new_session, token, clock):
    session = new_session(token=token)
    assert session.ensure_active_token() == token
    assert wire(kakao) == []
    clock.advance(hours=6)
    refreshed = session.ensure_active_token()
    assert refreshed == session.token
    assert refreshed["access_token"] != token["access_token"]
    assert wire(kakao) == [REFRESH]


# The last minutes, in which the token at hand will do -------------------------------------------


def test_outage__calls_go_on_and_a_refresh_is_tried_every_30_seconds(
    kakao, new_session, token, clock, caplog
):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    kakao.fail_next(503, times=None)
    with caplog.at_level(logging.WARNING, "kakao_session"):
        assert status(session) == 200
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert wire(kakao) == [REFRESH_503, ME]  # one try
    clock.advance(seconds=29)
    assert status(session) == 200
    assert len(kakao.token_requests) == 1
    clock.advance(seconds=1)
    assert status(session) == 200
    assert len(kakao.token_requests) == 2
    kakao.clear_failures()
    clock.advance(seconds=30)
    assert status(session) == 200
    assert session.token["access_token"] != token["access_token"]


def test_rate_limit__calls_go_on_while_the_token_is_good(kakao, new_session, token, clock):
    session = new_session(token=token)
    kakao.fail_next(error_code="KOE237", times=None)
    clock.advance(seconds=LIFE - 300)
    assert status(session) == 200
    clock.advance(seconds=300)
    with pytest.raises(RateLimitedError):
        session.get("/v2/user/me")


@pytest.mark.parametrize(
    ("code", "error"), [("KOE322", LoginRequiredError), ("KOE010", ConfigurationError)]
)
def test_error_that_time_does_not_heal__is_raised(kakao, new_session, token, clock, code, error):
    session = new_session(token=token)
    kakao.fail_next(error_code=code)
    clock.advance(seconds=LIFE - 300)
    with pytest.raises(error):
        session.get("/v2/user/me")


@pytest.mark.parametrize("lack", ["No refresh token", "Expired refresh token"])
def test_no_refresh_token__calls_go_on(kakao, new_session, token, clock, caplog, lack):
    if lack == "No refresh token":
        del token["refresh_token"]
    else:
        token["refresh_token_expires_at"] = clock.moment
    session = new_session(token=token)
    for seconds in (LIFE - 360, 299):
        clock.advance(seconds=seconds)
        caplog.clear()
        assert [status(session) for _ in range(2)] == [200] * 2
        assert caplog.text.count(lack) == 1
    clock.advance(seconds=1)
    with pytest.raises(LoginRequiredError, match=lack):
        session.get("/v2/user/me")
    assert kakao.token_requests == []


def test_store_out_of_reach__calls_go_on(kakao, new_session, token, clock, tmp_path):
    (tmp_path / "file").touch()
    session = new_session(token=token, token_store=tmp_path / "file" / "token.json")
    clock.advance(seconds=LIFE - 300)
    assert status(session) == 200
    clock.advance(seconds=300)
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    assert kakao.token_requests == []


def test_another_token_in_the_store__calls_go_on_with_it(
    kakao, new_session, token, clock, tmp_path
):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    assert session.authorized
    clock.advance(seconds=LIFE - 300)
    other = Token.from_response(kakao.login(), clock.moment - LIFE + 300)
    store.save(other)
    kakao.fail_next(503, times=2)
    assert [status(session) for _ in range(2)] == [200, 200]
    assert session.token == other
    assert len(kakao.token_requests) == 1


@contextmanager
def refreshing(kakao, call):
    """While this lasts, another thread's call waits for its token request."""
    before = len(kakao.token_requests)
    kakao.fail_next("hang", times=None)
    thread = threading.Thread(target=call)
    thread.start()
    while len(kakao.token_requests) == before:
        pass
    yield
    kakao.clear_failures()
    thread.join()


def test_refresh_ahead__the_call_uses_the_new_token(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    assert status(session) == 200
    assert wire(kakao) == [REFRESH, ME]
    sent = kakao.requests[-1].headers["Authorization"]
    assert sent == f"Bearer {session.token['access_token']}" != f"Bearer {token['access_token']}"


def test_refresh_ahead__by_one_while_the_rest_go_on(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    with refreshing(kakao, lambda: status(session)):
        assert [status(session) for _ in range(5)] == [200] * 5
    assert len(kakao.token_requests) == 1


def test_refresh_ahead__does_not_wait_for_the_store(
    kakao, new_session, token, clock, tmp_path, caplog
):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    clock.advance(seconds=LIFE - 300)
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(1) as thread, store.lock():
        assert thread.submit(status, session).result(20) == 200
    assert wire(kakao) == [ME]
    assert caplog.messages == []  # the holder of the lock may be refreshing it


def test_refresh_ahead__not_if_another_session_is_faster(
    kakao, new_session, token, clock, monkeypatch
):
    def another_is_faster(authorization):
        found = is_on(authorization)
        if others:
            status(others.pop())
        return found

    is_on = TRIED_AHEAD.is_on
    monkeypatch.setattr(TRIED_AHEAD, "is_on", another_is_faster)
    session, *others = [new_session(token=token) for _ in range(2)]
    kakao.fail_next(503, times=None)
    clock.advance(seconds=LIFE - 300)
    assert status(session) == 200
    assert wire(kakao) == [REFRESH_503, ME, ME]


def test_refresh_ahead__by_one_auth_of_many(kakao, new_auth, token, clock, tmp_path, me_url):
    FileTokenStore(tmp_path / "token.json").save(token)
    clock.advance(seconds=LIFE - 300)

    def call():
        auth = new_auth(token_store=tmp_path / "token.json")
        return requests.get(me_url, auth=auth).status_code

    kakao.fail_next(error_code="KOE237", times=None)
    assert {call() for _ in range(5)} == {200}
    assert len(kakao.token_requests) == 1
    clock.advance(seconds=30)
    kakao.clear_failures()
    with refreshing(kakao, call):
        began = time.monotonic()
        assert {call() for _ in range(5)} == {200}
        assert time.monotonic() - began < 5
    clock.advance(seconds=30)
    assert call() == 200
    assert [record.status for record in kakao.token_requests].count(200) == 1
