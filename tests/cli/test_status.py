"""``kakao-session status``: what it shows, what it asks Kakao, and its exit status."""

import errno
import json
import os
import re

import pytest

from kakao_session.redaction import fingerprint
from kakao_session.token import Token
from tests.cli.conftest import failed, raising, running, store, stored

HOUR, DAY = 3600, 86_400


def shown(result):
    """:returns: the values by their labels."""
    return dict(re.findall(r"^([a-zA-Z ]+?)  +(.*)$", result.stdout, re.MULTILINE))


def as_json(run, *options):
    return json.loads(run("status", "--json", *options).stdout)


def test_status__of_a_login_that_is_fine(login, kakao, token_file, run, clock):
    kakao.clear_requests()
    result = run("status")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert kakao.requests == []
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d KST"
    expected = f"""\
login           fine
app key         #{fingerprint(kakao.app_key)}
user            123456789
scopes          profile_nickname, talk_message
access token    #{login.fingerprint}, expires {when} \\(in 6 hours\\)
refresh token   #{fingerprint(login["refresh_token"])}, expires {when} \\(in 2 months\\)
next refresh    new access token only; also a new refresh token from {when} \\(in 4 weeks\\)
token file      {re.escape(str(token_file))} \\(0600\\)
"""
    assert re.fullmatch(expected, result.stdout)
    for secret in (login["access_token"], login["refresh_token"], kakao.app_key):
        assert secret not in result.output


