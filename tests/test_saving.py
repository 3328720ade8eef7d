"""Every change is saved before the call goes out; a save that fails loses nothing."""

import contextlib
import json
import logging
import re
import time

import pytest
import requests

from kakao_session import (
    FileTokenStore,
    KakaoWarning,
    LoginRequiredError,
    Token,
    TokenStoreError,
)
from tests.conftest import ME, ME_401, REFRESH, wire
from tests.required import on_posix


class MemoryStore:
    """A store that fails when it is told to."""

    def __init__(self, token=None):
        self.token = token
        self.fails = set()
        self.log = []

    def _do(self, deed):
        self.log.append(deed)
        if deed in self.fails:
            raise OSError(28, "No space left on device")

    def load(self):
        self._do("load")
        return self.token and self.token.copy()

    def save(self, token):
        self._do("save")
        self.token = token.copy()

    def delete(self):
        self._do("delete")
        self.token = None

    @contextlib.contextmanager
    def lock(self):
        self._do("lock")
        yield
        self._do("unlock")


def test_renewal__load_once_lock_load_save(kakao, new_session, token, clock):
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


def test_updater__knows_whether_the_refresh_token_is_new(kakao, new_session, token):
    changed = []
    session = new_session(
        token=token, token_updater=lambda saved: changed.append(saved.refresh_token_changed)
    )
    session.refresh_token()
    kakao.refresh_token_renewal = "always"
    session.refresh_token()
    kakao.refresh_token_renewal = "never"
    session.refresh_token()
    assert changed == [False, True, False]


