"""How a login changes: another process's token is adopted, a dead login stays dead until healed."""

import logging

import pytest

from kakao_session import FileTokenStore, KakaoWarning, LoginRequiredError, Token, TokenStoreError
from tests.conftest import LIFE, ME, ME_401, REFRESH, MemoryStore, status, wire


@pytest.fixture
def store(token):
    """A store with the login in it."""
    return MemoryStore(token)


@pytest.fixture
def new_login(kakao, clock):
    """Makes another login of the same user, as another process stores it."""
    return lambda: Token.from_response(kakao.login(), clock.moment)


@pytest.fixture
def refresh_answer(kakao, clock):
    """Makes what a script stores that keeps the answer of a refresh and nothing else."""

    def make():
        answer = kakao.login()
        kept = {name: answer[name] for name in ("access_token", "token_type", "expires_in")}
        return Token({**kept, "expires_at": clock.moment + LIFE})

    return make


def sent_refresh_tokens(kakao):
    return [dict(request.form)["refresh_token"] for request in kakao.token_requests]


TROUBLES = pytest.mark.parametrize("trouble", ["expired", "rejected", "ahead of time"])


def make(trouble, kakao, clock):
    """Let the token at hand be no good."""
    if trouble == "rejected":
        kakao.revoke_access_tokens()
    else:
        clock.advance(seconds=25_200 if trouble == "expired" else LIFE - 300)


# A token that another process has stored --------------------------------------------------------


def test_stored_by_another__adopted_without_a_refresh(kakao, new_session, store):
    mine, theirs = new_session(token_store=store), new_session(token_store=store)
    assert (status(mine), status(theirs)) == (200, 200)
    kakao.revoke_access_tokens()
    theirs.get("/v2/user/me")
    kakao.clear_requests()
    assert status(mine) == 200
    assert wire(kakao) == [ME_401, ME]


def test_stored_by_another__but_expired(kakao, new_session, store, clock, new_login):
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    store.token = new_login()
    other = store.token["refresh_token"]
    clock.advance(hours=7)
    assert status(session) == 200
    assert sent_refresh_tokens(kakao) == [other]


@pytest.mark.parametrize("trouble", ["expired", "rejected"])
@pytest.mark.parametrize("is_given", [True, False])
def test_stored_by_another__of_unknown_age(
    kakao, new_session, token, store, clock, trouble, is_given
):
    if is_given:
        store.token = None
    session = new_session(token=token if is_given else None, token_store=store)
    session.refresh_token()
    make(trouble, kakao, clock)
    answer = kakao.login()
    store.token = Token({name: answer[name] for name in ("access_token", "refresh_token")})
    kakao.clear_requests()
    assert status(session) == 200
    assert session.token == store.token
    assert wire(kakao) == ([ME_401, ME] if trouble == "rejected" else [ME])


def test_refresh_token__after_somebody_who_shares_the_store(kakao, new_session, store):
    mine, theirs = new_session(token_store=store), new_session(token_store=store)
    assert mine.token == theirs.token
    refreshed = theirs.refresh_token()
    assert mine.refresh_token() == refreshed
    assert wire(kakao) == [REFRESH]
    assert mine.refresh_token() != refreshed


# A token that is given beside a store -----------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 1])
def test_given_token__no_older_than_the_stored(kakao, new_session, store, clock, new_login, hours):
    clock.advance(hours=hours)
    given = new_login()
    session = new_session(token=given, token_store=store)
    session.refresh_token()
    assert sent_refresh_tokens(kakao) == [given["refresh_token"]]
    assert store.token == session.token


def test_given_token__older_than_the_stored(kakao, new_session, token, clock, new_login):
    clock.advance(hours=7)
    store = MemoryStore(new_login())
    session = new_session(token=token, token_store=store)
    assert status(session) == 200
    assert session.token == store.token
    assert wire(kakao) == [ME]


def test_given_token__of_unknown_life_is_not_taken_for_newer(
    kakao, new_session, token, store, clock
):
    """As another SDK writes it: with its end, and without ``expires_in``."""
    kakao.refresh_token_renewal = "always"
    given = Token({key: value for key, value in token.items() if key != "expires_in"})
    clock.advance(hours=1)
    new_session(token_store=store).refresh_token()
    clock.advance(hours=7)
    assert status(new_session(token=given, token_store=store)) == 200


