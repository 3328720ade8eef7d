"""The open ports: TLS, threads, and what is left after the emulator has stopped."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from kakao_session.emulator import KakaoEmulator
from tests.emulator.client import KAPI, connected, read_all


def address(url):
    return urlsplit(url).hostname, urlsplit(url).port


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_hosts__answer_on_their_own_ports(kakao, name):
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    with requests.Session() as http:
        http.trust_env = False
        http.verify = kakao.ca_file
        for url in urls:
            http.get(url.replace("127.0.0.1", name), timeout=10)
    assert [record.service for record in kakao.requests] == ["kauth", "kapi", "dapi"]


def test_certificate__is_trusted_by_nobody_else(kakao, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(kakao.endpoints.api_url, timeout=10)


def test_handshake__that_never_comes_holds_up_nobody(kakao):
    with socket.create_connection(address(kakao.endpoints.api_url)):
        assert requests.get(f"{kakao.endpoints.api_url}/v2/user/me", timeout=5).status_code == 401


def test_connection__is_kept_alive(kakao, client):
    access_token = kakao.login()["access_token"]
    client.me(access_token)
    before = {thread.ident for thread in threading.enumerate()}
    for _ in range(3):
        client.call("/v2/user/me", access_token, "POST")
    assert {thread.ident for thread in threading.enumerate()} <= before


def test_clients__sixty_four_at_once(kakao):
    headers = {"Authorization": f"Bearer {kakao.login()['access_token']}"}
    together = threading.Barrier(64)

    def call(_):
        together.wait()
        with requests.Session() as http:
            return http.get(f"{KAPI}/v2/user/me", headers=headers, timeout=30).status_code

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


def test_stop__ends_open_connections():
    with KakaoEmulator() as kakao, connected(kakao, kakao.endpoints.api_url) as connection:
        kakao.stop()
        assert read_all(connection) == b""


def test_start__again_after_stop():
    kakao = KakaoEmulator()
    for _ in range(2):
        with kakao, requests.Session() as http:
            http.verify = kakao.ca_file
            assert http.get(f"{kakao.endpoints.api_url}/nothing", timeout=10).status_code == 404
            assert kakao.start() is kakao


def test_blocked_sockets__do_not_end_the_emulator(client, kakao, monkeypatch):
    """As pytest-socket blocks them, with an error that is no OSError."""
    accept, blocked = socket.socket.accept, threading.Event()

    def fails_once(self):
        if not blocked.is_set():
            blocked.set()
            raise RuntimeError("A test tried to use socket.socket.")
        return accept(self)

    monkeypatch.setattr("socket.socket.accept", fails_once)
    headers = {"Authorization": f"Bearer {kakao.login()['access_token']}"}
    for _ in range(2):  # the acceptor is inside the true one until the first call
        answer = requests.get("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)
        assert answer.status_code == 200
    assert blocked.is_set()
