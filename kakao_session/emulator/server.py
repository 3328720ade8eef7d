"""A threaded TCP server on 127.0.0.1 that can end all its connections at once."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

LOOPBACK = "127.0.0.1"
_PATIENCE = 2.0

log = logging.getLogger(__name__)


class Connections:
    """The open connections of all servers, and the threads that serve them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._open: dict[threading.Thread, socket.socket] = {}

    def add(self, connection: socket.socket) -> None:
        """Add the calling thread's connection, or replace the one that it had before.

        :raises ConnectionAbortedError: if the connections are being closed.
        """
        with self._lock:
            if self._closed:
                raise ConnectionAbortedError("the emulator is stopping")
            self._open[threading.current_thread()] = connection

    def discard(self) -> None:
        """Remove the calling thread's connection."""
        with self._lock:
            self._open.pop(threading.current_thread(), None)

    def close(self) -> None:
        """End all connections, and wait for their threads."""
        with self._lock:
            self._closed = True
            still_open = dict(self._open)
        for connection in still_open.values():
            try:
                # SSLSocket.shutdown would make a thread that still writes go on without TLS.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                log.debug("the client had closed the connection")
        for thread in still_open:
            thread.join()


class LoopbackServer(ThreadingMixIn, TCPServer):
    """Accepts connections on a port of 127.0.0.1 and serves each in a thread of its own.

    :param port: 0 means any that is free.
    :raises OSError: if the port is not free.
    """

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = os.name == "posix"  # on Windows two servers could share a port

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], connections: Connections, port: int = 0
    ) -> None:
        super().__init__((LOOPBACK, port), handler)
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
        """Accept no more connections; those that are open stay."""
        self._stopping.set()
        with socket.create_connection((LOOPBACK, self.port)):  # wakes up accept()
            self._acceptor.join()
        self.server_close()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self.get_request()
                if self._stopping.is_set():
                    connection.close()
                    return
                self.process_request(connection, address)
            except Exception:  # noqa: BLE001 - no descriptors left, or pytest-socket: try again
                time.sleep(0.05)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            self.connections.add(request)
            super().process_request_thread(request, client_address)
        except ConnectionAbortedError:
            self.shutdown_request(request)
        finally:
            self.connections.discard()

    def shutdown_request(self, request: Any) -> None:
        close_gently(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an error of the emulator's own; a client may hang up at any time."""
        if not isinstance(sys.exc_info()[1], OSError):
            log.error("the emulator could not answer", exc_info=sys.exc_info())


def is_loopback(host: str) -> bool:
    """:returns: whether a host name or address is this machine's, without a look-up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def loopback_address(host: str) -> str:
    """:returns: what to connect to for a host of this machine: no name server is asked about a name
    below ``localhost`` (RFC 6761, section 6.3).
    """
    return LOOPBACK if host.lower().endswith(".localhost") else host


def close_gently(connection: socket.socket) -> None:
    """Close for writing, and read on for a while: unread bytes would make it a reset."""
    until = time.monotonic() + _PATIENCE
    with suppress(OSError):
        # On the plain socket, because an SSLSocket would take the rest for TLS.
        socket.socket.shutdown(connection, socket.SHUT_WR)
        connection.settimeout(_PATIENCE)
        while socket.socket.recv(connection, 65_536) and time.monotonic() < until:
            pass
