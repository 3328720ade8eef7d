"""The command where nobody looks: cron, services, containers, pipes."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, agree, come_back, running, stored
from tests.free_port import free_port


def shell(line, **variables):
    """Run a line of shell in which ``$K`` is the command; a variable of ``None`` is not set."""
    environment = {**os.environ, "K": shlex.join(COMMAND), **variables}
    return subprocess.run(
        ["sh", "-c", line.replace("$K", shlex.join(COMMAND))],
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


def test_cron__with_next_to_no_environment(login, kakao, token_file):
    line = f"$K refresh --token-file {shlex.quote(str(token_file))} <&- >/dev/null"
    names = ("https_proxy", "REQUESTS_CA_BUNDLE", "PATH", "PYTHONPATH")
    kept = {name: value for name in names if (value := os.environ.get(name)) is not None}
    done = shell(line, **{**dict.fromkeys(os.environ), **kept})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stored(token_file)["access_token"] != login["access_token"]


def test_cron__login_is_over_and_that_is_told_on_stderr(login, kakao):
    kakao.unlink()
    done = shell("$K refresh <&- >/dev/null", HOME=None)
    assert done.returncode == 1
    assert "kakao-session login" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", ["<&-", "</dev/null"])
def test_stdin__closed_and_the_browser_comes(kakao, token_file, port, closed):
    inner = f"exec {shlex.join(COMMAND)} login --port {port} {closed}"
    with running(program=["sh", "-c", inner]) as command:
        assert "You are logged in" in come_back(agree(command.url()))
        assert command.end() == 0
    assert "Client secret" not in command.seen


def test_stdin__closed_and_only_a_person_could_bring_it(kakao, token_file):
    done = shell("$K login --redirect-uri https://example.com/oauth <&-")
    assert done.returncode == 1
    assert "Nothing can be pasted" in done.stderr
    assert "https://kauth" not in done.stdout


@pytest.mark.parametrize("stream", ["1", "2"])
def test_stream__closed(login, stream):
    done = shell(f"$K status {stream}>&-; echo $? >&{3 - int(stream)}")
    assert done.stderr + done.stdout
    assert (done.stdout + done.stderr).endswith("0\n")
    assert "Traceback" not in done.stderr


def test_stdout__full(login):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    for command in ("status", "status --json", "request GET /v2/user/me", "--help"):
        done = shell(f"$K {command} >/dev/full")
        assert done.returncode == 1
        assert done.stderr == "Error: It can't go on: No space left on device.\n"


def test_pipe__nobody_reads_any_more(login):
    done = shell("($K status; echo $? >&2) | true")
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert done.stderr.strip() in ("0", "1")


# Homes ----------------------------------------------------------------------------------------

COMMANDS = [
    ["login"],
    ["status"],
    ["refresh"],
    ["logout"],
    ["unlink", "--yes"],
    ["import", __file__],
    ["request", "GET", "/v2/user/me"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_home__can_not_be_written(
    command,
    kakao,
    tmp_path,
    run,
    monkeypatch,
):
    home = tmp_path / "home"
    home.touch()  # even root can put nothing below a file
    monkeypatch.setenv("HOME", str(home))
    result = run(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "https://kauth" not in result.stdout
    assert kakao.requests == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("path", [None, "~/token.json", "~nobody-of-that-name/token.json"])
def test_home__there_is_none(
    command,
    path,
    kakao,
    run,
    tmp_path,
    monkeypatch,
):
    def nobody(_):
        raise KeyError

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    options = [] if path is None else ["--token-file", path]
    result = run(*command, *options)
    assert result.exit_code == 1
    assert "KAKAO_SESSION_TOKEN_FILE" in result.stderr
    if path is not None:
        monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", path)
        assert "--token-file" in run(*command).stderr
    assert list(tmp_path.iterdir()) == []


def test_home__is_not_needed_when_the_file_is_named(login, token_file, run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    for command in (["status"], ["refresh"], ["request", "GET", "/v2/user/me"], ["logout"]):
        assert run(*command).exit_code == 0
    assert not (tmp_path / "nowhere").exists()


def test_home__usual_place_is_the_configuration_folder(
    kakao,
    clock,
    tmp_path,
    run,
    monkeypatch,
):
    monkeypatch.setenv("HOME", str(tmp_path))
    tutorial = tmp_path / "kakao_token.json"
    tutorial.write_text(json.dumps(kakao.login()))
    assert run("import", str(tutorial)).exit_code == 0
    assert (tmp_path / ".config" / "kakao-session" / "token.json").exists()
    assert run("status").exit_code == 0


# Odd surroundings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variables",
    [
        {"COLUMNS": "abc"},
        {"COLUMNS": "0"},
        {"COLUMNS": "1"},
        {"COLUMNS": "-5"},
        {"TERM": ""},
        {"TERM": "dumb", "FORCE_COLOR": "1"},
        {"TZ": "nonsense/Zone"},
        {"LANG": "\udcff"},
        {"KAKAO_REST_API_KEY": "\udcff"},
        {"KAKAO_CLIENT_SECRET": "\udcff"},
        {"HOME": "\udcff"},
    ],
)
@pytest.mark.parametrize("command", [["status"], ["refresh"]])
def test_odd_environment__is_no_traceback(login, run, variables, command):
    result = run(*command, **variables)
    assert result.exit_code in (0, 1)
    assert result.exit_code == 0 or result.stderr.startswith("Error: ")


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "\udcff/token.json", "a\nb"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_odd_token_file__is_no_traceback(kakao, tmp_path, run, command, name):
    arguments = ["--timeout", "1", "--port", str(free_port())] if command == ["login"] else []
    result = run(*command, *arguments, "--token-file", str(tmp_path / name))
    assert result.exit_code == 1
    assert kakao.requests == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_token_file__with_an_empty_name_is_not_the_usual_one(login, run, command):
    result = run(*command, "--token-file", "")
    assert result.exit_code == 2
    assert "--token-file" in result.stderr


@pytest.mark.parametrize("how", ["--token-file", "KAKAO_SESSION_TOKEN_FILE"])
def test_token_file__that_is_a_url_is_refused(run, how):
    url = "redis://:secret-pw@127.0.0.1/0"
    result = run("status", how, url) if how.startswith("--") else run("status", **{how: url})
    assert result.exit_code == 1
    assert "take the path of a file, not a URL." in result.stderr
    assert "secret-pw" not in result.stderr


def test_import__from_a_pipe(kakao, token_file, tmp_path):
    tutorial = tmp_path / "kakao_token.json"
    tutorial.write_text(json.dumps(kakao.login()))
    done = shell(f"cat {shlex.quote(str(tutorial))} | $K import /dev/stdin")
    assert (done.returncode, done.stderr) == (0, "")
    assert stored(token_file)["refresh_token"]
    done = shell("echo secret | $K import --force /dev/stdin")
    assert (done.returncode, done.stderr) == (1, "Error: /dev/stdin holds no token (not JSON).\n")
