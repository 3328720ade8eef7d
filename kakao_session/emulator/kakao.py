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
    """A local Kakao. Takes the parameters of :class:`Switches`, which are attributes too.

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
        """Open the ports.

        :returns: the emulator.
        :raises OSError: if the port is not free.
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
        """The URLs of the three hosts on their loopback ports."""
        return self._open().endpoints

    @property
    def ca_file(self) -> str:
        """The path of the certificate (PEM) that a client has to trust."""
        return str(self._open().ca_file)

    @property
    def proxy_url(self) -> str:
        """The proxy that leads from Kakao's real host names to the emulator."""
        return self._open().plain_url

    @property
    def control_url(self) -> str:
        """The control page, and the same as JSON (:mod:`kakao_session.emulator.control`)."""
        return self._open().plain_url

    def environment(self) -> dict[str, str]:
        """:returns: the environment variables that lead a program, in any language, to here."""
        return self._open().environment()

    def login(
        self, user: int = USER_ID, scopes: Iterable[str] = ("profile_nickname", "talk_message")
    ) -> dict[str, Any]:
        """Log a user in, without a browser and without a request.

        :param user: the user's id. A user who does not exist is created.
        :param scopes: what the user agrees to, in addition to earlier logins. Nothing is shown that
            the user has not agreed to. ``openid`` depends on ``openid_connect``.
        :returns: the answer of the token endpoint.
        """
        return self._backend.issuer.login(user, scopes).body

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move Kakao's clock."""
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._backend.clock.advance(by)

    def now(self) -> float:
        """:returns: Kakao's time, unix seconds."""
        return self._backend.clock.now()

    def revoke_access_tokens(self) -> None:
        """Revoke every access token: ``this access token does not exist``."""
        self._backend.issuer.revoke_access_tokens()

    def expire_access_tokens(self) -> None:
        """Let every access token expire: ``this access token is already expired``."""
        self._backend.issuer.expire_access_tokens()

    def set_user(self, user: int = USER_ID, **fields: Unpack[Account]) -> None:
        """Change a Kakao account, as ``/v2/user/me`` and the ``id_token`` show it with consent.

        :param user: the user's id. They need not have logged in.
        :param fields: ``nickname``, ``profile_image``, ``thumbnail_image``, ``email``,
            ``email_valid``, ``email_verified``, ``name``, ``gender``, ``age_range``, ``birthday``,
            ``birthday_type``, ``birthyear``, ``phone_number``, ``ci``, ``ci_authenticated_at``, and
            ``properties``. The others stay. ``None`` is what the user has not given Kakao.
        :raises ValueError: if there is no such field, or its type is another.
        """
        self._backend.users.set_account(user, fields)

    def unlink(self, user: int = USER_ID) -> None:
        """Unlink a user from the app, which ends all their tokens, as the Kakao settings can do.

        If there is an ``unlink_webhook``, this waits until the app has answered it.

        :param user: the user's id.
        """
        linked = self._backend.users.find(user) is not None
        self._backend.issuer.unlink(user)
        if linked and self.unlink_webhook is not None:
            deliver(self.unlink_webhook, self, user)

    def write_token_file(self, path: str | Path, *, hours_ago: float = 0.0) -> Path:
        """Log a user in and write a token file: the token endpoint's answer and the app key.

        :param hours_ago: when the user logged in and the file was written.
        :returns: the path.
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
        """The failures that :meth:`fail_next` has ordered and that are still to come."""
        return self._backend.faults.pending()

    def find(self, token: str) -> Issued | None:
        """:returns: what Kakao knows about a token, valid or not; ``None`` if nothing."""
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
        """Make the next requests for a path fail. Several calls queue up.

        :param kind: an HTTP status with an HTML page (or with ``json``), or one of ``reset``,
            ``close``, ``hang`` (no answer), ``html``, ``garbage``, ``truncated`` (a wrong answer),
            ``ip_mismatched`` (a 401 that no refresh cures).
        :param times: how many requests fail; ``None`` means all until :meth:`clear_failures`.
        :param path: ``/oauth/token``, ``/v2/user/me``, ...
        :param after: Kakao acts first (it issues a token, for example); only the answer is lost.
        :param json: the body of the answer. The status is ``kind``, or 200.
        :param error_code: a documented error: ``"KOE237"`` of kauth, or ``-10`` of kapi.
        :param headers: additional headers of the answer.
        :param retry_after: the value of the ``Retry-After`` header.
        :param seconds: how long ``hang`` holds the connection; for good if not given.
        :raises ValueError: if there is no such kind or error, if no answer can carry it, or if
            ``times`` is less than 1.
        """
        check_fault(kind, error_code, times)
        more = {} if retry_after is None else {"Retry-After": str(retry_after)}
        answer = failing_answer(
            kind, json=json, error_code=error_code, headers={**(headers or {}), **more}
        )
        hold = seconds if kind == "hang" else 0.0
        what = f"made to fail: {error_code or kind or 'another answer'}"
        self._backend.faults.add(Fault(what, path, times, after, answer, hold, kind == "reset"))

    def clear_failures(self) -> None:
        """Stop failing, and end the connections that are held."""
        self._backend.faults.clear()

    @property
    def requests(self) -> list[Record]:
        """The requests that have arrived, in that order."""
        return self._backend.journal.records()

    @property
    def token_requests(self) -> list[Record]:
        """The requests that have arrived at the token endpoint."""
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