def test_updater__is_not_called_for_what_others_changed(kakao, new_session, token, clock, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    calls = []
    mine = new_session(token_store=store, token_updater=calls.append)
    theirs = new_session(token_store=tmp_path / "token.json")
    mine.get("/v2/user/me")
    clock.advance(hours=7)
    theirs.get("/v2/user/me")
    mine.get("/v2/user/me")
    assert calls == []
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


def test_updater__set_later(kakao, new_session, token):
    calls = []
    session = new_session(token=token)
    assert session.token_updater is None
    session.token_updater = calls.append
    session.refresh_token()
    assert calls == [session.token]


@pytest.mark.parametrize("part", ["store", "updater"])
def test_save_fails__the_call_goes_on_and_the_save_is_tried_again(
    kakao,
    new_session,
    token,
    clock,
    caplog,
    part,
):
    store = MemoryStore(token)
    store.fails = {"save"} if part == "store" else set()
    saved = []

    def updater(token):
        if part == "updater" and store.fails is not None and not healed:
            raise RuntimeError("database gone")
        saved.append(token)

    healed = []
    session = new_session(token_store=store, token_updater=updater)
    clock.advance(hours=7)
    with caplog.at_level(logging.ERROR, "kakao_session"):
        for _ in range(2):
            with pytest.warns(KakaoWarning, match="could not be saved. It is in memory") as caught:
                assert session.get("/v2/user/me").status_code == 200
            assert [warning.filename for warning in caught] == [__file__]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert saved == []
    healed.append(True)
    store.fails = set()
    assert session.get("/v2/user/me").status_code == 200
    assert session.get("/v2/user/me").status_code == 200
    assert saved == [session.token]
    assert store.token == session.token
    assert wire(kakao) == [REFRESH, ME, ME, ME, ME]


@pytest.mark.parametrize("part", ["store", "updater"])
def test_save_fails__with_a_new_refresh_token(kakao, new_session, token, clock, part):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    broken = [True]

    def updater(_):
        if part == "updater" and broken:
            raise RuntimeError("database gone")

    store.fails = {"save"} if part == "store" else set()
    session = new_session(token_store=store, token_updater=updater)
    clock.advance(hours=7)
    for _ in range(2):
        with pytest.raises(TokenStoreError) as caught:
            session.get("/v2/user/me")
        assert isinstance(caught.value.__cause__, OSError if part == "store" else RuntimeError)
    assert session.token["refresh_token"] != token["refresh_token"]
    store.fails = set()
    broken.clear()
    assert session.get("/v2/user/me").status_code == 200
    assert store.token == session.token
    assert wire(kakao) == [REFRESH, ME]


def test_save_fails__in_the_last_minutes_too(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    store.fails = {"save"}
    session = new_session(token_store=store)
    clock.advance(seconds=21_599 - 300)
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    store.fails = set()
    session.get("/v2/user/me")
    assert store.token == session.token
    assert len(kakao.token_requests) == 1


def test_save_failed__and_the_next_token_keeps_the_debt(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    store.fails = {"save"}
    changed = []
    session = new_session(
        token_store=store, token_updater=lambda saved: changed.append(saved.refresh_token_changed)
    )
    clock.advance(hours=7)
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    clock.advance(hours=7)
    kakao.refresh_token_renewal = "never"
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    store.fails = set()
    session.get("/v2/user/me")
    assert changed == [True, False]
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


def test_warning__as_an_error_breaks_nothing(kakao, new_session, new_auth, token, clock):
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


def test_warning__points_at_the_caller_of_requests(kakao, new_auth, token, clock):
    kakao.refresh_token_renewal = "always"
    clock.advance(hours=7)
    with pytest.warns(KakaoWarning) as caught:
        requests.get(f"{kakao.endpoints.api_url}/v2/user/me", auth=new_auth(token=token), timeout=9)
    assert [warning.filename for warning in caught] == [__file__]


@on_posix
def test_saver__that_writes_the_file_of_the_store(kakao, new_session, token, clock, tmp_path):
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


def refresh_answer(kakao, clock):
    """What a tutorial's script writes that keeps the answer of a refresh and nothing else."""
    answer = kakao.login()
    return Token({key: answer[key] for key in ("access_token", "token_type", "expires_in")})


@pytest.mark.parametrize("how", ["expired", "rejected", "ahead of time"])
def test_stored_without_refresh_token__ours_is_kept(kakao, new_session, token, clock, how):
    token = token | {"app_key": "key", "scope": "talk_message"}
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    if how == "rejected":
        kakao.revoke_access_tokens()
    else:
        clock.advance(seconds=21_599 - 300 if how == "ahead of time" else 25_200)
    stored = refresh_answer(kakao, clock) | {"expires_at": clock.moment + 21_599}
    store.token = stored
    kakao.clear_requests()
    assert session.get("/v2/user/me").status_code == 200
    assert kakao.token_requests == []
    assert session.token == {**token, **stored}
    assert store.token == session.token
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert ("refresh_token", token["refresh_token"]) in kakao.token_requests[0].form


def test_stored_without_refresh_token__of_a_login_that_has_ended(kakao, new_session, token, clock):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    store.token = refresh_answer(kakao, clock)
    assert session.get("/v2/user/me").status_code == 200
    assert "refresh_token" not in session.token


def test_stored_without_refresh_token__ends_of_the_old_are_not_those_of_the_new(
    kakao, new_session, token, clock
):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    kakao.revoke_access_tokens()
    answer = refresh_answer(kakao, clock)
    store.token = Token(access_token=answer["access_token"])
    assert session.get("/v2/user/me").status_code == 200
    assert "expires_at" not in session.token
    assert session.token["refresh_token_expires_at"] == token["refresh_token_expires_at"]


def test_stored_without_refresh_token__is_no_new_refresh_token(kakao, new_session, token, clock):
    saved = []
    store = MemoryStore(token)
    session = new_session(token_store=store, token_updater=saved.append)
    kakao.refresh_token_renewal = "always"
    session.refresh_token()
    clock.advance(hours=7)
    store.token = refresh_answer(kakao, clock) | {"expires_at": clock.moment + 21_599}
    kakao.clear_requests()
    assert session.get("/v2/user/me").status_code == 200
    assert kakao.token_requests == []
    assert [token.refresh_token_changed for token in saved] == [True, False]


def test_saved__a_login_of_unknown_age_that_replaces_it_is_adopted(kakao, new_session, token):
    store = MemoryStore()
    session = new_session(token=token, token_store=store)
    session.refresh_token()
    kakao.revoke_access_tokens()
    other = kakao.login()
    store.token = Token({key: other[key] for key in ("access_token", "refresh_token")})
    kakao.clear_requests()
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME_401, ME]


def test_assigned__what_was_in_the_store_before_is_forgotten(kakao, new_session, token, clock):
    """An older login that is stored after the assignment does not replace the assigned one."""
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    older = Token.from_response(kakao.login(), clock.moment)
    clock.advance(minutes=5)
    assigned = Token.from_response(kakao.login(), clock.moment)
    session.token = assigned
    store.token = older
    clock.advance(hours=7)
    kakao.clear_requests()
    session.get("/v2/user/me")
    assert wire(kakao) == [REFRESH, ME]
    assert session.token["refresh_token"] == assigned["refresh_token"]


def test_assigned__a_replaced_refresh_token_is_still_known(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    session = new_session(token_store=store)
    renewed = session.refresh_token()
    session.token = {**renewed, "expires_at": 1}
    store.token = Token({**token, "expires_at": clock.moment + 20_000})  # from a backup
    assert session.get("/v2/user/me").status_code == 200
    assert store.token["refresh_token"] == session.token["refresh_token"] != token["refresh_token"]


@pytest.mark.parametrize("how", ["expired", "rejected", "ahead of time"])
def test_reader_that_can_not_lock__follows_the_writer(kakao, new_session, token, clock, how):
    store = MemoryStore(token)
    reader = new_session(token_store=store)
    reader.get("/v2/user/me")
    if how == "rejected":
        kakao.revoke_access_tokens()
    else:
        clock.advance(seconds=21_599 - 300 if how == "ahead of time" else 25_200)
    store.fails = set()
    written = new_session(token_store=store).refresh_token()
    store.fails = {"lock"}
    kakao.clear_requests()
    assert reader.get("/v2/user/me").status_code == 200
    assert reader.token == written
    assert wire(kakao) == ([ME_401, ME] if how == "rejected" else [ME])


def test_reader_that_can_not_lock__whose_new_token_is_rejected_too(
    kakao, new_session, token, clock
):
    store = MemoryStore(token)
    reader = new_session(token_store=store)
    reader.get("/v2/user/me")
    new_session(token_store=store).refresh_token()
    kakao.revoke_access_tokens()
    store.fails = {"lock"}
    kakao.clear_requests()
    assert reader.get("/v2/user/me").status_code == 401
    assert wire(kakao) == [ME_401, ME_401]


def test_lock_that_can_not_be_made__says_so(kakao, new_session, token):
    class Store(MemoryStore):
        def lock(self):
            raise RuntimeError("no locks")

    with pytest.raises(TokenStoreError) as caught:
        new_session(token_store=Store(token)).refresh_token()
    assert str(caught.value).startswith("The token in <")
    assert " could not be locked (RuntimeError). " in str(caught.value)


def test_stored_without_refresh_token__read_by_one_who_can_not_lock(
    kakao, new_session, token, clock
):
    """There is nothing that the reader could put right, and so nothing to warn of."""
    store = MemoryStore(token)
    reader = new_session(token_store=store)
    reader.get("/v2/user/me")
    clock.advance(seconds=21_599 - 300)
    store.token = refresh_answer(kakao, clock) | {"expires_at": clock.moment + 21_599}
    store.fails = {"lock"}
    for _ in range(3):
        assert reader.get("/v2/user/me").status_code == 200
    assert reader.token["access_token"] == store.token["access_token"]
    assert store.log[-1] == "load"  # of the first call; the others had a fresh token
    clock.advance(seconds=21_599 - 300)
    assert reader.get("/v2/user/me").status_code == 200


def test_stored_without_refresh_token__and_it_can_not_be_put_right(
    kakao, new_session, token, clock
):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    clock.advance(seconds=21_599 - 300)
    store.token = refresh_answer(kakao, clock) | {"expires_at": clock.moment + 21_599}
    store.fails = {"save"}
    with pytest.warns(KakaoWarning):
        assert session.get("/v2/user/me").status_code == 200
    assert kakao.token_requests == []


def test_stored_without_refresh_token__while_a_new_refresh_token_is_owed(
    kakao, new_session, token, clock
):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    store.fails = {"save"}
    changed = []
    session = new_session(
        token_store=store, token_updater=lambda saved: changed.append(saved.refresh_token_changed)
    )
    clock.advance(hours=7)
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    renewed = session.token["refresh_token"]
    store.token = refresh_answer(kakao, clock) | {"expires_at": clock.moment + 21_599}
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    store.fails = set()
    assert session.get("/v2/user/me").status_code == 200
    assert store.token["refresh_token"] == renewed
    assert changed == [True]


def test_given_without_refresh_token__the_stored_login_goes_on(kakao, new_session, token, clock):
    store = MemoryStore(token)
    clock.advance(hours=1)
    given = refresh_answer(kakao, clock) | {"expires_at": clock.moment + 21_599}
    session = new_session(token=given, token_store=store)
    assert session.get("/v2/user/me").status_code == 200
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert ("refresh_token", token["refresh_token"]) in kakao.token_requests[0].form


def test_given_token__of_unknown_life_is_not_taken_for_newer(kakao, new_session, token, clock):
    """As another SDK writes it: with its end, and without ``expires_in``."""
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    given = Token({key: value for key, value in token.items() if key != "expires_in"})
    clock.advance(hours=1)
    new_session(token_store=store).refresh_token()
    clock.advance(hours=7)
    session = new_session(token=given, token_store=store)
    assert session.get("/v2/user/me").status_code == 200


def test_warning__of_a_flight_that_failed_is_not_shown_later(kakao, new_session, token, clock):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    clock.advance(hours=7)
    store.fails = {"save", "unlock"}
    with pytest.raises(TokenStoreError, match="unlocked"):
        session.get("/v2/user/me")
    store.fails = set()
    assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize("deed", ["lock", "load"])
def test_store_out_of_reach__no_refresh_token_spent(kakao, new_session, token, clock, deed):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    store.fails = {deed}
    assert session.get("/v2/user/me").status_code == 200
    clock.advance(hours=7)
    with pytest.raises(TokenStoreError, match=re.escape(repr(store))) as caught:
        session.get("/v2/user/me")
    assert isinstance(caught.value.__cause__, OSError)
    assert kakao.token_requests == []
    store.fails = set()
    assert session.get("/v2/user/me").status_code == 200


def test_unlock_fails__is_said(kakao, new_session, token):
    store = MemoryStore(token)
    store.fails = {"unlock"}
    session = new_session(token_store=store)
    with pytest.raises(TokenStoreError, match="unlocked"):
        session.refresh_token()
    assert session.get("/v2/user/me").status_code == 200
    assert store.token == session.token


MEND = "Mend its cause, shown above; no login is lost while this process lives."


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        ("load", "read"),
        ("lock", "locked"),
        ("save", "saved"),
        ("unlock", "unlocked"),
        ("delete", "deleted"),
    ],
)
def test_store_fails__says_at_what_and_where(kakao, new_session, token, deed, what):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token)
    store.fails = {deed}
    session = new_session(token_store=store)
    with pytest.raises(TokenStoreError) as caught:
        session.logout() if deed == "delete" else session.refresh_token()
    assert str(caught.value) == f"The token in {store!r} could not be {what} (OSError). {MEND}"


