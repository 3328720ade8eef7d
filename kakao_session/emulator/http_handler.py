"""HTTP/1.1 on one connection: reads requests from the socket and writes WSGI responses to it."""

from __future__ import annotations

import re
import socket
import sys
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from kakao_session.emulator.server import LOOPBACK

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug import Response

_WITHOUT_BODY = {204, 304}
_PIECE = 65_536
_LINE = 65_536
_FOLD = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_AUTHORITY = re.compile(r"(?i)^https?://[^/?#]*")
_ASCII = bytes(range(128)).decode()


class HTTPHandler(BaseHTTPRequestHandler):
    """Answers the requests on a connection; a subclass says how, in :meth:`answer`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scheme = "https"

    def handle_one_request(self) -> None:
        self.path, self.headers = "", Message()  # not those of the request before
        super().handle_one_request()

    def handle_request(self) -> None:
        """Read the body of a request whose head has been read, and answer."""
        try:
            body = self._read_body()
        except ValueError:
            self.send_error(400, "Malformed body")
            return
        if body is None:
            self.send_error(413)
            return
        self.answer(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_request  # noqa: N815

    def answer(self, body: bytes) -> None:
        """Answer a request that has been read completely."""
        raise NotImplementedError

    def body_limit(self) -> int:
        """:returns: the size, in bytes, above which a body gets a 413."""
        raise NotImplementedError

    def now(self) -> float:
        """:returns: the time for the ``Date`` header, unix seconds."""
        raise NotImplementedError

    @property
    def target(self) -> tuple[str, str]:
        """Path and query of the request, even if it has the whole URL (RFC 9112, 3.2.2).

        Bytes that a URL can't have are escaped: curl sends them as it got them.
        """
        escaped = quote(self.path, safe=_ASCII, encoding="latin-1")
        path, _, query = _AUTHORITY.sub("", escaped).partition("?")
        return path or "/", query

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The headers, without the spaces around a value and the old way to break it into lines
        (RFC 9112, 5.1 and 5.2)."""
        return [(name, _FOLD.sub(" ", value).strip()) for name, value in self.headers.items()]

    def environ(self, body: bytes) -> WSGIEnvironment:
        """:returns: the WSGI environment of the request (PEP 3333)."""
        path, query = self.target
        if "x-www-form-urlencoded" in self.headers.get("Content-Type", "").lower():
            body = quote(body, safe=_ASCII).encode()  # bytes that are not UTF-8, from old consoles
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": LOOPBACK,
            "SERVER_PORT": str(self.connection.getsockname()[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.fields:
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def send(self, response: Response) -> None:
        """Write the response at once, so that a small one needs only one packet."""
        body = response.get_data()
        if response.headers.get("Connection") == "close":
            self.close_connection = True
        lines = [f"HTTP/1.1 {response.status}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        if "Date" not in response.headers:
            lines.append(f"Date: {formatdate(self.now(), usegmt=True)}")
        if "Content-Length" not in response.headers:
            lines.append(f"Content-Length: {len(body)}")
        if self.close_connection and "Connection" not in response.headers:
            lines.append("Connection: close")
        if self.command == "HEAD" or response.status_code in _WITHOUT_BODY:
            body = b""
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        self.wfile.write(head + body)

    def version_string(self) -> str:
        return "kakao-emulator"

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; the journal is the log."""

    def _read_body(self) -> bytes | None:
        """:returns: the body, or ``None`` if it is too large.

        :raises ValueError: if its length, or that of a chunk, is not a valid number.
        :raises ConnectionError: if the client hung up before the end.
        """
        _acknowledge(self.connection)
        limit = self.body_limit()
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks(limit)
        length = _length(self.headers.get("Content-Length", "0"), 10)
        return self._read(length) if length <= limit else None

    def _read_chunks(self, limit: int) -> bytes | None:
        body = bytearray()
        while length := _length(self.rfile.readline(_LINE).partition(b";")[0], 16):
            if len(body) + length > limit:
                return None
            body += self._read(length)
            self.rfile.readline(_LINE)
        while self.rfile.readline(_LINE).strip():
            pass  # trailers
        return bytes(body)

    def _read(self, length: int) -> bytes:
        body = bytearray()
        while len(body) < length:
            piece = self.rfile.read(min(_PIECE, length - len(body)))
            if not piece:
                raise ConnectionAbortedError("hung up in the body")
            body += piece
        return bytes(body)


def _acknowledge(connection: socket.socket) -> None:
    """Acknowledge the head now: through a proxy, urllib3 waits 40 ms for it before the body."""
    if sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _length(text: str | bytes, base: int) -> int:
    length = int(text, base)
    if length < 0:
        raise ValueError("negative length")
    return length
