"""The proxy, and the environment that leads programs to it."""

import pytest
import requests

from tests.emulator.client import connected, read_all


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


def test_environment__leads_every_client_here(kakao):
    environment = kakao.environment()
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        assert environment[name] == environment[name.lower()] == kakao.proxy_url
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        assert environment[name] == kakao.ca_file
    assert environment["NODE_USE_ENV_PROXY"] == "1"
    assert "kakao" not in environment["NO_PROXY"]
