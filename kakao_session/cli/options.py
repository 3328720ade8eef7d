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

from kakao_session.auth import could_be_app_key
from kakao_session.cli import output
from kakao_session.cli.client_secret import ask_for_secret, is_secret_missing
from kakao_session.cli.errors import Failure, command_for_login, explain_warning
from kakao_session.cli.i18n import _
from kakao_session.cli.token_file import PATH_VARIABLE, TokenFile
from kakao_session.cli.trace import TracingAdapter, library_log
from kakao_session.errors import ConfigurationError, KakaoWarning
from kakao_session.session import KakaoSession
from kakao_session.token import LEEWAY, Token, is_sendable
from kakao_session.token_endpoint import ClientCredentials


class Options:
    """The shared options, as a command gets them.

    :param token_file: the token file; ``None`` for the default.
    :param client_id: the REST API key; ``None`` if it is not given.
    :param verbose: print what goes over the wire.
    """

    def __init__(self, token_file: str | None, client_id: str | None, verbose: bool) -> None:
        self.client_id = client_id
        self.client_secret: str | None = None
        """What the user typed. Empty if they were asked and there is none."""
        self.verbose = verbose
        self.store = TokenFile(token_file)

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
                    "No one is logged in: {path} does not exist. Run: {command}",
                    path=self.path,
                    command=command_for_login("login"),
                )
            )
        return token

    def ask_for_missing_secret(self, token: Token, *, refreshes: bool = False) -> None:
        """At a terminal, ask for the client secret if it is missing and will be needed.

        :param token: the token in the file.
        :param refreshes: the command refreshes it even if it has not expired.
        """
        if (refreshes or token.is_expired(LEEWAY)) and is_secret_missing(token):
            self._ask_for_secret()

    def can_ask_for_secret(self, error: Exception) -> bool:
        """Whether Kakao missed the client secret, and the user can be asked for it."""
        is_refused = isinstance(error, ConfigurationError) and error.error_code == "KOE010"
        return is_refused and self.client_secret is None and output.is_interactive()

    def retry_with_secret(self, command: Callable[[], None]) -> None:
        """Run a command. If the client secret is missing, ask for it and run the command again."""
        try:
            command()
        except ConfigurationError as error:
            if not self.can_ask_for_secret(error):
                raise
            self._ask_for_secret()
            command()

    def _ask_for_secret(self) -> None:
        if self.client_secret is None and output.is_interactive():
            self.client_secret = ask_for_secret(_("Client secret (hidden)")) or ""

    @contextmanager
    def session(self, **settings: Any) -> Iterator[KakaoSession]:
        """Open a session with the login.

        :param settings: for the session, besides the store and the app's keys, or instead.
        :raises Failure: the REST API key or the client secret can't be sent.
        """
        own = {"client_id": self.client_id, "client_secret": self.client_secret}
        settings = {**own, "token_store": self.store, **settings}
        if why := _why_not_key(settings["client_id"]):
            raise Failure(why)
        with KakaoSession(**settings) as session:
            session.mount("https://", TracingAdapter(self.verbose))
            session.mount("http://", TracingAdapter(self.verbose))
            secret = settings.get("client_secret")
            if why := why_unsendable(session.client_id, secret, lambda: session.token):
                raise Failure(why)
            yield session

    @contextmanager
    def active_session(self) -> Iterator[KakaoSession]:
        """Open a session with a token that a call can use.

        :raises Failure: there is no token file.
        :raises KakaoError: there is no token that works.
        """
        self.ask_for_missing_secret(self.load())
        with self.session() as session:
            session.ensure_active_token()
            yield session


class _TokenFile(click.Path):
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if value == "":  # an unset variable of a shell; the default could be another login
            self.fail(_("The path is empty."), param, ctx)
        return super().convert(value, param, ctx)


class TextType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """Text. A shell may pass bytes that are not UTF-8, from an old console or file."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """:returns: the text."""
        if not is_text(value):
            self.fail(_("It is not UTF-8 text."), param, ctx)
        return value


class _AppKey(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    name = "key"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value == "":  # an unset variable of a shell
            self.fail(_("The key is empty."), param, ctx)
        return value


def shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, as its argument ``options``."""

    @click.option(
        "--token-file",
        type=_TokenFile(dir_okay=False, readable=False),
        help="The token file. Default: KAKAO_SESSION_TOKEN_FILE, or a file in your configuration "
        "folder.",
    )
    @click.option(
        "--client-id",
        type=_AppKey(),
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
        # For hints. In a shell, the variable of a cron job is not set.
        chosen = token_file or os.environ.get(PATH_VARIABLE) or None
        click.get_current_context().meta["--token-file"] = chosen
        with library_log(verbose), _printed_warnings():
            options = Options(token_file, client_id, verbose)
            options.retry_with_secret(lambda: command(options=options, **arguments))

    return wrapped


def is_text(value: str) -> bool:
    """Whether there are no bytes in it that are not UTF-8, as a shell can pass them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def why_unsendable(key: str | None, secret: str | None, look_up: Callable[[], Token]) -> str | None:
    """:returns: why the REST API key or the client secret would break a header or a form: they may
    come from a file. ``None`` if they can be sent.

    :param secret: what the user typed; ``None`` to look for it, at last in the token.
    """
    if why := _why_not_key(key):
        return why
    secret = ClientCredentials(None, secret).client_secret(look_up)
    if secret is not None and not is_sendable(secret):
        return _(
            "The client secret has characters that no secret has. Check KAKAO_CLIENT_SECRET "
            "and client_secret in the token file."
        )
    return None


def _why_not_key(key: str | None) -> str | None:
    if key is None or (is_sendable(key) and could_be_app_key(key)):
        return None
    return _(
        "The REST API key has characters that no key has. Check --client-id, KAKAO_REST_API_KEY "
        "and app_key in the token file."
    )


@contextmanager
def _printed_warnings() -> Iterator[None]:
    """Print each of the library's warnings once, as a sentence without file and line."""
    printed = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always", KakaoWarning)
        show_other = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if issubclass(category, KakaoWarning):
                text = explain_warning(str(message))
                if text not in printed:
                    printed.add(text)
                    output.warn(_("Warning: {message}", message=text))
            else:
                show_other(message, category, *place)

        setattr(warnings, "showwarning", show)  # noqa: B010 - what catch_warnings puts back
        yield