def test_given_token__without_refresh_token_lets_the_stored_login_go_on(
    kakao, new_session, token, store, clock, refresh_answer
):
    clock.advance(hours=1)
    session = new_session(token=refresh_answer(), token_store=store)
    assert status(session) == 200
    clock.advance(hours=7)
    assert status(session) == 200
    assert sent_refresh_tokens(kakao) == [token["refresh_token"]]


def test_given_token__that_is_dead_beside_a_live_one(new_session, store, clock):
    given = Token(access_token="a", refresh_token="r", expires_at=clock.moment + 10**6)
    session = new_session(token=given, token_store=store)
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    assert status(session) == 200


# A stored token without refresh token -----------------------------------------------------------


@TROUBLES
def test_stored_without_refresh_token__ours_is_kept(
    kakao, new_session, token, clock, refresh_answer, trouble
):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token | {"app_key": "key", "scope": "talk_message"})
    saved = []
    session = new_session(token_store=store, token_updater=saved.append)
    ours = session.refresh_token()
    make(trouble, kakao, clock)
    store.token = stored = refresh_answer()
    kakao.clear_requests()
    assert status(session) == 200
    assert kakao.token_requests == []
    assert session.token == {**ours, **stored}
    assert store.token == session.token
    assert [token.refresh_token_changed for token in saved] == [True, False]
    clock.advance(hours=7)
    assert status(session) == 200
    assert sent_refresh_tokens(kakao) == [ours["refresh_token"]]


def test_stored_without_refresh_token__ends_of_the_old_are_not_those_of_the_new(
    kakao, new_session, token, store, refresh_answer
):
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    kakao.revoke_access_tokens()
    store.token = Token(access_token=refresh_answer()["access_token"])
    assert status(session) == 200
    assert "expires_at" not in session.token
    assert session.token["refresh_token_expires_at"] == token["refresh_token_expires_at"]


def test_stored_without_refresh_token__of_a_login_that_has_ended(
    kakao, new_session, store, refresh_answer
):
    session = new_session(token_store=store)
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    store.token = refresh_answer()
    assert status(session) == 200
    assert "refresh_token" not in session.token


def test_stored_without_refresh_token__while_ours_is_not_saved_yet(
    kakao, new_session, store, clock, refresh_answer
):
    kakao.refresh_token_renewal = "always"
    store.fails = {"save"}
    saved = []
    session = new_session(token_store=store, token_updater=saved.append)
    clock.advance(hours=7)
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    refreshed = session.token["refresh_token"]
    store.token = refresh_answer()
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    store.fails = set()
    assert status(session) == 200
    assert store.token["refresh_token"] == refreshed
    assert [token.refresh_token_changed for token in saved] == [True]


def test_stored_without_refresh_token__and_it_can_not_be_given_back(
    kakao, new_session, store, clock, refresh_answer
):
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    clock.advance(seconds=LIFE - 300)
    store.token = refresh_answer()
    store.fails = {"save"}
    with pytest.warns(KakaoWarning):
        assert status(session) == 200
    assert kakao.token_requests == []


# Log records --------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_expired", [False, True])
def test_log_handler_that_sends_messages__with_this_session(
    kakao, new_session, store, clock, monkeypatch, caplog, has_expired
):
    class ToMe(logging.Handler):
        def emit(self, record):
            sent.append(session.get("/v2/user/me").status_code)

    sent, session, log = [], new_session(token_store=store), logging.getLogger("kakao_session")
    monkeypatch.setattr(log, "handlers", [ToMe()])
    caplog.set_level(logging.INFO, "kakao_session")
    if has_expired:
        clock.advance(hours=7)
    assert status(session) == 200
    assert sent == ([401, 200] if has_expired else [200])  # of what was adopted, and refreshed
    assert [record.status for record in kakao.token_requests] == [200] * has_expired
    assert store.token == session.token


# A process that can read the store and not write it ---------------------------------------------


@TROUBLES
def test_reader_that_can_not_lock__follows_the_writer(kakao, new_session, store, clock, trouble):
    reader = new_session(token_store=store)
    reader.get("/v2/user/me")
    make(trouble, kakao, clock)
    written = new_session(token_store=store).refresh_token()
    store.fails = {"lock"}
    kakao.clear_requests()
    assert status(reader) == 200
    assert reader.token == written
    assert wire(kakao) == ([ME_401, ME] if trouble == "rejected" else [ME])


