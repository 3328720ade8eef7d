"""What a token is, by itself."""

import copy
import hashlib
import math
import pickle
import pprint
import re
import time
from datetime import datetime, timezone

import pytest
from rich.pretty import pretty_repr

from kakao_session import Token

ANSWER = {
    "access_token": "the-access-token",
    "token_type": "bearer",
    "refresh_token": "the-refresh-token",
    "expires_in": 21599,
    "scope": "talk_message,friends profile",
    "refresh_token_expires_in": 5183999,
}


START = 1_800_000_000.0


class At:
    def __init__(self, moment):
        self.moment = moment

    def time(self):
        return self.moment


def at(monkeypatch, moment):
    monkeypatch.setattr("kakao_session.token.time", At(moment))


def test_answer__both_moments():
    token = Token.from_response({**ANSWER, "expires_at": 1, "nothing": None}, START)
    assert token["expires_at"] == START + 21599
    assert token["refresh_token_expires_at"] == START + 5183999
    assert "nothing" not in token
    assert {key: token[key] for key in ANSWER} == ANSWER


def test_answer__that_tells_a_moment_and_no_life():
    answer = {"access_token": "a", "expires_at": 1, "refresh_token_expires_at": 1}
    assert Token.from_response(answer, 1000.0) == {"access_token": "a"}


@pytest.mark.parametrize(
    ("age", "leeway", "expired"),
    [(21598.9, 0, False), (21599, 0, True), (21538.9, 60, False), (21539, 60, True)],
)
def test_is_expired__at_the_edge(monkeypatch, age, leeway, expired):
    at(monkeypatch, START + age)
    assert Token.from_response(ANSWER, START).is_expired(leeway) is expired


@pytest.mark.parametrize(("life", "expired"), [(-30, True), ("-30", True), (0, True), (1, False)])
def test_is_expired__by_a_life_that_is_over(life, expired):
    assert Token({"access_token": "a", "expires_in": life}).is_expired() is expired


def test_is_expired__without_leeway_at_the_edge(monkeypatch):
    token = Token.from_response(ANSWER, 1000.0)
    at(monkeypatch, 22598.9)
    assert not token.is_expired()
    at(monkeypatch, 22599.0)
    assert token.is_expired()


def test_is_expired__not_known():
    assert not Token(ANSWER).is_expired(10**12)
    assert not Token(ANSWER).is_refresh_token_expired()


def test_refresh_token__at_the_edge(monkeypatch):
    token = Token.from_response(ANSWER, START)
    at(monkeypatch, START + 5183998.9)
    assert not token.is_refresh_token_expired()
    at(monkeypatch, START + 5183999)
    assert token.is_refresh_token_expired()


@pytest.mark.parametrize(("requested_at", "known"), [(1767225599.9, False), (1767225600, True)])
def test_refresh_token__its_end_is_not_counted_from_before_2026(requested_at, known):
    token = Token.from_response(ANSWER, requested_at)
    assert ("refresh_token_expires_at" in token) is known
    assert token["expires_at"] == requested_at + 21599


def test_merged__without_a_refresh_token():
    old = Token.from_response({**ANSWER, "app_key": "key", "own": ["한글"]}, START)
    new = old.merged(Token.from_response({"access_token": "new", "expires_in": 10}, START + 1000))
    assert new == {**old, "access_token": "new", "expires_in": 10, "expires_at": START + 1010}
    assert not new.refresh_token_changed
    assert old["access_token"] == "the-access-token"


def test_merged__with_a_refresh_token():
    old = Token.from_response(ANSWER, START)
    answer = {"access_token": "new", "refresh_token": "newer", "refresh_token_expires_in": 7}
    new = old.merged(Token.from_response({**answer, "expires_in": 10}, START + 1000))
    assert new["refresh_token"] == "newer"
    assert new["refresh_token_expires_at"] == START + 1007
    assert new.refresh_token_changed


def test_merged__ends_of_the_old_are_not_those_of_the_new():
    old = Token.from_response(ANSWER, START)
    new = old.merged(
        Token.from_response({"access_token": "new", "refresh_token": "newer"}, START + 1000)
    )
    ends = {"expires_in", "expires_at", "refresh_token_expires_in", "refresh_token_expires_at"}
    assert not ends & set(new)
    assert new["scope"] == old["scope"]


def test_merged__lives_that_nobody_knew():
    answer = {"access_token": "new", "refresh_token": "newer"}
    assert Token(access_token="a", app_key="key").merged(Token(answer)) == {
        **answer,
        "app_key": "key",
    }


def test_merged__with_the_same_refresh_token():
    old = Token.from_response(ANSWER, START)
    again = {"access_token": "new", "refresh_token": "the-refresh-token"}
    new = old.merged(Token.from_response(again, START + 1000))
    assert not new.refresh_token_changed
    assert new["refresh_token_expires_at"] == old["refresh_token_expires_at"]


