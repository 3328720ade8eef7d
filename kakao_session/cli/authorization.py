"""From the address at Kakao to the token: the browser opens it, the user agrees, a code comes back.

The code comes to the loopback port, or the user pastes it.
"""

from __future__ import annotations

import errno
import os
import queue
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit

import click

from kakao_session.cli import output
from kakao_session.cli.client_secret import SECRET_VARIABLE
from kakao_session.cli.errors import Failure, fixes
from kakao_session.cli.expiry import clock_time
from kakao_session.cli.i18n import _
from kakao_session.cli.paste import pasted_lines
from kakao_session.cli.signals import INTERRUPTED, defer_signals, raise_on_sigterm
from kakao_session.cli.token_file import KEY_VARIABLE
from kakao_session.errors import LoginRequiredError, TokenEndpointError
from kakao_session.login.flow import Login
from kakao_session.login.loopback import LoopbackListener, is_loopback
from kakao_session.login.page import Page
from kakao_session.token import now

_TEXT_BROWSERS = {"www-browser", "links", "elinks", "lynx", "w3m"}
_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.stdin.read()))"
_SECRETS = {SECRET_VARIABLE, KEY_VARIABLE}
"""Variables that a browser must not see."""
_TICK = 0.5
"""Seconds. On Windows, Ctrl-C is noticed between two waits only."""


class Event(Enum):
    """What can happen while the command waits."""

    REDIRECT = auto()
    PASTE = auto()
    END_OF_STDIN = auto()
    NO_BROWSER = auto()


Events = queue.SimpleQueue[tuple[Event, str]]


def authorize(login: Login, uri: str, timeout: int, *, use_browser: bool) -> None:
    """Let the user agree at Kakao, and save the token.

    :param uri: the redirect URI.
    :param timeout: seconds to wait for the user.
    :param use_browser: open a browser if there is one.
    :raises Failure: no code came back.
    :raises KakaoError: Kakao gave no code or no token, or it could not be saved.
    """
    events: Events = queue.SimpleQueue()
    with (
        raise_on_sigterm(),
        _listener(login, uri, events) as listener,
        pasted_lines(lambda line: events.put(_pasted(line))) as can_paste,
    ):
        if listener is None and not can_paste:
            raise _nothing_to_wait_for(uri)
        _show_address(login.url, uri, can_paste=can_paste, listening=listener is not None)
        if use_browser and has_browser():
            output.say(_("Opening it in your browser."))
            open_browser(login.url, lambda: events.put((Event.NO_BROWSER, "")))
        with _outcome_shown(listener) as show:
            code = _wait_for_code(login, events, timeout, listening=listener is not None)
            with defer_signals():
                login.finish(code)
                show(Page.DONE)


# The browser --------------------------------------------------------------------------------------


def has_browser() -> bool:
    """Whether a browser can open a window for the user. One in the terminal does not count."""
    if not os.environ.get("BROWSER") and not _has_windows():
        return False
    try:
        browser = webbrowser.get()
    except (webbrowser.Error, ValueError):  # none, or an unmatched quote in BROWSER
        return False
    return Path(getattr(browser, "name", "")).name not in _TEXT_BROWSERS


def open_browser(url: str, failed: Callable[[], None]) -> None:
    """Open *url* in the background.

    :param failed: called in another thread if no browser could be opened.
    """
    threading.Thread(target=_open, args=(url, failed), daemon=True).start()


def _open(url: str, failed: Callable[[], None]) -> None:
    # In a process of its own: browsers write to the terminal, some stay until they are closed, and
    # Ctrl-C must not end the user's browser. Others can read its arguments, but not its stdin.
    done = subprocess.run(  # noqa: S603 - this Python, without any argument of others
        [sys.executable, "-I", "-c", _OPEN],
        input=url,
        encoding="ascii",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name not in _SECRETS},
        check=False,
    )
    if done.returncode:
        failed()


def _has_windows() -> bool:
    if sys.platform == "win32":
        return True
    if sys.platform == "darwin":
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# The loopback port --------------------------------------------------------------------------------


@contextmanager
def _listener(login: Login, uri: str, events: Events) -> Iterator[LoopbackListener | None]:
    if not is_loopback(uri):
        yield None
        return
    try:
        listener = LoopbackListener(
            uri, login.is_answer, lambda url: events.put((Event.REDIRECT, url))
        )
    except OSError as error:
        raise Failure(_cannot_listen(urlsplit(uri).port or 80, error)) from error
    with listener:
        yield listener