def test_updater_fails__says_so(kakao, new_session, token):
    kakao.refresh_token_renewal = "always"

    def updater(_):
        raise RuntimeError("database gone")

    with pytest.raises(TokenStoreError) as caught:
        new_session(token=token, token_updater=updater).refresh_token()
    assert str(caught.value) == (
        f"The token could not be saved, for token_updater failed (RuntimeError). {MEND}"
    )


def test_updater_that_is_a_store__says_so_in_its_own_words(kakao, new_session, token, tmp_path):
    kakao.refresh_token_renewal = "always"
    (tmp_path / "folder.json").mkdir()
    updater = FileTokenStore(tmp_path / "folder.json").save
    with pytest.raises(TokenStoreError, match=r"Could not save .*folder\.json: ") as caught:
        new_session(token=token, token_updater=updater).refresh_token()
    assert "token_updater" not in str(caught.value)


def test_stored_by_another__adopted_without_a_request(kakao, new_session, token, clock):
    store = MemoryStore(token)
    mine, theirs = new_session(token_store=store), new_session(token_store=store)
    mine.get("/v2/user/me")
    theirs.get("/v2/user/me")
    kakao.revoke_access_tokens()
    theirs.get("/v2/user/me")
    kakao.clear_requests()
    assert mine.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME_401, ME]


