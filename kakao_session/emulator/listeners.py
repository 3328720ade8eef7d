"""The open ports of a running emulator: Kakao's three hosts over TLS, and the proxy."""

from __future__ import annotations

import socket
import ssl
import struct
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme
from werkzeug.datastructures import Headers

from kakao_session.emulator.dispatcher import Dispatcher, HangUp
from kakao_session.emulator.environment import environment, write_files
from kakao_session.emulator.http_handler import HTTPHandler
from kakao_session.emulator.journal import Record, Service
from kakao_session.emulator.proxy import ProxyServer
from kakao_session.emulator.server import LOOPBACK, Connections, LoopbackServer, close_gently
from kakao_session.endpoints import KAKAO, Endpoints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed.wsgi import WSGIApplication

    from kakao_session.emulator.backend import Backend

_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Listeners:
    """Where the emulator can be reached.

    :param endpoints: the three hosts on their loopback ports.
    :param plain_url: the URL of the proxy and the control page.
    :param ca_file: the path of the certificate that clients have to trust.
    """

    endpoints: Endpoints
    plain_url: str
    ca_file: Path

    def environment(self) -> dict[str, str]:
        """:returns: the variables that lead a program here."""
        return environment(self.ca_file.parent, self.plain_url, self.ca_file)


@contextmanager
def listening(
    dispatcher: Dispatcher, backend: Backend, control: WSGIApplication, port: int
) -> Iterator[Listeners]:
    """Open the ports, and close them together with all connections.

    :param port: the port of the proxy and the control page; 0 means any free port.
    :raises OSError: if the port is not free.
    """
    with tempfile.TemporaryDirectory(prefix="kakao-emulator-") as folder:
        ca_file = Path(folder, "ca.pem")
        tls = _new_tls(ca_file)
        connections = Connections()
        hosts = [
            KakaoServer(service, dispatcher, backend, tls, connections)
            for service in ("kauth", "kapi", "dapi")
        ]
        tunnels = {f"{each.service}.kakao.com:443": each for each in hosts}
        try:
            proxy = ProxyServer(tunnels, control, backend, connections, port)
        except OSError:
            for opened in hosts:
                opened.server_close()
            raise
        ports = {name: each.port for name, each in tunnels.items()}
        plain_url = f"http://{LOOPBACK}:{proxy.port}"
        write_files(Path(folder), plain_url, ca_file, ports)
        servers: list[LoopbackServer] = [*hosts, proxy]
        for server in servers:
            server.start()
        try:
            endpoints = Endpoints(*(f"https://{LOOPBACK}:{each.port}" for each in hosts))
            yield Listeners(endpoints, plain_url, ca_file)
        finally:
            for server in servers:
                server.stop()
            backend.faults.release()
            connections.close()


class KakaoServer(LoopbackServer):
    """One of Kakao's hosts."""

    def __init__(
        self,
        service: Service,
        dispatcher: Dispatcher,
        backend: Backend,
        tls: ssl.SSLContext,
        connections: Connections,
    ) -> None:
        super().__init__(_KakaoHandler, connections)
        self.service = service
        self.dispatcher = dispatcher
        self.backend = backend
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The TLS handshake is done here, because the accepting thread must not wait for it."""
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
                _close_tls(connection)
                close_gently(connection)


class _KakaoHandler(HTTPHandler):
    server: KakaoServer

    def body_limit(self) -> int:
        return self.server.backend.switches.body_limit

    def now(self) -> float:
        return self.server.backend.clock.now()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that is malformed or too large."""
        record = self._record(b"")
        record.status, record.note = code, message or HTTPStatus(code).phrase
        self.server.backend.journal.add(record)
        super().send_error(code, message, explain)

    def answer(self, body: bytes) -> None:
        try:
            self.send(self.server.dispatcher.answer(self._record(body), self.environ(body)))
        except HangUp as hang_up:
            self.close_connection = True
            if hang_up.reset:
                raise

    def _record(self, body: bytes) -> Record:
        path, query = self.target
        return Record(
            time=self.now(),
            service=self.server.service,
            host=self.headers.get("Host", ""),
            method=self.command or "",
            path=path,
            query=query,
            headers=Headers(self.fields),
            body=body,
        )


def _close_tls(connection: ssl.SSLSocket) -> None:
    """Send close_notify (RFC 8446, section 6.1), so that the answer counts as complete."""
    with suppress(OSError, ValueError):
        connection.settimeout(0)  # don't wait for the client's close_notify
        connection.unwrap()


def _new_tls(ca_file: Path) -> ssl.SSLContext:
    """Make a certificate authority that nobody else trusts; its key exists only in memory.

    :param ca_file: where to write its certificate, as PEM.
    :returns: a context for servers, with a certificate for Kakao's host names.
    """
    authority = trustme.CA(organization_name="kakao-session emulator")
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    names = [url.removeprefix("https://") for url in astuple(KAKAO)]
    authority.issue_cert(*names, "localhost", "127.0.0.1").configure_cert(context)
    return context