def test_reader_that_can_not_lock__whose_new_token_is_rejected_too(kakao, new_session, store):
    reader = new_session(token_store=store)
    reader.get("/v2/user/me")
    new_session(token_store=store).refresh_token()
    kakao.revoke_access_tokens()
    store.fails = {"lock"}
    kakao.clear_requests()
    assert status(reader) == 401
    assert wire(kakao) == [ME_401, ME_401]


def test_reader_that_can_not_lock__is_not_warned_of_a_lost_refresh_token(
    new_session, store, clock, refresh_answer
):
    """It can't give the store its refresh token back, so a warning would be of no use."""
    reader = new_session(token_store=store)
    reader.get("/v2/user/me")
    clock.advance(seconds=LIFE - 300)
    store.token = refresh_answer()
    store.fails = {"lock"}
    assert [status(reader) for _ in range(3)] == [200] * 3
    assert reader.token["access_token"] == store.token["access_token"]
    assert store.log[-1] == "load"  # of the first call; the others had a fresh token
    clock.advance(seconds=LIFE - 300)
    assert status(reader) == 200


# A store that went back to an older token, from a backup for example ----------------------------


def test_store_that_went_back__does_not_take_the_login_along(
    kakao, new_session, token, store, clock
):
    kakao.refresh_token_renewal = "always"
    session = new_session(token_store=store)
    refreshed = session.refresh_token()
    for trouble in ("rejected", "expired", None):
        store.token = token.copy()
        if trouble:
            make(trouble, kakao, clock)
        assert status(session) == 200
        assert session.token["refresh_token"] != token["refresh_token"]
    assert session.token != refreshed
    assert {record.status for record in kakao.token_requests} == {200}
    session.refresh_token()
    assert store.token == session.token


def test_store_that_went_back__to_a_login_that_has_ended(kakao, new_session, store, clock):
    backup = Token.from_response(kakao.login(), clock.moment)
    clock.advance(days=30)
    store.token = Token.from_response(kakao.login(), clock.moment)
    session = new_session(token_store=store)
    assert status(session) == 200
    login = session.token
    clock.advance(days=31)
    store.token = backup
    assert status(session) == 200
    assert session.token["access_token"] != login["access_token"]
    assert store.token == session.token
    # But who knows no other login tells the user that this one has ended.
    store.token = backup
    with pytest.raises(LoginRequiredError):
        new_session(token_store=store).get("/v2/user/me")


def test_store_that_went_back__gets_the_newer_token_from_the_next_call(
    kakao, new_session, token, store, clock
):
    kakao.refresh_token_renewal = "always"
    session = new_session(token_store=store)
    good = session.refresh_token()
    store.token = token.copy()
    clock.advance(seconds=LIFE - 200)
    kakao.fail_next(503, times=2)
    assert [status(session) for _ in range(2)] == [200, 200]
    assert store.token == session.token == good
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        session.refresh_token()
    store.token = token.copy()
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    assert store.token == token


def test_store_that_went_back__while_it_could_not_be_locked(
    kakao, new_session, token, store, clock
):
    kakao.refresh_token_renewal = "always"
    session = new_session(token_store=store)
    session.refresh_token()
    kakao.refresh_token_renewal = "never"
    clock.advance(days=40)
    assert status(session) == 200
    store.token, store.fails = token.copy(), {"lock"}
    with pytest.raises(TokenStoreError):
        session.keep_alive()
    store.fails = set()
    assert status(session) == 200
    assert store.token == session.token != token


# A token that is assigned -----------------------------------------------------------------------


def test_assigned__is_not_replaced_by_an_older_one_that_is_stored_later(
    kakao, new_session, store, clock, new_login
):
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    older = new_login()
    clock.advance(minutes=5)
    session.token = assigned = new_login()
    store.token = older
    clock.advance(hours=7)
    kakao.clear_requests()
    session.get("/v2/user/me")
    assert wire(kakao) == [REFRESH, ME]
    assert session.token["refresh_token"] == assigned["refresh_token"]


def test_assigned__but_somebody_logs_in_later(kakao, new_session, store, clock, new_login):
    session = new_session(token_store=store)
    session.token = new_login()
    clock.advance(hours=7)
    store.token = later = new_login()
    kakao.clear_requests()
    assert status(session) == 200
    assert wire(kakao) == [ME]
    assert session.token == later


