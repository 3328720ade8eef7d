"""``kakao-session login`` with a real browser. The proxy leads it to Kakao's hosts."""

from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import running, stored
from tests.emulator.chromium import chromium


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, kakao):
    kakao.consent = "page"
    context = browser.new_context(
        locale="ko-KR",
        proxy={"server": kakao.proxy_url, "bypass": "localhost"},
        ignore_https_errors=True,  # Chromium asks a database of its own for authorities
        viewport={"width": 320, "height": 600},
    )
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_agree__is_logged_in(kakao, token_file, port, page):
    uri = f"http://localhost:{port}/callback"
    kakao.redirect_uris = [uri]
    with running("login", "--port", str(port), "--scope", "talk_message,friends") as command:
        problems, hosts = [], set()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(command.url())
        page.get_by_role("checkbox").first.uncheck()
        page.get_by_role("button", name="동의하고 계속하기").click()
        page.wait_for_url(f"{uri}?*")
        assert page.get_by_role("heading", name="로그인되었습니다").is_visible()
        assert page.get_by_role("heading", name="You are logged in").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert command.end() == 0
        assert command.errors() == ""
    assert problems == []
    assert hosts <= {"kauth.kakao.com", "localhost", None}  # None: data:
    assert len(stored(token_file)["scope"].split()) == 1
    assert kakao.find(stored(token_file)["access_token"]) is not None