def test_stored_by_another_but_old__renewed_with_its_refresh_token(
    kakao, new_session, token, clock
):
    store = MemoryStore(token)
    mine = new_session(token_store=store)
    mine.get("/v2/user/me")
    store.token = Token.from_response(kakao.login(), clock.moment)
    other = store.token["refresh_token"]
    clock.advance(hours=7)
    mine.get("/v2/user/me")
    assert ("refresh_token", other) in kakao.token_requests[0].form


def test_stored_by_another__of_unknown_age_after_a_save_of_ones_own(
    kakao, new_session, token, clock
):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.refresh_token()
    clock.advance(hours=7)
    answer = kakao.login()
    store.token = Token({name: answer[name] for name in ("access_token", "refresh_token")})
    kakao.clear_requests()
    assert session.get("/v2/user/me").status_code == 200
    assert session.token == store.token
    assert wire(kakao) == [ME]


def test_refresh_token__after_somebody_who_shares_the_store(kakao, new_session, token):
    store = MemoryStore(token)
    mine, theirs = new_session(token_store=store), new_session(token_store=store)
    assert mine.token == theirs.token
    renewed = theirs.refresh_token()
    assert mine.refresh_token() == renewed
    assert wire(kakao) == [REFRESH]
    assert mine.refresh_token() != renewed


