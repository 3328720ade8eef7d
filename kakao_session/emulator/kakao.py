"""The emulator itself: everything put together, and what a test does with it."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from kakao_session.emulator.certificates import throw_away_tls
from kakao_session.emulator.clock import Clock
from kakao_session.emulator.dapi import dapi
from kakao_session.emulator.environment import environment
from kakao_session.emulator.faults import Fault, Faults, Kind, failing_answer
from kakao_session.emulator.gate import TOKEN_PATH, Gate
from kakao_session.emulator.grants import Grants, Issue
from kakao_session.emulator.journal import Journal, Record
from kakao_session.emulator.kapi import kapi
from kakao_session.emulator.kauth import kauth
from kakao_session.emulator.proxy import ProxyServer
from kakao_session.emulator.server import LOOPBACK, Connections, KakaoServer
from kakao_session.emulator.switches import USER_ID, Switches
from kakao_session.endpoints import Endpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

_NOT_RUNNING = "the emulator is not running: use it in a with statement, or call start()"


@dataclass(kw_only=True, eq=False, repr=False)
class KakaoEmulator(Switches):
    """A local Kakao. Takes the parameters of :class:`Switches`, which are attributes too.

    >>> with KakaoEmulator(access_lifetime=60) as kakao:
    ...     token = kakao.login(scopes=["talk_message"])
    ...     kakao.advance(hours=7)
    """

    def __post_init__(self) -> None:
        self._positions = {field.name: getattr(self, field.name) for field in fields(self)}
        self._clock = Clock()
        self._journal = Journal()
        self._faults = Faults()
        self._grants = Grants(self._clock, self)
        services = {
            "kauth": kauth(self._grants, self),
            "kapi": kapi(self._grants, self, self._clock),
            "dapi": dapi(self),
        }
        self._gate = Gate(services, self._journal, self._faults, self)
        self._running: ExitStack | None = None
        self._endpoints: Endpoints | None = None
        self._ca_file = ""
        self._proxy_url = ""

    def start(self) -> KakaoEmulator:
        """Open the ports.

        :returns: the emulator.
        """
        if self._running is not None:
            return self
        with ExitStack() as running:
            folder = running.enter_context(tempfile.TemporaryDirectory(prefix="kakao-emulator-"))
            ca_file = Path(folder, "ca.pem")
            tls = throw_away_tls(ca_file)
            connections = Connections()
            running.callback(connections.close)
            running.callback(self._gate.release)
            kauth_server, kapi_server, dapi_server = servers = [
                KakaoServer(service, self._gate, tls, connections, self._clock, self)
                for service in ("kauth", "kapi", "dapi")
            ]
            tunnels = {f"{server.service}.kakao.com:443": server for server in servers}
            proxy = ProxyServer(tunnels, self._journal, self._clock, connections)
            for server in (*servers, proxy):
                server.start()
                running.callback(server.stop)
            self._endpoints = Endpoints(
                kauth_url=_url(kauth_server), api_url=_url(kapi_server), dapi_url=_url(dapi_server)
            )
            self._ca_file = str(ca_file)
            self._proxy_url = f"http://{LOOPBACK}:{proxy.port}"
            self._running = running.pop_all()
        return self

    def stop(self) -> None:
        """Close the ports and end every connection, also one that is held; once more is no harm."""
        if self._running is not None:
            running, self._running = self._running, None
            running.close()

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
        if self._running is None or self._endpoints is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._endpoints

    @property
    def ca_file(self) -> str:
        """The path of the certificate (PEM) that a client has to trust."""
        if self._running is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._ca_file

    @property
    def proxy_url(self) -> str:
        """The proxy through which Kakao's real host names lead here."""
        if self._running is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._proxy_url

    def environment(self) -> dict[str, str]:
        """:returns: the variables with which a program, in any language, comes here unmodified."""
        return environment(self.proxy_url, self.ca_file)

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
        """
        if isinstance(kind, str) and kind not in get_args(Kind):
            raise ValueError(f"kind is a status or one of {', '.join(get_args(Kind))}")
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


def _url(server: KakaoServer) -> str:
    return f"https://{LOOPBACK}:{server.port}"
