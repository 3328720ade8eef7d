"""CORS: web pages of other origins may call the APIs and the token endpoint, nothing else."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.emulator.chromium import chromium
from tests.emulator.client import DAPI, KAPI, KAUTH, TEMPLATE

ORIGIN = {"Origin": "https://app.example.com"}
PREFLIGHT = {
    **ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
ALLOWED = [
    f"{KAPI}/v2/user/me",
    f"{KAPI}/v2/api/calendar/calendars",
    f"{KAUTH}/oauth/token",
    f"{DAPI}/v2/search/web",
]


@pytest.mark.parametrize("url", ALLOWED)
def test_other_origin__is_allowed(kakao, client, url):
    preflight = client.ask("OPTIONS", url, headers=PREFLIGHT)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    response = client.ask("POST", url, headers=ORIGIN)
    assert response.status_code >= 400
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["authorize", "logout"])
def test_other_origin__is_not_allowed(client, path):
    url = f"{KAUTH}/oauth/{path}"
    assert client.ask("OPTIONS", url, headers=PREFLIGHT).status_code == 403
    response = client.ask("GET", url, headers=ORIGIN)
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_preflight__does_not_use_up_fail_next(kakao, client):
    url = f"{KAPI}/v2/user/me"
    kakao.fail_next(503, path="/v2/user/me")
    assert client.ask("OPTIONS", url, headers=PREFLIGHT).status_code == 200
    failed = client.ask("GET", url, headers=ORIGIN)
    assert failed.status_code == 503
    assert failed.headers["Access-Control-Allow-Origin"] == "*"


PAGE = """
async ([kapi, kauth, dapi, key, refreshToken, template]) => {
  const form = { grant_type: "refresh_token", client_id: key, refresh_token: refreshToken }
  const body = new URLSearchParams(form)
  const token = await (await fetch(`${kauth}/oauth/token`, { method: "POST", body })).json()
  const headers = { Authorization: `Bearer ${token.access_token}` }
  const sent = await fetch(`${kapi}/v2/api/talk/memo/default/send`, {
    method: "POST", headers, body: new URLSearchParams({ template_object: template }) })
  const found = await fetch(`${dapi}/v2/search/web?query=cat`, {
    headers: { Authorization: `KakaoAK ${key}` } })
  return [sent.status, (await found.json()).documents[0].title]
}
"""


class Empty(BaseHTTPRequestHandler):
    """A site with an empty page."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_page__of_another_origin_calls_kakao(kakao):
    refresh_token = kakao.login()["refresh_token"]
    arguments = [KAPI, KAUTH, DAPI, kakao.app_key, refresh_token, TEMPLATE]
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as site, chromium() as browser:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        context = browser.new_context(
            proxy={"server": kakao.proxy_url}, ignore_https_errors=True, locale="ko-KR"
        )
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{site.server_port}/")
        assert page.evaluate(PAGE, arguments) == [200, "cat"]
        context.close()
        site.shutdown()
    assert [record.method for record in kakao.requests if record.service == "kapi"] == [
        "OPTIONS",
        "POST",
    ]
    assert not [record for record in kakao.requests if record.failed]
