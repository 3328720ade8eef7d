"""The loopback listener, which waits for the browser, and who else comes to its port."""

import errno
import queue
import re
import socket
import threading
import time
from contextlib import ExitStack, suppress

import pytest

from kakao_session.login import loopback
from kakao_session.login.loopback import LoopbackListener, is_loopback
from kakao_session.login.page import Page, html
from tests.free_port import free_port, has_ipv6

ANSWER = "state=right"


class Browser:
    """A listener, what has arrived at it, and a client for it."""

    answer = f"code=c&{ANSWER}"

    def __init__(
        self,
        redirect_uri,
        port,
        is_answer=lambda url: ANSWER in url.split("?")[1],
    ):
        self.port = port
        self.host = redirect_uri.split("/")[2]
        self.arrived = queue.SimpleQueue()
        self.listener = LoopbackListener(redirect_uri, is_answer, self.arrived.put)

    def connect(self, address="127.0.0.1"):
        return socket.create_connection((address, self.port), timeout=10)

    def send(self, data, address="127.0.0.1"):
        """:returns: the whole answer."""
        with self.connect(address) as connection, connection.makefile("rb") as answer:
            with suppress(OSError):  # refused before it had all
                connection.sendall(data)
            return answer.read()

    def get(self, target, address="127.0.0.1", **headers):
        fields = {"Host": self.host, **headers}
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
        return self.send("\r\n".join([*lines, "", ""]).encode(), address)

    def is_still_waiting(self):
        return self.arrived.empty() and self.arrives()

    def arrives(self, address="127.0.0.1"):
        """:returns: whether the answer that is waited for comes through, and is shown a page."""
        pages = []
        get = threading.Thread(
            target=lambda: pages.append(self.get(f"/callback?{self.answer}", address))
        )
        get.start()
        redirect = self.arrived.get(timeout=10)
        self.listener.show(Page.DONE)
        get.join(10)
        return redirect.endswith(f"/callback?{self.answer}") and "로그인되었습니다" in text(
            pages[0]
        )


def text(answer):
    return answer.decode()


def status(answer):
    return int(answer.split()[1])


@pytest.fixture
def browser():
    port = free_port()
    browser = Browser(f"http://localhost:{port}/callback", port)
    with browser.listener:
        yield browser


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://localhost:8765/callback", True),
        ("http://LOCALHOST:8765/callback", True),
        ("http://localhost/callback", True),
        ("http://127.0.0.1:8765/callback", True),
        ("http://127.1.2.3:8765/callback", True),
        ("http://[::1]:8765/callback", True),
        ("https://localhost:8765/callback", False),
        ("https://example.com/oauth", False),
        ("http://example.com/oauth", False),
        ("http://192.0.2.1:8765/oauth", False),
        ("http://0.0.0.0:8765/oauth", False),
        ("http://localhost.example.com/oauth", False),
        ("http:///oauth", False),
    ],
)
def test_is_loopback(uri, expected):
    assert is_loopback(uri) is expected


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_localhost__is_either_address(browser, address):
    if address == "::1" and not has_ipv6():
        pytest.skip("no IPv6 here")
    assert browser.arrives(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_localhost__is_busy_if_either_is(address):
    if address == "::1" and not has_ipv6():
        pytest.skip("no IPv6 here")
    port = free_port()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family):
        with pytest.raises(OSError) as caught:
            Browser(f"http://localhost:{port}/callback", port).listener.close()
        assert caught.value.errno == errno.EADDRINUSE
    with Browser(f"http://localhost:{port}/callback", port).listener:
        pass  # nothing was left open


def test_address__is_that_one_alone():
    port = free_port()
    browser = Browser(f"http://127.0.0.1:{port}/callback", port)
    with browser.listener:
        with pytest.raises(OSError):
            browser.connect("::1")
        assert browser.arrives()


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_address__of_ipv6():
    port = free_port()
    browser = Browser(f"http://[::1]:{port}/callback", port)
    with browser.listener:
        assert browser.arrives("::1")


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_localhost__on_a_machine_without_ipv6(monkeypatch, number):
    fail_to_bind(monkeypatch, "::1", number)
    port = free_port()
    browser = Browser(f"http://localhost:{port}/callback", port)
    with browser.listener:
        assert browser.arrives()


def test_localhost__that_is_not_there_at_all(monkeypatch):
    fail_to_bind(monkeypatch, "", errno.EADDRNOTAVAIL)
    with pytest.raises(OSError) as caught:
        Browser("http://localhost:8765/callback", 8765)
    assert caught.value.errno == errno.EADDRNOTAVAIL


def fail_to_bind(monkeypatch, address, number):
    real = loopback._Server

    def server(where, *rest):
        if where.startswith(address):
            raise OSError(number, "not here")
        return real(where, *rest)

    monkeypatch.setattr(loopback, "_Server", server)


