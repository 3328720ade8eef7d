"""The loopback listener: waits at the redirect URI for the browser (RFC 8252, section 7.3).

Other requests to the port get an answer, and the listener goes on waiting.
"""

from __future__ import annotations

import errno
import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from kakao_session.login.page import HEADERS, Page, html

log = logging.getLogger(__name__)

CONNECTION_TIMEOUT = 10.0
"""Seconds that a client may stay silent. Browsers open connections before they need them."""

MOST_CONNECTIONS = 64
"""Open at the same time. A browser opens about six."""

PARTING_TIMEOUT = 1.0
"""Seconds for a client to hang up after its answer."""

LARGEST_REQUEST = 1 << 17
"""Bytes of a request line with its headers. Browsers send much less, with all cookies."""

_REMAINDER = 1 << 20
"""Bytes of a refused request that are read. If they are not, the client may lose the answer."""

_LOCALHOST = ("127.0.0.1", "::1")  # browsers try both; another program may listen on the other one
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # a machine without IPv6, say
# Windows lets two programs share a port unless one objects; elsewhere a port rests after its use.
_PORT_OPTION = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)


def is_loopback(redirect_uri: str) -> bool:
    """Whether a program on this machine can listen at *redirect_uri*: plain http on loopback."""
    parts = urlsplit(redirect_uri)
    return parts.scheme == "http" and bool(_addresses(parts.hostname or ""))


class LoopbackListener:
    """Listens on every address of the redirect URI's host as soon as it is made.

    :param redirect_uri: as it is registered. Host, port and path must match exactly.
    :param is_answer: whether a request, given as its URL, is the answer to the login.
    :param arrived: called with that URL, once, in a thread of the listener.
    :raises OSError: the port is in use, or this user may not use it.
    """

    def __init__(
        self, redirect_uri: str, is_answer: Callable[[str], bool], arrived: Callable[[str], None]
    ) -> None:
        parts = urlsplit(redirect_uri)
        self._redirect_uri = redirect_uri
        self._host = _without_default_port(parts.netloc)
        self._path = parts.path or "/"
        self._is_answer = is_answer
        self._arrived = arrived
        self._has_arrived = threading.Lock()
        self._ended = threading.Event()
        self._last_page = html(Page.FAILED)
        self._servers = _bound(_addresses(parts.hostname or ""), parts.port or 80, self)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def show(self, page: Page, detail: str = "") -> None:
        """Show how the login ended. The browser waits for this."""
        self._last_page = html(page, detail)
        self._ended.set()

    def reply(self, host: str, target: str) -> tuple[int, str]:
        """:returns: status and page for a request.

        :param host: its ``Host`` header. Another site whose name leads to 127.0.0.1 is refused.
        :param target: its path and query.
        """
        path, _, query = target.partition("?")
        redirect = f"{self._redirect_uri}?{query}"
        if _without_default_port(host) != self._host:
            return 421, html(Page.STRAY)
        if unquote(path) != unquote(self._path):
            return 404, html(Page.STRAY)
        if not self._is_answer(redirect):
            return 400, html(Page.STRAY)
        if self._has_arrived.acquire(blocking=False):
            self._arrived(redirect)
        self._ended.wait()
        return 200, self._last_page

    def close(self) -> None:
        """Free the port and end all connections. A browser that waits gets its page first."""
        self._ended.set()
        for server in self._servers:
            server.shutdown()
            server.hang_up()
            server.server_close()

    def __enter__(self) -> LoopbackListener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(socketserver.ThreadingTCPServer):
    def __init__(self, address: str, port: int, listener: LoopbackListener) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = listener
        self._open: set[socket.socket] = set()
        super().__init__((address, port), _Conversation)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, _PORT_OPTION, 1)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self._open) >= MOST_CONNECTIONS:
            self.close_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(PARTING_TIMEOUT)
            left = _REMAINDER
            while left > 0 and (part := request.recv(min(left, 1 << 16))):
                left -= len(part)
        self._open.discard(request)
        self.close_request(request)

    def hang_up(self) -> None:
        """Stop reading from all clients. Answers are still sent."""
        for request in tuple(self._open):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RD)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.info("a connection to the loopback port broke off (%s)", sys.exc_info()[0])


class _Conversation(BaseHTTPRequestHandler):
    server: _Server
    timeout = CONNECTION_TIMEOUT
    default_request_version = "HTTP/1.0"  # so that garbage gets an answer with a status too

    def setup(self) -> None:
        super().setup()
        self.rfile: Any = _Head(self.rfile)

    def do_GET(self) -> None:
        self._send(*self.server.listener.reply(self.headers.get("Host", ""), self.path))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the parent refuses: garbage, other methods, long lines."""
        self._send(code, html(Page.STRAY))

    def _send(self, status: int, page: str) -> None:
        body = page.encode()
        log.info("a browser came to the loopback port and was answered with %d", status)
        self.request_version = self.default_request_version  # 0.9 has no headers
        self.send_response_only(status)
        for name, value in {**HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the request line has the code in it."""


class _Head:
    """The stream that the parent reads a request from, limited in all."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._left = LARGEST_REQUEST
        self.close = stream.close

    def readline(self, limit: int) -> bytes:
        line: bytes = self._stream.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise HTTPException("too many bytes of headers")  # the parent answers with 431
        return line


def _without_default_port(authority: str) -> str:
    return authority.lower().removesuffix(":80")


def _addresses(host: str) -> tuple[str, ...]:
    if host == "localhost":
        return _LOCALHOST
    try:
        address = ip_address(host)
    except ValueError:
        return ()
    return (str(address),) if address.is_loopback else ()


def _bound(addresses: tuple[str, ...], port: int, listener: LoopbackListener) -> list[_Server]:
    servers: list[_Server] = []
    absent: OSError | None = None
    for address in addresses:
        try:
            servers.append(_Server(address, port, listener))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                for server in servers:
                    server.server_close()
                raise
            absent = error
    if not servers and absent is not None:
        raise absent
    return servers
