"""``kakao-session refresh``: now, or only if it is needed; the line for cron."""

import errno
import signal
import time

import pytest

from kakao_session import KakaoSession
from kakao_session.redaction import fingerprint
from tests.cli.conftest import failed, raising, running, store, stored, wait_for_token_request

MONTH = 30 * 86_400


@pytest.mark.parametrize(("days", "title"), [(0, "Same"), (45, "New")])
def test_refresh__now(login, kakao, token_file, run, clock, days, title):
    clock.advance(days=days)
    result = run("refresh")
    assert result.exit_code == 0
    new = stored(token_file)
    assert len(kakao.token_requests) == 1
    assert new["access_token"] != login["access_token"]
    assert (new["refresh_token"] == login["refresh_token"]) is (days == 0)
    access, refresh = result.stdout.splitlines()
    assert access.startswith(f"New access token: #{fingerprint(new['access_token'])}, expires ")
    assert refresh.startswith(
        f"{title} refresh token: #{fingerprint(new['refresh_token'])}, expires "
    )
    assert result.stderr == ""


@pytest.mark.parametrize(("hours", "requests"), [(0, 0), (5.8, 0), (6, 1), (15 * 24, 1)])
def test_if_needed__by_the_access_token(login, kakao, run, clock, hours, requests):
    clock.advance(hours=hours)
    result = run("refresh", "--if-needed")
    assert result.exit_code == 0
    assert len(kakao.token_requests) == requests
    assert result.stdout.startswith("Not needed yet") is (requests == 0)


@pytest.mark.parametrize(("left", "requests"), [(MONTH, 0), (MONTH - 1, 1), (None, 0)])
def test_if_needed__by_the_refresh_token(login, kakao, token_file, run, clock, left, requests):
    end = None if left is None else clock.moment + left
    store(token_file, **{**login, "refresh_token_expires_at": end})
    assert run("refresh", "--if-needed").exit_code == 0
    assert len(kakao.token_requests) == requests


def test_if_needed__twice_a_month_keeps_a_login_alive_for_years(login, kakao, run, clock):
    for _ in range(24):
        clock.advance(days=17)  # the longest gap: from the 15th to the 1st
        assert run("refresh", "--if-needed").exit_code == 0
    assert run("status").exit_code == 0


def test_refresh__login_has_ended(login, kakao, token_file, run):
    kakao.unlink()
    before = token_file.read_bytes()
    result = run("refresh")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "KOE322" in result.stderr
    assert "kakao-session login" in result.stderr
    assert token_file.read_bytes() == before


def test_refresh__no_one_is_logged_in(token_file, run, kakao):
    assert failed(run("refresh", "--if-needed")) == (
        f"Error: No one is logged in: {token_file} does not exist. Run: kakao-session login "
        f"--token-file {token_file}\n"
    )
    assert kakao.requests == []


@pytest.mark.parametrize("failure", [503, "reset", "html"])
def test_refresh__kakao_is_down(login, kakao, token_file, run, failure):
    before = token_file.read_bytes()
    kakao.fail_next(failure, times=None)
    assert failed(run("refresh")).startswith("Error: ")
    assert token_file.read_bytes() == before


@pytest.mark.parametrize(
    ("language", "warning"),
    [
        (
            "C",
            "Warning: The new access token could not be saved, so the next command refreshes the "
            "token again. Could not save {path}: No space left on device. Free some space there.\n",
        ),
        (
            "ko_KR.UTF-8",
            "경고: 새 액세스 토큰을 저장하지 못해 다음에 실행할 때 다시 갱신합니다. {path} 파일에 "
            "저장하지 못했습니다. No space left on device. 그곳에 저장 공간을 확보하세요.\n",
        ),
    ],
)
@pytest.mark.parametrize(
    ("command", "status"), [(["refresh"], 1), (["request", "GET", "/v2/user/me"], 0)]
)
def test_refresh__new_token_cannot_be_saved(
    login, kakao, token_file, run, monkeypatch, command, status, language, warning
):
    before = token_file.read_bytes()
    kakao.advance(hours=7)
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("os.replace", raising(full))
    result = run(*command, LC_ALL=language)
    assert result.exit_code == status
    assert result.stderr == warning.format(path=token_file)  # once
    assert token_file.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted__the_new_refresh_token_is_saved_first(login, kakao, token_file, number):
    store(token_file, **{**login, "refresh_token_expires_at": time.time() + 86_400})
    kakao.refresh_token_renewal = "always"
    kakao.latency = 1.0
    with running("refresh") as command:
        wait_for_token_request(kakao)
        command.process.send_signal(number)
        assert command.end() == 128 + number
        assert command.errors().startswith("\nWaiting for Kakao's answer")
    assert stored(token_file)["refresh_token"] != login["refresh_token"]
    assert [path.name for path in token_file.parent.iterdir() if "tmp" in path.name] == []


def test_interrupted__in_a_refresh_after_a_401(login, kakao, token_file):
    kakao.revoke_access_tokens()
    kakao.refresh_token_renewal = "always"
    kakao.latency = 1.0
    with running("send", "hello") as command:
        wait_for_token_request(kakao)
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 130
    assert stored(token_file)["refresh_token"] != login["refresh_token"]


def test_interrupted__twice_ends_at_once(login, kakao, token_file):
    before = token_file.read_bytes()
    kakao.latency = 30.0
    with running("refresh") as command:
        wait_for_token_request(kakao)
        command.process.send_signal(signal.SIGINT)
        assert command.process.stderr.readline() == "\n"
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 130
    assert token_file.read_bytes() == before


def test_refresh__and_another_process_refreshes_at_once(login, token_file, run, monkeypatch):
    refresh = KakaoSession.refresh_token

    def twice(self, *arguments, **kwargs):
        token = refresh(self, *arguments, **kwargs)
        store(token_file, **{**token, "access_token": "newer"})
        return token

    monkeypatch.setattr(KakaoSession, "refresh_token", twice)
    result = run("refresh")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("New access token")
