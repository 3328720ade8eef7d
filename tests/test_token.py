"""What a token is: its values, when it ends, what follows a refresh; and a clock that is wrong."""

import copy
import hashlib
import json
import math
import pickle
import pprint
import re
import time
from datetime import datetime, timezone
from decimal import Decimal
from types import SimpleNamespace

import pytest
from rich.pretty import pretty_repr

from kakao_session import LoginRequiredError, Token
from kakao_session.token import Bearer
from tests.conftest import ME, ME_401, REFRESH, status, wire

ANSWER = {
    "access_token": "the-access-token",
    "token_type": "bearer",
    "refresh_token": "the-refresh-token",
    "expires_in": 21599,
    "scope": "talk_message,friends profile",
    "refresh_token_expires_in": 5183999,
}
START = 1_800_000_000.0
TOKEN = Token.from_response(ANSWER, START)


@pytest.fixture
def at(monkeypatch):
    """Moves the clock to a moment."""

    def move(moment):
        monkeypatch.setattr("kakao_session.token.time", SimpleNamespace(time=lambda: moment))

    return move


# When it ends ---------------------------------------------------------------------------------


def test_answer__counts_both_lives_from_the_request():
    token = Token.from_response({**ANSWER, "expires_at": 1, "nothing": None}, START)
    assert token == {
        **ANSWER,
        "expires_at": START + 21599,
        "refresh_token_expires_at": START + 5183999,
    }


def test_answer__without_a_life_has_no_end():
    answer = {"access_token": "a", "expires_at": 1, "refresh_token_expires_at": 1}
    assert Token.from_response(answer, START) == {"access_token": "a"}


@pytest.mark.parametrize("answer", [{}, {"refresh_token": "r"}])
def test_answer__that_is_no_token(answer):
    with pytest.raises(ValueError, match=r"^access_token is not there$"):
        Token.from_response(answer, START)


@pytest.mark.parametrize(("requested_at", "known"), [(1767225599.9, False), (1767225600, True)])
def test_answer__of_a_clock_before_2026_tells_no_end_of_the_refresh_token(requested_at, known):
    token = Token.from_response(ANSWER, requested_at)
    assert ("refresh_token_expires_at" in token) is known
    assert token["expires_at"] == requested_at + 21599


@pytest.mark.parametrize(
    ("age", "leeway", "expired"),
    [(21598.9, 0, False), (21599, 0, True), (21538.9, 60, False), (21539, 60, True)],
)
def test_is_expired__at_the_edge(at, age, leeway, expired):
    at(START + age)
    assert TOKEN.is_expired(leeway) is expired
    if leeway == 0:
        assert TOKEN.is_expired() is expired


@pytest.mark.parametrize(("life", "expired"), [(-30, True), ("-30", True), (0, True), (1, False)])
def test_is_expired__by_a_life_that_is_over(life, expired):
    assert Token(access_token="a", expires_in=life).is_expired() is expired


@pytest.mark.parametrize(
    ("values", "moment"),
    [
        ({"expires_at": 1000.0, "expires_in": 400}, 600.0),
        ({"expires_at": 22_599.0}, 1000.0),
        ({"expires_in": 400}, -math.inf),
        ({}, -math.inf),
    ],
)
def test_issued_at(values, moment):
    assert Token({"access_token": "a", **values}).issued_at == moment


@pytest.mark.parametrize(
    "bearer", [Bearer.of(Token(), 60, 300), Bearer.unusable(Token(access_token="a"))]
)
def test_bearer__of_no_token_or_a_dead_one_is_for_no_call(bearer):
    assert not bearer.is_fresh()
    assert not bearer.is_usable()


