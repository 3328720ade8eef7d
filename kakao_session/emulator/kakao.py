"""The emulator itself: everything put together, and what a test can do with it."""

from __future__ import annotations

import json as json_module
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.backend import Backend
from kakao_session.emulator.clock import Clock
from kakao_session.emulator.control import control
from kakao_session.emulator.dapi import dapi
from kakao_session.emulator.dispatcher import Dispatcher
from kakao_session.emulator.faults import (
    TOKEN_PATH,
    Fault,
    Faults,
    Kind,
    check_fault,
    failing_answer,
)
from kakao_session.emulator.journal import Journal, Record
from kakao_session.emulator.kapi import kapi
from kakao_session.emulator.kauth import kauth
from kakao_session.emulator.listeners import Listeners, listening
from kakao_session.emulator.notes import Note
from kakao_session.emulator.openid import OpenID
from kakao_session.emulator.switches import USER_ID, Switches, values
from kakao_session.emulator.token_issuer import TokenIssuer
from kakao_session.emulator.users import User, Users
from kakao_session.emulator.webhook import deliver

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Unpack

    from kakao_session.emulator.tokens import Issued, Token
    from kakao_session.emulator.users import Account
    from kakao_session.endpoints import Endpoints


@dataclass(kw_only=True, eq=False, repr=False)
class KakaoEmulator(Switches):
    """A local Kakao server. Use it in a ``with`` statement, or call :meth:`start` and :meth:`stop`.

    It takes all parameters of :class:`Switches` as keywords. You can also read and set them as
    attributes, at any time. URLs, the certificate and the environment exist only while it runs:
    otherwise reading them raises ``RuntimeError``.

    :param port: the port of the proxy and the control page; 0 means any free port.

    >>> with KakaoEmulator(access_lifetime=60) as kakao:
    ...     token = kakao.login(scopes=["talk_message"])
    ...     kakao.advance(hours=7)
    """

    port: int = 0

    def __post_init__(self) -> None:
        self._initial_values = values(self)
        clock = Clock()
        users, openid = Users(clock), OpenID(clock, self)
        issuer = TokenIssuer(clock, self, users, openid)
        self._backend = Backend(
            self, clock, users, issuer, openid, Journal(), Faults(), lambda: self.endpoints
        )
        self._listeners: Listeners | None = None
        self._running = ExitStack()

    def start(self) -> KakaoEmulator:
        """Start the server. If it is running already, this does nothing.

        :returns: the emulator.
        :raises OSError: the port is in use.
        """
        if self._listeners is None:
            backend = self._backend
            services = {"kauth": kauth(backend), "kapi": kapi(backend), "dapi": dapi(backend)}
            dispatcher = Dispatcher(services, backend.journal, backend.faults, self)
            page = control(backend, self._actions(), self.environment)
            self._listeners = self._running.enter_context(
                listening(dispatcher, backend, page, self.port)
            )
        return self

    def stop(self) -> None:
        """Close the ports and end all connections. You can call it more than once."""
        self._running.close()
        self._listeners = None

    def __enter__(self) -> KakaoEmulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoints(self) -> Endpoints:
        """The URLs of the emulated hosts, for ``endpoints=`` of a session."""
        return self._open().endpoints

    @property
    def ca_file(self) -> str:
        """The path of the certificate file (PEM) that a client has to trust, as ``verify``."""
        return str(self._open().ca_file)

    @property
    def proxy_url(self) -> str:
        """The URL of a proxy. It leads requests for Kakao's real host names to the emulator."""
        return self._open().plain_url

    @property
    def control_url(self) -> str:
        """The URL of the control page, and of its JSON (:mod:`kakao_session.emulator.control`)."""
        return self._open().plain_url

    def environment(self) -> dict[str, str]:
        """Get the environment variables that lead an unmodified program to the emulator.

        :returns: names and values, such as ``HTTPS_PROXY`` and ``REQUESTS_CA_BUNDLE``.

        >>> subprocess.run(["node", "bot.js"], env={**os.environ, **kakao.environment()})
        """
        return self._open().environment()

    def login(
        self, user: int = USER_ID, scopes: Iterable[str] = ("profile_nickname", "talk_message")
    ) -> dict[str, Any]:
        """Log a user in, without a browser and without a request.

        :param user: the user's id. A user who does not exist is created.
        :param scopes: the consent items that the user agrees to, in addition to earlier logins.
            The API shows nothing else. There is an ``id_token`` if ``openid_connect`` is on.
        :returns: the answer of the token endpoint, with ``access_token`` and ``refresh_token``.
        """
        names = scopes.replace(",", " ").split() if isinstance(scopes, str) else scopes
        return self._backend.issuer.login(user, names).body

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move the emulator's clock forward. Your program's clock does not change.

        :param days: how far; the parameters are added. A negative value moves it back.
        """
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._backend.clock.advance(by)

    def now(self) -> float:
        """:returns: the time of the emulator's clock, in unix seconds."""
        return self._backend.clock.now()

    def revoke_access_tokens(self) -> None:
        """Revoke all access tokens: -401, ``this access token does not exist``."""
        self._backend.issuer.revoke_access_tokens()

    def expire_access_tokens(self) -> None:
        """Let all access tokens expire: -401, ``this access token is already expired``."""
        self._backend.issuer.expire_access_tokens()

    def set_user(self, user: int = USER_ID, **fields: Unpack[Account]) -> None:
        """Change a Kakao account. An app sees of it what the user has agreed to.

        :param user: the user's id. They need not have logged in.
        :param fields: ``nickname``, ``profile_image``, ``thumbnail_image``, ``email``,
            ``email_valid``, ``email_verified``, ``name``, ``gender``, ``age_range``, ``birthday``,
            ``birthday_type``, ``birthyear``, ``phone_number``, ``ci``, ``ci_authenticated_at``, and
            ``properties``. Fields that you do not pass stay as they are. ``None`` means that
            Kakao does not know it.
        :raises ValueError: there is no such field, or its value has the wrong type.

        >>> kakao.set_user(nickname="성춘향", email=None)
        """
        self._backend.users.set_account(user, fields)

    def unlink(self, user: int = USER_ID) -> None:
        """Let a user disconnect the app in the Kakao settings. All their tokens end.

        If ``unlink_webhook`` is set, this calls it and waits for its answer.

        :param user: the user's id.
        """
        linked = self._backend.users.find(user) is not None
        self._backend.issuer.unlink(user)
        if linked and self.unlink_webhook is not None:
            deliver(self.unlink_webhook, self, user)

    def write_token_file(self, path: str | Path, *, hours_ago: float = 0.0) -> Path:
        """Log a user in, and write the token file that a tutorial's script would write.

        It contains the answer of the token endpoint and ``app_key``.

        :param path: the file. If it exists, it is replaced.
        :param hours_ago: how many hours ago the user logged in, and the file was written.
        :returns: the path.
        :raises OSError: the file can't be written.
        """
        path = Path(path)
        self.advance(hours=-hours_ago)
        token = self.login()
        self.advance(hours=hours_ago)
        text = json_module.dumps({**token, "app_key": self.app_key})
        path.write_text(text, encoding="utf-8")
        written = time.time() - hours_ago * 3600
        os.utime(path, (written, written))
        return path

    @property
    def users(self) -> list[User]:
        """The users who are linked to the app."""
        return self._backend.users.all()

    @property
    def tokens(self) -> list[Token]:
        """All access and refresh tokens, valid or not, in the order of issue."""
        return self._backend.issuer.tokens()

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The failures from :meth:`fail_next` that are still to come."""
        return self._backend.faults.pending()

    def find(self, token: str) -> Issued | None:
        """Look up a token.

        :param token: an access token or a refresh token, valid or not.
        :returns: what the emulator knows about it; ``None`` if it never issued it.
        """
        return self._backend.issuer.find(token)

    def fail_next(
        self,
        kind: int | Kind | None = None,
        *,
        times: int | None = 1,
        path: str = TOKEN_PATH,
        after: bool = False,
        json: Any = None,
        error_code: str | int | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | str | None = None,
        seconds: float | None = None,
    ) -> None:
        """Make the next requests for a path fail. Failures of several calls come one by one.

        :param kind: an HTTP status with an HTML page (or with ``json``), or one of ``reset``,
            ``close``, ``hang`` (no answer), ``html``, ``garbage``, ``truncated`` (a wrong answer),
            ``ip_mismatched`` (a 401 that no refresh cures).
        :param times: how many requests fail; ``None`` means all until :meth:`clear_failures`.
        :param path: the path of the requests, such as ``/v2/user/me``.
        :param after: whether Kakao acts first, and only the answer is lost. A refresh then replaces
            the token, but your program does not get the new one.
        :param json: the body of the answer. The status is ``kind``, or 200.
        :param error_code: one of Kakao's error codes: ``"KOE237"`` for kauth, ``-10`` for kapi.
        :param headers: additional headers of the answer.
        :param retry_after: the value of the ``Retry-After`` header: seconds, or an HTTP date.
        :param seconds: how many seconds ``hang`` holds the connection; without it, for ever.
        :raises ValueError: there is no such kind or error code, the two do not fit together, or
            ``times`` is less than 1.

        >>> kakao.fail_next(503, times=3)
        >>> kakao.fail_next(error_code=-10, path="/v2/user/me")
        """
        check_fault(kind, error_code, times)
        more = {} if retry_after is None else {"Retry-After": str(retry_after)}
        answer = failing_answer(
            kind, json=json, error_code=error_code, headers={**(headers or {}), **more}
        )
        hold = seconds if kind == "hang" else 0.0
        what = Note(
            "made to fail: {how}", how=error_code or kind or Note("the answer that was set")
        )
        self._backend.faults.add(Fault(what, path, times, after, answer, hold, kind == "reset"))

    def clear_failures(self) -> None:
        """Cancel the failures that are still to come, and end the connections that hang."""
        self._backend.faults.clear()

    @property
    def requests(self) -> list[Record]:
        """The requests that have arrived, the oldest first."""
        return self._backend.journal.records()

    @property
    def token_requests(self) -> list[Record]:
        """The requests that have arrived at the token endpoint, the oldest first."""
        return [record for record in self.requests if record.path == TOKEN_PATH]

    def clear_requests(self) -> None:
        """Forget the requests that have arrived."""
        self._backend.journal.clear()

    def reset(self) -> None:
        """Go back to the start: no users, tokens, requests or failures, all switches as given."""
        self.clear_failures()
        self._backend.issuer.clear()
        self._backend.clock.reset()
        self._backend.journal.clear()
        for name, value in self._initial_values.items():
            setattr(self, name, copy(value))

    def _actions(self) -> list[Any]:
        """:returns: the methods that the control page and its JSON can call."""
        return [
            self.login,
            self.advance,
            self.expire_access_tokens,
            self.revoke_access_tokens,
            self.unlink,
            self.fail_next,
            self.clear_failures,
            self.clear_requests,
            self.reset,
        ]

    def _open(self) -> Listeners:
        if self._listeners is None:
            raise RuntimeError(
                "The emulator is not running. Use it in a with statement, or call start()."
            )
        return self._listeners