def test_json__for_a_program(login, kakao, token_file, run, clock):
    kakao.clear_requests()
    result = run("status", "--json", LANG="ko_KR.UTF-8")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == '  "login": "fine",'
    answer = json.loads(result.stdout)
    assert answer["access_token"].pop("expires").endswith("+09:00")
    assert answer["refresh_token"].pop("expires").endswith("+09:00")
    assert answer == {
        "login": "fine",
        "app_key": fingerprint(kakao.app_key),
        "user_id": 123456789,
        "scopes": ["profile_nickname", "talk_message"],
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


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_json__has_the_exact_path(tmp_path, monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    path = str(tmp_path / ("로그인\u200b\x1b[2J\x7f\x9b" + os.fsdecode(b"\xff")))
    with running("status", "--json", "--token-file", path) as command:
        assert command.end() == 1
    assert json.loads(command.seen)["store"] == {"path": path, "mode": None}
    assert command.seen.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("left", "state", "status", "replaces", "next_refresh"),
    [
        (None, "fine", 0, None, "new access token; perhaps"),
        (30 * DAY, "fine", 0, False, "new access token only"),
        (30 * DAY - 1, "fine", 0, True, "new access token and new refresh token"),
        (7 * DAY + 1, "fine", 0, True, "new access token and new refresh token"),
        (7 * DAY, "ending", 3, True, "new access token and new refresh token"),
        (1, "ending", 3, True, "new access token and new refresh token"),
        (0, "needed", 1, False, "not possible"),
    ],
)
def test_refresh_token__and_the_time_that_is_left(
    login, token_file, run, clock, left, state, status, replaces, next_refresh
):
    end = None if left is None else clock.moment + left
    store(token_file, **{**login, "refresh_token_expires_at": end})
    result = run("status")
    assert result.exit_code == run("status", "--json").exit_code == status
    assert shown(result)["next refresh"].startswith(next_refresh)
    assert as_json(run)["login"] == state
    assert as_json(run)["next_refresh_renews_refresh_token"] is replaces


@pytest.mark.parametrize("command", [["status"], ["refresh"], ["request", "GET", "/v2/user/me"]])
def test_app_key__that_is_none(login, kakao, run, command):
    result = run(*command, "--client-id", "./kakao_token.json")
    assert result.exit_code == 1
    assert "The REST API key has characters that no key has. Check --client-id, " in result.stderr
    assert kakao.requests == []


def test_app_key__missing(token_file, run, clock, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY", raising=False)
    store(token_file, access_token="a", refresh_token="r", expires_at=clock.moment)
    result = run("status")
    assert result.exit_code == 1
    assert shown(result)["login"] == "cannot be refreshed"
    assert "KAKAO_REST_API_KEY" in shown(result)["app key"]
    assert "refreshes" not in shown(result)["access token"]
    assert "--client-id" in result.stderr
    assert as_json(run)["login"] == "incomplete"
    assert run("status", "--client-id", "key").exit_code == 0


@pytest.mark.parametrize(
    ("note", "in_file", "in_environment", "state"),
    [
        (True, None, None, "incomplete"),
        (True, "secret", None, "fine"),
        (True, None, "secret", "fine"),
        (False, None, None, "fine"),
        (None, None, None, "fine"),
    ],
)
def test_client_secret__is_missing(
    login, token_file, run, clock, note, in_file, in_environment, state
):
    store(token_file, **{**login, "client_secret_required": note, "client_secret": in_file})
    result = run("status", KAKAO_CLIENT_SECRET=in_environment)
    assert result.exit_code == (0 if state == "fine" else 1)
    for cure in ("KAKAO_CLIENT_SECRET", "--store-secret"):
        assert (cure in result.stderr) is (state != "fine")
    answer = run("status", "--json", KAKAO_CLIENT_SECRET=in_environment)
    assert json.loads(answer.stdout)["login"] == state


@pytest.mark.parametrize("variable", ["KAKAO_REST_API_KEY", "KAKAO_CLIENT_SECRET"])
def test_key_or_secret__that_can_not_be_sent(login, token_file, run, variable):
    store(token_file, **{**login, "app_key": None})
    error = failed(run("status", **{"KAKAO_REST_API_KEY": "key", variable: "bad\nkey"}))
    assert variable in error
    assert "has characters that no" in error


def test_client_secret__is_missing_for_a_check(login, kakao, token_file, run, clock):
    kakao.client_secret = "wanted"
    clock.advance(hours=7)
    for note in (True, None):
        store(token_file, **{**login, "client_secret_required": note})
        assert "KOE010" in failed(run("status", "--check"))
        assert as_json(run, "--check")["login"] == "incomplete"
    lines = shown(run("status", "--check"))
    assert lines["next refresh"] == "not possible"
    assert "the next call refreshes it" not in lines["access token"]
    store(token_file, access_token=login["access_token"], client_secret_required=True)
    assert run("status").exit_code == 3  # without a refresh token, nothing can be refreshed


@pytest.mark.parametrize(
    ("left", "verb", "end"),
    [
        (-3 * HOUR, "expired", "(3 hours ago); the next call refreshes it"),
        (0, "expired", "(now); the next call refreshes it"),
        (1, "expires", "(now)"),
    ],
)
def test_access_token__to_the_second(login, token_file, run, clock, left, verb, end):
    store(token_file, **{**login, "expires_at": clock.moment + left})
    result = run("status")
    assert result.exit_code == 0
    assert f", {verb} " in shown(result)["access token"]
    assert shown(result)["access token"].endswith(end)


@pytest.mark.parametrize(("left", "status"), [(1, 3), (0, 1), (None, 3)])
def test_login__without_a_refresh_token(login, token_file, run, clock, left, status):
    end = None if left is None else clock.moment + left
    store(token_file, access_token="a", expires_at=end)
    result = run("status")
    assert result.exit_code == status
    assert shown(result)["refresh token"] == "none"
    assert shown(result)["next refresh"] == "not possible"
    assert "kakao-session login" in result.stdout


def test_login__with_nothing_but_a_refresh_token(token_file, run, clock):
    store(token_file, refresh_token="r")
    result = run("status")
    lines = shown(result)
    assert result.exit_code == 0
    assert lines["access token"] == "none"
    assert lines["refresh token"] == f"#{fingerprint('r')}, expiry unknown"
    assert lines["user"] == "unknown (see --check)"
    assert lines["scopes"] == "unknown"
    assert as_json(run)["access_token"] is None


@pytest.mark.parametrize("fields", [{"access_token": 5}, {"refresh_token": "\n"}])
def test_token_file__that_is_corrupt_stays(login, token_file, run, fields):
    store(token_file, **{**login, **fields})
    before = token_file.read_bytes()
    assert str(token_file) in failed(run("status"))
    answer = as_json(run)
    assert answer["login"] == "needed"
    assert str(token_file) in answer["trouble"]
    assert token_file.read_bytes() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": ["a", {"b": 1}]},
        {"scope": "\x1b[2Jred\x9b31m"},
        {"user_id": {"\x1b": []}, "app_key": 5},
    ],
)
def test_odd_fields__are_shown_without_control_characters(
    login, token_file, run, monkeypatch, fields
):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    store(token_file, **{**login, **fields})
    result = run("status")
    assert result.exit_code == 0
    assert not set(result.output) & {"\x1b", "\x9b"}
    assert run("status", "--json").exit_code == 0


