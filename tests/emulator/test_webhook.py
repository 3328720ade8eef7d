"""The unlink webhook: called when the user unlinks, and not when the app does."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from tests.free_port import free_port


@contextmanager
def app(status=200, host="127.0.0.1"):
    """A server with a webhook. :returns: its URL and what arrives."""
    received, hosts = [], []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self):
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            assert self.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
            hosts.append(self.headers["Host"])
            received.append((self.path, self.headers["Authorization"], parse_qs(form)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{host}:{server.server_port}/unlinked?by=kakao", received
        server.shutdown()
        assert {*hosts} <= {f"{host}:{server.server_port}"}


@pytest.mark.parametrize("host", ["127.0.0.1", "app.localhost"])
def test_webhook__when_the_user_unlinks(kakao, http, host):
    with app(host=host) as (url, received):
        kakao.unlink_webhook = url
        kakao.unlink()
        assert received == []
        kakao.login(2**60)
        kakao.unlink(2**60)
        form = {
            "app_id": ["1234"],
            "user_id": [str(2**60)],
            "referrer_type": ["UNLINK_FROM_APPS"],
        }
        assert received == [("/unlinked?by=kakao", f"KakaoAK {kakao.admin_key}", form)]
        kakao.login()
        http.post(f"{kakao.control_url}/api/unlink", json={}, timeout=10)
        assert received[1][2]["user_id"] == ["123456789"]
    assert kakao.requests == []


def test_webhook__not_for_an_unlink_by_api(kakao, client):
    with app() as (url, received):
        kakao.unlink_webhook = url
        token = kakao.login()
        client.call("/v1/user/unlink", token["access_token"], "POST")
        assert (kakao.users, received) == ([], [])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://localhost:many/", "Port"),
        ("https://example.com/unlinked", "it is not on this machine"),
        ("http://[", "Invalid IPv6 URL"),
        ("unlinked", "it is not on this machine"),
        ("http://127.0.0.1:{port}/", "refused"),
    ],
)
def test_webhook__that_cannot_be_called(kakao, caplog, url, words):
    kakao.unlink_webhook = url.format(port=free_port())
    kakao.login()
    kakao.unlink()
    assert kakao.users == []
    assert "The unlink webhook was not delivered" in caplog.text
    assert words in caplog.text
    assert kakao.admin_key not in caplog.text


def test_webhook__that_answers_with_an_error(kakao, caplog):
    with app(500) as (url, received):
        kakao.unlink_webhook = url
        kakao.login()
        kakao.unlink()
        assert len(received) == 1
    assert "status 500 instead of 200" in caplog.text
