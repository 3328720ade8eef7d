"""A hostile page in a real browser, against the ports that listen on this machine.

It sends all that a browser lets it send, to the listener of a login and to the emulator's control
page. Names under ``.example`` lead to this machine, as those of a site do that rebinds its name.
"""

from urllib.parse import parse_qs, urlsplit

import pytest

from kakao_session import KakaoSession
from kakao_session.login.flow import Login
from tests.emulator.chromium import chromium
from tests.free_port import free_port
from tests.login.browser import Browser as Listener

# Sends in each way that a page has, to all targets at once. The result is what the page could read.
ATTACK = """async (targets) => {
  const read = [];
  await Promise.all(targets.map(async ([url, body]) => {
    const fetched = (options) => fetch(url, options).then(
      async (answer) => { const text = await answer.text(); if (text) read.push(text) });
    const loaded = (tag, attribute) => new Promise((done) => {
      const element = document.createElement(tag);
      element[attribute] = url;
      element.onload = element.onerror = () => {
        try { read.push(element.contentDocument.body.innerText) } catch {}
        done();
      };
      document.body.append(element);
    });
    const submitted = (enctype) => new Promise((done) => {
      const frame = document.createElement("iframe");
      frame.name = enctype + url;
      const form = document.createElement("form");
      Object.assign(form, {method: "POST", action: url, enctype, target: frame.name});
      const field = document.createElement("input");
      Object.assign(field, {name: body, value: ""});
      form.append(field);
      document.body.append(frame, form);
      frame.onload = () => { try { frame.contentDocument || done() } catch { done() } };
      form.submit();
      setTimeout(done, 500);
    });
    const json = {"Content-Type": "application/json"};
    navigator.sendBeacon(url, body);
    navigator.sendBeacon(url, new Blob([body], {type: "application/x-www-form-urlencoded"}));
    await Promise.allSettled([
      fetched({}),
      fetched({credentials: "include", cache: "no-store"}),
      fetched({mode: "no-cors"}),
      fetched({method: "POST", body, headers: json}),
      fetched({method: "POST", body}),
      fetched({method: "POST", body, mode: "no-cors"}),
      fetched({method: "POST", body: new URLSearchParams({a: "b"}), mode: "no-cors"}),
      fetched({method: "PUT", body}),
      loaded("img", "src"),
      loaded("script", "src"),
      loaded("iframe", "src"),
      loaded("embed", "src"),
      submitted("text/plain"),
      submitted("application/x-www-form-urlencoded"),
      submitted("multipart/form-data"),
    ]);
  }));
  return read;
}"""

HOSTILE = "<!doctype html><title>hostile</title><body>"


@pytest.fixture(scope="module")
def browser():
    arguments = (
        "--host-resolver-rules=MAP *.example 127.0.0.1",
        # Else Chromium itself keeps the page away from this machine. Not every browser does.
        "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
    )
    with chromium(*arguments) as browser:
        yield browser


@pytest.fixture
def hostile_page(browser):
    """Opens a page of the attacker's at any address."""
    context = browser.new_context()

    def open_page(origin):
        page = context.new_page()

        def serve(route):
            route.fulfill(body=HOSTILE, content_type="text/html")

        page.route(f"{origin}/hostile", serve)
        page.goto(f"{origin}/hostile")
        return page

    yield open_page
    context.close()


@pytest.fixture
def login():
    """A login that is under way."""
    port = free_port()
    uri = f"http://localhost:{port}/callback"
    login = Login(KakaoSession("key", redirect_uri=uri, pkce="S256"))
    listener = Listener(uri, port, login.is_answer)
    listener.answer = f"code=c&state={parse_qs(urlsplit(login.url).query)['state'][0]}"
    with listener.listener:
        yield listener


def test_login__and_a_page_of_another_origin(login, hostile_page):
    page = hostile_page("http://evil.example")
    paths = ("callback?code=stolen&state=guessed", "callback", "")
    targets = [(f"http://{login.host}/{path}", "code=stolen") for path in paths]
    assert page.evaluate(ATTACK, targets) == []
    assert login.is_still_waiting()


def test_login__and_a_rebound_name(login, hostile_page):
    page = hostile_page(f"http://rebound.example:{login.port}")
    for query in ("code=stolen&state=guessed", login.answer):
        assert statuses(page, f"/callback?{query}", "") == [421, 501]
    assert login.is_still_waiting()


ACTIONS = {
    "": "",
    "api/state": "",
    "api/environment": "",
    "api/login": "{}",
    "api/unlink": "{}",
    "api/switches": '{"rate_limit": true}',
    "api/fail-next": '{"kind": 503}',
}


def test_control__and_a_page_of_another_origin(kakao, hostile_page):
    kakao.login()
    before = state_of(kakao)
    page = hostile_page("http://127.0.0.1:8000")  # for a browser, the same site
    targets = [(f"{kakao.control_url}/{path}", body) for path, body in ACTIONS.items()]
    assert page.evaluate(ATTACK, targets) == []
    assert state_of(kakao) == before


def test_control__and_a_rebound_name(kakao, hostile_page):
    kakao.login()
    before = state_of(kakao)
    page = hostile_page(kakao.control_url.replace("127.0.0.1", "rebound.example"))
    for path, body in ACTIONS.items():
        assert statuses(page, f"/{path}", body) == [403, 403]
    assert state_of(kakao) == before


def statuses(page, path, body):
    """:returns: the statuses of a GET and a POST that a page sends to its own address."""
    return page.evaluate(
        """async ([path, body]) => [
          (await fetch(path)).status,
          (await fetch(path, {
            method: "POST", body, headers: {"Content-Type": "application/json"},
          })).status,
        ]""",
        [path, body],
    )


def state_of(kakao):
    tokens = [(token.fingerprint, token.ended) for token in kakao.tokens]
    return tokens, len(kakao.users), kakao.rate_limit, kakao.failures
