"""``kakao-session refresh``: renew now, or only what needs it; the line for cron."""

import signal
import time

import pytest

from kakao_session.redaction import fingerprint
from kakao_session.token import Token
from tests.cli.conftest import running, store, stored


def test_refresh__renews_now(login, kakao, token_file, run):
    result = run("refresh")
    assert result.exit_code == 0
    renewed = Token(stored(token_file))
    assert len(kakao.token_requests) == 1
    assert renewed["access_token"] != login["access_token"]
    assert f"Renewed: access token #{renewed.fingerprint}, ends " in result.stdout
    name = fingerprint(login["refresh_token"])
    assert f"The refresh token is the same: #{name}, ends " in result.stdout
    assert result.stderr == ""


def test_refresh__in_the_last_month_renews_the_refresh_token_too(login, token_file, run, clock):
    clock.advance(days=45)
    result = run("refresh")
    assert result.exit_code == 0
    name = fingerprint(stored(token_file)["refresh_token"])
    assert name != fingerprint(login["refresh_token"])
    assert f"The refresh token is new, too: #{name}, ends " in result.stdout


@pytest.mark.parametrize(
    ("days", "hours", "requests"),
    [(0, 0, 0), (0, 5.8, 0), (0, 6, 1), (15, 0, 1)],
)
def test_if_needed__by_the_access_token(
    login,
    kakao,
    run,
    clock,
    days,
    hours,
    requests,
):
    clock.advance(days=days, hours=hours)
    result = run("refresh", "--if-needed")
    assert result.exit_code == 0
    assert len(kakao.token_requests) == requests
    assert ("Nothing to do" in result.stdout) is (requests == 0)


@pytest.mark.parametrize(("left", "requests"), [(30 * 86_400, 0), (30 * 86_400 - 1, 1), (None, 0)])
def test_if_needed__by_the_refresh_token(
    login,
    kakao,
    token_file,
    run,
    clock,
    left,
    requests,
):
    end = None if left is None else clock.moment + left
    store(token_file, **{**login, "refresh_token_expires_at": end})
    assert run("refresh", "--if-needed").exit_code == 0
    assert len(kakao.token_requests) == requests


def test_if_needed__twice_a_month_keeps_a_login_alive_for_years(login, kakao, run, clock):
    for _ in range(24):
        clock.advance(days=17)  # from the 15th to the 1st is the longest
        assert run("refresh", "--if-needed").exit_code == 0
    assert run("status").exit_code == 0


def test_refresh__login_is_over(login, kakao, token_file, run):
    kakao.unlink()
    before = token_file.read_bytes()
    result = run("refresh")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "KOE322" in result.stderr
    assert "kakao-session login" in result.stderr
    assert result.stdout == ""
    assert token_file.read_bytes() == before


def test_refresh__nobody_is_logged_in(token_file, run, kakao):
    result = run("refresh", "--if-needed")
    assert result.exit_code == 1
    assert str(token_file) in result.stderr
    assert "kakao-session login" in result.stderr
    assert kakao.requests == []


def test_refresh__without_an_app_key(login, token_file, run, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    store(token_file, access_token="a", refresh_token="r")
    result = run("refresh")
    assert result.exit_code == 1
    assert "KAKAO_REST_API_KEY" in result.stderr
    assert run("refresh", "--client-id", "not-it").exit_code == 1


@pytest.mark.parametrize("failure", [503, "reset", "html"])
def test_refresh__kakao_is_out_of_order(login, kakao, token_file, run, failure):
    before = token_file.read_bytes()
    kakao.fail_next(failure, times=None)
    result = run("refresh")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.stderr.startswith("Error: ")
    assert token_file.read_bytes() == before


def test_refresh__store_can_not_be_written(login, kakao, tmp_path, run):
    file = tmp_path / "file"
    file.touch()
    result = run("refresh", "--token-file", str(file / "token.json"))
    assert result.exit_code == 1
    assert "Not a directory" in result.stderr
    assert kakao.token_requests == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted__the_new_refresh_token_is_saved_first(login, kakao, token_file, number):
    store(token_file, **{**login, "refresh_token_expires_at": time.time() + 86_400})
    kakao.refresh_token_renewal = "always"
    kakao.latency = 1.0
    with running("refresh") as command:
        while not kakao.token_requests:
            time.sleep(0.01)
        command.process.send_signal(number)
        assert command.end() == 128 + number
        assert "Finishing what has begun" in command.errors()
    assert stored(token_file)["refresh_token"] != login["refresh_token"]
    assert [path.name for path in token_file.parent.iterdir() if "tmp" in path.name] == []


def test_interrupted__twice_ends_at_once(login, kakao, token_file):
    before = token_file.read_bytes()
    kakao.latency = 30.0
    with running("refresh") as command:
        while not kakao.token_requests:
            time.sleep(0.01)
        command.process.send_signal(signal.SIGINT)
        assert command.process.stderr
        for line in command.process.stderr:
            if "Finishing" in line:
                break
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 130
    assert token_file.read_bytes() == before


@pytest.mark.parametrize(("language", "said"), [("C", "Warning: "), ("ko_KR.UTF-8", "주의: ")])
def test_refresh__that_can_not_be_saved_is_a_sentence(
    login, token_file, run, monkeypatch, language, said
):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    before = token_file.read_bytes()
    monkeypatch.setattr("os.replace", fail)
    result = run("refresh", LC_ALL=language)
    assert result.exit_code == 0
    assert result.stderr.startswith(said)
    assert "No space left on device" in result.stderr
    assert "KakaoWarning" not in result.stderr
    assert token_file.read_bytes() == before
