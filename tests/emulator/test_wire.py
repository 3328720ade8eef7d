"""Ports, proxy, TLS, threads: that the emulator is a server that nothing brings down."""

import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from kakao_session.emulator import KakaoEmulator


def address(url):
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def to_the_end(connection):
    with connection.makefile("rb") as stream:
        return stream.read()


def test_hosts__have_a_port_each(kakao):
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    assert len({*urls}) == 3
    assert all(url.startswith("https://127.0.0.1:") for url in urls)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_endpoints__answer_without_the_proxy(kakao, name):
    url = kakao.endpoints.api_url.replace("127.0.0.1", name)
    with requests.Session() as http:
        http.trust_env = False
        http.verify = kakao.ca_file
        assert http.get(f"{url}/v2/user/me", timeout=10).status_code == 401
    assert kakao.requests[-1].service == "kapi"


def test_certificate__is_of_an_authority_that_nobody_trusts(kakao, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(kakao.endpoints.api_url, timeout=10)


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443",
        "kauth.kakao.com:80",
        "kakao.com:443",
        "kauth.kakao.com.example.com:443",
        "127.0.0.1:22",
    ],
)
def test_proxy__refuses_every_other_host(kakao, target):
    with socket.create_connection(address(kakao.proxy_url), timeout=10) as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        answer = to_the_end(connection)
    assert answer.startswith(b"HTTP/1.1 403 ")
    [record] = kakao.requests
    assert (record.service, record.host, record.status) == ("proxy", target, 403)


def test_proxy__refuses_plain_http(kakao):
    response = requests.get("http://example.com/path", timeout=10)
    assert response.status_code == 403
    assert "Kakao emulator" in response.text


@pytest.mark.parametrize("garbage", [b"\0\xff\x16\x03\x01 garbage\r\n\r\n", b"GET /\r\n", b""])
def test_ports__survive_garbage(
    kakao,
    garbage,
    capfd,
    caplog,
):
    for url in (kakao.proxy_url, kakao.endpoints.kauth_url):
        with socket.create_connection(address(url), timeout=10) as connection:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            assert b"Traceback" not in to_the_end(connection)
    assert requests.get(kakao.endpoints.token_url, timeout=10).status_code == 405
    assert capfd.readouterr().err == ""
    assert "emulator" not in caplog.text


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 10",
        b"Transfer-Encoding: chunked",
    ],
)
def test_client__hangs_up_half_way(kakao, head, capfd):
    host, port = address(kakao.endpoints.kauth_url)
    context = ssl.create_default_context(cafile=kakao.ca_file)
    with (
        socket.create_connection((host, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(b"POST /oauth/token HTTP/1.1\r\n" + head + b"\r\n\r\n5\r\n")
    assert requests.get(kakao.endpoints.token_url, timeout=10).status_code == 405
    assert [record.method for record in kakao.requests] == ["GET"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("length", [b"-1", b"many"])
def test_body__with_no_length_that_can_be(kakao, length):
    host, port = address(kakao.endpoints.kauth_url)
    context = ssl.create_default_context(cafile=kakao.ca_file)
    with (
        socket.create_connection((host, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(b"POST /oauth/token HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def test_handshake__that_never_comes_holds_up_nobody(kakao):
    with socket.create_connection(address(kakao.endpoints.api_url)):
        url = f"{kakao.endpoints.api_url}/v2/user/me"
        assert requests.get(url, timeout=5).status_code == 401


def test_connection__is_kept_alive(kakao):
    token = kakao.login()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    with requests.Session() as http:
        http.get("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)
        before = {thread.ident for thread in threading.enumerate()}
        for _ in range(3):
            http.post("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)
        assert {thread.ident for thread in threading.enumerate()} <= before


def test_clients__sixty_four_at_once(kakao):
    token = kakao.login()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    together = threading.Barrier(64)

    def call(_):
        together.wait()
        with requests.Session() as http:
            return http.get(
                "https://kapi.kakao.com/v2/user/me", headers=headers, timeout=30
            ).status_code

    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(call, range(64))) == [200] * 64
    assert len(kakao.requests) == 64


def test_stop__leaves_nothing_behind():
    before = set(threading.enumerate())
    kakao = KakaoEmulator()
    with pytest.raises(RuntimeError, match="not running"):
        _ = kakao.endpoints
    with kakao, requests.Session() as http:
        http.verify = kakao.ca_file
        assert http.get(f"{kakao.endpoints.api_url}/v2/user/me", timeout=10).status_code == 401
        ca_file, proxy = Path(kakao.ca_file), address(kakao.proxy_url)
        assert ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
        assert "PRIVATE KEY" not in ca_file.read_text()
        assert ca_file.parent.stat().st_mode & 0o777 == 0o700
        started = time.monotonic()
    assert time.monotonic() - started < 2
    assert not ca_file.parent.exists()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(proxy, timeout=10)
    kakao.stop()


def test_start__again_after_stop():
    kakao = KakaoEmulator()
    for _ in range(2):
        with kakao, requests.Session() as http:
            http.verify = kakao.ca_file
            assert http.get(f"{kakao.endpoints.api_url}/nothing", timeout=10).status_code == 404
            assert kakao.start() is kakao
