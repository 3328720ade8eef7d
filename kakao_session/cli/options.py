"""The options that the commands share, and the login that they lead to."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kakao_session.cli import output
from kakao_session.cli.errors import Failure
from kakao_session.cli.i18n import _
from kakao_session.cli.trace import TracingAdapter, library_log
from kakao_session.errors import KakaoWarning, TokenStoreError
from kakao_session.session import KakaoSession
from kakao_session.stores.file import FileTokenStore
from kakao_session.token import Token, is_sendable
from kakao_session.token_endpoint import ClientCredentials

SECRET_VARIABLE = "KAKAO_CLIENT_SECRET"  # noqa: S105 - its name


class Options:
    """The shared options, as a command gets them.

    :param token_file: the token file; ``None`` for the default.
    :param client_id: the REST API key; ``None`` if it is not given.
    :param verbose: print what goes over the wire.
    """

    def __init__(self, token_file: str | None, client_id: str | None, verbose: bool) -> None:
        self.client_id = client_id
        self.verbose = verbose
        self.store = _store(token_file)

    @property
    def path(self) -> Path:
        """The token file."""
        return self.store.path

    def app_key(self, token: Token) -> str | None:
        """:returns: the REST API key that refreshes *token*; ``None`` if it is missing."""
        key = ClientCredentials(self.client_id, None).client_id(lambda: token)
        return str(key) if key else None

    def load(self) -> Token:
        """:returns: the token in the file.

        :raises Failure: there is no token file.
        :raises TokenStoreError: it can't be read.
        """
        token = self.store.load()
        if token is None:
            raise Failure(
                _(
                    "No one is logged in: {path} does not exist. Run: kakao-session login",
                    path=self.path,
                )
            )
        return token

    @contextmanager
    def session(self, **settings: Any) -> Iterator[KakaoSession]:
        """Open a session with the login.

        :param settings: for the session, besides the store and the REST API key, or instead.
        :raises Failure: the REST API key or the client secret can't be sent.
        """
        settings = {"client_id": self.client_id, "token_store": self.store, **settings}
        with KakaoSession(**settings) as session:
            session.mount("https://", TracingAdapter(self.verbose))
            session.mount("http://", TracingAdapter(self.verbose))
            _check_credentials(session, settings.get("client_secret"))
            yield session


class _TokenFile(click.Path):
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if value == "":  # an unset variable of a shell; the default could be another login
            self.fail(_("The path is empty."), param, ctx)
        return super().convert(value, param, ctx)


def shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, as its argument ``options``."""

    @click.option(
        "--token-file",
        type=_TokenFile(dir_okay=False),
        help="The token file. Default: KAKAO_SESSION_TOKEN_FILE, or a file in your configuration "
        "folder.",
    )
    @click.option(
        "--client-id",
        metavar="KEY",
        help="The app's REST API key. Default: KAKAO_REST_API_KEY, or the one in the token file.",
    )
    @click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Print each request and response to stderr, without secrets.",
    )
    @functools.wraps(command)
    def wrapped(
        token_file: str | None, client_id: str | None, verbose: bool, **arguments: Any
    ) -> None:
        with library_log(verbose), _printed_warnings():
            command(options=Options(token_file, client_id, verbose), **arguments)

    return wrapped


def _store(token_file: str | None) -> FileTokenStore:
    if "://" in (token_file or os.environ.get("KAKAO_SESSION_TOKEN_FILE", "")):
        raise Failure(
            _("--token-file and KAKAO_SESSION_TOKEN_FILE take the path of a file, not a URL.")
        )
    try:
        return FileTokenStore(token_file)
    except TokenStoreError as error:
        raise Failure(
            _(
                "Could not find the home folder or the current folder. Pass the full path of the "
                "token file, with --token-file or KAKAO_SESSION_TOKEN_FILE."
            )
        ) from error


def _check_credentials(session: KakaoSession, secret: str | None) -> None:
    """:raises Failure: they would break a header or a form. They may come from a file."""
    key = session.client_id
    if key is not None and not is_sendable(key):
        raise Failure(
            _(
                "The REST API key has characters that no key has. Check --client-id, "
                "KAKAO_REST_API_KEY and app_key in the token file."
            )
        )
    secret = ClientCredentials(None, secret).client_secret(lambda: session.token)
    if secret is not None and not is_sendable(secret):
        raise Failure(
            _(
                "The client secret has characters that no secret has. Check KAKAO_CLIENT_SECRET "
                "and client_secret in the token file."
            )
        )


@contextmanager
def _printed_warnings() -> Iterator[None]:
    """Print the library's warnings as sentences, without file and line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", KakaoWarning)
        show_other = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if issubclass(category, KakaoWarning):
                output.warn(_("Warning: {message}", message=message))
            else:
                show_other(message, category, *place)

        setattr(warnings, "showwarning", show)  # noqa: B010 - what catch_warnings puts back
        yield
