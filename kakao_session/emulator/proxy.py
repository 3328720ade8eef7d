"""The one plain port: a proxy that knows Kakao's hosts and nobody else, and the control page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug import Response
from werkzeug.datastructures import Headers

from kakao_session.emulator.connections import Connections, LoopbackServer
from kakao_session.emulator.conversation import Conversation
from kakao_session.emulator.journal import Journal, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIApplication

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.server import KakaoServer

_REFUSAL = "The Kakao emulator opens tunnels to Kakao's hosts only; nothing leaves this machine.\n"
_BODY_LIMIT = 1024 * 1024


class ProxyServer(LoopbackServer):
    """Hands a tunnel's connection over to the server that it is for.

    :param tunnels: which server stands behind which ``host:port``.
    :param control: answers what is asked of this port itself.
    :raises OSError: if the port is not free.
    """

    def __init__(
        self,
        tunnels: Mapping[str, KakaoServer],
        control: WSGIApplication,
        journal: Journal,
        clock: Clock,
        connections: Connections,
        port: int,
    ) -> None:
        super().__init__(_ProxyConversation, connections, port)
        self.tunnels = tunnels
        self.control = control
        self.journal = journal
        self.clock = clock


class _ProxyConversation(Conversation):
    server: ProxyServer
    scheme = "http"
    rbufsize = 0  # what follows the head belongs to TLS and must be left in the socket

    def body_limit(self) -> int:
        return _BODY_LIMIT

    def now(self) -> float:
        return self.server.clock.now()

    def do_CONNECT(self) -> None:  # noqa: N802 - the parent's name for it
        server = self.server.tunnels.get(self.path.lower())
        if server is None:
            self._refuse("none of Kakao's hosts: refused")
            return
        self.close_connection = True
        self.send_response_only(200, "Connection established")
        self.end_headers()
        server.finish_request(self.connection, self.client_address)

    def converse(self) -> None:
        """A path is asked of the emulator itself, a whole URL mostly of somebody else."""
        if self.path.startswith(("/", *self._own_urls())):
            super().converse()
        else:
            self._refuse("not through TLS: refused")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = converse  # noqa: N815

    def reply(self, body: bytes) -> None:
        self.send(Response.from_app(self.server.control, self.environ(body), buffered=True))

    def _own_urls(self) -> tuple[str, str]:
        """:returns: how a browser that has its proxy here asks for the control page."""
        port = self.server.port
        return f"http://127.0.0.1:{port}/", f"http://localhost:{port}/"

    def _refuse(self, why: str) -> None:
        self.server.journal.add(self._record(why))
        self.send(Response(_REFUSAL, 403, {"Connection": "close"}, content_type="text/plain"))

    def _record(self, why: str) -> Record:
        try:
            url = urlsplit(f"//{self.path}" if self.command == "CONNECT" else self.path)
        except ValueError:  # no address at all
            url = urlsplit("")
        return Record(
            time=self.now(),
            service="proxy",
            host=url.netloc or self.headers.get("Host", ""),
            method=self.command,
            path=url.path,
            query=url.query,
            headers=Headers(self.headers.items()),
            body=b"",
            status=403,
            note=why,
        )
