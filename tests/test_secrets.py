"""No token, secret or code, nor 12 characters of one, in anything that anybody gets to see."""

import hashlib
import io
import logging
import re
import threading
import traceback
import warnings
from pathlib import Path
from types import TracebackType

import pytest
import requests
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from kakao_session import TemporaryError
from kakao_session.redaction import fingerprint
from tests.secret_scenarios import SCENARIOS, Drive
from tests.stores.servers import redis_server as started_redis_server

PIECE = 12
ALPHABET = r"[A-Za-z0-9_.~-]{12,}"  # of whatever is secret
ROOT = Path(__file__).parents[1]


def leaked(secrets, text):
    """:returns: the pieces of secrets that stand in a text."""
    wanted = set().union(*map(pieces, secrets))
    assert all(re.fullmatch(ALPHABET, piece) for piece in wanted)
    runs = set(re.findall(ALPHABET, text))
    return wanted & set().union(*map(pieces, runs))


def pieces(text):
    return {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}


class WithoutColours(Traceback):
    """To colour the lines of the source takes rich ten times as long as all else."""

    @classmethod
    def _guess_lexer(cls, filename, code):
        return "text"


def with_locals(error):
    """An error's traceback as rich shows it with every local variable, whole."""
    console = Console(file=io.StringIO(), width=1000)
    console.print(
        WithoutColours.from_exception(
            type(error),
            error,
            error.__traceback__,
            width=1000,
            show_locals=True,
            locals_max_length=None,
            locals_max_string=None,
            max_frames=1000,
        )
    )
    out = str(console.file.getvalue())
    assert "locals" in out
    return out


def without_callers(traceback):
    """A traceback without the frames of those who call us: what they hold is theirs."""
    kept = []
    while traceback is not None:
        if not traceback.tb_frame.f_globals["__name__"].startswith("tests."):
            kept.append(traceback)
        traceback = traceback.tb_next
    rebuilt = None
    for each in reversed(kept):
        rebuilt = TracebackType(rebuilt, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rebuilt


def shown(thing):
    if isinstance(thing, BaseException):
        for link in causes(thing):
            link.__traceback__ = without_callers(link.__traceback__)
    said = [repr(thing), str(thing), pretty_repr(thing)]
    if isinstance(thing, BaseException):
        said += traceback.format_exception(thing)
        said += traceback.TracebackException.from_exception(thing, capture_locals=True).format()
        said += [with_locals(thing), *map(repr, causes(thing))]
    return said


def causes(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.fixture(scope="module")
def redis_url():
    with started_redis_server() as server:
        yield server.url


@pytest.fixture
def drive(kakao, tmp_path, monkeypatch, redis_url):
    drive = Drive(kakao, tmp_path, monkeypatch, redis_url)
    yield drive
    drive.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_said(
    drive,
    name,
    caplog,
    capfd,
    monkeypatch,
):
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


def test_leak__is_found():
    """The search itself: a whole secret, a piece of 12, and not one of 11."""
    assert leaked(["abcdefghijklmnop"], "x abcdefghijklmnop x")
    assert leaked(["abcdefghijklmnop"], "x efghijklmnop x") == {"efghijklmnop"}
    assert leaked(["abcdefghijklmnop"], "x fghijklmnop x") == set()


def test_fingerprint__of_any_text():
    assert fingerprint("") == hashlib.sha256(b"").hexdigest()[:8]
    assert fingerprint("한글") == hashlib.sha256("한글".encode()).hexdigest()[:8]
    assert fingerprint("\ud800") == hashlib.sha256(b"\xed\xa0\x80").hexdigest()[:8]


def test_network_error__keeps_no_frame_that_held_the_form(kakao, new_session, token):
    kakao.fail_next("reset", times=None)
    with pytest.raises(TemporaryError) as caught:
        new_session(token=token).refresh_token()
    link = caught.value.__cause__
    assert link is not None
    while link is not None:
        assert link.__traceback__ is None
        link = link.__cause__ or link.__context__
