"""What the command's tests stand on: a local Kakao behind its real names, a clean environment, a
token file, and ways to run the command."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from kakao_session import FileTokenStore, Token
from kakao_session.cli.app import app
from kakao_session.emulator import KakaoEmulator
from tests.free_port import free_port

COMMAND = (sys.executable, "-m", "kakao_session")

_OF_THE_TERMINAL = (
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
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in _OF_THE_TERMINAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "KST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def kakao(kakao: KakaoEmulator, monkeypatch: pytest.MonkeyPatch) -> KakaoEmulator:
    """The local Kakao, to which the environment leads, with the app's key."""
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAKAO_REST_API_KEY", kakao.app_key)
    return kakao


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command keeps the login; nothing is there yet."""
    path = tmp_path / "config" / "token.json"
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", str(path))
    return path


@pytest.fixture
def login(token_file: Path, token: Token, kakao: KakaoEmulator) -> Token:
    """A login that is a moment old, in the token file."""
    login = Token({**token, "app_key": kakao.app_key, "user_id": 123456789})
    FileTokenStore(token_file).save(login)
    return login


def stored(path: Path) -> dict[str, Any]:
    """:returns: what is in a token file."""
    fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return fields


def store(path: Path, **fields: Any) -> None:
    """Leave a token file of one's own making."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(fields), encoding="utf-8")


Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs the command in this process: on this clock, on no terminal."""

    def run(*arguments: str, stdin: str | None = None, **variables: str) -> Result:
        result = CliRunner().invoke(app, arguments, stdin, variables, prog_name="kakao-session")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


class Running:
    """The command in a process of its own, its streams being pipes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen = ""

    def url(self) -> str:
        """:returns: where the command sends the browser."""
        return self.line("https://kauth.kakao.com/oauth/authorize?")

    def line(self, beginning: str) -> str:
        """:returns: the next line that begins so."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.seen += line
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError(f"{beginning!r} is not in {self.seen!r} {self.errors()!r}")

    def paste(self, text: str) -> None:
        """Write a line to its stdin."""
        assert self.process.stdin
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """:returns: its exit status, everything that it printed being in ``seen``."""
        assert self.process.stdout
        self.seen += self.process.stdout.read()
        return self.process.wait()

    def errors(self) -> str:
        """:returns: what it printed on stderr, when it has ended."""
        assert self.process.stderr
        return self.process.stderr.read()


@contextmanager
def running(*arguments: str, program: Sequence[str] = COMMAND, **options: Any) -> Iterator[Running]:
    """Start the command. A test that hangs is ended."""
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
def port() -> int:
    """A port for the loopback page."""
    return free_port()


def agree(url: str) -> str:
    """Open Kakao's page. :returns: where Kakao sends the browser."""
    with requests.get(url, allow_redirects=False, timeout=20) as answer:
        return answer.headers["Location"]


def come_back(redirect: str) -> str:
    """Follow the redirect to this machine. :returns: the page that is shown there."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(redirect, timeout=20)
        answer.encoding = "utf-8"
        return answer.text
