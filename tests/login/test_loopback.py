"""The loopback listener, which waits for the browser, and who else comes to its port."""

import errno
import socket
import threading
import time
from contextlib import ExitStack, suppress
from functools import partial

import pytest

from kakao_session.login.loopback import (
    CONNECTION_TIMEOUT,
    LARGEST_REQUEST,
    MOST_CONNECTIONS,
    PARTING_TIMEOUT,
    LoopbackListener,
    is_loopback,
)
from kakao_session.login.page import Page
from tests.free_port import free_port, has_ipv6
from tests.login.browser import RIGHT_STATE, Browser, status

SOON = CONNECTION_TIMEOUT / 2


@pytest.fixture
def browser():
    port = free_port()
    browser = Browser(f"http://localhost:{port}/callback", port)
    with browser.listener:
        yield browser


def wait_until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_limits():
    assert CONNECTION_TIMEOUT == 10.0
    assert PARTING_TIMEOUT == 1.0
    assert MOST_CONNECTIONS == 64
    assert LARGEST_REQUEST == 128 * 1024


# Where it listens -----------------------------------------------------------------------------


def test_is_loopback():
    for host in ("localhost:8765", "LOCALHOST:8765", "localhost", "127.1.2.3:8765", "[::1]:8765"):
        assert is_loopback(f"http://{host}/callback"), host
    assert not is_loopback("https://localhost:8765/callback")
    for host in ("example.com", "192.0.2.1:8765", "0.0.0.0:8765", "localhost.example.com", ""):
        assert not is_loopback(f"http://{host}/oauth"), host


either_address = pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")),
    ],
)


@either_address
def test_localhost__is_either_address(browser, address):
    assert browser.arrives(address)


@either_address
def test_localhost__is_busy_if_either_is(address):
    port = free_port()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family):
        with pytest.raises(OSError) as caught:
            Browser(f"http://localhost:{port}/callback", port).listener.close()
        assert caught.value.errno == errno.EADDRINUSE
    with Browser(f"http://localhost:{port}/callback", port).listener:
        pass  # nothing was left open


@either_address
def test_address__is_that_one_alone(address):
    port = free_port()
    host, other = ("[::1]", "127.0.0.1") if address == "::1" else (address, "::1")
    browser = Browser(f"http://{host}:{port}/callback", port)
    with browser.listener:
        with pytest.raises(OSError):
            browser.connect(other)
        assert browser.arrives(address)


@pytest.fixture
def bound(monkeypatch):
    """Lets sockets bind to any free port, and refuses addresses.

    :returns: the ports that were asked for, and a function that refuses addresses.
    """
    bind = socket.socket.bind
    ports, refused = [], {}

    def noted(self, address):
        for start, number in refused.items():
            if address[0].startswith(start):
                raise OSError(number, "not here")
        ports.append(address[1])
        bind(self, (address[0], 0, *address[2:]) if address[1] == 80 else address)

    monkeypatch.setattr(socket.socket, "bind", noted)
    return ports, lambda start, number: refused.update({start: number})


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_localhost__on_a_machine_without_ipv6(bound, number):
    port = free_port()
    _, refuse = bound
    refuse("::1", number)
    browser = Browser(f"http://localhost:{port}/callback", port)
    with browser.listener:
        assert browser.arrives()


def test_localhost__that_is_not_there_at_all(bound):
    _, refuse = bound
    refuse("", errno.EADDRNOTAVAIL)
    with pytest.raises(OSError) as caught:
        Browser("http://localhost:8765/callback", 8765)
    assert caught.value.errno == errno.EADDRNOTAVAIL


@pytest.mark.parametrize("authority", ["localhost", "localhost:80"])
def test_port__is_80_if_none_is_named(bound, authority):
    ports, _ = bound
    with LoopbackListener(f"http://{authority}/callback", lambda _: False, print) as listener:
        assert set(ports) == {80}
        assert listener.reply("LOCALHOST:80", "/callback?")[0] == 400
        assert listener.reply("localhost", "/callback?")[0] == 400  # browsers leave out :80
        assert listener.reply("localhost:8080", "/callback?")[0] == 421


@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("", "/?x", 400),
        ("", "/x?x", 404),
        ("/로그인", "/%EB%A1%9C%EA%B7%B8%EC%9D%B8?", 400),
    ],
)
def test_path__may_be_missing_or_korean(path, target, expected):
    port = free_port()
    with LoopbackListener(f"http://localhost:{port}{path}", lambda _: False, print) as listener:
        assert listener.reply(f"localhost:{port}", target)[0] == expected


# Who else comes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", 404),
        ("/callback/", 404),
        (f"/Callback?{RIGHT_STATE}", 404),
        (f"/callback/../x?{RIGHT_STATE}", 404),
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
    assert "This address is not part of the login" in answer.decode()
    assert browser.is_still_waiting()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:{port}", ""])
def test_rebound_name__is_refused(browser, host):
    answer = browser.get(f"/callback?code=c&{RIGHT_STATE}", Host=host.format(port=browser.port))
    assert status(answer) == 421
    assert browser.is_still_waiting()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