def _cannot_listen(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return _(
            "Port {port} is in use by another program. Stop that program, or choose another port "
            "with --port and register its redirect URI.",
            port=port,
        )
    return _(
        "Could not listen on port {port} ({reason}). Choose another port with --port and register "
        "its redirect URI.",
        port=port,
        reason=error.strerror,
    )


@contextmanager
def _outcome_shown(listener: LoopbackListener | None) -> Iterator[Callable[..., None]]:
    """Show in the browser, too, how the login ended."""
    show: Callable[..., None] = listener.show if listener else lambda *_: None
    try:
        yield show
    except TokenEndpointError as error:
        if isinstance(error, LoginRequiredError) and error.error == "access_denied":
            show(Page.DENIED)
            raise Failure(
                _("You cancelled the login in the browser. Nothing was saved.")
            ) from error
        show(Page.FAILED, error.error_code or error.error or "")
        raise


# The wait -----------------------------------------------------------------------------------------


def _show_address(url: str, uri: str, *, can_paste: bool, listening: bool) -> None:
    output.say(_("Open this address to log in:"))
    output.say(f"\n{url}\n")
    if can_paste and listening:
        output.say(
            _(
                "If your browser is on another machine, it ends on a page that it cannot open. "
                "Copy the address of that page, paste it here (hidden) and press Enter."
            )
        )
    elif can_paste:
        output.say(
            _(
                "When your browser reaches {uri}, copy the whole address, paste it here (hidden) "
                "and press Enter. The code alone works too.",
                uri=uri,
            )
        )


def _wait_for_code(login: Login, events: Events, timeout: int, *, listening: bool) -> str:
    """:raises LoginRequiredError: Kakao gave no code."""
    until = clock_time(now() + timeout)
    if listening:
        output.say(_("Waiting for the browser until {time}. Press Ctrl-C to cancel.", time=until))
    else:
        output.say(_("Waiting for the address until {time}. Press Ctrl-C to cancel.", time=until))
    try:
        for event, text in _until(time.monotonic() + timeout, events):
            if event is Event.REDIRECT:
                return login.read(text)
            if event is Event.NO_BROWSER:
                output.warn(_("Could not open a browser. Open the address yourself."))
            elif event is Event.END_OF_STDIN and not listening:
                raise _nothing_to_wait_for(login.session.redirect_uri)
            elif event is Event.PASTE and (code := _read_pasted(login, text)):
                return code
    except KeyboardInterrupt:
        output.warn(_("Cancelled. Nothing was saved."))
        raise click.exceptions.Exit(INTERRUPTED) from None
    raise Failure(
        _(
            "Nothing came back within {span}. If Kakao's page shows an error, fix it:\n{fixes}\n"
            "Then run login again. With --timeout it waits longer.",
            span=_span(timeout),
            fixes=fixes(),
        )
    )


def _until(deadline: float, events: Events) -> Iterator[tuple[Event, str]]:
    while (left := deadline - time.monotonic()) > 0:
        try:
            yield events.get(timeout=min(left, _TICK))
        except queue.Empty:
            continue


def _pasted(line: str | None) -> tuple[Event, str]:
    return (Event.END_OF_STDIN, "") if line is None else (Event.PASTE, line)


def _read_pasted(login: Login, text: str) -> str | None:
    """:returns: the code; ``None`` if the user should paste again."""
    if "&" not in text:  # without a state it is as good as the bare code
        text = text.strip().removeprefix("code=")
    try:
        return login.read(text)
    except LoginRequiredError as error:
        if error.error == "missing_code":
            output.warn(
                _("This is not the address of the last page. Copy all of it and paste it again.")
            )
        elif error.error == "mismatching_state":
            output.warn(
                _(
                    "This address is incomplete or from another login. Open the address above and "
                    "paste the one that your browser ends on."
                )
            )
        else:
            raise
        return None


def _nothing_to_wait_for(uri: str | None) -> Failure:
    return Failure(
        _(
            "stdin is closed, so no address can be pasted, and login can't listen at {uri}. Run it "
            "in a terminal, or with a redirect URI that starts with http://localhost.",
            uri=uri,
        )
    )


def _span(seconds: int) -> str:
    if seconds % 60:
        return _("{count} s", count=seconds)
    return _("{count} min", count=seconds // 60)
