"""keep_alive(): refresh when Kakao would replace the refresh token, and only then."""

import pytest

from kakao_session import FileTokenStore, LoginRequiredError, TokenStoreError
from tests.conftest import REFRESH, MemoryStore, at_once, wire

MONTH = 31 * 24 * 3600


@pytest.fixture(params=["session", "auth"])
def login(request, new_session, new_auth):
    """Makes something that has keep_alive."""
    return new_session if request.param == "session" else new_auth


@pytest.mark.parametrize(("left", "refreshes"), [(MONTH + 1, False), (MONTH, True)])
def test_refresh_token__is_replaced_in_its_last_month(login, kakao, clock, token, left, refreshes):
    clock.advance(seconds=token["refresh_token_expires_at"] - clock.time() - left)
    assert login(token=token, token_updater=lambda new: None).keep_alive() is refreshes
    assert wire(kakao) == [REFRESH] * refreshes


def test_end_unknown__refreshes_every_time(login, kakao, token):
    del token["refresh_token_expires_at"]
    auth = login(token=token, token_updater=lambda new: None)
    assert [auth.keep_alive(), auth.keep_alive()] == [True, True]
    assert wire(kakao) == [REFRESH] * 2


def test_access_token_ended__makes_no_request(login, kakao, clock, token):
    clock.advance(days=20)
    assert login(token=token).keep_alive() is False
    assert wire(kakao) == []


def test_login_that_could_not_be_saved__is_saved_the_next_night(kakao, new_session, clock, token):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    session = new_session(token_store=store)
    clock.advance(days=45)
    store.fails = {"save"}
    with pytest.raises(TokenStoreError):
        session.keep_alive()
    store.fails = set()
    kakao.clear_requests()
    assert session.keep_alive() is False
    assert kakao.requests == []
    assert store.token == session.token != token


@pytest.mark.parametrize("missing", ["token", "refresh_token", "time"])
def test_login_that_has_ended__is_an_error_without_a_request(login, kakao, clock, token, missing):
    if missing == "time":
        clock.advance(days=61)
    given = {"token": None, "refresh_token": {"access_token": "opaque"}, "time": token}[missing]
    with pytest.raises(LoginRequiredError):
        login(token=given).keep_alive()
    assert wire(kakao) == []


def test_login_that_kakao_has_ended__is_known_afterwards(login, kakao, clock, token):
    kakao.unlink()
    auth = login(token=token)
    clock.advance(days=40)
    for _ in range(2):
        with pytest.raises(LoginRequiredError, match="KOE322"):
            auth.keep_alive()
    assert wire(kakao) == [("POST", "/oauth/token", 400)]


def test_login_that_ended_early__is_not_called_alive(new_session, kakao, clock, token):
    session = new_session(token=token)
    kakao.unlink()
    clock.advance(hours=7)
    for ask in (session.ensure_active_token, session.keep_alive):
        with pytest.raises(LoginRequiredError, match="KOE322"):
            ask()


def test_many_threads__make_one_request(login, kakao, clock, token):
    clock.advance(days=40)
    kakao.latency = 0.1
    refreshed = at_once(8, login(token=token, token_updater=lambda new: None).keep_alive)
    assert sorted(refreshed) == [False] * 7 + [True]
    assert wire(kakao) == [REFRESH]


@pytest.mark.parametrize(("days", "hours"), [(40, 0), (40, 7), (None, 0)])
def test_another_process_was_faster__makes_no_request(
    new_session, kakao, clock, token, tmp_path, days, hours
):
    path = tmp_path / "token.json"
    if days is None:
        del token["refresh_token_expires_at"]  # and Kakao does not replace the refresh token
    FileTokenStore(path).save(token)
    slow, fast = new_session(token_store=path), new_session(token_store=path)
    assert slow.authorized
    clock.advance(days=days or 1)
    assert fast.keep_alive() is True
    clock.advance(hours=hours)
    assert slow.keep_alive() is False
    assert slow.token == fast.token
    assert wire(kakao) == [REFRESH]
