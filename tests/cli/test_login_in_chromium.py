"""``kakao-session login`` with a real browser. The proxy leads it to Kakao's hosts."""

import re
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import running, stored
from tests.emulator.chromium import chromium

AGREE = re.compile("동의하고 계속하기|Agree and continue")
CANCEL = re.compile("취소|Cancel")


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_page(browser, kakao):
    kakao.consent = "page"
    contexts = []

    def open_page(url, locale="ko-KR"):
        context = browser.new_context(
            locale=locale,
            proxy={"server": kakao.proxy_url, "bypass": "localhost"},
            ignore_https_errors=True,  # Chromium asks a database of its own for authorities
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
def test_agree__is_logged_in(kakao, token_file, port, open_page, locale):
    uri = f"http://localhost:{port}/callback"
    kakao.redirect_uris = [uri]
    with running("login", "--port", str(port), "--scope", "talk_message,friends") as command:
        page = open_page(command.url(), locale)
        problems, hosts = [], set()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.set_viewport_size({"width": 320, "height": 600})
        page.get_by_role("checkbox").first.uncheck()
        page.get_by_role("button", name=AGREE).click()
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


def test_cancel__is_shown(kakao, token_file, port, open_page):
    with running("login", "--port", str(port)) as command:
        page = open_page(command.url())
        page.get_by_role("button", name=CANCEL).click()
        page.wait_for_url(f"http://localhost:{port}/callback?*")
        assert page.get_by_role("heading", name="로그인이 취소되었습니다").is_visible()
        assert command.end() == 1
    assert not token_file.exists()
    assert kakao.token_requests == []


def test_error_page__sends_no_one_back_and_the_deadline_names_the_fix(
    kakao, token_file, port, open_page
):
    kakao.redirect_uris = ["https://example.com/another"]
    with running("login", "--port", str(port), "--timeout", "3") as command:
        page = open_page(command.url())
        assert "KOE006" in page.content()
        assert command.end() == 1
        assert "KOE006: " in command.errors()
