"""The command without a user: in cron, services, containers and pipes; and odd surroundings."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, come_back, failed, raising, running, stored
from tests.conftest import agree

COMMANDS = [
    ["login"],
    ["status"],
    ["refresh"],
    ["logout"],
    ["unlink", "--yes"],
    ["import", __file__],
    ["request", "GET", "/v2/user/me"],
    ["send", "hello"],
]
every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


def shell(line, environment=None):
    """Run a line of shell in which ``$K`` is the command."""
    return subprocess.run(
        ["sh", "-c", line.replace("$K", shlex.join(COMMAND))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


# Streams --------------------------------------------------------------------------------------


def test_cron__with_next_to_no_environment(login, kakao, token_file):
    line = f"$K refresh --token-file {shlex.quote(str(token_file))} <&- >/dev/null"
    names = ("https_proxy", "REQUESTS_CA_BUNDLE", "PATH", "PYTHONPATH")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    done = shell(line, environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stored(token_file)["access_token"] != login["access_token"]
    kakao.unlink()
    done = shell(line, environment)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", ["<&-", "</dev/null"])
def test_stdin__closed_and_the_browser_comes_back(kakao, token_file, port, closed):
    line = f"exec {shlex.join(COMMAND)} login --port {port} {closed}"
    with running(program=["sh", "-c", line]) as command:
        assert "You are logged in" in come_back(agree(command.url()))
        assert command.end() == 0


@pytest.mark.parametrize("stream", ["1", "2"])
def test_stream__closed(login, stream):
    done = shell(f"$K status {stream}>&-; echo $? >&{3 - int(stream)}")
    assert (done.stdout + done.stderr).endswith("0\n")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["status", "--help"])
def test_stdout__full(login, command, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # else nothing is left to be flushed
    done = shell(f"$K {command} >/dev/full")
    assert done.returncode == 1
    assert done.stderr == "Error: Could not continue: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["status", "status --nonsense"])
def test_stdout_and_stderr__full(login, command, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    assert shell(f"$K {command} >/dev/full 2>&1 </dev/null").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "stream"),
    [(["status"], "stdout"), (["--help"], "stdout"), (["status", "--explode"], "stderr")],
)
def test_pipe__no_one_reads(login, arguments, stream):
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: writer}
    done = subprocess.run([*COMMAND, *arguments], **streams, timeout=40, check=False)
    os.close(writer)
    assert (done.returncode, done.stdout or b"", done.stderr or b"") == (141, b"", b"")


def test_pipe__someone_reads_one_line(login):
    line = "set -o pipefail; $K status | head -1; echo ${PIPESTATUS[0]}"
    done = shell(f"exec bash -c {shlex.quote(line.replace('$K', shlex.join(COMMAND)))}")
    first, status = done.stdout.splitlines()
    assert first.split() == ["login", "fine"]
    assert status in ("0", "141")
    assert done.stderr == ""


def test_arguments__do_not_control_the_terminal(login, kakao, run):
    clear = "\x1b[2J\x9b31m"
    for arguments in (
        [clear],
        [f"--{clear}"],
        ["import", clear],
        ["status", "--token-file", clear],
        ["request", "GET", f"/{clear}"],
        ["request", "GET", f"/{clear}", "-v"],
        ["request", clear, "/"],
        ["emulate", "--", clear],
        ["emulate", "--switch", clear],
    ):
        printed = run(*arguments).output
        assert not set(printed) & {"\x1b", "\x9b"}, arguments


def test_import__from_a_pipe(kakao, token_file, tmp_path):
    tutorial = tmp_path / "kakao_token.json"
    tutorial.write_text(json.dumps(kakao.login()))
    done = shell(f"cat {shlex.quote(str(tutorial))} | $K import /dev/stdin")
    assert (done.returncode, done.stderr) == (0, "")
    assert "still has the tokens" not in done.stdout
    assert stored(token_file)["refresh_token"]
    done = shell(f"$K import --force /dev/stdin < {shlex.quote(str(tutorial))}")
    assert f"{tutorial} still has the tokens" in done.stdout
    done = shell("echo secret | $K import --force /dev/stdin")
    assert done.returncode == 1
    assert "secret" not in done.stderr


# The token file -------------------------------------------------------------------------------


@every_command
def test_home__cannot_be_written(command, kakao, tmp_path, run, monkeypatch):
    home = tmp_path / "home"
    home.touch()  # not even root can write below a file
    monkeypatch.setenv("HOME", str(home))
    result = run(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "https://kauth" not in result.stdout
    assert kakao.requests == []


@pytest.mark.parametrize("command", [["login"], ["status"]])
@pytest.mark.parametrize("path", [None, "~/token.json", "~nobody-of-that-name/token.json"])
def test_home__does_not_exist(command, path, kakao, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", raising(KeyError))
    if path:
        monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", path)
    assert "--token-file" in failed(run(*command))
    assert list(tmp_path.iterdir()) == []


def test_home__has_the_token_file_in_the_configuration_folder(
    kakao, clock, tmp_path, run, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    tutorial = tmp_path / "kakao_token.json"
    tutorial.write_text(json.dumps(kakao.login()))
    assert run("import", str(tutorial)).exit_code == 0
    assert (tmp_path / ".config" / "kakao-session" / "token.json").exists()
    assert run("status").exit_code == 0


def test_token_file__is_the_one_that_is_named(login, tmp_path, token_file, run):
    other = token_file.rename(tmp_path / "other.json")
    for arguments in (["status"], ["refresh"], ["request", "GET", "/v2/user/me"], ["logout"]):
        assert run(*arguments).exit_code == 1
        assert run(*arguments, "--token-file", str(other)).exit_code == 0
    assert not other.exists()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("login", "x" * 300),
        ("login", "x" * 5000),
        ("status", "\udcff/token.json"),
        ("status", "a\nb"),
    ],
)
def test_token_file__of_an_odd_name(kakao, tmp_path, run, command, name):
    result = run(command, "--token-file", str(tmp_path / name))
    assert result.exit_code == 1
    assert kakao.requests == []


def test_token_file__empty_is_not_the_default(login, run):
    result = run("logout", "--token-file", "")
    assert result.exit_code == 2
    assert "--token-file" in result.stderr


@pytest.mark.parametrize("how", ["--token-file", "KAKAO_SESSION_TOKEN_FILE"])
def test_token_file__is_not_a_url(run, how):
    url = "redis://:secret-pw@127.0.0.1/0"
    error = failed(run("status", how, url) if how.startswith("--") else run("status", **{how: url}))
    assert "not a URL" in error
    assert "secret-pw" not in error


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TERM", ""),
        ("TZ", "nonsense/Zone"),
        ("LANG", "\udcff"),
        ("KAKAO_REST_API_KEY", "\udcff"),
        ("KAKAO_CLIENT_SECRET", "\udcff"),
        ("HOME", "\udcff"),
    ],
)
def test_environment__is_odd(login, run, name, value):
    result = run("refresh", **{name: value})
    assert result.exit_code in (0, 1)
    assert result.exit_code == 0 or result.stderr.startswith("Error: ")


# Another token file ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [each for each in COMMANDS if each[0] not in ("login", "import")],
    ids=lambda command: command[0],
)
def test_hint__names_the_file_of_the_option(kakao, run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    result = run(*command, "--token-file", "my bot.json")
    assert result.exit_code == 1
    assert "kakao-session login --token-file 'my bot.json'\n" in result.output
    assert "No token" not in result.output
    assert kakao.requests == []


def test_hint__to_log_in_after_a_refusal_names_the_file_of_the_option(kakao, login, run):
    kakao.fail_next(error_code=-401, path="/v2/user/me", times=None)
    path = os.environ["KAKAO_SESSION_TOKEN_FILE"]
    result = run("request", "GET", "/v2/user/me", "--token-file", path)
    assert result.exit_code == 1
    assert "Run: kakao-session login --token-file " in result.stderr


def test_hint__to_agree_names_the_file_of_the_option(kakao, login, run, token_file, tmp_path):
    other = token_file.rename(tmp_path / "bot.json")
    kakao.fail_next(403, json={"code": -402, "msg": "x"}, path="/v2/api/talk/memo/default/send")
    result = run("send", "hello", "--token-file", str(other))
    assert f"kakao-session login --scope talk_message --token-file {other}\n" in result.stderr
    # A variable of a cron job is not set in a shell.
    by_variable = run("status", KAKAO_SESSION_TOKEN_FILE="/nowhere/bot.json").output
    assert "Run: kakao-session login --token-file /nowhere/bot.json\n" in by_variable
    default = run("status", KAKAO_SESSION_TOKEN_FILE="", XDG_CONFIG_HOME=str(tmp_path))
    assert "Run: kakao-session login\n" in default.output
