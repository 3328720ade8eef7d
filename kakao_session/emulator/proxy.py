"""The plain HTTP port: a proxy that only knows Kakao's hosts, and the control page.

:func:`environment` leads programs to it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug import Response
from werkzeug.datastructures import Headers

from kakao_session.emulator.http_handler import HTTPHandler
from kakao_session.emulator.journal import Record
from kakao_session.emulator.server import Connections, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIApplication

    from kakao_session.emulator.backend import Backend

_REFUSAL = "The Kakao emulator opens tunnels to Kakao's hosts only; nothing leaves this machine.\n"
_BODY_LIMIT = 1024 * 1024
_NO_PROXY = "localhost,127.0.0.1,::1"


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
        if server is None:
            self._refuse("none of Kakao's hosts: refused")
            return
        self.close_connection = True
        self.send_response_only(200, "Connection established")
        self.end_headers()
        server.finish_request(self.connection, self.client_address)

    def handle_request(self) -> None:
        """Answer a request for the control page; refuse one for any other host."""
        if self.path.startswith(("/", *self._own_urls())):
            super().handle_request()
        else:
            self._refuse("not through TLS: refused")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_request  # noqa: N815

    def answer(self, body: bytes) -> None:
        self.send(Response.from_app(self.server.control, self.environ(body), buffered=True))

    def _own_urls(self) -> tuple[str, str]:
        """:returns: the URLs with which a browser behind this proxy asks for the control page."""
        port = self.server.port
        return f"http://127.0.0.1:{port}/", f"http://localhost:{port}/"

    def _refuse(self, why: str) -> None:
        self.server.backend.journal.add(self._record(why))
        self.send(Response(_REFUSAL, 403, {"Connection": "close"}, content_type="text/plain"))

    def _record(self, why: str) -> Record:
        try:
            url = urlsplit(f"//{self.path}" if self.command == "CONNECT" else self.path)
        except ValueError:
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


def environment(plain_url: str, ca_file: str, node_preload: str) -> dict[str, str]:
    """:returns: the variables that lead a program, in any language, to the emulator.

    They include ``NO_PROXY``, because an inherited one could lead past the emulator.
    """
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), plain_url)
    proxies["NO_PROXY"] = _NO_PROXY
    return {
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        "REQUESTS_CA_BUNDLE": ca_file,
        "CURL_CA_BUNDLE": ca_file,
        "SSL_CERT_FILE": ca_file,
        "NODE_EXTRA_CA_CERTS": ca_file,
        "NODE_USE_ENV_PROXY": "1",
        "KAKAO_EMULATOR_URL": plain_url,
        "NODE_OPTIONS": _with_preload(os.environ.get("NODE_OPTIONS", ""), node_preload),
    }


def _with_preload(options: str, preload: str) -> str:
    """:returns: the options for Node and the script, because older versions know no proxy."""
    path = preload.replace("\\", "\\\\").replace('"', '\\"')
    option = f'--require "{path}"'
    return options if option in options else f"{options} {option}".lstrip()
