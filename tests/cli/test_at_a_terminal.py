"""The command at a real terminal: prompts, what is echoed, Ctrl-C, colours, narrow windows."""

import os
import re
import signal
import time
from contextlib import contextmanager

import pexpect
import pytest

from tests.cli.conftest import COMMAND, agree, come_back, stored

CTRL_C = "\x03"
CTRL_D = "\x04"
SECRET = "the-secret-of-the-key"
URL = r"https://kauth\.kakao\.com/oauth/authorize\?[^\s\x1b]+"


class Terminal:
    """The command on a pty of its own, and everything that the person sees there."""

    def __init__(self, program, *arguments, columns):
        self.child = pexpect.spawn(
            program, [*arguments], encoding="utf-8", timeout=30, dimensions=(40, columns)
        )
        self.seen = ""

    def expect(self, pattern):
        """Wait until it is on the screen. :returns: it."""
        self.child.expect(pattern)
        self.seen += self.child.before + self.child.after
        return str(self.child.after)

    def type(self, text):
        self.child.send(text)

    def end(self):
        """:returns: the exit status."""
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before
        self.child.close()
        assert self.child.signalstatus is None
        return int(self.child.exitstatus)

    def echoes(self):
        return bool(self.child.getecho())


@contextmanager
def terminal(*arguments, columns=100, command=COMMAND):
    terminal = Terminal(*command, *arguments, columns=columns)
    try:
        yield terminal
    finally:
        terminal.child.close(force=True)