MOMENT = 1795716000.0  # 2026-11-26 18:00 UTC


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("1700000000.5", 1700000000.5),
        (1700000000, 1700000000),
        (100_000_000_000, 100_000_000_000),
        (100_000_000_001, 100_000_000.001),
        (100_000_000_000_000, 100_000_000_000),
        (1795716000898, 1795716000.898),
        ("1795716000898", 1795716000.898),
        ("2026-11-26T18:00:00Z", MOMENT),
        ("2026-11-26t18:00:00z", MOMENT),
        ("2026-11-26T18:00:00.5Z", MOMENT + 0.5),
        ("2026-11-26T18:00:00.123456789Z", MOMENT + 0.123456),
        ("2026-11-27 03:00:00+09:00", MOMENT),
        ("2026-11-27T03:00:00.000+0900", MOMENT),
        ("2026-11-27 03:00:00+09", MOMENT),
        (datetime(2026, 11, 26, 18, tzinfo=timezone.utc), MOMENT),
    ],
)
def test_moment__as_other_sdks_write_it(written, moment):
    given = {"access_token": "a", "expires_at": written, "refresh_token_expires_at": written}
    token = Token(given)
    assert list(token) == list(given)
    for end in ("expires_at", "refresh_token_expires_at"):
        assert token[end] == pytest.approx(moment, abs=1e-6)
        assert type(token[end]) in (int, float)
        assert given[end] == written


@pytest.mark.parametrize("written", ["2026-11-27T03:00:00.000", datetime(2026, 11, 27, 3)])
def test_moment__without_a_zone_is_local_time(monkeypatch, written):
    monkeypatch.setenv("TZ", "KST-9")
    time.tzset()
    try:
        assert Token(access_token="a", expires_at=written)["expires_at"] == MOMENT
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "written",
    [
        *("tomorrow", "nan", "inf", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00"),
        *(True, float("nan"), 10**400, {}, [1795716000], "9" * 5000, 100_000_000_000_001, 1e308),
    ],
)
def test_moment__that_can_not_be_read_is_unknown(written):
    token = Token(access_token="a", expires_at=written, refresh_token_expires_at=written)
    assert token == {"access_token": "a"}
    assert not token.is_expired()


# What follows a refresh -----------------------------------------------------------------------


def test_merged__without_a_refresh_token():
    old = Token.from_response({**ANSWER, "app_key": "key", "own": ["한글"]}, START)
    new = old.merged(Token.from_response({"access_token": "new", "expires_in": 10}, START + 1000))
    assert new == {**old, "access_token": "new", "expires_in": 10, "expires_at": START + 1010}
    assert not new.refresh_token_changed
    assert old["access_token"] == "the-access-token"


def test_merged__with_a_refresh_token():
    answer = {"access_token": "new", "refresh_token": "newer", "refresh_token_expires_in": 7}
    new = TOKEN.merged(Token.from_response({**answer, "expires_in": 10}, START + 1000))
    assert new["refresh_token"] == "newer"
    assert new["refresh_token_expires_at"] == START + 1007
    assert new.refresh_token_changed


def test_merged__with_the_same_refresh_token():
    again = {"access_token": "new", "refresh_token": "the-refresh-token"}
    new = TOKEN.merged(Token.from_response(again, START + 1000))
    assert not new.refresh_token_changed
    assert new["refresh_token_expires_at"] == TOKEN["refresh_token_expires_at"]


def test_merged__ends_of_the_old_are_not_those_of_the_new():
    answer = {"access_token": "new", "refresh_token": "newer"}
    new = TOKEN.merged(Token.from_response(answer, START + 1000))
    ends = {"expires_in", "expires_at", "refresh_token_expires_in", "refresh_token_expires_at"}
    assert not ends & set(new)
    assert new["scope"] == TOKEN["scope"]
    without_ends = Token(access_token="a", app_key="key")
    assert without_ends.merged(Token(answer)) == {**answer, "app_key": "key"}


# Values ---------------------------------------------------------------------------------------