def test_page_from_elsewhere__reads_nothing_and_ends_nothing(browser, method):
    lines = (
        f"{method} /callback?code=c&state=guessed HTTP/1.1",
        f"Host: {browser.host}",
        "Origin: https://evil.example",
        "Sec-Fetch-Site: cross-site",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Private-Network: true",
    )
    answer = browser.send("\r\n".join([*lines, "", ""]).encode())
    assert status(answer) == (400 if method == "GET" else 501)
    assert b"access-control" not in answer.lower()
    assert b"frame-ancestors 'none'" in answer
    assert (b"<main>" in answer) is (method != "HEAD")
    assert browser.is_still_waiting()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 200_000 + b"\r\n\r\n", 431),
        (b"POST /callback?state=right HTTP/1.1\r\n\r\n" + b"x" * 900_000, 501),
        (b"GET / HTTP/7.7\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 421),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=["long_line", "many_headers", "long_header", "post", "version", "old", "garbage"],
)
def test_huge_or_odd_request__is_answered_and_the_wait_goes_on(browser, data, expected):
    answer = browser.send(data)
    assert status(answer) == expected
    assert b"<main>" in answer
    assert browser.is_still_waiting()


@pytest.mark.parametrize(("beyond", "expected"), [(0, 404), (1, 431)])
def test_headers__up_to_a_limit(browser, beyond, expected):
    head = b"GET / HTTP/1.1\r\nHost: " + browser.host.encode() + b"\r\n"
    lines = [b"a: %s\r\n" % (b"b" * 60_000)] * 2
    last = b"c: %s\r\n\r\n"
    left = LARGEST_REQUEST - len(head + b"".join(lines)) - len(last % b"")
    answer = browser.send(head + b"".join(lines) + last % (b"d" * (left + beyond)))
    assert status(answer) == expected
    assert browser.is_still_waiting()


def test_error_in_a_conversation__is_that_conversations(browser, monkeypatch, caplog):
    caplog.set_level("INFO")
    with monkeypatch.context() as context:
        context.setattr(browser.listener, "reply", lambda *_: 1 / 0)
        assert browser.get("/callback") == b""
    assert "ZeroDivisionError" in caplog.text
    assert browser.is_still_waiting()


# Connections that stay open ---------------------------------------------------------------------


@pytest.fixture
def timeouts(monkeypatch):
    """Replaces the timeouts that a program sets on its sockets: a mapping of old to new ones."""
    settimeout = socket.socket.settimeout
    replaced = {}
    monkeypatch.setattr(
        socket.socket,
        "settimeout",
        lambda self, seconds: settimeout(self, replaced.get(seconds, seconds)),
    )
    return replaced


def test_silent_connection__holds_nobody_up(browser):
    with browser.connect(), browser.connect(), browser.connect():
        assert browser.is_still_waiting()
        started = time.monotonic()
        browser.listener.close()
    assert time.monotonic() - started < SOON


def test_silent_connection__is_ended(browser, timeouts):
    timeouts[CONNECTION_TIMEOUT] = 0.05
    with browser.connect() as connection:
        assert connection.recv(1) == b""
    assert browser.is_still_waiting()


def test_answered_client__learns_at_once_that_it_has_all(browser, timeouts):
    timeouts[PARTING_TIMEOUT] = 60.0
    assert status(browser.get("/callback")) == 400


def test_answered_client__that_does_not_hang_up_is_hung_up_on(browser, timeouts):
    timeouts[PARTING_TIMEOUT] = 0.05
    threads = threading.active_count()
    with browser.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while connection.recv(1 << 16):
            pass
        wait_until(lambda: threading.active_count() <= threads)


def is_served_by(threads):
    return threading.active_count() == threads


def test_connections__beyond_64_are_hung_up_on(browser):
    threads = threading.active_count()
    with ExitStack() as open_connections:
        for number in range(1, 65):
            last = open_connections.enter_context(browser.connect())
            wait_until(partial(is_served_by, threads + number))
        with suppress(ConnectionResetError):
            assert browser.get("/callback") == b""
        last.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert status(last.recv(1 << 16)) == 421
    wait_until(lambda: threading.active_count() <= threads)
    assert browser.is_still_waiting()


def test_close__frees_the_port_and_ends_every_thread(browser):
    before = set(threading.enumerate())
    with browser.listener:
        browser.get("/callback")
    with pytest.raises(ConnectionRefusedError):
        browser.connect()
    socket.create_server(("127.0.0.1", browser.port)).close()
    assert set(threading.enumerate()) <= before


# The last page --------------------------------------------------------------------------------


def test_browser__is_shown_how_it_ended(browser):
    answers = []
    target = f"/callback?{RIGHT_STATE}"
    gets = [
        threading.Thread(target=lambda: answers.append(browser.get(target))) for _ in range(2)
    ]  # a browser may load it twice
    for get in gets:
        get.start()
    browser.arrived.get(timeout=10)
    assert answers == []
    browser.listener.show(Page.DENIED, "access_denied")
    for get in gets:
        get.join(10)
    assert [status(answer) for answer in answers] == [200, 200]
    for answer in answers:
        assert all(words in answer.decode() for words in (*Page.DENIED.value, "access_denied"))
    assert browser.arrived.empty()


def test_browser__is_shown_a_page_when_the_listener_is_closed(browser):
    answers = []
    get = threading.Thread(target=lambda: answers.append(browser.get(f"/callback?{RIGHT_STATE}")))
    get.start()
    browser.arrived.get(timeout=10)
    browser.listener.close()
    get.join(10)
    assert "The login did not succeed" in answers[0].decode()


def test_answer__headers(browser):
    head = browser.get("/").decode().partition("\r\n\r\n")[0]
    assert "default-src 'none'" in head
    assert "no-store" in head
    assert "Referrer-Policy: no-referrer" in head
    assert "text/html; charset=utf-8" in head
    assert "Connection: close" in head
    assert "Server:" not in head


def test_listener__logs_no_code(browser, caplog, capfd):
    caplog.set_level("DEBUG")
    browser.get("/callback?code=a-secret-code&state=x")
    assert "answered with 400" in caplog.text
    assert "a-secret-code" not in caplog.text
    assert capfd.readouterr() == ("", "")