def test_token_file__that_others_can_read(login, token_file, run):
    token_file.chmod(0o640)
    assert shown(run("status"))["token file"] == (
        f"{token_file} (0640: others can read it, run chmod 600)"
    )


def test_token_file__that_is_a_link_to_itself(token_file, run):
    token_file.parent.mkdir()
    token_file.symlink_to(token_file)
    result = run("status")
    assert "symbolic link" in failed(result)
    assert shown(result)["token file"] == str(token_file)


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_login__is_missing(token_file, run, kakao, options):
    result = run("status", *options)
    assert result.exit_code == 1
    assert shown(result) == {"login": "needed", "token file": f"{token_file} (does not exist)"}
    assert "kakao-session login" in result.stdout
    assert as_json(run, *options)["login"] == "needed"
    assert not token_file.parent.exists()
    assert kakao.requests == []


# --check --------------------------------------------------------------------------------------


def test_check__asks_kakao(login, kakao, token_file, run):
    store(token_file, **{name: login[name] for name in login if name != "user_id"})
    kakao.clear_requests()
    result = run("status", "--check")
    assert result.exit_code == 0
    assert [record.path for record in kakao.requests] == ["/v1/user/access_token_info"]
    assert shown(result)["user"] == "123456789"
    assert shown(result)["Kakao says"] == "the access token is valid"
    answer = as_json(run, "--check")
    assert answer["kakao"]["app_id"] == kakao.app_id
    assert answer["user_id"] == 123456789


def test_check__refreshes_an_expired_access_token(login, token_file, run, clock):
    clock.advance(hours=7)
    result = run("status", "--check")
    assert result.exit_code == 0
    assert stored(token_file)["access_token"] != login["access_token"]
    new = Token(stored(token_file))
    assert shown(result)["access token"].startswith(f"#{new.fingerprint}, expires ")


def test_check__login_has_ended(login, kakao, run):
    kakao.unlink()
    result = run("status", "--check")
    assert result.exit_code == 1
    assert shown(result)["login"] == "needed"
    assert shown(result)["next refresh"] == "not possible"
    assert "kakao-session login" in result.stderr
    answer = as_json(run, "--check")
    assert answer["login"] == "needed"
    assert "KOE322" in answer["trouble"]


def test_check__user_is_not_connected(login, kakao, run):
    kakao.fail_next(error_code=-101, path="/v1/user/access_token_info")
    assert run("status", "--check").exit_code == 1


@pytest.mark.parametrize("failure", [500, "reset", "garbage", "ip_mismatched"])
def test_check__kakao_does_not_answer(login, kakao, run, failure):
    kakao.fail_next(failure, path="/v1/user/access_token_info", times=2)
    result = run("status", "--check")
    assert result.exit_code == 4
    assert shown(result)["login"] == "unknown"
    assert result.stderr.startswith("Error: ")


def test_token_file__that_can_not_be_read_is_an_error_of_status_1(
    login, token_file, run, monkeypatch
):
    """And no wrong command line, as click takes it for: 2."""
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert run("status").exit_code == 0  # root can read it
    refusal = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr("kakao_session.stores.private_file.PrivateFile.read", raising(refusal))
    assert f"Could not read {token_file}: Permission denied. Let " in failed(run("status"))
