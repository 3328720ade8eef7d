"""The way in for unmodified programs: a CONNECT proxy that knows Kakao's hosts and nobody else."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from kakao_session.emulator.journal import Journal, Record
from kakao_session.emulator.server import Connections, KakaoServer, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kakao_session.emulator.clock import Clock

_REFUSAL = b"The Kakao emulator opens tunnels to Kakao's hosts only; nothing leaves this machine.\n"


class ProxyServer(LoopbackServer):
    """Hands a tunnel's connection over to the server that it is for.

    :param tunnels: which server stands behind which ``host:port``.
    """

    def __init__(
        self,
        tunnels: Mapping[str, KakaoServer],
        journal: Journal,
        clock: Clock,
        connections: Connections,
    ) -> None:
        super().__init__(_Tunnel, connections)
        self.tunnels = tunnels
        self.journal = journal
        self.clock = clock


class _Tunnel(BaseHTTPRequestHandler):
    server: ProxyServer
    protocol_version = "HTTP/1.1"
    rbufsize = 0  # what follows the head belongs to TLS and must be left in the socket

    def do_CONNECT(self) -> None:
        server = self.server.tunnels.get(self.path.lower())
        if server is None:
            self.refuse()
            return
        self.close_connection = True
        self.send_response_only(200, "Connection established")
        self.end_headers()
        server.finish_request(self.connection, self.client_address)

    def refuse(self) -> None:
        """Answer 403: the host is none of Kakao's, or the request is no CONNECT."""
        self.close_connection = True
        self.server.journal.add(self._record())
        self.send_response_only(403)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(_REFUSAL)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(_REFUSAL)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = refuse  # noqa: N815

    def _record(self) -> Record:
        tunnel = self.command == "CONNECT"
        url = urlsplit(f"//{self.path}" if tunnel else self.path)
        return Record(
            time=self.server.clock.now(),
            service="proxy",
            host=url.netloc or self.headers.get("Host", ""),
            method=self.command,
            path=url.path,
            query=url.query,
            headers=Headers(self.headers.items()),
            body=b"",
            status=403,
            note="none of Kakao's hosts: refused" if tunnel else "not through TLS: refused",
        )

    def version_string(self) -> str:
        return "kakao-emulator"

    def log_message(self, format: str, *args: Any) -> None:
        """The journal is the log."""