def test_assigned__a_replaced_refresh_token_is_still_known(kakao, new_session, token, store, clock):
    kakao.refresh_token_renewal = "always"
    session = new_session(token_store=store)
    session.token = {**session.refresh_token(), "expires_at": 1}
    store.token = Token({**token, "expires_at": clock.moment + 20_000})  # from a backup
    assert status(session) == 200
    assert store.token["refresh_token"] == session.token["refresh_token"] != token["refresh_token"]


def test_assigned_nothing__does_not_come_back_from_the_store(
    kakao, new_session, token, store, new_login
):
    session = new_session(token_store=store)
    session.token = {}
    assert not session.authorized
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    store.token = new_login()
    assert session.token == {}
    with pytest.raises(LoginRequiredError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == caught.value.hint
    assert caught.value.hint.startswith("The token was removed from this session. Call fetch_token")
    assert kakao.requests == []
    session.token = token
    assert status(session) == 200


def test_assigned_nothing__until_a_refresh_token_is_given(new_session, token, store):
    session = new_session(token_store=store)
    session.token = {}
    session.refresh_token(refresh_token=token["refresh_token"])
    store.token = Token(access_token="another", refresh_token="r")
    assert session.refresh_token()["access_token"] == "another"


# A login that has ended -------------------------------------------------------------------------


def test_koe322__no_further_request_until_somebody_logs_in(
    kakao, new_session, token, clock, new_login, tmp_path
):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    content = store.path.read_bytes()
    kakao.unlink()
    kakao.clear_requests()
    errors = []
    for _ in range(3):
        with pytest.raises(LoginRequiredError, match="kakao-session login") as caught:
            session.get("/v2/user/me")
        assert (caught.value.error_code, caught.value.status_code) == ("KOE322", 400)
        errors.append(caught.value)
    assert (len(set(map(id, errors))), len(set(map(str, errors)))) == (3, 1)
    assert wire(kakao) == [ME_401, ("POST", "/oauth/token", 400)]
    assert store.path.read_bytes() == content

    store.save(new_login())
    kakao.clear_requests()
    assert status(session) == 200
    clock.advance(hours=7)
    assert status(session) == 200
    assert wire(kakao) == [ME, REFRESH, ME]


@pytest.mark.parametrize("cure", ["a refresh token", "an assignment"])
def test_koe322__heals_without_a_store(kakao, new_session, token, clock, new_login, cure):
    session = new_session(token=token)
    kakao.unlink()
    for _ in range(2):
        with pytest.raises(LoginRequiredError):
            session.get("/v2/user/me")
    if cure == "a refresh token":
        session.refresh_token(refresh_token=kakao.login()["refresh_token"])
    else:
        session.token = new_login()
    for _ in range(2):
        assert status(session) == 200
        clock.advance(hours=7)


def test_refresh_token_run_out__without_a_request(
    kakao, new_session, store, clock, stopwatch, new_login
):
    session = new_session(token_store=store)
    clock.advance(seconds=5_183_999 - 1)
    kakao.fail_next(503, times=3)
    with pytest.raises(Exception, match="503"):
        session.get("/v2/user/me")
    kakao.clear_requests()
    clock.advance(seconds=1)
    for _ in range(2):
        with pytest.raises(LoginRequiredError) as caught:
            session.get("/v2/user/me")
        error = caught.value
        assert str(error).startswith("Expired refresh token in MemoryStore. ")
        assert (error.error, error.error_code, error.status_code) == (None, None, None)
    assert kakao.requests == []
    store.token = new_login()
    assert status(session) == 200


def test_refresh_token_run_out__only_because_the_clock_was_wrong(new_session, token, clock):
    session = new_session(token=token)
    moment, clock.moment = clock.moment, 4_300_000_000.0  # the year 2106
    with pytest.raises(LoginRequiredError, match="Expired refresh token"):
        session.get("/v2/user/me")
    clock.moment = moment
    assert status(session) == 200


def test_access_token_alone__can_not_be_refreshed(kakao, new_session, token):
    session = new_session(token={"access_token": token["access_token"]})
    assert status(session) == 200
    kakao.revoke_access_tokens()
    with pytest.raises(LoginRequiredError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value).startswith("No refresh token. ")
    assert kakao.token_requests == []


def test_absent_file__is_named_and_heals(new_session, token, tmp_path):
    path = tmp_path / "folder" / "token.json"
    session = new_session(token_store=path)
    assert not session.authorized
    with pytest.raises(LoginRequiredError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value).startswith(f"No token in {path}. Log in: run ")
    assert not path.parent.exists()
    FileTokenStore(path).save(token)
    assert session.authorized
    assert status(session) == 200