def test_port__is_80_if_none_is_named(monkeypatch):
    asked = []

    def bound(_, port, __):
        asked.append(port)
        return []

    monkeypatch.setattr(loopback, "_bound", bound)
    LoopbackListener("http://localhost/callback", bool, print)
    listener = LoopbackListener("http://localhost:80/callback", lambda _: False, print)
    assert asked == [80, 80]
    assert listener.reply("localhost", "/callback?")[0] == 400  # browsers leave out :80
    assert listener.reply("localhost:8080", "/callback?")[0] == 421


def test_path__is_a_slash_if_there_is_none():
    port = free_port()
    with LoopbackListener(f"http://localhost:{port}", lambda _: False, print) as listener:
        assert listener.reply(f"localhost:{port}", "/?x")[0] == 400
        assert listener.reply(f"localhost:{port}", "/x?x")[0] == 404


def test_path__may_be_korean():
    port = free_port()
    with LoopbackListener(f"http://localhost:{port}/로그인", lambda _: False, print) as listener:
        assert listener.reply(f"localhost:{port}", "/%EB%A1%9C%EA%B7%B8%EC%9D%B8?")[0] == 400


# Who else comes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/favicon.ico", 404),
        ("/", 404),
        ("/callback/", 404),
        ("/Callback?" + ANSWER, 404),
        ("/callback/../x?" + ANSWER, 404),
        ("/callback", 400),
        ("/callback?code=c", 400),
        ("/callback?code=c&state=forged", 400),
        ("/callback?error=access_denied", 400),
        ("/callback?" + "x" * 60_000, 400),
    ],
)
def test_stray_request__is_answered_and_the_wait_goes_on(browser, target, expected):
    answer = browser.get(target)
    assert status(answer) == expected
    assert "not the page that is waited for" in text(answer)
    assert browser.is_still_waiting()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:{port}", ""])
def test_rebound_name__is_refused(browser, host):
    answer = browser.get(f"/callback?code=c&{ANSWER}", Host=host.format(port=browser.port))
    assert status(answer) == 421
    assert browser.is_still_waiting()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_page_from_elsewhere__reads_nothing_and_ends_nothing(browser, method, origin):
    lines = (
        f"{method} /callback?code=c&state=guessed HTTP/1.1",
        f"Host: {browser.host}",
        f"Origin: {origin}",
        "Sec-Fetch-Site: cross-site",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Private-Network: true",
    )
    answer = browser.send("\r\n".join([*lines, "", ""]).encode())
    assert status(answer) == (400 if method == "GET" else 501)
    assert b"access-control" not in answer.lower()
    assert b"frame-ancestors 'none'" in answer
    assert browser.is_still_waiting()


def test_host__in_capitals_is_the_same(browser):
    assert status(browser.get("/callback", Host=browser.host.upper())) == 400


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 200_000 + b"\r\n\r\n", 431),
        (b"POST /callback?state=right HTTP/1.1\r\n\r\n" + b"x" * 900_000, 501),
        (b"HEAD /callback?state=right HTTP/1.1\r\n\r\n", 501),
        (b"GET / HTTP/7.7\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 421),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=["long_line", "many_headers", "long_header", "post", "head", "version", "old", "garbage"],
)
def test_huge_or_odd_request__is_answered_and_the_wait_goes_on(browser, data, expected):
    answer = browser.send(data)
    assert status(answer) == expected
    assert (b"<main>" in answer) is not data.startswith(b"HEAD")
    assert browser.is_still_waiting()


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\r\n", b"\x00\xff\r\n\r\n", b"\n", b"GET /callback\r\n"],
    ids=["tls", "bytes", "empty", "http_0_9"],
)
def test_garbage__does_not_end_the_wait(browser, data):
    with browser.connect() as connection:
        connection.sendall(data)
    assert browser.is_still_waiting()


@pytest.mark.parametrize(("beyond", "expected"), [(0, 404), (1, 431)])
def test_head__up_to_a_limit(browser, beyond, expected):
    head = b"GET / HTTP/1.1\r\nHost: " + browser.host.encode() + b"\r\n"
    lines = [b"a: %s\r\n" % (b"b" * 60_000)] * 2
    last = b"c: %s\r\n\r\n"
    left = loopback.LARGEST_REQUEST - len(head + b"".join(lines)) - len(last % b"")
    answer = browser.send(head + b"".join(lines) + last % (b"d" * (left + beyond)))
    assert status(answer) == expected
    assert browser.is_still_waiting()


def test_answer__goes_through_before_an_endless_request(browser):
    with browser.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n\r\n")
        answer = b""
        with suppress(OSError):
            for _ in range(100):
                connection.sendall(b"x" * (1 << 16))
        with suppress(OSError):
            answer = connection.recv(1 << 16)
        assert answer == b"" or status(answer) == 501
    assert browser.is_still_waiting()


def test_connection_that_says_nothing__holds_nobody_up(browser):
    with browser.connect(), browser.connect(), browser.connect():
        assert browser.is_still_waiting()
        started = time.monotonic()
        browser.listener.close()
    assert time.monotonic() - started < loopback.CONNECTION_TIMEOUT / 2


