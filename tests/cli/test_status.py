"""``kakao-session status``: what it shows, what it asks nobody, and its exit status."""

import json
import os
import re

import pytest

from kakao_session.redaction import fingerprint
from kakao_session.token import Token
from tests.cli.conftest import running, store, stored

DAY = 86_400
ABSURD = [1e300, -1e300, 1e18, -1e18, 253_402_300_800, 10**300, 0, -1, 2**63]


def shown(text):
    """:returns: the lines that have a label."""
    return dict(re.findall(r"^([a-zA-Z ]+?)  +(.*)$", text, re.MULTILINE))


def test_status__of_a_login_that_is_fine(login, kakao, token_file, run, clock):
    kakao.clear_requests()
    result = run("status")
    assert result.exit_code == 0
    lines = shown(result.stdout)
    assert lines["login"] == "fine"
    assert lines["app key"] == f"#{fingerprint(kakao.app_key)}"
    assert lines["user"] == "123456789"
    assert lines["scopes"] == "talk_message"
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d KST"
    assert re.fullmatch(rf"#{login.fingerprint}, ends {when} \(in 6 hours\)", lines["access token"])
    assert re.fullmatch(
        rf"#{fingerprint(login['refresh_token'])}, ends {when} \(in 2 months\)",
        lines["refresh token"],
    )
    assert re.fullmatch(
        rf"leaves the refresh token as it is, until {when} \(in 4 weeks\)", lines["next refresh"]
    )
    assert lines["stored in"] == f"{token_file} (0600)"
    assert result.stderr == ""
    assert kakao.requests == []
    for secret in (login["access_token"], login["refresh_token"], kakao.app_key):
        assert secret not in result.output


def test_json__for_a_program(login, kakao, token_file, run, clock):
    kakao.clear_requests()
    result = run("status", "--json", LANG="ko_KR.UTF-8")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    access, refresh = answer["access_token"], answer["refresh_token"]
    assert access.pop("expires").endswith("+09:00")
    assert refresh.pop("expires").endswith("+09:00")
    assert answer == {
        "login": "fine",
        "app_key": fingerprint(kakao.app_key),
        "user_id": 123456789,
        "scopes": ["talk_message"],
        "access_token": {
            "fingerprint": login.fingerprint,
            "expires_at": clock.moment + 21_599,
            "expires_in": 21_599,
        },
        "refresh_token": {
            "fingerprint": fingerprint(login["refresh_token"]),
            "expires_at": clock.moment + 5_183_999,
            "expires_in": 5_183_999,
        },
        "next_refresh_renews_refresh_token": False,
        "store": {"path": str(token_file), "mode": "0600"},
    }
    assert kakao.requests == []


def test_json__is_readable(login, run):
    assert run("status", "--json").stdout.splitlines()[1] == '  "login": "fine",'


@pytest.mark.parametrize("name", ["로그인", "a\u200bb", "\x1b[2J\x7f\x9b", os.fsdecode(b"\xff")])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_json__tells_the_path_exactly(tmp_path, monkeypatch, name, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    path = str(tmp_path / name)
    with running("status", "--json", "--token-file", path) as command:
        assert command.end() == 1
    assert json.loads(command.seen)["store"] == {"path": path, "mode": None}
    assert command.seen.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("left", "verdict", "code"),
    [
        (7 * DAY + 1, "fine", 0),
        (7 * DAY, "ending", 3),
        (1, "ending", 3),
        (0, "needed", 1),
        (-1, "needed", 1),
    ],
)
def test_exit_status__by_the_end_of_the_refresh_token(
    login,
    token_file,
    run,
    clock,
    left,
    verdict,
    code,
):
    store(token_file, **{**login, "refresh_token_expires_at": clock.moment + left})
    assert run("status").exit_code == code
    result = run("status", "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["login"] == verdict


@pytest.mark.parametrize(
    ("left", "renews", "words"),
    [
        (30 * DAY, False, "leaves the refresh token as it is"),
        (30 * DAY - 1, True, "also renews the refresh token"),
        (1, True, "also renews the refresh token"),
        (0, False, "is not possible"),
        (None, None, "may renew the refresh token"),
    ],
)
def test_next_refresh__renews_the_refresh_token_in_its_last_month(
    login,
    token_file,
    run,
    clock,
    left,
    renews,
    words,
):
    end = None if left is None else clock.moment + left
    store(token_file, **{**login, "refresh_token_expires_at": end})
    assert shown(run("status").stdout)["next refresh"].startswith(words)
    answer = json.loads(run("status", "--json").stdout)
    assert answer["next_refresh_renews_refresh_token"] is renews


def test_access_token__that_has_ended_is_no_trouble(login, run, clock):
    clock.advance(hours=9)
    result = run("status")
    assert result.exit_code == 0
    assert re.search(
        r"ended .* \(3 hours ago\); the next call renews it", shown(result.stdout)["access token"]
    )


def test_access_token__that_has_ended_and_no_app_key_to_renew_it(
    token_file, run, clock, monkeypatch
):
    monkeypatch.delenv("KAKAO_REST_API_KEY", raising=False)
    store(token_file, access_token="a", refresh_token="r", expires_at=clock.moment)
    result = run("status")
    assert result.exit_code == 0
    lines = shown(result.stdout)
    assert lines["app key"] == "none: set KAKAO_REST_API_KEY, or nothing can be renewed"
    assert ", ended " in lines["access token"]
    assert "renews" not in lines["access token"]


@pytest.mark.parametrize(("left", "word"), [(0, "ended"), (1, "ends")])
def test_access_token__to_the_second(login, token_file, run, clock, left, word):
    store(token_file, **{**login, "expires_at": clock.moment + left})
    assert f", {word} " in shown(run("status").stdout)["access token"]


@pytest.mark.parametrize(("left", "code"), [(1, 3), (0, 1), (None, 3)])
def test_login__without_a_refresh_token(login, token_file, run, clock, left, code):
    end = None if left is None else clock.moment + left
    store(token_file, access_token="a", expires_at=end)
    result = run("status")
    assert result.exit_code == code
    assert shown(result.stdout)["refresh token"] == "none"
    assert shown(result.stdout)["next refresh"] == "is not possible"
    assert "kakao-session login" in result.stdout


def test_login__with_nothing_but_a_refresh_token(token_file, run, clock, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    store(token_file, refresh_token="r")
    result = run("status")
    lines = shown(result.stdout)
    assert result.exit_code == 0
    assert lines["access token"] == "none"
    assert lines["refresh token"] == f"#{fingerprint('r')}, its end is not known"
    assert lines["user"] == "not known (--check asks Kakao)"
    assert lines["scopes"] == "not known"
    assert lines["app key"].startswith("none: set KAKAO_REST_API_KEY")
    assert json.loads(run("status", "--json").stdout)["access_token"] is None


@pytest.mark.parametrize("moment", ABSURD)
@pytest.mark.parametrize("name", ["expires_at", "refresh_token_expires_at"])
def test_absurd_moment__is_no_traceback(login, token_file, run, clock, name, moment):
    store(token_file, **{**login, name: moment})
    for arguments in (["status"], ["status", "--json"], ["status"]):
        result = run(*arguments, LANG="ko_KR.UTF-8" if arguments == ["status"] else "C")
        seconds = moment / 1000 if moment > 1e11 else moment  # or it is in milliseconds
        assert result.exit_code == (1 if name[0] == "r" and seconds < clock.moment else 0)
        assert result.stdout


@pytest.mark.parametrize(
    "fields",
    [
        {"access_token": 5},
        {"refresh_token": "\n"},
    ],
)
def test_spoilt_file__needs_a_login_and_stays(login, token_file, run, fields):
    store(token_file, **{**login, **fields})
    before = token_file.read_bytes()
    result = run("status")
    assert result.exit_code == 1
    assert str(token_file) in result.stderr
    answer = json.loads(run("status", "--json").stdout)
    assert answer["login"] == "needed"
    assert str(token_file) in answer["trouble"]
    assert token_file.read_bytes() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": ["a", {"b": 1}]},
        {"scope": "\x1b[2Jred\x9b31m"},
        {"user_id": {"\x1b": []}},
        {"app_key": 5},
        {"app_key": ["a"]},
    ],
)
def test_odd_fields__are_shown_harmlessly(
    login,
    token_file,
    run,
    monkeypatch,
    fields,
):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    store(token_file, **{**login, **fields})
    result = run("status")
    assert result.exit_code == 0
    assert not set(result.output) & {"\x1b", "\x9b"}
    assert run("status", "--json").exit_code == 0