NEITHER = "neither access_token nor refresh_token is there"
NOT_SENDABLE = "{} is not a string of visible ASCII characters"
CAMEL_CASE = (
    "its keys are in camelCase: rename them to access_token, refresh_token, expires_at and "
    "refresh_token_expires_at"
)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"app_key": "k"}, NEITHER),
        ({"access_token": None}, NEITHER),
        ({"access_token": 1}, NOT_SENDABLE.format("access_token")),
        ({"access_token": "", "refresh_token": "", "app_key": ""}, NEITHER),
        ({"access_token": "a\n"}, NOT_SENDABLE.format("access_token")),
        ({"access_token": "한글"}, NOT_SENDABLE.format("access_token")),
        ({"access_token": "a", "refresh_token": ["r"]}, NOT_SENDABLE.format("refresh_token")),
        (
            {"error": "invalid_grant", "error_description": "secret", "error_code": "KOE320"},
            "this is Kakao's error answer KOE320, not a token",
        ),
        ({"error_code": "secret", "error": "secret"}, "this is Kakao's error answer, not a token"),
        ({"error": "secret"}, "this is Kakao's error answer, not a token"),
        ({"error_code": "KOE320"}, "this is Kakao's error answer KOE320, not a token"),
        ({"accessToken": "secret"}, CAMEL_CASE),
        ({"refreshToken": "secret"}, CAMEL_CASE),
        (
            {"ok": True, "data": {"access_token": "secret"}},
            "the token is nested under 'data': only that inner object is the token",
        ),
        (
            {"a-long-key-that-may-be-a-secret": {"refresh_token": "r"}},
            "the token is nested under another key: only that inner object is the token",
        ),
    ],
)
def test_no_token(values, why):
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        Token(values)


@pytest.mark.parametrize("values", [{}, {"refresh_token": "r", "app_key": "k"}])
def test_token__without_an_access_token(values):
    assert Token(values) == values


@pytest.mark.parametrize("absent", ["", None])
def test_empty_string__counts_as_absent(absent):
    names = ["refresh_token", "expires_at", "expires_in", "refresh_token_expires_at"]
    names += ["refresh_token_expires_in", "app_key", "client_secret", "scope", "id_token"]
    token = Token({"access_token": "a", **dict.fromkeys(names, absent), "own": absent})
    assert token == {"access_token": "a", "own": absent}
    old = Token({"access_token": "a", "refresh_token": "r", "scope": "s"})
    new = old.merged(Token(access_token="b", refresh_token="", scope=""))
    assert new == {**old, "access_token": "b"}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (None, False),
        (Token({**ANSWER, "scope": "profile", "expires_at": 1.0}), True),
        (Token({**ANSWER, "access_token": "another"}), False),
        (Token({**ANSWER, "refresh_token": "another"}), False),
    ],
)
def test_is_same_as__by_the_credentials(other, same):
    assert Token(ANSWER).is_same_as(other) is same


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        ("talk_message,friends profile", ["friends", "profile", "talk_message"]),
        *((kind(["talk_message"]), ["talk_message"]) for kind in (list, tuple, set, frozenset)),
        (["talk_message", "friends"], ["friends", "talk_message"]),
        ([], []),
        (None, []),
    ],
    ids=repr,
)
def test_scopes__as_kakao_sends_them_and_as_oauthlib_keeps_them(scope, scopes):
    found = Token(access_token="a", scope=scope).scopes
    assert sorted(found) == scopes
    assert type(found) is frozenset


def test_union__is_a_token():
    token = Token(ANSWER)
    token.refresh_token_changed = True
    for union in (token | {"own": 1}, {"own": 1} | token, token | Token(access_token="a", own=1)):
        assert type(union) is Token
        assert union["own"] == 1
        assert union["refresh_token"] == "the-refresh-token"
        assert union.refresh_token_changed
    assert (token | {"access_token": "new"})["access_token"] == "new"
    assert ({"access_token": "old"} | token)["access_token"] == "the-access-token"
    with pytest.raises(TypeError):
        token | ["own"]
    with pytest.raises(TypeError):
        ["own"] | token
    with pytest.raises(ValueError, match="visible ASCII"):
        token | {"access_token": "a b"}


