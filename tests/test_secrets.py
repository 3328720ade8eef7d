"""No token, secret or code, nor 12 characters of one, in anything that anybody gets to see."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from oauthlib.oauth2 import OAuth2Token
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from kakao_session import TemporaryError, Token
from kakao_session.redaction import (
    Secret,
    SecretBytes,
    fingerprint,
    hidden,
    without_frames,
    without_words,
)
from kakao_session.stores.text import to_text
from kakao_session.token_endpoint import Form
from tests.leaks import SCENARIOS, Drive
from tests.stores.servers import redis_server as started_redis_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kakao_session.emulator import KakaoEmulator
    from tests.conftest import NewSession

PIECE = 12
ALPHABET = r"[A-Za-z0-9_.~-]{12,}"  # of whatever is secret
ROOT = Path(__file__).parents[1]


def leaked(secrets: Iterable[str], text: str) -> set[str]:
    """:returns: the pieces of secrets that stand in a text."""
    wanted = set().union(*map(pieces, secrets))
    assert all(re.fullmatch(ALPHABET, piece) for piece in wanted)
    runs = set(re.findall(ALPHABET, text))
    return wanted & set().union(*map(pieces, runs))


def pieces(text: str) -> set[str]:
    return {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}


class WithoutColours(Traceback):
    """To colour the lines of the source takes rich ten times as long as all else."""

    @classmethod
    def _guess_lexer(cls, filename: str, code: str) -> str:
        return "text"


def with_locals(error: BaseException) -> str:
    """An error's traceback as rich shows it with every local variable, whole."""
    console = Console(file=io.StringIO(), width=1000)
    console.print(
        WithoutColours.from_exception(
            type(error),
            error,
            error.__traceback__,
            width=1000,
            show_locals=True,
            locals_max_length=None,  # type: ignore[arg-type]  # rich takes it for no limit
            locals_max_string=None,  # type: ignore[arg-type]  # likewise
            max_frames=1000,
        )
    )
    out = str(console.file.getvalue())  # type: ignore[attr-defined]  # it is a StringIO
    assert "locals" in out
    return out


def shown(thing: Any) -> list[str]:
    said = [repr(thing), str(thing), pretty_repr(thing)]
    if isinstance(thing, BaseException):
        said += traceback.format_exception(thing)
        said += traceback.TracebackException.from_exception(thing, capture_locals=True).format()
        said += [with_locals(thing), *map(repr, causes(thing))]
    return said


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with started_redis_server() as server:
        yield server.url