def test_file__that_others_can_read_is_told(login, token_file, run):
    token_file.chmod(0o640)
    assert shown(run("status").stdout)["stored in"] == (
        f"{token_file} (0640: others can read it, run chmod 600)"
    )


def test_nobody__is_logged_in(token_file, run):
    result = run("status")
    assert result.exit_code == 1
    assert shown(result.stdout) == {
        "login": "needed",
        "stored in": f"{token_file} (not there)",
    }
    assert result.stdout.endswith("Log in: kakao-session login\n")
    answer = json.loads(run("status", "--json").stdout)
    assert answer["login"] == "needed"
    assert answer["store"] == {"path": str(token_file), "mode": None}
    assert not token_file.parent.exists()


# --check --------------------------------------------------------------------------------------


def test_check__asks_kakao(login, kakao, token_file, run):
    store(token_file, **{name: login[name] for name in login if name != "user_id"})
    kakao.clear_requests()
    result = run("status", "--check")
    assert result.exit_code == 0
    assert [record.path for record in kakao.requests] == ["/v1/user/access_token_info"]
    assert shown(result.stdout)["user"] == "123456789"
    assert "good for user 123456789" in shown(result.stdout)["Kakao says"]
    answer = json.loads(run("status", "--check", "--json").stdout)
    assert answer["kakao"]["app_id"] == kakao.app_id
    assert answer["user_id"] == 123456789


def test_check__renews_what_has_ended(login, token_file, run, clock):
    clock.advance(hours=7)
    result = run("status", "--check")
    assert result.exit_code == 0
    renewed = Token(stored(token_file))
    assert renewed["access_token"] != login["access_token"]
    assert f"#{renewed.fingerprint}, ends" in shown(result.stdout)["access token"]


def test_check__login_is_over(login, kakao, run):
    kakao.unlink()
    result = run("status", "--check")
    assert result.exit_code == 1
    assert shown(result.stdout)["login"] == "needed"
    assert "kakao-session login" in result.stderr
    answer = json.loads(run("status", "--check", "--json").stdout)
    assert answer["login"] == "needed"
    assert "KOE322" in answer["trouble"]


def test_check__user_is_not_connected_any_more(login, kakao, run):
    kakao.fail_next(error_code=-101, path="/v1/user/access_token_info")
    assert run("status", "--check").exit_code == 1


@pytest.mark.parametrize("failure", [500, "reset", "garbage", "ip_mismatched"])
def test_check__kakao_is_silent(login, kakao, run, failure):
    kakao.fail_next(failure, path="/v1/user/access_token_info", times=2)
    result = run("status", "--check")
    assert result.exit_code == 4
    assert shown(result.stdout)["login"] == "not known"
    assert result.stderr.startswith("Error: ")


def test_check__nobody_is_logged_in(token_file, kakao, run):
    assert run("status", "--check").exit_code == 1
    assert kakao.requests == []
