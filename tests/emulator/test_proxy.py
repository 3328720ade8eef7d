"""The proxy, and the environment that leads programs to it."""

import socket
import ssl
import time
from pathlib import Path

import pytest
import requests
import trustme

from kakao_session.emulator import KakaoEmulator
from tests.emulator.client import KAUTH, connected, read_all
from tests.free_port import free_port


@pytest.mark.parametrize(
    "target", ["kauth.kakao.com:80", "kakao.com:443", "kauth.kakao.com.example.com:443"]
)
def test_tunnel__to_another_host_is_refused(kakao, target):
    with connected(kakao, kakao.proxy_url) as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert read_all(connection).startswith(b"HTTP/1.1 403 ")
    [record] = kakao.requests
    assert (record.service, record.host, record.status) == ("proxy", target, 403)


def test_plain_http__is_refused(kakao):
    response = requests.get("http://example.com/path", timeout=10)
    assert response.status_code == 403
    assert "Kakao emulator" in response.text
    [record] = kakao.requests
    assert (record.service, record.host, record.path) == ("proxy", "example.com", "/path")


@pytest.mark.parametrize(
    ("agent", "host", "failed"),
    [
        ("HeadlessChrome/150.0", "update.googleapis.com:443", False),
        ("Mozilla/5.0 Firefox/150.0", "push.services.mozilla.com:443", False),
        ("Mozilla/5.0 Chrome/150.0", "example.com:443", True),
        ("Mozilla/5.0 Chrome/150.0", "notgoogle.com:443", True),
        ("python-requests/2", "www.google.com:443", True),
    ],
)
def test_browsers_own_call__is_no_failure(kakao, agent, host, failed):
    with connected(kakao, kakao.proxy_url) as connection:
        head = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n\r\n"
        connection.sendall(head.encode())
        assert read_all(connection).startswith(b"HTTP/1.1 403 ")
    [record] = kakao.requests
    assert (record.failed, record.status) == (failed, 403)
    assert ("browser" in record.note) is not failed


# Redirects to this machine --------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "app.localhost"])
def test_redirect__to_this_machine_is_forwarded(kakao, callback, host):
    query = {
        "client_id": kakao.app_key,
        "redirect_uri": f"http://{host}:{callback.server_port}/callback",
        "response_type": "code",
        "state": "s t",
    }
    with requests.Session() as http:
        http.proxies = {"http": kakao.proxy_url, "https": kakao.proxy_url}
        response = http.get(f"{KAUTH}/oauth/authorize", params=query, timeout=10)
    assert (response.status_code, response.text) == (201, "welcome")
    assert response.cookies.get_dict() == {"a": "1", "b": "2"}
    [(method, path, _)] = callback.received
    assert method == "GET"
    assert path.startswith("/callback?code=")
    assert path.endswith("&state=s%20t")
    assert callback.headers["Host"] == f"{host}:{callback.server_port}"
    assert not [name for name in callback.headers if name.lower().startswith("proxy")]
    assert [record.path for record in kakao.requests] == ["/oauth/authorize"]


def test_redirect__to_this_machine_over_https(kakao, callback, tmp_path, monkeypatch):
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    callback.socket = tls.wrap_socket(callback.socket, server_side=True)
    both = tmp_path / "both.pem"
    both.write_bytes(Path(kakao.ca_file).read_bytes() + authority.cert_pem.bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(both))
    query = {
        "client_id": kakao.app_key,
        "redirect_uri": f"https://localhost:{callback.server_port}/callback",
        "response_type": "code",
    }
    with requests.Session() as http:
        http.proxies = {"https": kakao.proxy_url}
        response = http.get(f"{KAUTH}/oauth/authorize", params=query, timeout=10)
        assert (response.status_code, response.text) == (201, "welcome")
        body = b"x" * 300_000
        assert http.post(response.url, data=body, timeout=10).status_code == 201
    assert [sent for _, _, sent in callback.received] == [b"", body]
    assert [record.path for record in kakao.requests] == ["/oauth/authorize"]


def test_tunnel__to_nobody_on_this_machine(kakao):
    with connected(kakao, kakao.proxy_url) as connection:
        target = f"localhost:{free_port()}"
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection).startswith(b"HTTP/1.1 502 ")


@pytest.fixture
def proxied(kakao):
    """A session that sends requests to this machine through the proxy, too."""
    with requests.Session() as http:
        http.trust_env = False
        http.proxies = {"http": kakao.proxy_url}
        yield http


def test_forwarded__form(proxied, callback):
    url = f"http://127.0.0.1:{callback.server_port}/form"
    assert proxied.post(url, data={"a": "1"}, timeout=10).status_code == 201
    assert proxied.post(url, timeout=10).status_code == 201
    assert callback.received == [("POST", "/form", b"a=1"), ("POST", "/form", b"")]
    assert callback.headers["Content-Length"] == "0"  # of the last


def test_forwarded__chunks_that_arrive_in_parts(proxied, callback):
    url = f"http://127.0.0.1:{callback.server_port}/form"
    body = bytes(range(256)) * 2000
    for pieces in ([body], [body[:1], body[1:300_000], body[300_000:]]):
        assert proxied.post(url, data=iter(pieces), timeout=10).status_code == 201
        assert callback.received.pop() == ("POST", "/form", body)


def test_forwarded__to_nobody(proxied):
    response = proxied.get(f"http://127.0.0.1:{free_port()}/?code=secret", timeout=10)
    assert response.status_code == 502
    assert "secret" not in response.text


@pytest.mark.parametrize(
    "target",
    [
        *("http://127.0.0.1.example.com/", "http://localhost.example.com/"),
        *("http://192.168.0.1/", "http://0.0.0.0/", "http://[::ffff:8.8.8.8]/", "http://[/"),
        *("ftp://localhost/", "https://localhost/", "http://user@example.com/"),
    ],
)
def test_plain_http__to_anything_else_is_refused(kakao, target):
    for method in ("GET", "POST"):
        with connected(kakao, kakao.proxy_url) as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert read_all(connection).startswith(b"HTTP/1.1 403 "), method
    assert [record.service for record in kakao.requests] == ["proxy"] * 2


@pytest.mark.parametrize("request_line", ["GET http://127.0.0.1:{}/", "CONNECT 127.0.0.1:{}"])
def test_stop__ends_what_is_forwarded(request_line):
    with socket.create_server(("127.0.0.1", 0)) as silent, KakaoEmulator() as kakao:
        port = silent.getsockname()[1]
        with connected(kakao, kakao.proxy_url) as connection:
            connection.sendall(f"{request_line.format(port)} HTTP/1.1\r\n\r\n".encode())
            accepted, _ = silent.accept()
            with accepted:
                connection.settimeout(10)
                if request_line.startswith("CONNECT"):
                    assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
                else:
                    accepted.recv(10_000)
                started = time.monotonic()
                kakao.stop()
                assert time.monotonic() - started < 10
