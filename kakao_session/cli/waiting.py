"""The wait for what ends a login: the browser at the loopback page, or a person who pastes."""

from __future__ import annotations

import queue
import time
from enum import Enum, auto

from kakao_session.cli import screen
from kakao_session.cli.explain import cures
from kakao_session.cli.failure import Failure
from kakao_session.cli.language import say
from kakao_session.cli.moments import clock_time
from kakao_session.errors import LoginRequiredError
from kakao_session.login.flow import Login
from kakao_session.token import now

_TICK = 0.5
"""Seconds at most for which Windows does not notice Ctrl-C."""


class Came(Enum):
    """What can happen meanwhile."""

    REDIRECT = auto()
    PASTE = auto()
    END_OF_PASTE = auto()
    NO_BROWSER = auto()


class Inbox:
    """Where it comes in, from several threads."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Came, str]] = queue.SimpleQueue()

    def put_redirect(self, url: str) -> None:
        self._queue.put((Came.REDIRECT, url))

    def put_pasted(self, line: str | None) -> None:
        self._queue.put((Came.END_OF_PASTE, "") if line is None else (Came.PASTE, line))

    def put_no_browser(self) -> None:
        self._queue.put((Came.NO_BROWSER, ""))

    def next(self, deadline: float) -> tuple[Came, str] | None:
        """:returns: what came; ``None`` when the deadline, on the monotonic clock, has passed."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                return self._queue.get(timeout=min(left, _TICK))
            except queue.Empty:
                continue
        return None


def wait_for_code(login: Login, inbox: Inbox, seconds: int, listening_at: str | None) -> str:
    """Wait until there is a code.

    :param seconds: for so long.
    :param listening_at: where the browser is waited for; ``None`` if only a person can bring it.
    :raises LoginRequiredError: the user did not agree, or Kakao gave no code for another reason.
    :raises Failure: nothing came, or nothing can come any more.
    """
    deadline = time.monotonic() + seconds
    words = "waiting" if listening_at else "waiting_for_paste"
    with screen.spinner(say(words, until=clock_time(now() + seconds))):
        while (message := inbox.next(deadline)) is not None:
            came, text = message
            if came is Came.NO_BROWSER:
                screen.tell(say("browser_failed"), "yellow")
            elif came is Came.END_OF_PASTE and not listening_at:
                raise Failure(say("nothing_to_paste", uri=login.session.redirect_uri))
            elif came is Came.REDIRECT:
                return login.read(text)
            elif came is Came.PASTE:
                code = _read_pasted(login, text)
                if code is not None:
                    return code
    raise Failure(say("deadline", span=_span(seconds), cures=cures()))


def _read_pasted(login: Login, text: str) -> str | None:
    if "&" not in text:  # with nothing else beside it, it is as good as the bare code
        text = text.strip().removeprefix("code=")
    try:
        return login.read(text)
    except LoginRequiredError as error:
        hint = {"missing_code": "pasted_nothing", "mismatching_state": "pasted_stray"}
        if error.error not in hint:
            raise
        screen.tell(say(hint[error.error]), "yellow")
        return None


def _span(seconds: int) -> str:
    if seconds % 60:
        return say("seconds", seconds=seconds)
    return say("minutes", minutes=seconds // 60)
