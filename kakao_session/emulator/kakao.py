"""The emulator itself: everything put together, and what a test does with it."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from json import dumps as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.clock import Clock
from kakao_session.emulator.control import control
from kakao_session.emulator.dapi import dapi
from kakao_session.emulator.environment import environment
from kakao_session.emulator.faults import Fault, Faults, failing_answer
from kakao_session.emulator.gate import TOKEN_PATH, Gate
from kakao_session.emulator.grants import Grants
from kakao_session.emulator.journal import Journal, Record
from kakao_session.emulator.kapi import kapi
from kakao_session.emulator.kauth import kauth
from kakao_session.emulator.listeners import Listeners, listening
from kakao_session.emulator.openid import OpenID
from kakao_session.emulator.positions import positions
from kakao_session.emulator.switches import USER_ID, Switches
from kakao_session.emulator.users import User, Users

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from kakao_session.emulator.faults import Kind
    from kakao_session.emulator.issues import Issue, Token
    from kakao_session.endpoints import Endpoints

_NOT_RUNNING = "the emulator is not running: use it in a with statement, or call start()"


@dataclass(kw_only=True, eq=False, repr=False)
class KakaoEmulator(Switches):
    """A local Kakao. Takes the parameters of :class:`Switches`, which are attributes too.

    :param port: of the proxy and the control page; 0 means any that is free.

    >>> with KakaoEmulator(access_lifetime=60) as kakao:
    ...     token = kakao.login(scopes=["talk_message"])
    ...     kakao.advance(hours=7)
    """

    port: int = 0

    def __post_init__(self) -> None:
        self._positions = positions(self)
        self._clock = Clock()
        self._journal = Journal()
        self._faults = Faults()
        self._users = Users(self._clock)
        openid = OpenID(self._clock, self)
        self._grants = Grants(self._clock, self, self._users, openid)
        services = {
            "kauth": kauth(self._grants, self._users, openid, self, lambda: self.endpoints),
            "kapi": kapi(self._grants, self._users, self, self._clock),
            "dapi": dapi(self),
        }
        self._gate = Gate(services, self._journal, self._faults, self)
        self._listeners: Listeners | None = None
        self._running = ExitStack()

    def start(self) -> KakaoEmulator:
        """Open the ports.

        :returns: the emulator.
        :raises OSError: if the port is not free.
        """
        if self._listeners is None:
            self._listeners = self._running.enter_context(
                listening(self._gate, control(self), self._journal, self._clock, self, self.port)
            )
        return self

    def stop(self) -> None:
        """Close the ports and end every connection, also one that is held; once more is no harm."""
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
        """The three hosts on their loopback ports."""
        return self._open().endpoints

    @property
    def ca_file(self) -> str:
        """The path of the certificate (PEM) that a client has to trust."""
        return self._open().ca_file

    @property
    def proxy_url(self) -> str:
        """The proxy through which Kakao's real host names lead here."""
        return self._open().plain_url

    @property
    def control_url(self) -> str:
        """The control page, and the same as JSON (:mod:`kakao_session.emulator.control`)."""
        return self._open().plain_url

    def environment(self) -> dict[str, str]:
        """:returns: the variables with which a program, in any language, comes here unmodified."""
        listeners = self._open()
        return environment(listeners.plain_url, listeners.ca_file, listeners.node_preload)

    def login(
        self, user: int = USER_ID, scopes: Iterable[str] = ("talk_message",)
    ) -> dict[str, Any]:
        """Log a user in, without a browser and without a request.

        :param user: the user's id; a user comes into being when first named.
        :param scopes: what he agrees to, in addition to what he has agreed to before.
        :returns: what the token endpoint answers.
        """
        return self._grants.login(user, scopes).answer

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move Kakao's clock."""
        self._clock.advance(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))

    def now(self) -> float:
        """:returns: Kakao's time, unix seconds."""
        return self._clock.now()

    def revoke_access_tokens(self) -> None:
        """Withdraw every access token: ``this access token does not exist``."""
        self._grants.revoke_access_tokens()

    def expire_access_tokens(self) -> None:
        """End every access token: ``this access token is already expired``."""
        self._grants.expire_access_tokens()

    def unlink(self, user: int = USER_ID) -> None:
        """Part the user from the app: every token of his dies, as when he does it in his settings.

        :param user: the user's id.
        """
        self._grants.unlink(user)

    def write_token_file(self, path: str | Path, *, hours_ago: float = 0.0) -> Path:
        """Log a user in and leave a token file: what the token endpoint answered, and the app key.

        :param hours_ago: when the user logged in and the file was written.
        :returns: the path.
        """
        path = Path(path)
        self.advance(hours=-hours_ago)
        token = self.login()
        self.advance(hours=hours_ago)
        path.write_text(json_text({**token, "app_key": self.app_key}), encoding="utf-8")
        written = time.time() - hours_ago * 3600
        os.utime(path, (written, written))
        return path

    @property
    def users(self) -> list[User]:
        """Who is linked to the app."""
        return self._users.all()

    @property
    def tokens(self) -> list[Token]:
        """Every access and refresh token, dead or alive, in the order of issue."""
        return self._grants.tokens()

    @property
    def failures(self) -> list[dict[str, Any]]:
        """What :meth:`fail_next` has in store."""
        return self._faults.pending()

    def find(self, token: str) -> Issue | None:
        """:returns: what Kakao knows about a token, dead or alive; ``None`` if nothing."""
        return self._grants.find(token)

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
        """Let the next requests for a path fail. Calls queue up.

        :param kind: an HTTP status with an HTML page (or with ``json``), or ``reset``, ``close``,
            ``hang`` (no answer), ``html``, ``garbage``, ``truncated`` (not the answer that was
            hoped for), ``ip_mismatched`` (the 401 that no refresh cures).
        :param times: how many requests fail; ``None`` means all until :meth:`clear_failures`.
        :param path: ``/oauth/token``, ``/v2/user/me``, ...
        :param after: Kakao acts, a token is issued, say, and only the answer is lost.
        :param json: the body of the answer; its status is ``kind``, or 200.
        :param error_code: a documented error: ``"KOE237"`` of kauth, or ``-10`` of kapi.
        :param headers: further headers of the answer.
        :param retry_after: the header of that name.
        :param seconds: how long ``hang`` holds the connection; for good if not given.
        :raises ValueError: there is no such kind or error, no answer can carry it, or ``times`` is
            less than 1.
        """
        if times is not None and times < 1:
            raise ValueError("times is a number from 1, or None for all requests")
        extra = dict(headers or {})
        if retry_after is not None:
            extra["Retry-After"] = str(retry_after)
        answer = failing_answer(kind, json=json, error_code=error_code, headers=extra)
        hold = seconds if kind == "hang" else 0.0
        what = f"made to fail: {error_code or kind or 'another answer'}"
        self._faults.add(Fault(what, path, times, after, answer, hold, kind == "reset"))

    def clear_failures(self) -> None:
        """Nothing fails any more; connections that are held end."""
        self._faults.clear()
        self._gate.release()

    @property
    def requests(self) -> list[Record]:
        """What has arrived, in that order."""
        return self._journal.records()

    @property
    def token_requests(self) -> list[Record]:
        """What has arrived at the token endpoint."""
        return [record for record in self.requests if record.path == TOKEN_PATH]

    def clear_requests(self) -> None:
        """Forget what has arrived."""
        self._journal.clear()

    def reset(self) -> None:
        """As after the start: no user, no token, no request, no fault, every switch as it was."""
        self.clear_failures()
        self._grants.clear()
        self._clock.reset()
        self._journal.clear()
        for name, position in self._positions.items():
            setattr(self, name, position)

    def _open(self) -> Listeners:
        if self._listeners is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._listeners
