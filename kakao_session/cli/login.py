"""``kakao-session login``: from a REST API key to a token file."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import click
from requests import RequestException

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.app_keys import AppKeys, ask_for_app_keys
from kakao_session.cli.browser import is_there_a_browser, open_browser
from kakao_session.cli.explain import explain
from kakao_session.cli.failure import Failure
from kakao_session.cli.interrupts import INTERRUPTED, uninterrupted, unwinding
from kakao_session.cli.language import say
from kakao_session.cli.paste import pasted_lines
from kakao_session.cli.redirect_uri import checked, redirect_uri
from kakao_session.cli.standing import access_token_end, refresh_token_end
from kakao_session.cli.waiting import Inbox, wait_for_code
from kakao_session.errors import LoginRequiredError, TokenEndpointError
from kakao_session.login.flow import AppTokenStore, Login, note_user
from kakao_session.login.loopback import LoopbackListener, is_loopback
from kakao_session.login.page import Page
from kakao_session.session import KakaoSession
from kakao_session.token import Token


@click.command(
    epilog="""\b
Examples:
  kakao-session login --scope talk_message
  kakao-session login --no-browser --token-file bot.json
  kakao-session login --redirect-uri https://example.com/oauth
"""
)
@click.option("--no-browser", is_flag=True, help="Open no browser: open the address yourself.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Listen there: the redirect URI is http://localhost:PORT/callback. Default: 8765.",
)
@click.option(
    "--redirect-uri",
    "uri",
    callback=checked,
    metavar="URI",
    help="The redirect URI, as it is registered. One that is not plain http on this machine is "
    "not listened at: paste the address at which the browser ends.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="What to ask the user for, such as talk_message. May be given more than once.",
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 86_400),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the browser.",
)
@click.option("--store-secret", is_flag=True, help="Keep the client secret in the token file, too.")
@with_access
def login(
    access: Access,
    *,
    no_browser: bool,
    port: int | None,
    uri: str | None,
    scopes: tuple[str, ...],
    timeout: int,
    store_secret: bool,
) -> None:
    """Log in at Kakao and keep the login in a file.

    A browser opens; when you have agreed it comes back to this machine. While it is waited for,
    the address at which it ended, or the code in it, can be pasted, too: so the browser may be on
    another machine.

    The client secret comes from KAKAO_CLIENT_SECRET, or is asked for. It is stored only with
    --store-secret.
    """
    uri = redirect_uri(uri, port)
    screen.tell(say("register", uri=uri))
    screen.tell()
    keys = ask_for_app_keys(access.client_id, _stored(access))
    keeps_secret = store_secret or keys.secret_is_stored
    store = AppTokenStore(access.store, keys.key, keys.secret if keeps_secret else None)
    with access.session(
        client_id=keys.key,
        client_secret=keys.secret,
        token_store=store,
        redirect_uri=uri,
        scope=" ".join(scopes).replace(",", " ").split() or None,
        pkce="S256",
    ) as session:
        _log_in(Login(session), uri, timeout, no_browser=no_browser)
        _tell_who(session, store)
        _tell_next(access, session.token, keys, keeps_secret=keeps_secret)


def _stored(access: Access) -> Token:
    """:returns: the login of before; empty if there is none.

    :raises TokenStoreError: a new one could not be stored, which is better known before.
    """
    with access.store.lock():
        return access.store.load() or Token()


def _log_in(login: Login, uri: str, timeout: int, *, no_browser: bool) -> None:
    inbox = Inbox()
    with (
        unwinding(),
        _listener(login, uri, inbox) as listener,
        pasted_lines(inbox.put_pasted) as can_paste,
    ):
        if listener is None and not can_paste:
            raise Failure(say("nothing_to_paste", uri=uri))
        _tell_where(login.url, uri, can_paste=can_paste, listening=listener is not None)
        if not no_browser and is_there_a_browser():
            screen.tell(say("browser_opens"))
            open_browser(login.url, inbox.put_no_browser)
        with _shown_by(listener) as show:
            code = _wait(login, inbox, timeout, uri if listener else None)
            with uninterrupted():
                login.finish(code)
                show(Page.DONE)


def _wait(login: Login, inbox: Inbox, timeout: int, listening_at: str | None) -> str:
    try:
        return wait_for_code(login, inbox, timeout, listening_at)
    except KeyboardInterrupt:
        screen.warn(say("given_up"))
        raise click.exceptions.Exit(INTERRUPTED) from None


@contextmanager
def _listener(login: Login, uri: str, inbox: Inbox) -> Iterator[LoopbackListener | None]:
    if not is_loopback(uri):
        yield None
        return
    try:
        listener = LoopbackListener(uri, login.is_answer, inbox.put_redirect)
    except OSError as error:
        trouble = "port_busy" if error.errno == errno.EADDRINUSE else "port_refused"
        port = urlsplit(uri).port or 80
        raise Failure(say(trouble, port=port, reason=error.strerror)) from error
    with listener:
        yield listener


@contextmanager
def _shown_by(listener: LoopbackListener | None) -> Iterator[Callable[..., None]]:
    """Let the browser, too, say how it has ended."""
    show: Callable[..., None] = listener.show if listener else lambda *_: None
    try:
        yield show
    except LoginRequiredError as error:
        if error.error != "access_denied":
            show(Page.FAILED, error.error_code or error.error or "")
            raise
        show(Page.DENIED)
        raise Failure(say("denied")) from error
    except TokenEndpointError as error:
        show(Page.FAILED, error.error_code or "")
        raise


def _tell_where(url: str, uri: str, *, can_paste: bool, listening: bool) -> None:
    screen.tell(say("open_this"))
    screen.tell()
    screen.tell_whole(url)
    screen.tell()
    if can_paste:
        screen.tell(say("paste_if_elsewhere") if listening else say("paste", uri=uri))


def _tell_who(session: KakaoSession, store: AppTokenStore) -> None:
    try:
        user = session.token_info().get("id")
        if isinstance(user, int):
            note_user(store, session.token, user)
    except RequestException as error:
        screen.tell(say("logged_in"), "bold green")
        screen.warn(say("user_unknown", why=explain(error)))
    else:
        screen.tell(say("logged_in_as", user=user), "bold green")


def _tell_next(access: Access, token: Token, keys: AppKeys, *, keeps_secret: bool) -> None:
    for label, value in (
        ("label_scopes", ", ".join(sorted(token.scopes)) or say("not_known")),
        ("label_access", access_token_end(token)),
        ("label_refresh", refresh_token_end(token)),
        ("label_store", str(access.path)),
    ):
        screen.tell_pair(say(label), value)
    screen.tell()
    screen.tell_whole(say("next_code", argument=f"token_store={str(access.path)!r}"))
    if keys.secret and not keeps_secret:
        screen.tell(say("next_secret"))
