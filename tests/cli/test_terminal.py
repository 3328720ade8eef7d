"""The command at a terminal: prompts, what is echoed, Ctrl-C, colors."""

import os
import re
import signal
import stat
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import COMMAND, WAITING, come_back, store, stored, wait_for_token_request
from tests.conftest import agree

CTRL_C = "\x03"
CTRL_D = "\x04"
SECRET = "the-secret-of-the-key"
URL = r"https://kauth\.kakao\.com/oauth/authorize\?[^\s\x1b]+"
KEY_PROMPT = "REST API key .*: "
SECRET_PROMPT = "(Client secret|클라이언트 시크릿) .*: "
SAVE_PROMPT = r"token file.*\[Y/n\]|저장할까요.*\[Y/n\]"


class Terminal:
    """The command on a pty of its own, and everything that the user sees there."""

    def __init__(self, width, program, *arguments):
        self.child = pexpect.spawn(
            program,
            [*arguments],
            encoding="utf-8",
            timeout=30,
            dimensions=(40, width),
            env=dict(os.environ),  # without the COLUMNS that readline has set behind Python's back
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
        assert "Traceback" not in self.seen
        return int(self.child.exitstatus)

    def hang_up(self):
        """Close the terminal, as a window that is closed. :returns: the exit status."""
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), self.child.child_fd)
        os.kill(self.child.pid, signal.SIGHUP)  # from the shell, after the one from the system
        return self.child.wait()

    def echoes(self):
        return bool(self.child.getecho())


@contextmanager
def terminal(*arguments, command=COMMAND, width=100):
    terminal = Terminal(width, *command, *arguments)
    try:
        yield terminal
    finally:
        terminal.child.close(force=True)


@pytest.fixture
def secret(monkeypatch):
    """The secret is in the environment, so that nothing is asked."""
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", SECRET)


# Prompts --------------------------------------------------------------------------------------


