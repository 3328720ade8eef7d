"""How commands reach the login: the options that they share, and what these open."""

from __future__ import annotations

import functools
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kakao_session.cli import screen
from kakao_session.cli.failure import Failure
from kakao_session.cli.language import say
from kakao_session.cli.wire import Wire
from kakao_session.errors import KakaoWarning, TokenStoreError
from kakao_session.session import KakaoSession
from kakao_session.stores.file import FileTokenStore
from kakao_session.token import Token, is_sendable
from kakao_session.token_endpoint import ClientCredentials

SECRET_VARIABLE = "KAKAO_CLIENT_SECRET"  # noqa: S105 - its name


class Access:
    """What ``--token-file``, ``--client-id`` and ``--verbose`` amount to.

    :param token_file: where the login lives, if it is not the usual place.
    :param client_id: the REST API key, if it is given.
    :param verbose: whether to print what goes over the wire.
    """

    def __init__(self, token_file: str | None, client_id: str | None, verbose: bool) -> None:
        self.token_file = token_file
        self.client_id = client_id
        self.verbose = verbose
        self.store = _store(token_file)

    @property
    def path(self) -> Path:
        """Where the login lives."""
        return self.store.path

    def app_key(self, token: Token) -> str | None:
        """:returns: the REST API key that renews *token*; ``None`` if nobody has said."""
        key = ClientCredentials(self.client_id, None).client_id(lambda: token)
        return str(key) if key else None

    def load(self) -> Token:
        """:returns: the login as it is stored.

        :raises Failure: there is none.
        :raises TokenStoreError: it can't be read.
        """
        token = self.store.load()
        if token is None:
            raise Failure(f"{say('no_login', path=self.path)} {say('log_in')}")
        return token

    @contextmanager
    def session(self, **settings: Any) -> Iterator[KakaoSession]:
        """A session on the login.

        :param settings: in addition to the store and the REST API key, or in their place.
        :raises Failure: the app's keys can't be sent anywhere.
        """
        settings = {"client_id": self.client_id, "token_store": self.store, **settings}
        with KakaoSession(**settings) as session:
            session.mount("https://", Wire(self.verbose))
            session.mount("http://", Wire(self.verbose))
            _check(session, settings.get("client_secret"))
            yield session


def with_access(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, and ``access`` for what they amount to."""

    @click.option(
        "--token-file",
        type=click.Path(dir_okay=False),
        callback=_named,
        help="Where the login is kept. Default: KAKAO_SESSION_TOKEN_FILE, else a file in your "
        "configuration folder.",
    )
    @click.option(
        "--client-id",
        metavar="KEY",
        help="The app's REST API key. Default: KAKAO_REST_API_KEY, else what the token file says.",
    )
    @click.option(
        "-v", "--verbose", is_flag=True, help="Show what goes over the wire, without secrets."
    )
    @functools.wraps(command)
    def wrapped(
        token_file: str | None, client_id: str | None, verbose: bool, **arguments: Any
    ) -> None:
        with _printing_the_librarys_log(verbose), _printing_warnings():
            command(access=Access(token_file, client_id, verbose), **arguments)

    return wrapped


def _named(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value == "":  # a shell's variable that is not set: not the usual login, which may be another
        raise click.BadParameter(say("empty"))
    return value


def _store(token_file: str | None) -> FileTokenStore:
    if "://" in (token_file or os.environ.get("KAKAO_SESSION_TOKEN_FILE", "")):
        raise Failure(say("not_a_file"))
    try:
        return FileTokenStore(token_file)
    except TokenStoreError as error:
        raise Failure(say("no_home")) from error


def _check(session: KakaoSession, secret: str | None) -> None:
    """Headers and forms take plain strings, and what stands in a file may be anything."""
    key = session.client_id
    if key is not None and not is_sendable(key):
        raise Failure(say("odd_key"))
    secret = ClientCredentials(None, secret).client_secret(lambda: session.token)
    if secret is not None and not is_sendable(secret):
        raise Failure(say("odd_secret"))


@contextmanager
def _printing_the_librarys_log(wanted: bool) -> Iterator[None]:
    log, handler = logging.getLogger("kakao_session"), _Notes()
    level = log.level
    if wanted:
        log.setLevel(logging.INFO)
        log.addHandler(handler)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


@contextmanager
def _printing_warnings() -> Iterator[None]:
    """Print a login at risk as a sentence, not as Python prints a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", KakaoWarning)
        otherwise = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if issubclass(category, KakaoWarning):
                screen.warn(say("at_risk", message=message))
            else:
                otherwise(message, category, *place)

        setattr(warnings, "showwarning", show)  # noqa: B010 - what catch_warnings puts back
        yield


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        screen.note(f"* {record.getMessage()}")
