"""Loopback ports: a thread for each connection, TLS, and HTTP/1.1 with connections kept alive."""

from __future__ import annotations

import logging
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from io import BytesIO, RawIOBase
from socketserver import TCPServer, ThreadingMixIn
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes, urlsplit

from werkzeug.datastructures import Headers
from werkzeug.serving import DechunkedInput

from kakao_session.emulator.faults import HangUp
from kakao_session.emulator.journal import Record, Service

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug import Response

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.gate import Gate
    from kakao_session.emulator.switches import Switches

LOOPBACK = "127.0.0.1"
_NO_LINGER = struct.pack("ii", 1, 0)
_BODILESS = {204, 304}
_PATIENCE = 2.0

log = logging.getLogger(__name__)


class Connections:
    """The open connections and their threads, so that all can be ended at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._open: dict[threading.Thread, socket.socket] = {}

    def add(self, connection: socket.socket) -> None:
        """Take in the calling thread's connection, in place of the one it had before."""
        with self._lock:
            if self._closed:
                raise ConnectionAbortedError("the emulator is stopping")
            self._open[threading.current_thread()] = connection

    def discard(self) -> None:
        """The calling thread has ended its connection."""
        with self._lock:
            self._open.pop(threading.current_thread(), None)

    def close(self) -> None:
        """End every connection, and wait for the threads."""
        with self._lock:
            self._closed = True
            being_served = dict(self._open)
        for connection in being_served.values():
            try:
                # SSLSocket.shutdown would go on in the clear in the thread that still writes.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                log.debug("a connection had ended by itself")
        for thread in being_served:
            thread.join()


class LoopbackServer(ThreadingMixIn, TCPServer):
    """Accepts on a free port of 127.0.0.1; whatever a client does happens in its own thread."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler: type[BaseHTTPRequestHandler], connections: Connections) -> None:
        super().__init__((LOOPBACK, 0), handler)
        self.connections = connections
        self._stopping = threading.Event()
        name = f"kakao-emulator-{self.port}"
        self._acceptor = threading.Thread(target=self._accept, name=name, daemon=True)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def start(self) -> None:
        self._acceptor.start()

    def stop(self) -> None:
        """Accept no more; the connections that are open are not touched."""
        self._stopping.set()
        with socket.create_connection((LOOPBACK, self.port)):  # wakes accept, without a poll
            self._acceptor.join()
        self.server_close()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self.get_request()
            except OSError:  # out of descriptors, say: others will be given back
                time.sleep(0.05)
                continue
            if self._stopping.is_set():
                connection.close()
                return
            self.process_request(connection, address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            self.connections.add(request)
            super().process_request_thread(request, client_address)
        except ConnectionAbortedError:
            self.shutdown_request(request)
        finally:
            self.connections.discard()

    def shutdown_request(self, request: Any) -> None:
        _part(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no event; anything else is a fault of the emulator's own."""
        if not isinstance(sys.exc_info()[1], OSError):
            log.error("the emulator could not answer", exc_info=sys.exc_info())


class KakaoServer(LoopbackServer):
    """One of Kakao's hosts."""

    def __init__(
        self,
        service: Service,
        gate: Gate,
        tls: ssl.SSLContext,
        connections: Connections,
        clock: Clock,
        switches: Switches,
    ) -> None:
        super().__init__(Conversation, connections)
        self.service = service
        self.gate = gate
        self.clock = clock
        self.switches = switches
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake stands here and not in the accepting thread, which must not wait."""
        connection = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with connection:
            try:
                with suppress(OSError):
                    self.connections.add(connection)
                    connection.do_handshake()
                    super().finish_request(connection, client_address)
            except HangUp:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            else:
                _part(connection)


class Conversation(BaseHTTPRequestHandler):
    """The requests of one connection, one after another."""

    server: KakaoServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def converse(self) -> None:
        """Answer one request."""
        try:
            body = self._read_body()
        except ValueError:
            self.send_error(400, "Malformed body")
            return
        if body is None:
            self.send_error(413)
            return
        try:
            self._send(self.server.gate.answer(self._record(body), self._environ(body)))
        except HangUp as hang_up:
            self.close_connection = True
            if hang_up.reset:
                raise

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = converse  # noqa: N815

    def _read_body(self) -> bytes | None:
        """:returns: the whole body, or ``None`` if it is larger than is allowed.

        :raises ValueError: if its length can't be told.
        :raises ConnectionError: if the client hung up half-way.
        """
        _acknowledge(self.connection)
        limit = self.server.switches.body_limit
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return _read_chunks(DechunkedInput(cast("IO[bytes]", self.rfile)), limit)
        length = int(self.headers.get("Content-Length", 0))
        if length < 0:
            raise ValueError("negative length")
        if length > limit:
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError("hung up in the body")
        return body

    def _record(self, body: bytes) -> Record:
        url = urlsplit(self.path)
        return Record(
            time=self.server.clock.now(),
            service=self.server.service,
            host=self.headers.get("Host", ""),
            method=self.command,
            path=url.path,
            query=url.query,
            headers=Headers(self.headers.items()),
            body=body,
        )

    def _environ(self, body: bytes) -> WSGIEnvironment:
        """:returns: the request as PEP 3333 wants it."""
        url = urlsplit(self.path)
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": LOOPBACK,
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _send(self, response: Response) -> None:
        """One write for all, lest the head of a small answer travel alone."""
        body = response.get_data()
        headers = Headers(response.headers)
        headers.setdefault("Date", formatdate(self.server.clock.now(), usegmt=True))
        headers.setdefault("Content-Length", str(len(body)))
        if headers.get("Connection") == "close":
            self.close_connection = True
        elif self.close_connection:
            headers["Connection"] = "close"
        if self.command == "HEAD" or response.status_code in _BODILESS:
            body = b""
        lines = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in headers)]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def version_string(self) -> str:
        return "kakao-emulator"

    def log_message(self, format: str, *args: Any) -> None:
        """The journal is the log."""


def _part(connection: socket.socket) -> None:
    """Say no more and listen on for a while: to close with bytes unread would be a reset."""
    until = time.monotonic() + _PATIENCE
    with suppress(OSError):
        # Of the plain socket, since an SSLSocket would take what follows for TLS.
        socket.socket.shutdown(connection, socket.SHUT_WR)
        connection.settimeout(_PATIENCE)
        while socket.socket.recv(connection, 65_536) and time.monotonic() < until:
            pass


def _acknowledge(connection: socket.socket) -> None:
    """Through a proxy urllib3 holds the body back until the head is acknowledged: 40 ms."""
    if sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _read_chunks(stream: RawIOBase, limit: int) -> bytes | None:
    """:raises ConnectionError: if a chunk is not what its head says."""
    body = bytearray()
    while chunk := stream.read(65_536):
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
