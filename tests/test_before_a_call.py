"""What a call waits for: nothing while the token is fresh, a renewal when it is about to end."""

import logging
import threading

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
from tests.conftest import ME, REFRESH, wire

LIFE = 21_599


class Untouchable:
    """A store, or something else, that must not be used."""

    def load(self, *_):
        raise AssertionError("it was used")

    __call__ = save = delete = lock = load


def test_fresh__no_lock_no_io(kakao, new_session, token, monkeypatch):
    session = new_session(token=token, token_store=Untouchable())
    monkeypatch.setattr("kakao_session.single_flight._Flight", Untouchable())
    for _ in range(3):
        assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME] * 3


def test_expired__two_requests(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]
    assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == 1


@pytest.mark.parametrize(
    ("age", "requests", "fails_in_an_outage"),
    [
        (LIFE - 361, [ME], False),
        (LIFE - 360, [REFRESH, ME], False),
        (LIFE - 61, [REFRESH, ME], False),
        (LIFE - 60, [REFRESH, ME], True),
        (LIFE, [REFRESH, ME], True),
    ],
)
def test_edges(
    kakao,
    new_session,
    token,
    clock,
    age,
    requests,
    fails_in_an_outage,
):
    session = new_session(token=dict(token))
    clock.moment += age
    session.get("/v2/user/me")
    assert wire(kakao) == requests

    kakao.fail_next(503, times=None)
    other = new_session(token=dict(token))
    if fails_in_an_outage:
        with pytest.raises(TemporaryError):
            other.get("/v2/user/me")
    else:
        assert other.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize(("leeway", "ahead"), [(10, 20), (0, 0)])
def test_edges__as_given(
    kakao,
    new_session,
    token,
    clock,
    leeway,
    ahead,
):
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
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME]


def test_life_that_is_over__renewed_first(kakao, new_session, token):
    given = {name: token[name] for name in ("access_token", "refresh_token")}
    session = new_session(token={**given, "expires_in": "-30"})  # as the parent's documents do
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]


def test_last_minutes__go_on_through_an_outage(
    kakao,
    new_session,
    token,
    clock,
    caplog,
):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    kakao.fail_next(503, times=None)
    with caplog.at_level(logging.WARNING, "kakao_session"):
        assert session.get("/v2/user/me").status_code == 200
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    tried = len(kakao.token_requests)
    clock.advance(seconds=29)
    assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == tried
    clock.advance(seconds=1)
    assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == tried * 2
    kakao.clear_failures()
    clock.advance(seconds=30)
    assert session.get("/v2/user/me").status_code == 200
    assert session.token["access_token"] != token["access_token"]


@pytest.mark.parametrize("code", ["KOE237"])
def test_last_minutes__go_on_when_rate_limited(kakao, new_session, token, clock, code):
    session = new_session(token=token)
    kakao.fail_next(error_code=code, times=None)
    clock.advance(seconds=LIFE - 300)
    assert session.get("/v2/user/me").status_code == 200
    clock.advance(seconds=300)
    with pytest.raises(RateLimitedError):
        session.get("/v2/user/me")


@pytest.mark.parametrize(
    ("code", "error"), [("KOE322", LoginRequiredError), ("KOE010", ConfigurationError)]
)
def test_last_minutes__do_not_hide_what_time_does_not_heal(
    kakao,
    new_session,
    token,
    clock,
    code,
    error,
):
    session = new_session(token=token)
    kakao.fail_next(error_code=code)
    clock.advance(seconds=LIFE - 300)
    with pytest.raises(error):
        session.get("/v2/user/me")


@pytest.mark.parametrize("lack", ["There is no refresh token", "The refresh token has run out"])
def test_last_minutes__go_on_with_nothing_to_renew_with(
    kakao,
    new_session,
    token,
    clock,
    caplog,
    lack,
):
    if lack == "There is no refresh token":
        del token["refresh_token"]
    else:
        token["refresh_token_expires_at"] = clock.moment
    session = new_session(token=token)
    for seconds in (LIFE - 360, 299):
        clock.advance(seconds=seconds)
        caplog.clear()
        for _ in range(2):
            assert session.get("/v2/user/me").status_code == 200
        assert caplog.text.count(lack) == 1
    clock.advance(seconds=1)
    with pytest.raises(LoginRequiredError, match=lack):
        session.get("/v2/user/me")
    assert kakao.token_requests == []


def test_last_minutes__go_on_without_the_store(kakao, new_session, token, clock, tmp_path):
    (tmp_path / "file").touch()
    session = new_session(token=token, token_store=tmp_path / "file" / "token.json")
    clock.advance(seconds=LIFE - 300)
    assert session.get("/v2/user/me").status_code == 200
    clock.advance(seconds=300)
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    assert kakao.token_requests == []


def test_last_minutes__go_on_with_what_the_store_holds_by_now(
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
    assert [session.get("/v2/user/me").status_code for _ in range(2)] == [200, 200]
    assert session.token == other
    assert len(kakao.token_requests) == 1


def test_last_minutes__one_renews_and_the_rest_go_on(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    kakao.fail_next("hang", times=None)
    renewing = threading.Thread(target=session.get, args=["/v2/user/me"])
    renewing.start()
    while not kakao.token_requests:
        pass
    for _ in range(5):
        assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == 1
    kakao.clear_failures()
    renewing.join()


def test_last_minutes__of_a_new_auth_for_each_call(kakao, new_auth, token, clock, tmp_path):
    place = tmp_path / "token.json"
    FileTokenStore(place).save(token)
    clock.advance(seconds=LIFE - 300)

    def call():
        auth = new_auth(token_store=place)
        return requests.get(
            f"{kakao.endpoints.api_url}/v2/user/me", auth=auth, verify=kakao.ca_file
        ).status_code

    kakao.fail_next(error_code="KOE237", times=None)
    assert {call() for _ in range(5)} == {200}
    assert len(kakao.token_requests) == 1
    clock.advance(seconds=30)
    kakao.clear_failures()
    kakao.fail_next("hang", times=None)
    renewing = threading.Thread(target=call)
    renewing.start()
    while len(kakao.token_requests) < 2:
        pass
    assert {call() for _ in range(5)} == {200}
    kakao.clear_failures()
    renewing.join()
    clock.advance(seconds=30)
    assert call() == 200
    assert [record.status for record in kakao.token_requests].count(200) == 1


def test_last_minutes__clock_set_back(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 200)
    kakao.fail_next(503, times=None)
    session.get("/v2/user/me")
    tried = len(kakao.token_requests)
    clock.moment -= 60
    session.get("/v2/user/me")
    assert len(kakao.token_requests) == tried * 2


def test_ensure_active_token(kakao, new_session, token, clock):
    session = new_session(token=token)
    assert session.ensure_active_token() == token
    assert wire(kakao) == []
    clock.advance(hours=6)
    renewed = session.ensure_active_token()
    assert renewed == session.token
    assert renewed["access_token"] != token["access_token"]
    assert wire(kakao) == [REFRESH]


def test_clock_going_back__is_no_expiry(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.moment = 0.0
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME]
