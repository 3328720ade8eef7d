"""Ports on loopback, and the connections to them: each in its own thread, all ended at once."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

LOOPBACK = "127.0.0.1"
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
    """Accepts on a port of 127.0.0.1; whatever a client does happens in its own thread.

    :param port: 0 means any that is free.
    :raises OSError: if the port is not free.
    """

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = os.name == "posix"  # elsewhere it would let two listen on one port

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
        part(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no event; anything else is a fault of the emulator's own."""
        if not isinstance(sys.exc_info()[1], OSError):
            log.error("the emulator could not answer", exc_info=sys.exc_info())


def part(connection: socket.socket) -> None:
    """Say no more and listen on for a while: to close with bytes unread would be a reset."""
    until = time.monotonic() + _PATIENCE
    with suppress(OSError):
        # Of the plain socket, since an SSLSocket would take what follows for TLS.
        socket.socket.shutdown(connection, socket.SHUT_WR)
        connection.settimeout(_PATIENCE)
        while socket.socket.recv(connection, 65_536) and time.monotonic() < until:
            pass
