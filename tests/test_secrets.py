"""No token, secret or code in a log at any level, in a repr, in an exception or on stdout."""

from __future__ import annotations

import hashlib
import io
import logging
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from kakao_session import FileTokenStore, KakaoError, TemporaryError, Token, raise_for_kakao
from kakao_session.kauth import Form
from kakao_session.secret import Secret, SecretBytes, fingerprint, without_frames, without_words
from kakao_session.stores.text import to_text
from tests.conftest import Clock
from tests.test_login import REDIRECT_URI, agree

if TYPE_CHECKING:
    from kakao_session.emulator import KakaoEmulator
    from tests.conftest import NewSession

SECRET = "the-client-secret-of-the-app"


def with_locals(error: BaseException) -> str:
    """An error's traceback as rich shows it with every local variable, but without the test's."""
    trace = error.__traceback__
    while trace and Path(trace.tb_frame.f_code.co_filename) == Path(__file__):
        trace = trace.tb_next
    console = Console(file=io.StringIO(), width=1000)
    console.print(
        Traceback.from_exception(
            type(error),
            error,
            trace,
            width=1000,
            show_locals=True,
            locals_max_string=None,  # type: ignore[arg-type]  # rich takes it for no limit
            max_frames=1000,
        )
    )
    out = str(console.file.getvalue())  # type: ignore[attr-defined]  # it is a StringIO
    assert "locals" in out
    return out


def shown(thing: Any) -> list[str]:
    return [repr(thing), str(thing), pretty_repr(thing)]


def test_nothing_is_said(
    kakao: KakaoEmulator,
    new_session: NewSession,
    clock: Clock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    kakao.client_secret = SECRET
    kakao.refresh_token_renewal = "always"
    said: list[str] = []
    secrets = {SECRET}

    def failing(*_: Any) -> None:
        raise RuntimeError("the saver failed")

    def drive(call: Any) -> None:
        secrets.update(secrets_of(session.token))
        try:
            answer = call()
        except (KakaoError, ValueError) as error:
            said.extend(shown(error))
            said.extend(traceback.format_exception(error))
            said.append(with_locals(error))
        else:
            said.extend(shown(answer))
        secrets.update(secrets_of(session.token))

    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        session = new_session(
            client_secret=SECRET,
            token_store=tmp_path / "token.json",
            redirect_uri=REDIRECT_URI,
            pkce="S256",
        )
        url, _ = session.authorization_url()
        redirect = agree(url)
        secrets.add(dict(parse_qsl(urlsplit(redirect).query))["code"])
        drive(lambda: session.fetch_token(authorization_response=redirect))
        secrets.add(str(session._code_verifier))
        drive(lambda: session.fetch_token(authorization_response=redirect))
        drive(lambda: session.get("/v2/user/me"))
        drive(lambda: session.refresh_token())
        kakao.revoke_access_tokens()
        drive(lambda: session.get("/v2/user/me"))
        for failure in (503, "reset", "html", "garbage", "truncated"):
            kakao.fail_next(failure, times=2)
            drive(lambda: session.refresh_token())
        for code in ("KOE010", "KOE101", "KOE237", "KOE320"):
            kakao.fail_next(error_code=code)
            drive(lambda: session.refresh_token())
        kakao.fail_next(403, path="/v2/user/me", json={"code": -401, "msg": session.access_token})
        drive(lambda: raise_for_kakao(session.get("/v2/user/me")))
        session.token_updater = failing
        drive(lambda: session.refresh_token())
        drive(lambda: session.get("/v2/user/me"))
        session.token_updater = None
        drive(lambda: session.get("/v2/user/me"))
        clock.advance(seconds=21_599 - 300)
        kakao.fail_next(503, times=2)
        drive(lambda: session.get("/v2/user/me"))
        content = (tmp_path / "token.json").read_bytes()
        (tmp_path / "token.json").write_bytes(content[:-40])
        clock.advance(hours=7)
        drive(lambda: session.get("/v2/user/me"))
        (tmp_path / "token.json").write_bytes(content)
        kakao.unlink()
        drive(lambda: session.get("/v2/user/me"))
        for thing in (session, session.auth, session.token, tmp_path):
            said.extend(shown(thing))
        said.extend(shown(FileTokenStore(tmp_path / "token.json").load()))

    out, err = capfd.readouterr()
    said += [record.getMessage() for record in caplog.records]
    said += [record.exc_text or "" for record in caplog.records]
    said += [str(warning.message) for warning in warned]
    everything = "\n".join([*said, out, err])
    assert len(secrets) > 5
    assert len(said) > 100
    leaked = {
        secret[start : start + 12]
        for secret in secrets
        for start in range(len(secret) - 11)
        if secret[start : start + 12] in everything
    }
    assert leaked == set()


def secrets_of(token: Token) -> set[str]:
    return {token[key] for key in ("access_token", "refresh_token") if key in token}


def test_reprs__name_and_count_alone() -> None:
    assert repr(Secret("opaque")) == f"<secret {fingerprint('opaque')}>"
    assert repr(SecretBytes(b"opaque")) == "<6 secret bytes>"
    form = Form(grant_type="refresh_token", refresh_token="opaque-refresh")
    assert shown(form)[:2] == ["<Form: grant_type, refresh_token>"] * 2
    assert "opaque" not in pretty_repr(form)
    assert "refresh_token" in pretty_repr(form)


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
    assert repr(error) == "ValueError('...')"
    assert repr(cause) == "UnicodeDecodeError('...')"


def test_text_of_a_token__hides_itself() -> None:
    text = to_text(Token(access_token="opaque"))
    assert "opaque" in text
    assert "opaque" not in repr(text) + repr(text.encode())


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