NEITHER = "neither access_token nor refresh_token is there"
ACCESS_TOKEN = "access_token is not a string of visible ASCII characters"
REFRESH_TOKEN = "refresh_token is not a string of visible ASCII characters"
CAMEL_CASE = (
    "its keys are in camelCase: rename them to access_token, refresh_token, expires_at and "
    "refresh_token_expires_at"
)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"app_key": "k"}, NEITHER),
        ({"access_token": None}, NEITHER),
        ({"access_token": 1}, ACCESS_TOKEN),
        ({"access_token": ""}, NEITHER),
        ({"access_token": "", "refresh_token": "", "app_key": ""}, NEITHER),
        ({"access_token": "a b"}, ACCESS_TOKEN),
        ({"access_token": "a\n"}, ACCESS_TOKEN),
        ({"access_token": "한글"}, ACCESS_TOKEN),
        ({"access_token": "a", "refresh_token": ["r"]}, REFRESH_TOKEN),
        (
            {"error": "invalid_grant", "error_description": "secret", "error_code": "KOE320"},
            "this is Kakao's error answer KOE320, not a token",
        ),
        ({"error_code": "secret", "error": "secret"}, "this is Kakao's error answer, not a token"),
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


@pytest.mark.parametrize("absent", ["", None])
def test_empty_string__counts_as_absent(absent):
    names = ["refresh_token", "expires_at", "expires_in", "refresh_token_expires_at"]
    names += ["refresh_token_expires_in", "app_key", "client_secret", "scope", "id_token"]
    token = Token({"access_token": "a", **dict.fromkeys(names, absent), "own": absent})
    assert token == {"access_token": "a", "own": absent}
    old = Token({"access_token": "a", "refresh_token": "r", "scope": "s"})
    assert old.merged(Token(access_token="b", refresh_token="", scope="")) == {
        **old,
        "access_token": "b",
    }


MOMENT = 1795716000.0  # 2026-11-26 18:00 UTC


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("1700000000.5", 1700000000.5),
        ("17e8", 17e8),
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
        (datetime(2026, 11, 26, 18, tzinfo=timezone.utc), MOMENT),
    ],
)
@pytest.mark.parametrize("end", ["expires_at", "refresh_token_expires_at"])
def test_moment__as_other_sdks_write_it(end, written, moment):
    given = {"access_token": "a", end: written, "after": 1}
    token = Token(given)
    assert token[end] == pytest.approx(moment, abs=1e-6)
    assert type(token[end]) in (int, float)
    assert list(token) == list(given)
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
def test_moment__that_can_not_be_read_is_not_known(written):
    token = Token(access_token="a", expires_at=written, refresh_token_expires_at=written)
    assert token == {"access_token": "a"}
    assert not token.is_expired()


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


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({}, "access_token is not there"),
        ({"refresh_token": "r"}, "access_token is not there"),
    ],
)
def test_answer__that_is_no_token(answer, why):
    with pytest.raises(ValueError, match=f"^{why}$"):
        Token.from_response(answer, 1000.0)


def test_answer__with_a_life_that_can_not_be_read():
    answer = {"access_token": "a", "expires_in": "soon", "refresh_token_expires_in": []}
    assert Token.from_response(answer, START) == answer


@pytest.mark.parametrize("values", [{}, {"refresh_token": "r", "app_key": "k"}])
def test_token__without_an_access_token(values):
    assert Token(values) == values


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


def test_scopes():
    assert Token(ANSWER).scopes == {"talk_message", "friends", "profile"}
    assert Token({"access_token": "a"}).scopes == frozenset()


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_scopes__as_oauthlib_keeps_them(kind):
    token = Token(access_token="a", scope=kind(["talk_message", "friends"]))
    assert token.scopes == {"talk_message", "friends"}
    assert Token(access_token="a", scope=kind()).scopes == frozenset()


def test_fingerprint():
    token, other = Token(ANSWER), Token({**ANSWER, "access_token": "other"})
    assert token.fingerprint == Token(ANSWER).fingerprint != other.fingerprint
    assert len(token.fingerprint) == 8
    assert Token({"refresh_token": "r"}).fingerprint == hashlib.sha256(b"r").hexdigest()[:8]
    assert Token().fingerprint == hashlib.sha256(b"").hexdigest()[:8]


@pytest.mark.parametrize("show", [repr, str, "{}".format, pprint.pformat, pretty_repr])
def test_repr__shows_no_secret(show):
    shown = show(Token(ANSWER))
    assert Token(ANSWER).fingerprint in shown
    assert "the-" not in shown
    assert repr(Token()) == "<Token: none>"


def test_copies__stay_tokens():
    token = Token(ANSWER)
    token.refresh_token_changed = True
    for twin in (token.copy(), copy.copy(token), pickle.loads(pickle.dumps(token))):
        assert type(twin) is Token
        assert twin == token
        assert twin.refresh_token_changed