@pytest.mark.parametrize("hours", [0, 1])
def test_given_token__no_older_than_the_stored(kakao, new_session, token, clock, hours):
    store = MemoryStore(token)
    clock.advance(hours=hours)
    given = Token.from_response(kakao.login(), clock.moment)
    session = new_session(token=given, token_store=store)
    session.refresh_token()
    assert ("refresh_token", given["refresh_token"]) in kakao.token_requests[0].form
    assert store.token == session.token


def test_given_token__older_than_the_stored(kakao, new_session, token, clock):
    clock.advance(hours=7)
    store = MemoryStore(Token.from_response(kakao.login(), clock.moment))
    session = new_session(token=token, token_store=store)
    assert session.get("/v2/user/me").status_code == 200
    assert session.token == store.token
    assert wire(kakao) == [ME]


def test_assigned_token__replaces_and_clears(kakao, new_session, token):
    session = new_session(token=token)
    session.token = {"access_token": "other"}
    assert session.token == {"access_token": "other"}
    assert session.access_token == "other"
    session.token = {}
    assert session.token == {}
    assert session.access_token is None
    assert not session.authorized
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    assert kakao.requests == []


def test_assigned_nothing__does_not_come_back_from_the_store(kakao, new_session, token, clock):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.token = {}
    assert not session.authorized
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    store.token = Token.from_response(kakao.login(), clock.moment)
    assert session.token == {}
    with pytest.raises(LoginRequiredError, match=r"was removed from this session\. Call fetch_"):
        session.get("/v2/user/me")
    assert kakao.requests == []
    session.token = token
    assert session.get("/v2/user/me").status_code == 200


def test_assigned_nothing__until_a_refresh_token_is_given(kakao, new_session, token):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    session.token = {}
    session.refresh_token(refresh_token=token["refresh_token"])
    store.token = Token(access_token="another", refresh_token="r")
    assert session.refresh_token()["access_token"] == "another"


def test_access_token__assigned_and_deleted(kakao, new_session, token):
    session = new_session(token=token)
    session.access_token = "other"
    ends = {"expires_in", "expires_at"}
    assert session.token == {
        **{name: value for name, value in token.items() if name not in ends},
        "access_token": "other",
    }
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME_401, REFRESH, ME]
    del session.access_token
    assert session.token == {}


def test_store_that_went_back__does_not_take_the_login_along(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token.copy())
    session = new_session(token_store=store)
    renewed = session.refresh_token()
    for trouble in ("a 401", "an expiry", "nothing"):
        store.token = token.copy()  # a backup, or a Redis that lost its last write
        if trouble == "a 401":
            kakao.revoke_access_tokens()
        elif trouble == "an expiry":
            clock.advance(hours=7)
        assert session.get("/v2/user/me").status_code == 200
        assert session.token["refresh_token"] != token["refresh_token"]
    assert session.token != renewed
    assert {record.status for record in kakao.token_requests} == {200}
    session.refresh_token()
    assert store.token == session.token


def test_store_that_went_back__is_put_right_by_the_next_call(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    store = MemoryStore(token.copy())
    session = new_session(token_store=store)
    good = session.refresh_token()
    store.token = token.copy()
    clock.advance(seconds=21_599 - 200)
    kakao.fail_next(503, times=2)
    assert [session.get("/v2/user/me").status_code for _ in range(2)] == [200, 200]
    assert store.token == session.token == good
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        session.refresh_token()
    store.token = token.copy()
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    assert store.token == token


def test_tutorial_file__goes_in_and_comes_out(kakao, new_session, clock, tmp_path):
    import os

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
    assert stored["expires_at"] == clock.moment + 21_599
    assert path.stat().st_mode & 0o777 == 0o600


def test_save_callback__that_assigns_another_token(kakao, new_session, token, clock):
    def updater(_):
        session.token = other

    other = Token.from_response(kakao.login(), clock.moment)
    session = new_session(token=token, token_updater=updater)
    session.refresh_token()
    assert session.token == other


def test_logout__whose_store_fails_does_not_come_back(kakao, new_session, token):
    store = MemoryStore(token.copy())
    session = new_session(token=token.copy(), token_store=store)
    store.fails = {"delete"}
    with pytest.raises(TokenStoreError):
        session.logout()
    assert not session.authorized
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
