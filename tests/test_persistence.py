"""Each new token is saved before the call goes out. A save that fails loses nothing."""

import errno
import json
import logging
import os
import time
from datetime import date

import pytest
import requests

from kakao_session import (
    FileTokenStore,
    KakaoAuth,
    KakaoWarning,
    LoginRequiredError,
    Token,
    TokenStoreError,
)
from kakao_session.stores.private_file import PrivateFile
from tests.conftest import LIFE, ME, REFRESH, MemoryStore, wire
from tests.required import on_posix

WHAT_NOW = "Fix what caused it and try again."


class Updater:
    """A save callback that can be made to fail."""

    def __init__(self):
        self.fails = False
        self.saved = []

    def __call__(self, token):
        if self.fails:
            raise RuntimeError("database gone")
        self.saved.append(token)


def test_refresh__load_once_lock_load_save(kakao, new_session, token, clock):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    assert store.log == []
    session.get("/v2/user/me")
    session.get("/v2/user/me")
    assert store.log == ["load"]
    clock.advance(hours=7)
    session.get("/v2/user/me")
    session.get("/v2/user/me")
    assert store.log == ["load", "lock", "load", "save", "unlock"]
    assert store.token == session.token


def test_order__store_then_updater_then_the_call(kakao, new_session, token, clock):
    store = MemoryStore(token)
    at_updater = []

    def updater(saved):
        at_updater.append((store.log[-1], wire(kakao), saved))

    session = new_session(token_store=store, token_updater=updater)
    clock.advance(hours=7)
    session.get("/v2/user/me")
    assert at_updater == [("save", [REFRESH], session.token)]
    assert at_updater[0][2] is not session.token
    assert wire(kakao) == [REFRESH, ME]


def test_value_that_json_does_not_know__does_not_cost_the_login(
    kakao, new_session, token, clock, tmp_path
):
    kakao.refresh_token_renewal = "always"
    token["since"] = date(2026, 11, 27)
    session = new_session(token=token, token_store=tmp_path / "token.json")
    clock.advance(hours=7)
    session.get("/v2/user/me")
    stored = FileTokenStore(tmp_path / "token.json").load()
    assert stored.is_same_as(session.token)
    assert stored["since"] == "2026-11-27"


@on_posix
def test_tutorial_file__goes_in_and_comes_out(kakao, new_session, clock, tmp_path):
    path = tmp_path / "kakao_token.json"
    path.write_text(json.dumps({**kakao.login(), "app_key": kakao.app_key, "memo": "메모"}))
    os.utime(path, (clock.moment, clock.moment))
    clock.advance(hours=7)
    session = new_session(None, token_store=str(path))
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored == session.token
    assert (stored["app_key"], stored["memo"]) == (kakao.app_key, "메모")
    assert stored["expires_at"] == clock.moment + LIFE
    assert path.stat().st_mode & 0o777 == 0o600


def test_file__of_which_somebody_changes_other_fields(kakao, new_session, token, clock, tmp_path):
    kakao.client_secret = "s"
    store = FileTokenStore(tmp_path / "token.json")
    store.save({**token, "memo": "old"})
    session = new_session(token_store=store)
    assert session.get("/v2/user/me").status_code == 200
    added = {"client_secret": "s", "memo": "new", "expires_at": clock.moment + 10**6}
    store.save({**token, **added})
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME, REFRESH, ME]  # the time in memory is better known
    assert store.load() == session.token == {**token, **added, **session.token}
    assert session.token["memo"] == "new"


