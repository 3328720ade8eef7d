"""The plain HTTP port: a proxy that only knows Kakao's hosts, and the control page.

A redirect to the program's own server on this machine goes through it too, over http and https,
because requests, for example, keeps its proxy for all redirects.
"""

from __future__ import annotations

import re
import select
import socket
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from werkzeug import Response
from werkzeug.datastructures import Headers

from kakao_session.emulator.http_handler import HTTPHandler
from kakao_session.emulator.journal import Record
from kakao_session.emulator.server import (
    Connections,
    LoopbackServer,
    is_loopback,
    loopback_address,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _typeshed.wsgi import WSGIApplication

    from kakao_session.emulator.backend import Backend

_REFUSAL = "The Kakao emulator opens tunnels to Kakao's hosts only; nothing leaves this machine.\n"
_BODY_LIMIT = 1024 * 1024
_FORWARD_TIMEOUT = 60.0
_HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade", "content-length"),
}
_BROWSER = re.compile(r"Chrome/|Chromium|Firefox/")
_BROWSER_SERVICES = (
    *(".google.com", ".googleapis.com", ".gstatic.com", ".gvt1.com", ".googleusercontent.com"),
    *(".mozilla.com", ".mozilla.net", ".mozilla.org", ".firefox.com"),
)


class ProxyServer(LoopbackServer):
    """Passes the connection of a tunnel to the server behind it.

    :param tunnels: the servers by ``host:port``.
    :param control: answers requests to the port itself.
    :raises OSError: if the port is not free.
    """

    def __init__(
        self,
        tunnels: Mapping[str, LoopbackServer],
        control: WSGIApplication,
        backend: Backend,
        connections: Connections,
        port: int,
    ) -> None:
        super().__init__(_ProxyHandler, connections, port)
        self.tunnels = tunnels
        self.control = control
        self.backend = backend


class _ProxyHandler(HTTPHandler):
    server: ProxyServer
    scheme = "http"
    rbufsize = 0  # what follows the head of a CONNECT is TLS and has to stay in the socket

    def body_limit(self) -> int:
        return _BODY_LIMIT

    def now(self) -> float:
        return self.server.backend.clock.now()

    def do_CONNECT(self) -> None:  # noqa: N802 - the name that the base class looks for
        server = self.server.tunnels.get(self.path.lower())
        if server is not None:
            self._establish()
            server.finish_request(self.connection, self.client_address)
        elif is_loopback(_split(f"//{self.path}").hostname or ""):
            self._tunnel_to_this_machine()
        else:
            self._refuse("not one of Kakao's hosts: refused")

    def _establish(self) -> None:
        self.close_connection = True
        self.send_response_only(200, "Connection established")
        self.end_headers()

    def _tunnel_to_this_machine(self) -> None:
        url = _split(f"//{self.path}")
        try:
            address = loopback_address(url.hostname or ""), url.port or 443
            server = socket.create_connection(address, _FORWARD_TIMEOUT)
        except (OSError, ValueError) as error:
            self.send(Response(f"No answer from {url.netloc}: {error}\n", 502))
            return
        with server, suppress(OSError):
            self.server.connections.add(server)  # so that stop() ends it too
            self._establish()
            _relay(self.connection, server)
        self.server.connections.add(self.connection)

    def handle_request(self) -> None:
        """Answer a request for the control page or for this machine; refuse any other."""
        if self._is_own() or self._is_for_this_machine():
            super().handle_request()
        else:
            self._refuse("not through TLS: refused")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_request  # noqa: N815

    def answer(self, body: bytes) -> None:
        if not self._is_own():
            self.send(self._forward(body))
            return
        self.send(Response.from_app(self.server.control, self.environ(body), buffered=True))

    def _is_own(self) -> bool:
        """:returns: whether the control page is asked for, by a browser behind this proxy too."""
        port = self.server.port
        own_urls = f"http://127.0.0.1:{port}/", f"http://localhost:{port}/"
        return self.path.startswith(("/", *own_urls))

    def _is_for_this_machine(self) -> bool:
        url = _split(self.path)
        return url.scheme == "http" and is_loopback(url.hostname or "")

    def _forward(self, body: bytes) -> Response:
        """:returns: the answer of a server on this machine."""
        url = _split(self.path)
        try:
            host = loopback_address(url.hostname or "")
            server = HTTPConnection(host, url.port, timeout=_FORWARD_TIMEOUT)
            with closing(server):
                server.connect()
                self.server.connections.add(server.sock)  # so that stop() ends it too
                return self._passed_on(server, body)
        except (OSError, ValueError, HTTPException) as error:
            return Response(f"No answer from {url.netloc}: {error}\n", 502)
        finally:
            self.server.connections.add(self.connection)

    def _passed_on(self, server: HTTPConnection, body: bytes) -> Response:
        path, query = self.target
        target = f"{path}?{query}" if query else path
        server.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
        for name, value in _end_to_end(self.fields):
            server.putheader(name, value)
        if body or "Content-Length" in self.headers:
            server.putheader("Content-Length", str(len(body)))
        server.endheaders(body or None)
        answer = server.getresponse()
        headers = Headers(_end_to_end(answer.getheaders()))
        return Response(answer.read(), answer.status, headers)

    def _refuse(self, why: str) -> None:
        self.server.backend.journal.add(self._record(why))
        self.send(Response(_REFUSAL, 403, {"Connection": "close"}, content_type="text/plain"))

    def _record(self, why: str) -> Record:
        url = _split(f"//{self.path}" if self.command == "CONNECT" else self.path)
        is_of_browser = self._is_of_browser(url.hostname or "")
        return Record(
            time=self.now(),
            service="proxy",
            host=url.netloc or self.headers.get("Host", ""),
            method=self.command,
            path=url.path,
            query=url.query,
            headers=Headers(self.fields),
            body=b"",
            status=403,
            note="the browser's own call: refused" if is_of_browser else why,
            is_of_browser=is_of_browser,
        )

    def _is_of_browser(self, host: str) -> bool:
        """:returns: whether a browser calls its maker, which no page has asked for."""
        browser = _BROWSER.search(self.headers.get("User-Agent", ""))
        return bool(browser) and f".{host}".endswith(_BROWSER_SERVICES)


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either sends, until one of them has no more to say."""
    to = {one: other, other: one}
    while ready := select.select([*to], [], [], _FORWARD_TIMEOUT)[0]:
        for source in ready:
            piece = source.recv(65_536)
            if not piece:
                return
            to[source].sendall(piece)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """:returns: the headers that a proxy passes on (RFC 9110, section 7.6.1)."""
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
