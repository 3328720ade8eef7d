"""Clients for the emulator's tests, which reach it through the environment alone."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from tests.emulator.client import Client


@pytest.fixture
def kakao(kakao, monkeypatch):
    """A local Kakao to which the environment leads, as the plugin's fixture does it."""
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    return kakao


@pytest.fixture
def http(kakao):
    with requests.Session() as session:
        yield session


@pytest.fixture
def client(kakao, http):
    return Client(http, kakao.app_key, kakao.admin_key)


class Callback(BaseHTTPRequestHandler):
    """Notes what arrives, and welcomes it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append((self.command, self.path, sent))
        self.server.headers = self.headers
        body = b"welcome"
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def callback():
    """An app's server on this machine, with what it received and the headers of the last."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Callback) as server:
        server.received, server.status = [], 201
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()