@pytest.fixture
def drive(
    kakao: KakaoEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> Iterator[Drive]:
    drive = Drive(kakao, tmp_path, monkeypatch, redis_url)
    yield drive
    drive.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_said(
    drive: Drive,
    name: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            SCENARIOS[name](drive)
        except (requests.RequestException, ValueError) as error:
            drive.said.append(error)
    said = [text for thing in drive.said for text in shown(thing)]
    said += [logging.Formatter().format(record) for record in caplog.records]
    said += [repr(record.__dict__) for record in caplog.records]
    said += [str(warning.message) for warning in warned]
    said += capfd.readouterr()
    assert len(said) > 3
    assert leaked(drive.secrets(), "\n".join(said)) == set()


# A test of somebody's own, in which everything fails and pytest shows all it can.
THEIR_TEST = """
import json
import pathlib

import pytest

from kakao_session.emulator import KakaoEmulator
from tests.leaks import SCENARIOS, Drive


@pytest.fixture(scope="module")
def local_kakao():
    with KakaoEmulator() as local_kakao:
        yield local_kakao


@pytest.mark.parametrize("name", SCENARIOS)
def test(name, local_kakao, tmp_path, monkeypatch):
    local_kakao.reset()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", local_kakao.ca_file)
    drive = Drive(local_kakao, tmp_path, monkeypatch, {redis_url!r})
    try:
        SCENARIOS[name](drive)
        pytest.fail("so that it is shown, too")
    finally:
        drive.close()
        with pathlib.Path({secrets!r}).open("a") as file:
            file.write(json.dumps(sorted(drive.secrets())) + chr(10))
"""


def test_nothing_is_said__by_pytest(tmp_path: Path, redis_url: str) -> None:
    secrets = tmp_path / "secrets"
    test = tmp_path / "test_theirs.py"
    test.write_text(THEIR_TEST.format(redis_url=redis_url, secrets=str(secrets)))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-vv", "--showlocals", "--tb=long", "-c", os.devnull),
            *("--rootdir", str(tmp_path), "--log-level=DEBUG", "-p", "no:cacheprovider"),
            *("-p", "no:hypothesispytest", str(test)),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{len(SCENARIOS)} failed" in done.stdout
    assert "Captured log call" in done.stdout
    known = {each for line in secrets.read_text().splitlines() for each in json.loads(line)}
    assert len(known) > len(SCENARIOS)
    assert leaked(known, done.stdout + done.stderr) == set()


def test_leak__is_found() -> None:
    """The search itself: a whole secret, a piece of 12, and not one of 11."""
    assert leaked(["abcdefghijklmnop"], "x abcdefghijklmnop x")
    assert leaked(["abcdefghijklmnop"], "x efghijklmnop x") == {"efghijklmnop"}
    assert leaked(["abcdefghijklmnop"], "x fghijklmnop x") == set()


def test_reprs__name_and_count_alone() -> None:
    assert repr(Secret("opaque")) == f"<secret {fingerprint('opaque')}>"
    assert repr(SecretBytes(b"opaque")) == "<6 secret bytes>"
    form = Form(grant_type="refresh_token", refresh_token="opaque-refresh")
    assert shown(form)[:2] == ["<Form: grant_type, refresh_token>"] * 2
    assert "opaque" not in pretty_repr(form)
    assert "refresh_token" in pretty_repr(form)


@pytest.mark.parametrize(
    "given",
    [
        "opaque-text",
        b"opaque-text",
        {"key": "opaque-text"},
        OAuth2Token({"key": "opaque-text"}),  # what a session of the parent holds
    ],
)
def test_hidden__is_equal_and_shows_nothing(given: Any) -> None:
    assert hidden(given) == given
    assert "opaque-text" in repr(given)
    assert "opaque-text" not in repr(hidden(given))
    assert hidden(None) is None


def test_fingerprint__of_any_text() -> None:
    assert fingerprint("") == hashlib.sha256(b"").hexdigest()[:8]
    assert fingerprint("한글") == hashlib.sha256("한글".encode()).hexdigest()[:8]
    assert fingerprint("\ud800") == hashlib.sha256(b"\xed\xa0\x80").hexdigest()[:8]


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    assert caught.value.__traceback__ is not None
    return caught.value


def test_without_frames__takes_them_off_all_that_led_to_it() -> None:
    cause, context, error = (raised(ValueError(name)) for name in ("cause", "context", "error"))
    first = raised(KeyError("first"))
    cause.__context__ = first
    error.__cause__, error.__context__ = cause, context
    context.__context__ = error  # a circle, as code that raises an old error makes it
    assert without_frames(error) is error
    assert [link.__traceback__ for link in (error, cause, context, first)] == [None] * 4


def test_without_words__takes_them_off_all_that_led_to_it() -> None:
    error, cause = ValueError("a quoted token"), UnicodeDecodeError("utf-8", b"token", 0, 1, "odd")
    error.__cause__ = cause
    without_words(error)
    assert [repr(link) for link in (error, cause)] == [
        "ValueError('...')",
        "UnicodeDecodeError('...')",
    ]


def test_text_of_a_token__hides_itself() -> None:
    text = to_text(Token(access_token="opaque"))
    assert "opaque" in text
    assert "opaque" not in repr(text) + repr(text.encode())


def test_secret__encoded_as_any_string() -> None:
    assert Secret("한글").encode() == "한글".encode()
    assert Secret("é").encode("latin-1") == b"\xe9"
    assert Secret("é").encode("ascii", "replace") == b"?"
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        Secret("\ud800").encode()


def test_network_error__keeps_no_frame_that_held_the_form(
    kakao: KakaoEmulator, new_session: NewSession, token: Token
) -> None:
    kakao.fail_next("reset", times=None)
    with pytest.raises(TemporaryError) as caught:
        new_session(token=token).refresh_token()
    link = caught.value.__cause__
    assert link is not None
    while link is not None:
        assert link.__traceback__ is None
        link = link.__cause__ or link.__context__
