"""Whatever is sent to the loopback port: it is answered or hung up on, and the wait goes on."""

import socket
import threading
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kakao_session import KakaoSession
from kakao_session.login.flow import Login
from kakao_session.login.loopback import MOST_CONNECTIONS
from kakao_session.login.page import Page, html
from tests.free_port import free_port
from tests.fuzz.harness import bounded, fuzz_more
from tests.login.browser import Browser

STRAY = html(Page.STRAY).encode()


class Waiting(Browser):
    """A listener for a real login: no input that is made up can be its answer."""

    def __init__(self):
        port = free_port()
        uri = f"http://localhost:{port}/callback"
        login = Login(KakaoSession("key", redirect_uri=uri, pkce="S256"))
        super().__init__(uri, port, login.is_answer)
        self.answer = f"code=c&state={parse_qs(urlsplit(login.url).query)['state'][0]}"

    def send_parts(self, parts):
        """:returns: the answer to what comes in parts, with nothing after them."""
        with self.connect() as connection, connection.makefile("rb") as answer:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(OSError):  # refused before it had all
                for part in parts:
                    connection.sendall(part)
                connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                return answer.read()
            return b""


@pytest.fixture(scope="module")
def waiting():
    waiting = Waiting()
    with waiting.listener:
        yield waiting
        assert waiting.is_still_waiting()


METHODS = st.sampled_from(
    ["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "CONNECT", "TRACE", "get", "_send", "", "\0"]
)
TARGETS = st.sampled_from(
    [
        *("/callback?code=c&state=forged", "/callback?error=access_denied", "//callback?code=c"),
        *("/%63allback?code=c", "/callback%00?code=c", "/callback#?code=c", "*", "?", ""),
        *("http://localhost/callback?code=c", "http://[::1/callback", "/\ud800\uffff\0"),
        *("/callback?" + "state=" * 9_000, "/" + "x" * 65_500, "/" + "x" * 70_000),
    ]
) | st.text(st.characters(codec="latin-1"), max_size=30)
VERSIONS = st.sampled_from(
    [
        *("HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1", "HTTP/-1.0", ""),
        *("HTTP/1.1.1", "http/1.1", "HTTP/x.y", "HTTP/1.1 more", "HTTP/" + "9" * 5_000 + ".1"),
    ]
)
HEADERS = st.sampled_from(
    [
        *("Host: {host}", "Host: {host}", "Host: evil.example", "Host: [::1", "Host: \xff\0"),
        *("Host:", "Expect: 100-continue", "Connection: keep-alive", "Content-Length: -1"),
        *("Content-Length: 18446744073709551616", "Transfer-Encoding: chunked"),
        "Content-Type: multipart/mixed; boundary*" + "9" * 5_000 + "=x",
        *("Content-Type: message/rfc822", " folded", "no colon", ": no name", "\0", ""),
        *("A: " + "b" * 30_000, "A: " + "b" * 65_540, "A: b\r\n" * 99 + "A: b"),
    ]
)
REQUESTS = st.builds(
    lambda words, headers, end, body: end.join([" ".join(words), *headers, "", ""]) + body,
    st.tuples(METHODS, TARGETS, VERSIONS),
    st.lists(HEADERS, max_size=6),
    st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r", "\n\r", "\0"]),
    st.sampled_from(["", "x" * 10, "GET /callback HTTP/1.1\r\n\r\n", "x" * 300_000]),
)
DATA = REQUESTS.map(lambda text: text.encode("latin-1", "replace")) | st.binary(max_size=100)


def cut(data, at):
    """:returns: *data* in parts that end at these fractions of it."""
    ends = sorted(int(len(data) * each) for each in at)
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


@fuzz_more
@given(DATA, st.lists(st.floats(0, 1), max_size=5))
@example(b"GET /callback HTTP/0.9\r\n\r\n", [])
@example(b"GET /callback\r\n\r\n", [0.5])
def test_bytes(waiting, data, at):
    with bounded():
        answer = waiting.send_parts(cut(data.replace(b"{host}", waiting.host.encode()), at))
    head, _, page = answer.partition(b"\r\n\r\n")
    assert page in (b"", STRAY)
    assert not answer or head.startswith((b"HTTP/1.0 4", b"HTTP/1.0 5"))
    assert waiting.arrived.empty()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\n" + b"".join(b"A: " + b"b" * 65_000 + b"\r\n" for _ in range(99)),
        b"POST / HTTP/1.1\r\n\r\n" + b"x" * 2_000_000,
    ],
    ids=["silent", "headers", "body"],
)
def test_many_connections_at_once(data):
    waiting = Waiting()
    everybody_is_there = threading.Barrier(MOST_CONNECTIONS * 2, timeout=30)

    def come():
        with suppress(OSError, threading.BrokenBarrierError), waiting.connect() as connection:
            everybody_is_there.wait()
            connection.sendall(data)

    with waiting.listener, bounded():
        crowd = [threading.Thread(target=come) for _ in range(MOST_CONNECTIONS * 2)]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        answer = b""
        while not answer:  # as soon as one of them has gone
            with suppress(ConnectionResetError):
                answer = waiting.get("/")
        assert waiting.is_still_waiting()
