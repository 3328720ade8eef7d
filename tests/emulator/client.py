"""Kakao as a program sees it: plain requests, Kakao's real host names, nothing of the library."""

import json
import os
import socket
import ssl
import subprocess
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

KAUTH = "https://kauth.kakao.com"
KAPI = "https://kapi.kakao.com"
DAPI = "https://dapi.kakao.com"
REDIRECT_URI = "http://localhost:8765/callback"

EVENT = json.dumps(
    {
        "title": "회의",
        "time": {"start_at": "2026-12-01T01:00:00Z", "end_at": "2026-12-01T02:00:00Z"},
    }
)
TEMPLATE = json.dumps(
    {"object_type": "text", "text": "안녕", "link": {"web_url": "https://example.com"}}
)


class Client:
    """Speaks to whatever the environment's proxy makes of Kakao's host names."""

    def __init__(self, http, app_key, admin_key="emulator-admin-key"):
        self.http = http
        self.app_key = app_key
        self.as_admin = {"Authorization": f"KakaoAK {admin_key}"}

    def ask(self, method, url, **kwargs):
        return self.http.request(method, url, allow_redirects=False, timeout=20, **kwargs)

    def authorize(self, form=None, **query):
        """The authorization request, or what the consent page sends if there is a form."""
        asked = {
            "client_id": self.app_key,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            **query,
        }
        method = "GET" if form is None else "POST"
        return self.ask(method, f"{KAUTH}/oauth/authorize", params=asked, data=form)

    def code(self, **query):
        return answer(self.authorize(**query))["code"]

    def token_request(self, grant_type, **form):
        form = {"grant_type": grant_type, "client_id": self.app_key, **form}
        return self.ask("POST", f"{KAUTH}/oauth/token", data=form)

    def redeem(self, code, **form):
        return self.token_request(
            "authorization_code", code=code, **{"redirect_uri": REDIRECT_URI, **form}
        )

    def login(self, scope="talk_message"):
        return self.redeem(self.code(scope=scope)).json()

    def refresh(self, refresh_token, **form):
        return self.token_request("refresh_token", refresh_token=refresh_token, **form)

    def call(self, path, access_token="nobody's", method="GET", **kwargs):
        headers = {"Authorization": f"Bearer {access_token}", **kwargs.pop("headers", {})}
        return self.ask(method, f"{KAPI}{path}", headers=headers, **kwargs)

    def me(self, access_token="nobody's"):
        return self.call("/v2/user/me", access_token)

    def send_to_me(self, access_token, template=TEMPLATE):
        form = {"template_object": template}
        return self.call("/v2/api/talk/memo/default/send", access_token, "POST", data=form)


def answer(response):
    """:returns: what a redirect brings back to the redirect URI."""
    assert response.status_code == 302, response.text
    location = response.headers["Location"]
    assert location.startswith(REDIRECT_URI)
    return {name: value for name, [value] in parse_qs(urlsplit(location).query).items()}


@contextmanager
def connected(kakao, url):
    """A socket to a port of the emulator, with TLS if the URL says so."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as plain:
        if address.scheme == "http":
            yield plain
            return
        context = ssl.create_default_context(cafile=kakao.ca_file)
        with context.wrap_socket(plain, server_hostname=address.hostname) as connection:
            yield connection


def read_all(connection):
    with connection.makefile("rb") as stream:
        return stream.read()


def run(kakao, *command, **extra):
    """:returns: what a program prints whose environment only has the emulator's variables."""
    environment = {"PATH": os.environ["PATH"], **kakao.environment(), **extra}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    errors = [line for line in done.stderr.splitlines() if "JAVA_TOOL_OPTIONS" not in line]
    assert (done.returncode, errors) == (0, []), done.stderr
    return done.stdout
