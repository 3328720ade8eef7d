"""Fixtures of the command: the local Kakao under its real host names, a clean environment, a token
file, and two ways to run the command."""

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import requests
from click.testing import CliRunner

from kakao_session import FileTokenStore, Token
from kakao_session.cli.app import app
from tests.free_port import free_port

COMMAND = (sys.executable, "-m", "kakao_session")
WAITING = "Waiting for"
"""How the line begins that `login` prints before it waits."""

_TERMINAL_VARIABLES = (
    "BROWSER",
    "COLUMNS",
    "DISPLAY",
    "FORCE_COLOR",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "NO_COLOR",
    "WAYLAND_DISPLAY",
    "XDG_CONFIG_HOME",
)


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch):
    for name in _TERMINAL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "KST-9")
    time.tzset()
    # They are ignored in a background job, and would be in the command that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, hang_up)
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def kakao(kakao, monkeypatch):
    """The local Kakao. The environment leads the command to it."""
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAKAO_REST_API_KEY", kakao.app_key)
    return kakao


@pytest.fixture
def token_file(tmp_path, monkeypatch):
    """The token file of the command. It does not exist yet."""
    path = tmp_path / "config" / "token.json"
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", str(path))
    return path


@pytest.fixture
def login(token_file, token, kakao):
    """A new login, in the token file."""
    login = Token({**token, "app_key": kakao.app_key, "user_id": 123456789})
    FileTokenStore(token_file).save(login)
    return login


def stored(path):
    """:returns: the content of a token file."""
    return json.loads(path.read_text(encoding="utf-8"))


def store(path, **fields):
    """Write a token file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(fields), encoding="utf-8")


@pytest.fixture
def run():
    """Runs the command in this process, with the test's clock and without a terminal."""

    def run(*arguments, stdin=None, **variables):
        result = CliRunner().invoke(app, arguments, stdin, variables, prog_name="kakao-session")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def failed(result):
    """:returns: the stderr of a command that could not do what it was asked to do."""
    assert result.exit_code == 1
    return result.stderr


def raising(error):
    """:returns: a function that takes anything and raises *error*."""

    def call(*_, **__):
        raise error

    return call


def wait_for_token_request(kakao):
    """Wait until Kakao has got a token request. It may not have answered yet."""
    while not kakao.token_requests:
        time.sleep(0.01)


class Running:
    """The command in a process of its own, with pipes."""

    def __init__(self, process):
        self.process = process
        self.seen = ""

    def url(self):
        """:returns: the address to log in at."""
        return self.line("https://kauth.kakao.com/oauth/authorize?")

    def line(self, beginning):
        """:returns: the next line that starts with *beginning*."""
        for line in self.process.stdout:
            self.seen += line
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError(f"{beginning!r} is not in {self.seen!r} {self.errors()!r}")

    def paste(self, text):
        """Write a line to its stdin."""
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def end(self):
        """Read stdout to the end, into ``seen``. :returns: the exit status."""
        self.seen += self.process.stdout.read()
        return self.process.wait()

    def errors(self):
        """:returns: the rest of stderr."""
        return self.process.stderr.read()


@contextmanager
def running(*arguments, program=COMMAND, **options):
    """Start the command. It is killed if it hangs."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    options = {**pipes, "encoding": "utf-8", "errors": "surrogateescape", **options}
    with subprocess.Popen([*program, *arguments], **options) as process:
        watchdog = threading.Timer(40, process.kill)
        watchdog.start()
        try:
            yield Running(process)
        finally:
            process.kill()
            watchdog.cancel()


@pytest.fixture
def port():
    """A port for the redirect URI."""
    return free_port()


def come_back(redirect):
    """Follow the redirect to this machine. :returns: the page that is shown there."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(redirect, timeout=20)
        answer.encoding = "utf-8"
        return answer.text