def test_connection_that_says_nothing__is_ended(browser, monkeypatch):
    monkeypatch.setattr(loopback._Conversation, "timeout", 0.05)
    with browser.connect() as connection:
        assert connection.recv(1) == b""
    assert browser.is_still_waiting()


def test_answered_client__is_told_that_it_was_all(browser, monkeypatch):
    monkeypatch.setattr(loopback, "PARTING_TIMEOUT", 60.0)
    assert status(browser.get("/callback")) == 400


def test_answered_client__that_does_not_hang_up_is_hung_up_on(browser, monkeypatch):
    monkeypatch.setattr(loopback, "PARTING_TIMEOUT", 0.05)
    with browser.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while connection.recv(1 << 16):
            pass
        deadline = time.monotonic() + loopback.CONNECTION_TIMEOUT / 2
        while any(server._open for server in browser.listener._servers):
            assert time.monotonic() < deadline
            time.sleep(0.001)


def test_limits():
    assert loopback.CONNECTION_TIMEOUT == loopback._Conversation.timeout == 10.0
    assert loopback.MOST_CONNECTIONS == 64
    assert loopback.LARGEST_REQUEST == 128 * 1024
    assert loopback.PARTING_TIMEOUT == 1.0
    assert loopback._REMAINDER == 1024 * 1024


def test_connections__beyond_the_most_are_hung_up_on(browser, monkeypatch):
    monkeypatch.setattr(loopback, "MOST_CONNECTIONS", 2)
    with ExitStack() as open_connections:
        for _ in range(2):
            open_connections.enter_context(browser.connect())
        while sum(len(server._open) for server in browser.listener._servers) < 2:
            time.sleep(0.001)
        with suppress(ConnectionResetError):
            assert browser.get("/callback") == b""
    while any(server._open for server in browser.listener._servers):
        time.sleep(0.001)
    assert browser.is_still_waiting()


def test_error_in_a_conversation__is_that_conversations(browser, monkeypatch, caplog):
    caplog.set_level("INFO")
    with monkeypatch.context() as context:
        context.setattr(browser.listener, "reply", lambda *_: 1 / 0)
        assert browser.get("/callback") == b""
    assert "ZeroDivisionError" in caplog.text
    assert browser.is_still_waiting()


# The last page --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [Page.DONE, Page.DENIED, Page.FAILED])
def test_browser__is_shown_how_it_ended(browser, page):
    answers = []
    target = f"/callback?{ANSWER}"
    gets = [
        threading.Thread(target=lambda: answers.append(browser.get(target))) for _ in range(2)
    ]  # a browser may load it twice
    for get in gets:
        get.start()
    browser.arrived.get(timeout=10)
    assert answers == []
    browser.listener.show(page, "access_denied")
    for get in gets:
        get.join(10)
    assert len(answers) == 2
    for answer in answers:
        assert status(answer) == 200
        assert all(words in text(answer) for words in page.value)
        assert "access_denied" in text(answer)
    assert browser.arrived.empty()


def test_browser__is_told_when_nobody_says_how_it_ended(browser):
    answers = []
    get = threading.Thread(target=lambda: answers.append(browser.get(f"/callback?{ANSWER}")))
    get.start()
    browser.arrived.get(timeout=10)
    browser.listener.close()
    get.join(10)
    assert "The login did not succeed" in text(answers[0])


def test_close__frees_the_port_and_ends_every_thread(browser):
    before = set(threading.enumerate())
    browser.get("/callback")
    browser.listener.close()
    with pytest.raises(OSError):
        browser.connect()
    socket.create_server(("127.0.0.1", browser.port)).close()
    assert set(threading.enumerate()) <= before


def test_with__closes():
    port = free_port()
    with LoopbackListener(f"http://localhost:{port}/callback", bool, print):
        socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_page__headers(browser):
    head = text(browser.get("/")).partition("\r\n\r\n")[0]
    assert "default-src 'none'" in head
    assert "no-store" in head
    assert "Referrer-Policy: no-referrer" in head
    assert "text/html; charset=utf-8" in head
    assert "Connection: close" in head
    assert "Server:" not in head


@pytest.mark.parametrize("page", list(Page))
def test_page__is_in_both_languages_and_loads_nothing(page):
    document = html(page)
    assert re.search(r"[가-힣]", document)
    assert re.search(r'<h1 lang="en">[A-Z]', document)
    assert not re.search(r"https?:|src=|url\(|<script", document)
    assert len(document) < 1500


def test_page__escapes_everything():
    document = html(Page.FAILED, "<script>alert('x')</script>&\"")
    assert "<script" not in document
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;" in document
    assert "x" * 80 in html(Page.FAILED, "x" * 81)
    assert "x" * 81 not in html(Page.FAILED, "x" * 81)


def test_listener__logs_no_code(browser, caplog, capfd):
    caplog.set_level("DEBUG")
    browser.get("/callback?code=a-secret-code&state=x")
    assert "answered with 400" in caplog.text
    assert "a-secret-code" not in caplog.text
    assert capfd.readouterr() == ("", "")