def test_login__asks_for_what_it_needs(kakao, token_file, port, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    kakao.client_secret = SECRET
    with terminal("login", "--port", str(port)) as screen:
        screen.expect(KEY_PROMPT)
        screen.type(f" {kakao.app_key} \r")
        screen.expect(SECRET_PROMPT)
        screen.type(f"{SECRET}\r")
        screen.expect(SAVE_PROMPT)
        screen.type("\r")
        come_back(agree(screen.expect(URL)))
        assert screen.end() == 0
    assert SECRET not in screen.seen
    assert dict(kakao.token_requests[0].form)["client_secret"] == SECRET
    saved = stored(token_file)
    assert (saved["app_key"], saved["client_secret"]) == (kakao.app_key, SECRET)


@pytest.mark.parametrize(
    ("options", "typed", "is_saved"),
    [([], "y\r", True), ([], "n\r", False), (["--no-store-secret"], None, False)],
)
def test_secret__offers_to_save_it(kakao, token_file, port, monkeypatch, options, typed, is_saved):
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    kakao.client_secret = SECRET
    with terminal("login", "--port", str(port), *options) as screen:
        screen.expect(SECRET_PROMPT)
        screen.type(f"{SECRET}\r")
        if typed:
            screen.expect(SAVE_PROMPT)
            screen.type(typed)
        come_back(agree(screen.expect(URL)))
        assert screen.end() == 0
    assert stored(token_file).get("client_secret") == (SECRET if is_saved else None)
    assert stored(token_file)["client_secret_required"] is True
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert ("--store-secret" in screen.seen) is (typed == "n\r")
    assert ("[Y/n]" in screen.seen) is (typed is not None)
    assert SECRET not in screen.seen


@pytest.mark.parametrize("typed", [SECRET, ""])
def test_secret__once_saved_is_the_default(kakao, login, token_file, port, typed):
    store(token_file, **{**login, "client_secret": SECRET})
    kakao.client_secret = SECRET
    with terminal("login", "--port", str(port)) as screen:
        assert "the saved one" in screen.expect(SECRET_PROMPT)
        screen.type(f"{typed}\r")
        come_back(agree(screen.expect(URL)))
        assert screen.end() == 0
    assert stored(token_file)["client_secret"] == SECRET
    assert stored(token_file)["access_token"] != login["access_token"]
    assert SECRET not in screen.seen


# Without a note, Kakao refuses first. Then the whole command is run again.
@pytest.mark.parametrize(
    ("command", "note"),
    [
        (["refresh"], True),
        (["refresh", "--if-needed"], None),
        (["request", "GET", "/v2/user/me"], True),
        (["send", "hello"], None),
        (["status", "--check"], True),
        (["status", "--check"], None),
        (["logout"], True),
        (["unlink", "--yes"], True),
        (["logout"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else f"noted={value}",
)
def test_secret__is_asked_for_when_a_refresh_needs_it(kakao, login, token_file, command, note):
    kakao.client_secret = SECRET
    kakao.revoke_access_tokens()
    store(token_file, **{**login, "expires_at": 1, "client_secret_required": note})
    with terminal(*command) as screen:
        screen.expect(SECRET_PROMPT)
        assert not screen.echoes()
        screen.type(f"{SECRET}\r")
        assert screen.end() == (1 if command[0] == "status" else 0)
    forms = [dict(record.form) for record in kakao.token_requests]
    assert [form.get("client_secret") for form in forms] == [SECRET] if note else [None, SECRET]
    assert SECRET not in screen.seen
    assert not token_file.exists() or "client_secret" not in stored(token_file)


@pytest.mark.parametrize("typed", ["\r", "wrong\r"])
def test_secret__is_asked_for_once(kakao, login, token_file, typed):
    kakao.client_secret = SECRET
    store(token_file, **{**login, "client_secret_required": True})
    with terminal("refresh") as screen:
        screen.expect(SECRET_PROMPT)
        screen.type(typed)
        screen.expect("KOE010")
        assert screen.end() == 1
    assert stored(token_file)["access_token"] == login["access_token"]


def test_secret__is_not_asked_for_if_nothing_needs_it(kakao, login, token_file):
    store(token_file, **{**login, "client_secret_required": True, "client_secret": SECRET})
    with terminal("refresh") as screen:
        assert screen.end() == 0
    assert "hidden" not in screen.seen
    store(token_file, **{**login, "client_secret_required": True})
    with terminal("request", "GET", "/v2/user/me") as screen:  # a fresh token
        assert screen.end() == 0
    assert "hidden" not in screen.seen


def test_secret__none(kakao, token_file, port):
    with terminal("login", "--port", str(port)) as screen:
        screen.expect(SECRET_PROMPT)
        screen.type("\r")
        come_back(agree(screen.expect(URL)))
        assert screen.end() == 0
    assert "client_secret" not in dict(kakao.token_requests[0].form)


@pytest.mark.parametrize(
    ("prompt", "key", "status"), [(KEY_PROMPT, CTRL_D, 1), (SECRET_PROMPT, CTRL_C, 130)]
)
def test_prompt__is_left(kakao, token_file, port, monkeypatch, prompt, key, status):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    with terminal("login", "--port", str(port)) as screen:
        screen.expect(KEY_PROMPT)
        if prompt == SECRET_PROMPT:
            screen.type("key\r")
            screen.expect(prompt)
        screen.type(key)
        assert screen.end() == status
    assert not token_file.exists()


@pytest.mark.parametrize(("key", "status"), [("y\r", 0), ("\r", 1), (CTRL_C, 130)])
def test_unlink__asks_first(login, token_file, key, status):
    with terminal("unlink") as screen:
        screen.expect(r"\[y/N\]")
        screen.type(key)
        assert screen.end() == status
    assert token_file.exists() is (status != 0)


# The wait -------------------------------------------------------------------------------------


def test_paste__is_hidden(kakao, token_file, port, secret):
    with terminal("login", "--port", str(port), "--no-browser") as screen:
        redirect = agree(screen.expect(URL))
        screen.expect(WAITING)
        assert not screen.echoes()
        screen.type("what is this?\r")
        screen.expect("paste it again")
        screen.type(f"{redirect}\r")
        assert screen.end() == 0
    assert redirect.partition("code=")[2] not in screen.seen
    assert "what is this" not in screen.seen
    assert re.search(r"\n(\x1b\[\d*m)*This is not the address", screen.seen)  # on its own line
    assert stored(token_file)["access_token"]


def test_paste__is_ended_and_the_browser_comes_back(kakao, token_file, port, secret):
    with terminal("login", "--port", str(port)) as screen:
        url = screen.expect(URL)
        screen.expect(WAITING)
        screen.type(CTRL_D)
        come_back(agree(url))
        assert screen.end() == 0


# Runs the command on the terminal, prints its process id, and then whether the terminal echoes.
WITNESS = """
import subprocess, sys, termios
child = subprocess.Popen(sys.argv[1:])
print("pid", child.pid, flush=True)
child.wait()
print("status", child.returncode, "echo", bool(termios.tcgetattr(0)[3] & termios.ECHO))
"""


@pytest.mark.parametrize(
    ("waits_for", "number"),
    [(SECRET_PROMPT, signal.SIGTERM), (WAITING, signal.SIGINT), (WAITING, signal.SIGTERM)],
)
def test_terminal__echoes_again_afterwards(kakao, token_file, port, monkeypatch, waits_for, number):
    if waits_for == WAITING:
        monkeypatch.setenv("KAKAO_CLIENT_SECRET", SECRET)
    command = [COMMAND[0], "-c", WITNESS, *COMMAND]
    with terminal("login", "--port", str(port), command=command) as screen:
        pid = int(screen.expect(r"pid \d+\s").split()[1])
        screen.expect(waits_for)
        while screen.echoes():
            time.sleep(0.01)
        os.kill(pid, number)
        if (waits_for, number) == (WAITING, signal.SIGINT):
            screen.expect("Cancelled. Nothing was saved.")
        assert screen.expect(r"status \d+ echo \w+") == f"status {128 + number} echo True"
    assert not token_file.exists()
    assert kakao.token_requests == []


def test_terminal__closes_while_kakao_answers(kakao, login, token_file):
    kakao.refresh_token_renewal = "always"
    kakao.latency = 1.0
    with terminal("refresh") as screen:
        wait_for_token_request(kakao)
        assert screen.hang_up() == 128 + signal.SIGHUP
    assert stored(token_file)["refresh_token"] != login["refresh_token"]


def test_terminal__closes_in_the_exchange(kakao, token_file, port, secret):
    kakao.latency = 1.0
    with terminal("login", "--port", str(port)) as screen:
        redirect = agree(screen.expect(URL))
        with ThreadPoolExecutor(1) as browser:
            page = browser.submit(come_back, redirect)
            wait_for_token_request(kakao)
            assert screen.hang_up() == 128 + signal.SIGHUP
    assert "You are logged in" in page.result()
    assert stored(token_file)["access_token"]


def test_in_the_background__the_terminal_is_left_alone(kakao, token_file, port, secret, tmp_path):
    script = tmp_path / "session.sh"
    command = " ".join(COMMAND)
    script.write_text(f"set -m\n{command} login --port {port} &\nwait $!; echo status $?")
    with terminal("bash", str(script), command=()) as screen:
        url = screen.expect(URL)
        screen.expect(WAITING)
        assert screen.echoes()
        come_back(agree(url))
        assert screen.expect(r"status \d+") == "status 0"


# What it looks like ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colors__unless_they_are_not_wanted(login, token_file, monkeypatch, variables, colored):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    store(token_file, **{**login, "expires_at": 1})
    with terminal("status", "--check", "--client-id", "unknown") as screen:
        assert screen.end() == 1
    table, error = screen.seen.split("KOE101")[0].rsplit("\r\n", 1)
    assert ("\x1b[" in table) is ("\x1b[" in error) is colored


@pytest.mark.parametrize(
    ("command", "language", "width"),
    [
        (["status"], "C.UTF-8", 60),
        (["status"], "ko_KR.UTF-8", 80),
        (["refresh", "--if-needed"], "ko_KR.UTF-8", 60),
    ],
)
def test_date__is_not_broken(login, monkeypatch, command, language, width):
    monkeypatch.setenv("LC_ALL", language)
    with terminal(*command, width=width) as screen:
        assert screen.end() == 0
    lines = re.sub(r"\x1b\[\d*m", "", screen.seen).split("\r\n")
    with_date = [line for line in lines if re.search(r"\d{4}-\d\d-\d\d", line)]
    assert with_date
    for line in with_date:
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d \w+ \([^)]+\)", line)
        assert len(line) + sum(unicodedata.east_asian_width(each) == "W" for each in line) <= width


def test_request__indents_json(login):
    with terminal("request", "GET", "/v2/user/me") as screen:
        assert screen.end() == 0
    assert re.search(r'\r\n  "id": 123456789,', screen.seen)
    assert '"nickname": "홍길동"' in screen.seen