def test_value_that_nothing_can_write__is_found_before_the_refresh(
    kakao, new_session, token, clock, tmp_path
):
    kakao.refresh_token_renewal = "always"
    path = tmp_path / "token.json"
    token["memo"] = b"bytes"
    session = new_session(token=token, token_store=path)
    clock.advance(hours=7)
    with pytest.raises(TokenStoreError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == (
        f"Could not save {path}: the token can't be written as JSON: Object of type bytes is not "
        "JSON serializable."
    )
    assert kakao.token_requests == []


@pytest.mark.parametrize(
    "content", ['{"database": "precious"}', '{"access_token": "a", "encrypted": "fernet"}']
)
def test_fetch_token__does_not_overwrite_what_is_no_token(
    kakao, new_session, token, tmp_path, content
):
    path = tmp_path / "token.json"
    path.write_text(content)
    session = new_session(token=token, token_store=path)
    with pytest.raises(TokenStoreError):
        session.fetch_token(code="a-code")
    assert path.read_text() == content
    assert kakao.token_requests == []
    assert session.token == token


# The save callback ----------------------------------------------------------------------------


def test_updater__knows_whether_the_refresh_token_is_new(kakao, new_session, token):
    updater = Updater()
    session = new_session(token=token)
    assert session.token_updater is None
    session.token_updater = updater
    for renewal in ("never", "always", "never"):
        kakao.refresh_token_renewal = renewal
        session.refresh_token()
        assert updater.saved[-1] == session.token
    assert [saved.refresh_token_changed for saved in updater.saved] == [False, True, False]


def test_updater__is_not_called_for_what_others_changed(kakao, new_session, token, clock):
    store, updater = MemoryStore(token), Updater()
    mine = new_session(token_store=store, token_updater=updater)
    theirs = new_session(token_store=store)
    mine.get("/v2/user/me")
    clock.advance(hours=7)
    theirs.get("/v2/user/me")
    mine.get("/v2/user/me")
    assert updater.saved == []
    assert mine.token == theirs.token
    assert len(kakao.token_requests) == 1


def test_updater__may_call_kakao_itself(kakao, new_session, token, clock):
    answers = []

    def updater(saved):
        assert session.token == saved
        answers.append(session.get("/v2/user/me").status_code)
        session.token = saved

    session = new_session(token=token, token_updater=updater)
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert answers == [200]
    assert wire(kakao) == [REFRESH, ME, ME]


def test_updater__may_assign_another_token(kakao, new_session, token, clock):
    def updater(_):
        session.token = other

    other = Token.from_response(kakao.login(), clock.moment)
    session = new_session(token=token, token_updater=updater)
    session.refresh_token()
    assert session.token == other


@on_posix
def test_updater__may_write_the_file_of_the_store(kakao, new_session, token, clock, tmp_path):
    path = tmp_path / "token.json"
    (tmp_path / "link.json").symlink_to(path)
    FileTokenStore(path).save(token)
    saver = FileTokenStore(tmp_path / "link.json", lock_timeout=30)
    session = new_session(token_store=path, token_updater=saver.save)
    kakao.refresh_token_renewal = "always"
    started = time.monotonic()
    for _ in range(3):
        clock.advance(hours=7)
        assert session.get("/v2/user/me").status_code == 200
    assert time.monotonic() - started < 10
    assert FileTokenStore(path).load() == session.token


# A save that fails ----------------------------------------------------------------------------


@pytest.fixture(params=["store", "updater"])
def saving(request, new_session, token):
    """A session that saves in a store and by a callback, one of which can be made to fail."""

    class Saving:
        store, updater = MemoryStore(token), Updater()
        session = new_session(token_store=store, token_updater=updater)
        failed = " in MemoryStore" if request.param == "store" else ": token_updater failed"
        cause = OSError if request.param == "store" else RuntimeError

        def fail(self, now):
            if request.param == "store":
                self.store.fails = {"save"} if now else set()
            else:
                self.updater.fails = now

    return Saving()


def test_save_fails__the_call_goes_on_and_the_save_is_tried_again(kakao, saving, clock, caplog):
    session = saving.session
    saving.fail(True)
    clock.advance(hours=7)
    with caplog.at_level(logging.ERROR, "kakao_session"):
        for _ in range(2):
            with pytest.warns(KakaoWarning, match="could not be saved. It is in memory") as caught:
                assert session.get("/v2/user/me").status_code == 200
            assert [warning.filename for warning in caught] == [__file__]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert saving.updater.saved == []
    saving.fail(False)
    assert session.get("/v2/user/me").status_code == 200
    assert session.get("/v2/user/me").status_code == 200
    assert saving.updater.saved == [session.token]
    assert saving.store.token == session.token
    assert wire(kakao) == [REFRESH, ME, ME, ME, ME]


def test_save_fails__and_then_the_login_ends(kakao, new_session, token, clock):
    updater = Updater()
    updater.fails = True
    session = new_session(token=token, token_updater=updater)
    clock.advance(hours=7)
    with pytest.warns(KakaoWarning):
        session.get("/v2/user/me")
    kakao.unlink()
    with pytest.raises(LoginRequiredError), pytest.warns(KakaoWarning):
        session.get("/v2/user/me")
    updater.fails = False
    kakao.clear_requests()
    for _ in range(2):
        with pytest.raises(LoginRequiredError):
            session.get("/v2/user/me")
    assert kakao.requests == []
    assert updater.saved == []  # somebody may have logged in again, and saved that


@pytest.mark.parametrize("kind", ["file", "store", "updater"])
def test_save_fails__another_place_gets_nothing_of_it(
    kakao, token, clock, me_url, tmp_path, monkeypatch, kind
):
    def places():
        for name in ("one", "two"):
            if kind == "file":
                FileTokenStore(tmp_path / name).save(token)
                yield lambda name=name: {"token_store": FileTokenStore(tmp_path / name)}
            else:
                place = MemoryStore(token) if kind == "store" else Updater()
                place.fails = {"save"}
                key = "token_store" if kind == "store" else "token_updater"
                yield lambda given={key: place, "token": token}: given

    def call(place):
        auth = KakaoAuth(kakao.app_key, endpoints=kakao.endpoints, **place())
        return requests.get(me_url, auth=auth, verify=kakao.ca_file, timeout=9).status_code

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    kakao.refresh_token_renewal = "always"
    one, two = places()
    clock.advance(hours=7)
    with monkeypatch.context() as patch:
        patch.setattr(PrivateFile, "write", fail)
        for _ in range(2):
            with pytest.raises(TokenStoreError):
                call(one)
        with pytest.raises(LoginRequiredError):  # its refresh token was replaced
            call(two)
    if kind == "file":  # each call has made a store of its own
        assert call(one) == 200
        assert FileTokenStore(tmp_path / "one").load()["refresh_token"] != token["refresh_token"]
        assert [record.status for record in kakao.token_requests] == [200, 400]


@pytest.mark.parametrize("keeps", ["store", "updater", "both"])
def test_save_fails__for_an_auth_that_is_made_for_each_call(kakao, token, clock, me_url, keeps):
    kakao.refresh_token_renewal = "always"
    store, updater = MemoryStore(token), Updater()
    store.fails, updater.fails = {"save"}, True

    def call():
        given = {"token_store": store} if keeps != "updater" else {"token": token}
        saver = None if keeps == "store" else updater
        auth = KakaoAuth(kakao.app_key, token_updater=saver, endpoints=kakao.endpoints, **given)
        return requests.get(me_url, auth=auth, verify=kakao.ca_file, timeout=10)

    for hours in (7, 1, 1):
        clock.advance(hours=hours)
        with pytest.raises(TokenStoreError):
            call()
    store.fails, updater.fails = set(), False
    assert call().status_code == 200
    assert len(kakao.token_requests) == 1
    saved = updater.saved[-1] if keeps == "updater" else store.token
    assert saved["refresh_token"] != token["refresh_token"]
    assert kakao.find(saved["refresh_token"]).ended is None
    if keeps != "updater":  # then it is the caller's turn to pass the new token
        assert call().status_code == 200


@pytest.mark.parametrize("deed", ["forgotten", "assigned", "ended"])
def test_save_fails__then_another_session_does_not_bring_an_old_login_back(
    kakao, new_session, token, clock, deed
):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    session, other = (new_session(token_store=store) for _ in range(2))
    assert other.authorized
    clock.advance(hours=7)
    store.fails = {"save", "delete"}
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    if deed == "forgotten":
        with pytest.raises(TokenStoreError):
            session.logout()
        assert session.token == {}
        assert not session.authorized
    elif deed == "assigned":
        session.token = latest = Token.from_response(kakao.login(), clock.moment)
        clock.advance(hours=7)
        store.fails = set()
        assert session.get("/v2/user/me").status_code == 200
        assert kakao.token_requests[-1].form[2] == ("refresh_token", latest["refresh_token"])
    else:
        kakao.unlink()
        for one in (session, other):
            with pytest.raises((LoginRequiredError, TokenStoreError)):
                one.get("/v2/user/me")
        store.fails = set()
        kakao.clear_requests()
        for _ in range(2):
            for one in (session, other):
                with pytest.raises(LoginRequiredError):
                    one.get("/v2/user/me")
        assert len(kakao.token_requests) <= 2


def test_save_fails__then_another_session_finds_the_new_token(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    store, earlier = MemoryStore(token), Token.from_response(kakao.login(), clock.moment - 60)
    session = new_session(token_store=store)
    other = new_session(token_store=store, token=earlier)
    clock.advance(hours=7)
    store.fails = {"save"}
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    store.fails = set()
    kakao.clear_requests()
    assert other.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME]
    assert store.token == other.token == session.token
    # A backup of the store does not take the login along.
    store.token = token
    kakao.revoke_access_tokens()
    assert other.get("/v2/user/me").status_code == 200
    assert store.token == other.token != session.token


@pytest.mark.parametrize("place", ["updater", "store"])
def test_save__by_a_coroutine_is_a_failure(kakao, new_session, token, clock, place):
    async def save(_):
        pytest.fail("nobody awaits this")

    store = MemoryStore(token)
    if place == "store":
        store.save = lambda token: save(token)
    updater = (lambda token: save(token)) if place == "updater" else None
    session = new_session(token_store=store, token_updater=updater)
    clock.advance(hours=7)
    with pytest.warns(KakaoWarning, match=r"\(TypeError\)\. Fix what caused it"):
        assert session.get("/v2/user/me").status_code == 200
    kakao.refresh_token_renewal = "always"
    with pytest.raises(TokenStoreError) as caught:
        session.refresh_token()
    assert str(caught.value.__cause__) == "a function for asyncio saves nothing here"


def test_save_fails__with_a_new_refresh_token(kakao, saving, token, clock):
    kakao.refresh_token_renewal = "always"
    session = saving.session
    saving.fail(True)
    clock.advance(hours=7)
    for _ in range(2):
        with pytest.raises(TokenStoreError) as caught:
            session.get("/v2/user/me")
        cause = caught.value.__cause__
        assert type(cause) is saving.cause
        failed = f"Could not save the token{saving.failed} ({type(cause).__name__})."
        assert str(caught.value) == (
            f"{failed} {WHAT_NOW} Until then the new token is in memory only."
        )
    assert session.token["refresh_token"] != token["refresh_token"]
    saving.fail(False)
    assert session.get("/v2/user/me").status_code == 200
    assert saving.store.token == session.token
    assert wire(kakao) == [REFRESH, ME]


def test_save_fails__in_the_last_minutes_too(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    store.fails = {"save"}
    session = new_session(token_store=store)
    clock.advance(seconds=LIFE - 300)
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    store.fails = set()
    session.get("/v2/user/me")
    assert store.token == session.token
    assert len(kakao.token_requests) == 1


def test_save_failed__and_the_next_token_has_the_new_refresh_token_too(
    kakao, new_session, token, clock
):
    store, updater = MemoryStore(token), Updater()
    store.fails = {"save"}
    session = new_session(token_store=store, token_updater=updater)
    for renewal in ("always", "never"):
        kakao.refresh_token_renewal = renewal
        clock.advance(hours=7)
        with pytest.raises(TokenStoreError):
            session.get("/v2/user/me")
    store.fails = set()
    session.get("/v2/user/me")
    assert [saved.refresh_token_changed for saved in updater.saved] == [True, False]
    assert store.token == session.token


def test_save_failed__and_somebody_logged_in_meanwhile(kakao, new_session, token, clock):
    store = MemoryStore(token)
    store.fails = {"save"}
    session = new_session(token_store=store)
    clock.advance(hours=7)
    with pytest.warns(KakaoWarning):
        session.get("/v2/user/me")
    store.fails = set()
    store.token = Token.from_response(kakao.login(), clock.moment)
    session.get("/v2/user/me")
    assert session.token == store.token
    assert "save" not in store.log[-3:]


@pytest.mark.parametrize("deed", ["lock", "load"])
def test_store_out_of_reach__no_refresh_token_is_spent(kakao, new_session, token, clock, deed):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    store.fails = {deed}
    assert session.get("/v2/user/me").status_code == 200
    clock.advance(hours=7)
    with pytest.raises(TokenStoreError, match="MemoryStore") as caught:
        session.get("/v2/user/me")
    assert isinstance(caught.value.__cause__, OSError)
    assert kakao.token_requests == []
    store.fails = set()
    assert session.get("/v2/user/me").status_code == 200


def test_encrypted_token__is_not_sent(kakao, new_session):
    store = MemoryStore(Token(access_token="ciphertext", encrypted="fernet"))
    with pytest.raises(TokenStoreError) as caught:
        new_session(token_store=store).get("/v2/user/me")
    assert str(caught.value) == (
        "Could not read the token in MemoryStore: it is encrypted. Use EncryptedTokenStore(store, "
        "key)."
    )
    assert kakao.requests == []


def test_unlock_fails__the_new_token_is_saved(kakao, new_session, token):
    store = MemoryStore(token)
    store.fails = {"unlock"}
    session = new_session(token_store=store)
    with pytest.raises(TokenStoreError, match="unlock"):
        session.refresh_token()
    assert session.get("/v2/user/me").status_code == 200
    assert store.token == session.token


def test_delete_fails__the_token_does_not_come_back(new_session, token):
    store = MemoryStore(token.copy())
    session = new_session(token=token.copy(), token_store=store)
    store.fails = {"delete"}
    with pytest.raises(TokenStoreError):
        session.logout()
    assert not session.authorized
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")


# What the errors say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "what"),
    [("load", "read"), *((deed, deed) for deed in ("lock", "unlock", "delete"))],
)
def test_store_fails__error_names_the_operation_and_the_place(
    kakao, new_session, token, deed, what
):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    store.fails = {deed}
    session = new_session(token_store=store)
    with pytest.raises(TokenStoreError) as caught:
        session.logout() if deed == "delete" else session.refresh_token()
    assert str(caught.value) == f"Could not {what} the token in MemoryStore (OSError). {WHAT_NOW}"


def test_store_without_a_lock__says_so(new_session, token):
    class Store(MemoryStore):
        def lock(self):
            raise RuntimeError("no locks")

    with pytest.raises(
        TokenStoreError, match=r"Could not lock the token in .* \(RuntimeError\)\. "
    ):
        new_session(token_store=Store(token)).refresh_token()


def test_updater_that_is_a_store__says_so_in_its_own_words(kakao, new_session, token, tmp_path):
    kakao.refresh_token_renewal = "always"
    (tmp_path / "folder.json").mkdir()
    updater = FileTokenStore(tmp_path / "folder.json").save
    with pytest.raises(TokenStoreError, match=r"Could not save .*folder\.json: ") as caught:
        new_session(token=token, token_updater=updater).refresh_token()
    assert "token_updater" not in str(caught.value)


# Warnings -------------------------------------------------------------------------------------


def test_warning__as_an_error_breaks_nothing(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    session = new_session(token=token)
    clock.advance(hours=7)
    with pytest.raises(KakaoWarning) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == (
        "Kakao replaced the refresh token, and nothing keeps the new one: it is lost when the "
        "program ends. Pass token_store= or token_updater=."
    )
    assert session.get("/v2/user/me").status_code == 200
    assert session.token["refresh_token"] != token["refresh_token"]
    assert wire(kakao) == [REFRESH, ME]


def test_warning__only_where_nothing_keeps_a_new_refresh_token(kakao, new_session, token):
    session = new_session(token=token)
    kakao.refresh_token_renewal = "never"
    session.refresh_token()
    kakao.refresh_token_renewal = "always"
    session.token_updater = lambda _: None
    session.refresh_token()
    session.token_updater = None
    with pytest.warns(KakaoWarning, match="replaced the refresh token"):
        session.refresh_token()


def test_warning__points_at_the_caller_of_requests(kakao, new_auth, token, clock, me_url):
    kakao.refresh_token_renewal = "always"
    clock.advance(hours=7)
    with pytest.warns(KakaoWarning) as caught:
        requests.get(me_url, auth=new_auth(token=token), timeout=9)
    assert [warning.filename for warning in caught] == [__file__]


def test_warning__of_a_refresh_that_failed_is_not_shown_later(new_session, token, clock):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    clock.advance(hours=7)
    store.fails = {"save", "unlock"}
    with pytest.raises(TokenStoreError, match="unlock"):
        session.get("/v2/user/me")
    store.fails = set()
    assert session.get("/v2/user/me").status_code == 200