@pytest.fixture
def no_key(monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")


# Prompts --------------------------------------------------------------------------------------


def test_login__asks_for_what_it_needs(kakao, token_file, port, no_key):
    kakao.client_secret = SECRET
    with terminal("login", "--port", str(port)) as screen:
        screen.expect("REST API key")
        screen.type(f" {kakao.app_key} \r")
        screen.expect("Client secret")
        screen.type(f"{SECRET}\r")
        url = screen.expect(URL)
        assert "You are logged in" in come_back(agree(url))
        assert screen.end() == 0
    assert SECRET not in screen.seen
    assert "KAKAO_CLIENT_SECRET" in screen.seen
    assert dict(kakao.token_requests[0].form)["client_secret"] == SECRET
    assert stored(token_file)["app_key"] == kakao.app_key
    assert "client_secret" not in stored(token_file)


def test_secret__is_stored_when_asked_to_be_and_then_offered(kakao, token_file, port):
    kakao.client_secret = SECRET
    for typed in (SECRET, ""):
        with terminal("login", "--port", str(port), "--store-secret") as screen:
            screen.expect("Enter for the stored one" if not typed else "Enter if it has none")
            screen.type(f"{typed}\r")
            come_back(agree(screen.expect(URL)))
            assert screen.end() == 0
        assert stored(token_file)["client_secret"] == SECRET
        assert SECRET not in screen.seen


def test_secret__empty_means_none(kakao, token_file, port):
    with terminal("login", "--port", str(port)) as screen:
        screen.expect("Client secret")
        screen.type("\r")
        come_back(agree(screen.expect(URL)))
        assert screen.end() == 0
    assert "client_secret" not in dict(kakao.token_requests[0].form)
    assert "KAKAO_CLIENT_SECRET" not in screen.seen


def test_secret__in_the_environment_is_not_asked_for(kakao, token_file, port, monkeypatch):
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", SECRET)
    with terminal("login", "--port", str(port)) as screen:
        come_back(agree(screen.expect(URL)))
        assert screen.end() == 0
    assert "Client secret of the key" not in screen.seen
    assert SECRET not in screen.seen


@pytest.mark.parametrize(("key", "status"), [(CTRL_C, 130), (CTRL_D, 1)])
@pytest.mark.parametrize("prompt", ["REST API key", "Client secret"])
def test_prompt__left(
    kakao,
    token_file,
    port,
    no_key,
    prompt,
    key,
    status,
):
    with terminal("login", "--port", str(port)) as screen:
        screen.expect("REST API key")
        if prompt != "REST API key":
            screen.type("key\r")
            screen.expect(prompt)
        screen.type(key)
        assert screen.end() == status
    assert "Traceback" not in screen.seen
    assert not token_file.exists()


@pytest.mark.parametrize(
    ("key", "status", "left"),
    [("y\r", 0, False), ("n\r", 1, True), ("\r", 1, True), (CTRL_C, 130, True), (CTRL_D, 1, True)],
)
def test_unlink__asks_first(login, token_file, key, status, left):
    with terminal("unlink") as screen:
        screen.expect(r"Go on\? \[y/N\]")
        screen.type(key)
        assert screen.end() == status
    assert token_file.exists() is left
    assert ("Nothing was changed." in screen.seen) is (key in ("n\r", "\r"))
    assert "Traceback" not in screen.seen


# The wait -------------------------------------------------------------------------------------


@pytest.fixture
def secret(monkeypatch):
    """So that nothing is asked."""
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", SECRET)


def test_paste__is_not_shown(kakao, token_file, port, secret):
    with terminal("login", "--port", str(port), "--no-browser") as screen:
        redirect = agree(screen.expect(URL))
        screen.expect("Waiting for the browser until [0-9:]+")
        assert not screen.echoes()
        screen.type("what is this?\r")
        screen.expect("neither the address")
        screen.type(f"{redirect}\r")
        screen.expect("Logged in as user 123456789")
        assert screen.end() == 0
    assert redirect.partition("code=")[2] not in screen.seen
    assert "what is this" not in screen.seen
    assert screen.seen.rindex("\x1b[?25h") > screen.seen.rindex("\x1b[?25l")  # the cursor is back


def test_paste__ended_by_ctrl_d_and_the_browser_comes_all_the_same(kakao, token_file, port, secret):
    with terminal("login", "--port", str(port)) as screen:
        url = screen.expect(URL)
        screen.expect("Waiting for the browser")
        screen.type(CTRL_D)
        come_back(agree(url))
        assert screen.end() == 0


def test_ctrl_c__while_waiting(kakao, token_file, port, secret):
    with terminal("login", "--port", str(port)) as screen:
        screen.expect("Waiting for the browser")
        assert not screen.echoes()
        screen.type(CTRL_C)
        screen.expect("Given up. Nothing was stored.")
        assert screen.end() == 130
    assert screen.seen.rindex("\x1b[?25h") > screen.seen.rindex("\x1b[?25l")
    assert not token_file.exists()
    assert list(token_file.parent.glob("*.tmp")) == []
    assert kakao.token_requests == []


# Runs the command on the terminal, tells its process id, and then whether the terminal echoes.
WITNESS = """
import subprocess, sys, termios
child = subprocess.Popen(sys.argv[1:])
print("pid", child.pid, flush=True)
child.wait()
print("status", child.returncode, "echo", bool(termios.tcgetattr(0)[3] & termios.ECHO))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("prompt", [True, False])
def test_terminal__echoes_again_afterwards(
    kakao,
    token_file,
    port,
    monkeypatch,
    prompt,
    number,
):
    if not prompt:
        monkeypatch.setenv("KAKAO_CLIENT_SECRET", SECRET)
    command = [COMMAND[0], "-c", WITNESS, *COMMAND]
    with terminal("login", "--port", str(port), command=command) as screen:
        pid = int(screen.expect(r"pid \d+\s").split()[1])
        screen.expect("Client secret of the key" if prompt else "Waiting for the browser")
        while screen.echoes():
            time.sleep(0.01)
        os.kill(pid, number)
        assert screen.expect(r"status \d+ echo \w+").split() == [
            "status",
            str(128 + number),
            "echo",
            "True",
        ]


def test_in_the_background__the_terminal_is_left_alone(kakao, token_file, port, secret, tmp_path):
    script = tmp_path / "session.sh"
    command = " ".join(COMMAND)
    script.write_text(f"set -m\n{command} login --port {port} &\nwait $!; echo status $?")
    with terminal("bash", str(script), command=()) as screen:
        url = screen.expect(URL)
        screen.expect("Waiting for the browser")
        assert screen.echoes()
        come_back(agree(url))
        assert screen.expect(r"status \d+") == "status 0"


# What it looks like ---------------------------------------------------------------------------


def test_narrow_window__does_not_break_the_address(kakao, token_file, port, secret):
    with terminal("login", "--port", str(port), columns=30) as screen:
        url = screen.expect(URL)
        assert f"localhost%3A{port}" in url
        assert url.endswith("S256")
        come_back(agree(url))
        assert screen.end() == 0


@pytest.mark.parametrize("no_color", [False, True])
def test_colours__unless_they_are_not_wanted(login, monkeypatch, no_color):
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    for command in (["status"], ["request", "GET", "/v2/user/me"]):
        with terminal(*command) as screen:
            assert screen.end() == 0
        assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]", screen.seen)) is not no_color


def test_request__lays_json_out(login, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal("request", "GET", "/v2/user/me") as screen:
        assert screen.end() == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", screen.seen)
    assert '\r\n  "id": 123456789,' in plain
    assert '"nickname": "홍길동"' in plain
