"""``kakao-session logout`` and ``kakao-session unlink``."""

import errno
import signal
from contextlib import contextmanager

import pytest
import requests

from kakao_session import FileTokenStore, KakaoSession, Token, TokenStoreError
from tests.cli.conftest import failed, raising, stored


def works(token):
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    answer = requests.get("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)
    return answer.status_code == 200


def test_logout__at_kakao_and_here(login, token_file, run):
    assert works(login)
    result = run("logout")
    assert (result.exit_code, result.stdout) == (0, f"Logged out. Deleted {token_file}.\n")
    assert not works(login)
    assert not token_file.exists()


@pytest.mark.parametrize(
    "failure", [500, "reset", "garbage", "ip_mismatched", "no network", "no certificates"]
)
def test_logout__kakao_does_not_confirm(login, kakao, token_file, run, monkeypatch, failure):
    if failure == "no network":
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
    elif failure == "no certificates":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    else:
        kakao.fail_next(failure, path="/v1/user/logout", times=None)
    result = run("logout")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith(f"Deleted {token_file}, but could not log out at Kakao")
    assert "kakao-session unlink" in result.stderr
    assert not token_file.exists()


def test_logout__login_had_ended(login, kakao, token_file, run, clock):
    kakao.unlink()
    clock.advance(hours=7)
    result = run("logout")
    assert result.exit_code == 0
    assert result.stdout.startswith("The login had already ended.")
    assert not token_file.exists()


def test_logout__client_secret_is_wrong(login, kakao, token_file, run, clock):
    kakao.client_secret = "s"
    clock.advance(hours=7)
    assert "KAKAO_CLIENT_SECRET" in failed(run("logout"))
    assert token_file.exists()
    assert run("logout", KAKAO_CLIENT_SECRET="s").exit_code == 0
    assert not token_file.exists()


@pytest.mark.parametrize(
    ("command", "done"),
    [
        (["logout"], "Logged out."),
        (["unlink", "--yes"], "Disconnected user 123456789 from the app."),
    ],
)
def test_end_of_a_login__and_somebody_logs_in_meanwhile(
    login, kakao, token_file, run, monkeypatch, command, done
):
    other = Token.from_response(kakao.login(user=42), kakao.now())
    post = KakaoSession.post

    def log_in_meanwhile(self, *arguments, **kwargs):
        FileTokenStore(token_file).save(other)
        return post(self, *arguments, **kwargs)

    monkeypatch.setattr(KakaoSession, "post", log_in_meanwhile)
    result = run(*command)
    assert (result.exit_code, result.stdout) == (
        0,
        f"{done} {token_file} has another login by now, which stays.\n",
    )
    assert stored(token_file) == other


@pytest.mark.parametrize("is_expired", [False, True])
@pytest.mark.parametrize("command", [["logout"], ["unlink", "--yes"]])
def test_interrupted__while_the_token_file_is_locked(
    login, kakao, token_file, run, clock, monkeypatch, command, is_expired
):
    lock = FileTokenStore.lock

    @contextmanager
    def wait(store):
        signal.raise_signal(signal.SIGINT)
        with lock(store):
            yield

    clock.advance(hours=7 if is_expired else 0)
    monkeypatch.setattr(FileTokenStore, "lock", wait)
    kakao.clear_requests()
    result = run(*command)
    assert (result.exit_code, result.stderr.strip()) == (130, "Interrupted.")
    assert stored(token_file) == login
    assert kakao.requests == []


@pytest.mark.parametrize("command", [["logout"], ["unlink", "--yes"]])
def test_locked_for_too_long__nothing_is_deleted(
    login, kakao, token_file, run, clock, monkeypatch, command
):
    clock.advance(hours=7)
    kakao.clear_requests()
    tries = []

    def occupied(_store):
        tries.append(1)  # each takes two minutes
        raise TokenStoreError("Locked.")

    monkeypatch.setattr(FileTokenStore, "lock", occupied)
    assert failed(run(*command)) == "Error: Locked.\n"
    assert len(tries) == 1
    assert stored(token_file) == login
    assert kakao.requests == []


@pytest.mark.parametrize("command", [["logout"], ["unlink", "--yes"]])
def test_corrupt_token_file__is_left_as_it_is(command, kakao, token_file, run):
    token_file.parent.mkdir()
    token_file.write_text('{"access_token": "torn')
    assert str(token_file) in failed(run(*command))
    assert token_file.read_text() == '{"access_token": "torn'


def test_logout__token_file_cannot_be_deleted(login, token_file, run, monkeypatch):
    refusal = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr("os.unlink", raising(refusal))
    result = run("logout")
    assert result.exit_code == 1
    assert str(token_file) in result.stderr
    assert "Deleted" not in result.output


def test_unlink__with_yes(login, token_file, run):
    result = run("unlink", "--yes")
    assert result.exit_code == 0
    assert result.stdout == (f"Disconnected user 123456789 from the app. Deleted {token_file}.\n")
    assert not token_file.exists()
    assert not works(login)


def test_unlink__without_a_terminal_needs_yes(login, token_file, run, kakao):
    kakao.clear_requests()
    result = run("unlink", stdin="y\n")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert token_file.exists()
    assert kakao.requests == []


def test_unlink__kakao_refuses(login, kakao, token_file, run):
    kakao.fail_next(500, path="/v1/user/unlink")
    assert run("unlink", "-y").exit_code == 1
    assert token_file.exists()
    assert works(login)