def test_copies__stay_tokens():
    token = Token(ANSWER)
    token.refresh_token_changed = True
    for twin in (token.copy(), copy.copy(token), pickle.loads(pickle.dumps(token))):
        assert type(twin) is Token
        assert twin == token
        assert twin.refresh_token_changed


def test_fingerprint__is_of_the_hash():
    def start_of_hash(secret):
        return hashlib.sha256(secret).hexdigest()[:8]

    assert Token(ANSWER).fingerprint == start_of_hash(b"the-access-token")
    assert Token(refresh_token="r").fingerprint == start_of_hash(b"r")
    assert Token().fingerprint == start_of_hash(b"")


@pytest.mark.parametrize("show", [repr, str, "{}".format, pprint.pformat, pretty_repr])
def test_repr__shows_no_secret(show):
    shown = show(Token(ANSWER))
    assert Token(ANSWER).fingerprint in shown
    assert "the-" not in shown
    assert repr(Token()) == "<Token: none>"


# A clock that is wrong by decades ---------------------------------------------------------------

BOARD_WITHOUT_A_BATTERY = 100.0
"""Seconds after 1970 began."""
IN_2106 = 2.0**32
"""Where an unsigned 32-bit clock overflows."""


@pytest.mark.parametrize("wrong", [BOARD_WITHOUT_A_BATTERY, IN_2106], ids=["1970", "2106"])
def test_wrong_clock__a_login_outlives_the_correction(kakao, new_session, store, clock, wrong):
    kakao.refresh_token_renewal = "always"
    right, clock.moment = clock.moment, wrong
    store.save(Token.from_response(kakao.login(), clock.moment))
    session = new_session(token_store=store)
    assert status(session) == 200
    kakao.revoke_access_tokens()
    assert status(session) == 200
    clock.moment = right
    assert status(session) == 200
    kakao.revoke_access_tokens()
    assert status(new_session(token_store=store)) == 200


def test_clock_in_1970__uses_a_file_of_a_right_clock(kakao, new_session, store, clock):
    clock.moment = BOARD_WITHOUT_A_BATTERY
    session = new_session(token_store=store)
    assert status(session) == 200
    kakao.revoke_access_tokens()
    assert [status(session) for _ in range(2)] == [200, 200]
    assert wire(kakao) == [ME, ME_401, REFRESH, ME, ME]


def test_clock_in_2106__leaves_a_file_of_a_right_clock_alone(kakao, new_session, store, clock):
    right, clock.moment = clock.moment, IN_2106
    before = store.path.read_bytes()
    session = new_session(token_store=store)
    for _ in range(2):
        with pytest.raises(LoginRequiredError, match="Expired refresh token"):
            session.get("/v2/user/me")
    assert wire(kakao) == []
    assert store.path.read_bytes() == before
    clock.moment = right
    assert status(session) == 200
    kakao.revoke_access_tokens()
    assert status(session) == 200
    assert wire(kakao) == [ME, ME_401, REFRESH, ME]


class Number:
    """A number as data frames have them."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return float(self.value)


@pytest.mark.parametrize("kind", [Decimal, Number])
def test_numbers_of_databases_and_data_frames(kind):
    given = {"expires_in": 21_599, "expires_at": 1.8e9, "refresh_token_expires_at": 1.9e9}
    token = Token({"access_token": "a", **{key: kind(value) for key, value in given.items()}})
    assert token == {"access_token": "a", **given}
    assert json.loads(json.dumps(token)) == token
    assert Token(access_token="a", expires_at=kind(5)).is_expired()
    assert "expires_at" not in Token(access_token="a", expires_at=kind(math.nan))
    assert Token(access_token="a", expires_in=[kind(1)]).lifetime is None
