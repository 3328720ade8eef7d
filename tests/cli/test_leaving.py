"""``kakao-session logout`` and ``kakao-session unlink``."""

import pytest
import requests


def is_alive(token):
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    answer = requests.get("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)
    return answer.status_code == 200


def test_logout__ends_it_there_and_here(login, token_file, run):
    assert is_alive(login)
    result = run("logout")
    assert result.exit_code == 0
    assert result.stdout == f"Logged out. {token_file} is gone.\n"
    assert not is_alive(login)
    assert not token_file.exists()


@pytest.mark.parametrize("failure", [500, "reset", "garbage", "ip_mismatched"])
def test_logout__kakao_can_not_be_told_and_that_is_said(login, kakao, token_file, run, failure):
    kakao.fail_next(failure, path="/v1/user/logout", times=None)
    result = run("logout")
    assert result.exit_code == 0
    assert f"Logged out here: {token_file} is gone." in result.stderr
    assert "Kakao could not be told" in result.stderr
    assert result.stdout == ""
    assert not token_file.exists()


def test_logout__without_a_network(login, token_file, run, monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    result = run("logout")
    assert result.exit_code == 0
    assert "Kakao could not be told" in result.stderr
    assert "HTTPS_PROXY" in result.stderr
    assert not token_file.exists()


def test_logout__of_a_login_that_was_over(login, kakao, token_file, run, clock):
    kakao.unlink()
    clock.advance(hours=7)
    result = run("logout")
    assert result.exit_code == 0
    assert result.stdout == f"The login was over already. {token_file} is gone.\n"
    assert not token_file.exists()


@pytest.mark.parametrize("command", [["logout"], ["unlink", "--yes"], ["unlink"]])
def test_leaving__nobody_is_logged_in(command, kakao, token_file, run):
    result = run(*command)
    assert result.exit_code == 1
    assert str(token_file) in result.stderr
    assert kakao.requests == []


@pytest.mark.parametrize("command", [["logout"], ["unlink", "--yes"]])
def test_leaving__spoilt_file_is_left_as_it_is(command, kakao, token_file, run):
    token_file.parent.mkdir()
    token_file.write_text('{"access_token": "torn')
    result = run(*command)
    assert result.exit_code == 1
    assert str(token_file) in result.stderr
    assert token_file.read_text() == '{"access_token": "torn'


def test_logout__file_can_not_be_removed(login, token_file, run, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.unlink", refuse)
    result = run("logout")
    assert result.exit_code == 1
    assert str(token_file) in result.stderr
    assert "gone" not in result.output


def test_unlink__with_yes(login, kakao, token_file, run):
    result = run("unlink", "--yes")
    assert result.exit_code == 0
    assert f"User 123456789 is disconnected from the app. {token_file} is gone." in result.stdout
    assert not token_file.exists()
    assert not is_alive(login)


def test_unlink__asks_and_nobody_can_answer(login, token_file, run, kakao):
    kakao.clear_requests()
    result = run("unlink", stdin="y\n")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert token_file.exists()
    assert kakao.requests == []


def test_unlink__kakao_refuses(login, kakao, token_file, run):
    kakao.fail_next(500, path="/v1/user/unlink")
    result = run("unlink", "-y")
    assert result.exit_code == 1
    assert token_file.exists()
    assert is_alive(login)
