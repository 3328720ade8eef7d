"""``kakao-session login``: from a REST API key to a token file."""

from __future__ import annotations

import os
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import click
from requests import RequestException

from kakao_session.cli import output
from kakao_session.cli.authorization import authorize
from kakao_session.cli.client_secret import (
    SECRET_VARIABLE,
    ask_for_secret,
    ask_to_save_secret,
)
from kakao_session.cli.errors import NO_KEY, Failure, explain
from kakao_session.cli.expiry import access_token_expiry, refresh_token_expiry
from kakao_session.cli.i18n import _
from kakao_session.cli.options import Options, TextType, shared_options
from kakao_session.cli.token_file import KEY_VARIABLE
from kakao_session.login.flow import REDIRECT_URI, AppTokenStore, Login, note_user
from kakao_session.session import KakaoSession
from kakao_session.token import Token
from kakao_session.token_endpoint import ClientCredentials


class AppKeys(NamedTuple):
    """The keys of the app to log in to.

    :param saves_secret: whether the token file keeps the secret.
    """

    client_id: str
    secret: str | None
    saves_secret: bool


class RedirectURI(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A redirect URI that can be registered. It is kept as it is written: Kakao compares it so."""

    name = "uri"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """:returns: the URI."""
        try:
            fits = _fits(value, urlsplit(value))
        except ValueError:
            fits = False
        if not fits:
            self.fail(
                _(
                    "A redirect URI is http:// or https:// and a host, with a port and a path if "
                    "you like, and nothing else."
                ),
                param,
                ctx,
            )
        return str(value)


@click.command(
    epilog="""\b
Examples:
  kakao-session login --scope talk_message
  kakao-session login --no-browser --token-file bot.json
  kakao-session login --redirect-uri https://example.com/oauth
"""
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Listen on this port: the redirect URI is http://localhost:PORT/callback. Default: 8765.",
)
@click.option(
    "--redirect-uri",
    "uri",
    type=RedirectURI(),
    metavar="URI",
    help="The redirect URI, exactly as registered. If it is not http://localhost, paste the "
    "address that your browser ends on.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=TextType(),
    metavar="SCOPE",
    help="A consent item to ask the user for, such as talk_message. Can be repeated.",
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 86_400),
    default=300,
    metavar="SECONDS",
    help="How long to wait for the browser. Default: 300.",
)
@click.option(
    "--store-secret/--no-store-secret",
    default=None,
    help="Save the client secret in the token file, or don't. Default: save it if you typed it and "
    "agree.",
)
@shared_options
def login(
    options: Options,
    *,
    no_browser: bool,
    port: int | None,
    uri: str | None,
    scopes: tuple[str, ...],
    timeout: int,
    store_secret: bool | None,
) -> None:
    """Log in at Kakao and save the token in a file.

    This opens your browser. When you have agreed, the browser comes back to this machine. If the
    browser is on another machine, paste the address that it ends on, or only the code in it.

    The client secret is read from KAKAO_CLIENT_SECRET, or you are asked for it. If you type it, you
    can save it in the token file. One from the environment is saved only with --store-secret.
    """
    uri = _redirect_uri(uri, port)
    _say_what_to_register(uri)
    keys = _app_keys(options.client_id, _stored(options), store_secret)
    options.client_secret = keys.secret or ""
    store = AppTokenStore(
        options.store,
        keys.client_id,
        keys.secret if keys.saves_secret else None,
        secret_is_required=keys.secret is not None,
    )
    with options.session(
        client_id=keys.client_id,
        token_store=store,
        redirect_uri=uri,
        scope=" ".join(scopes).replace(",", " ").split() or None,
        pkce="S256",
    ) as session:
        authorize(Login(session), uri, timeout, use_browser=not no_browser)
        _say_who(session, store)
        _say_what_is_saved(options, session.token)
    if keys.secret and not keys.saves_secret and store_secret is None:
        output.say(
            _(
                "The client secret was not saved. Set KAKAO_CLIENT_SECRET for your program, or log "
                "in with --store-secret to save it in the token file."
            )
        )


def _redirect_uri(given: str | None, port: int | None) -> str:
    """:raises UsageError: both are given."""
    if given and port:
        raise click.UsageError(_("Use either --port or --redirect-uri, not both."))
    default = urlsplit(REDIRECT_URI)
    return given or default._replace(netloc=f"{default.hostname}:{port or default.port}").geturl()


def _fits(value: str, parts: SplitResult) -> bool:
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and parts.port != 0
        and not set(value) & set("?#@\\")
        and value.isprintable()
        and " " not in value
    )


def _say_what_to_register(uri: str) -> None:
    output.say(
        _(
            "This redirect URI must be registered in the Kakao console, exactly as it is here:\n"
            "    {uri}\n"
            "    (App > Platform key > REST API key > Redirect URI)\n",
            uri=uri,
        )
    )


def _stored(options: Options) -> Token:
    """:returns: the login so far; empty if there is none.

    :raises TokenStoreError: a new token could not be saved. It is better to know that now.
    """
    with options.store.lock():
        return options.store.load() or Token()


def _app_keys(client_id: str | None, stored: Token, store_secret: bool | None) -> AppKeys:
    """:raises Failure: there is no REST API key, and no terminal to ask for it."""
    client_id = ClientCredentials(client_id, None).client_id(lambda: stored) or _ask_client_id()
    known = stored.get("client_secret") if stored.get("app_key", client_id) == client_id else None
    given = os.environ.get(SECRET_VARIABLE)
    secret = given or _ask_secret(bool(known)) or known
    saves_secret = secret is not None and secret == known if store_secret is None else store_secret
    if secret and not given and not saves_secret and store_secret is None:
        saves_secret = ask_to_save_secret()
    return AppKeys(client_id, secret, saves_secret)


def _ask_client_id() -> str:
    if not output.is_interactive():
        raise Failure(_(NO_KEY))
    return str(click.prompt(_("REST API key (console: App > Platform key)"))).strip()


def _ask_secret(is_stored: bool) -> str | None:
    if not output.is_interactive():
        return None
    question = (
        _("Client secret (hidden; press Enter to use the saved one)")
        if is_stored
        else _("Client secret (hidden; press Enter if the key has none)")
    )
    return ask_for_secret(question)


def _say_who(session: KakaoSession, store: AppTokenStore) -> None:
    try:
        user = session.token_info().get("id")
        if isinstance(user, int):
            note_user(store, session.token, user)
    except RequestException as error:
        output.say(_("Logged in."), "green", bold=True)
        output.warn(_("Could not find out the user's ID. {why}", why=explain(error)))
    else:
        output.say(_("Logged in as user {user}.", user=user), "green", bold=True)


def _say_what_is_saved(options: Options, token: Token) -> None:
    output.say_pair(_("scopes"), ", ".join(sorted(token.scopes)) or _("unknown"))
    output.say_pair(_("access token"), access_token_expiry(token))
    output.say_pair(_("refresh token"), refresh_token_expiry(token))
    output.say_pair(_("token file"), str(options.path))
    argument = f"token_store={_store_in_python(options)}"
    output.say(_("\nUse it in your program:\n    KakaoSession({argument})", argument=argument))


def _store_in_python(options: Options) -> str:
    if not options.store.is_encrypted:
        return repr(str(options.path))
    return (
        f"EncryptedTokenStore(FileTokenStore({str(options.path)!r}), os.environ[{KEY_VARIABLE!r}])"
    )
