"""How fast the emulator is: from start to the first answer, token requests, and a reset."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any
from urllib.parse import urlencode, urlsplit

import trustme

from benchmarks.table import Table, spread
from benchmarks.turns import Samples
from kakao_session.emulator import KakaoEmulator

_REQUESTS = 2000
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_BARE = "http.server, always the same answer"


def measure(quick: bool) -> list[Table]:
    """:returns: two tables."""
    return [_requests(50 if quick else _REQUESTS), _between_tests(2 if quick else 25)]


def _requests(count: int) -> Table:
    samples: Samples = {}
    with _bare_server() as (address, ca_file):
        samples[_BARE] = _timed(address, ca_file, "", count)
    with KakaoEmulator() as kakao:
        form = {
            "grant_type": "refresh_token",
            "client_id": kakao.app_key,
            "refresh_token": kakao.login()["refresh_token"],
        }
        address = urlsplit(kakao.endpoints.token_url).netloc
        samples["KakaoEmulator"] = _timed(address, kakao.ca_file, urlencode(form), count)
    note = (
        f"{count:,} refreshes, one after the other, over one TLS connection from another process. "
        "Elapsed time of each, the client's share included. Aim: 1,000 a second."
    )
    table = spread("A token request to the emulator", note, "us", samples, _BARE)
    table.widen("a second", [round(count / sum(values)) for values in samples.values()])
    return table


def _between_tests(rounds: int) -> Table:
    samples: Samples = {"reset()": [], "start(), to the first answer": [], "stop()": []}
    for _ in range(rounds):
        kakao = KakaoEmulator()
        begun = time.perf_counter()
        kakao.start()
        _timed(urlsplit(kakao.endpoints.token_url).netloc, kakao.ca_file, "", 1, here=True)
        samples["start(), to the first answer"].append(time.perf_counter() - begun)
        for user in range(100):
            kakao.login(user)
        begun = time.perf_counter()
        kakao.reset()
        samples["reset()"].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        kakao.stop()
        samples["stop()"].append(time.perf_counter() - begun)
    note = (
        "Elapsed time. 100 users are logged in before the reset. Aims: 300 ms to the first answer, "
        "5 ms for a reset."
    )
    named = {f"KakaoEmulator.{name}": values for name, values in samples.items()}
    return spread("The emulator between tests", note, "ms", named, "KakaoEmulator.reset()")


def _timed(address: str, ca_file: str, form: str, count: int, *, here: bool = False) -> list[float]:
    """:returns: how long each of so many requests took, in seconds."""
    if here:
        return _post(address, ca_file, form, count)
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_post, (address, ca_file, form, count))


def _post(address: str, ca_file: str, form: str, count: int) -> list[float]:
    trusting = ssl.create_default_context(cafile=ca_file)
    connection = HTTPSConnection(address, context=trusting)
    seconds = []
    for _ in range(count):
        begun = time.perf_counter()
        connection.request("POST", "/oauth/token", form, _HEADERS)
        connection.getresponse().read()
        seconds.append(time.perf_counter() - begun)
    connection.close()
    return seconds


@contextmanager
def _bare_server() -> Iterator[tuple[str, str]]:
    """A server of the standard library, which says how fast the machine is."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Constant) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with authority.cert_pem.tempfile() as ca_file:
            yield f"127.0.0.1:{server.server_port}", ca_file
        server.shutdown()


class _Constant(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass
