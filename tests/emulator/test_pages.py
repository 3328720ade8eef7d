"""The consent page and the control page in Chromium, with the mouse and with the keyboard."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.emulator.chromium import chromium
from tests.emulator.client import KAUTH, REDIRECT_URI

NARROW = {"width": 340, "height": 700}


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def new_page(browser, kakao):
    """Opens pages behind the emulator's proxy; none may log an error."""
    contexts = []
    complaints = []

    def note(complaint):
        if not complaint.startswith("Failed to load resource: the server responded with"):
            complaints.append(complaint)

    def make(locale="ko-KR", **kwargs):
        context = browser.new_context(
            locale=locale,
            proxy={"server": kakao.proxy_url},
            ignore_https_errors=True,  # Chromium has its own database of authorities
            **kwargs,
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.route(f"{REDIRECT_URI}*", lambda route: route.fulfill(body="callback"))
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: note(message.text))
        return page

    kakao.consent = "page"
    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def login_url(kakao, **query):
    asked = {
        "client_id": kakao.app_key,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "state": "s",
        "scope": "talk_message friends",
        **query,
    }
    return f"{KAUTH}/oauth/authorize?{urlencode(asked)}"


def answer(page):
    page.wait_for_url(f"{REDIRECT_URI}*")
    query = parse_qs(urlsplit(page.url).query)
    assert query.pop("state") == ["s"]
    return {name: value for name, [value] in query.items()}


def scope_of(client, page):
    return client.redeem(answer(page)["code"]).json()["scope"]


@pytest.mark.parametrize(
    ("locale", "agree", "item"),
    [
        ("ko-KR", "동의하고 계속하기", "카카오톡 메시지 전송"),
        ("en-US", "Agree and continue", "Send KakaoTalk messages"),
    ],
)
def test_consent__from_the_page_to_the_token(kakao, client, new_page, locale, agree, item):
    page = new_page(locale)
    page.goto(login_url(kakao))
    assert page.get_by_role("checkbox").count() == 2
    assert page.get_by_role("checkbox", name=item).is_checked()
    page.get_by_role("button", name=agree).click()
    assert scope_of(client, page) == "friends talk_message"
    page.goto(login_url(kakao))
    assert "code" in answer(page)


def test_consent__what_is_unticked_is_not_agreed_to(kakao, client, new_page):
    page = new_page()
    page.goto(login_url(kakao))
    page.get_by_text("카카오톡 메시지 전송").click()
    page.get_by_role("button", name="동의하고 계속하기").click()
    assert scope_of(client, page) == "friends"
    page.goto(login_url(kakao))
    assert page.get_by_role("checkbox").count() == 1


def test_consent__without_what_is_required_is_impossible(kakao, client, new_page):
    kakao.consent_items = {"profile_nickname": "required", "account_email": "optional"}
    page = new_page("en-US")
    page.goto(login_url(kakao, scope=""))
    assert page.get_by_text("required", exact=True).count() == 1
    assert page.get_by_text("optional", exact=True).count() == 1
    nickname = page.get_by_role("checkbox", name="Nickname")
    nickname.uncheck()
    page.get_by_role("checkbox", name="Kakao account (email)").uncheck()
    page.get_by_role("button", name="Agree and continue").click()
    assert page.url.startswith(KAUTH)
    nickname.check()
    page.get_by_role("button", name="Agree and continue").click()
    assert scope_of(client, page) == "profile_nickname"


def test_consent__cancelled(kakao, new_page):
    page = new_page("en-US")
    page.goto(login_url(kakao))
    page.get_by_role("button", name="Cancel").click()
    assert answer(page) == {
        "error": "access_denied",
        "error_description": "User denied access",
    }


def focused(page):
    """:returns: the name of the focused element; empty if the focus is not visible."""
    return str(
        page.evaluate(
            """() => {
                const on = document.activeElement
                const seen = [on, on.closest('label')].some(
                    each => each && getComputedStyle(each).outlineStyle !== 'none')
                return seen ? on.value || on.textContent.trim() : ''
            }"""
        )
    )


def test_consent__with_the_keyboard_alone(kakao, client, new_page):
    page = new_page("en-US")
    page.goto(login_url(kakao))
    stops = []
    for _ in range(5):
        page.keyboard.press("Tab")
        stops.append(focused(page))
        if stops[-1] == "talk_message":
            page.keyboard.press("Space")
    assert stops == ["한국어", "talk_message", "friends", "agree", "cancel"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert scope_of(client, page) == "friends"


def test_consent__in_the_other_language(kakao, new_page):
    page = new_page("ko-KR")
    page.goto(login_url(kakao))
    page.get_by_role("link", name="English").click()
    assert page.title() == "Agree and continue"
    page.get_by_role("button", name="Agree and continue").click()
    assert "code" in answer(page)


def test_consent__of_another_account(kakao, client, new_page):
    kakao.login(user=42)
    page = new_page()
    page.goto(login_url(kakao, prompt="select_account"))
    page.get_by_role("radio", name="42", exact=False).first.check()
    page.get_by_role("button", name="동의하고 계속하기").click()
    access_token = client.redeem(answer(page)["code"]).json()["access_token"]
    assert client.me(access_token).json()["id"] == 42


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
def test_pages__fit_a_narrow_screen(kakao, new_page, locale):
    page = new_page(locale, viewport=NARROW)
    long_scope = "a_scope_with_a_name_that_is_longer_than_a_narrow_screen_is_wide"
    kakao.consent_items = {"talk_message": "required", long_scope: "optional"}
    for url in (
        login_url(kakao, scope=f"talk_message {long_scope}"),
        login_url(kakao, client_id="x" * 200),
        kakao.control_url,
    ):
        page.goto(url)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW["width"], url


def test_error__is_a_page_that_says_what_to_do(kakao, new_page):
    kakao.redirect_uris = ["http://localhost:1/"]
    page = new_page("en-US")
    assert page.goto(login_url(kakao)).status == 400
    assert page.url.startswith("https://kauth.kakao.com/")
    assert page.title() == "misconfigured (KOE006)"
    assert page.get_by_text("Register it exactly").is_visible()


# The control page


def opened(page, kakao):
    page.goto(kakao.control_url)
    page.locator("#now").filter(has_text="UTC").wait_for()
    return page


def pressed(page, name):
    """Press a button, and wait for the answer."""
    with page.expect_response(re.compile(r"/api/(?!state)")) as info:
        page.get_by_role("button", name=name, exact=True).click()
    assert info.value.status == 200


def test_control__every_button(kakao, client, new_page):
    token = kakao.login()
    page = opened(new_page("en-US"), kakao)
    started = kakao.now()
    for name, hours in (("1 hour", 1), ("6 hours", 7), ("30 days", 727)):
        pressed(page, name)
        assert abs(kakao.now() - started - hours * 3600) < 60
    token |= client.refresh(token["refresh_token"]).json()
    pressed(page, "Expire")
    assert client.me(token["access_token"]).json()["msg"].endswith("already expired")
    pressed(page, "Revoke")
    assert client.me(token["access_token"]).json()["msg"].endswith("does not exist")
    for name, outcome in (("503", 503), ("Rate limit KOE237", 429)):
        pressed(page, name)
        assert client.refresh(token["refresh_token"]).status_code == outcome
    pressed(page, "Reset")
    with pytest.raises(requests.ConnectionError):
        client.refresh(token["refresh_token"])
    pressed(page, "Hang")
    assert [failure["what"] for failure in kakao.failures] == ["made to fail: hang"]
    pressed(page, "Clear failures")
    assert client.refresh(token["refresh_token"]).status_code == 200
    pressed(page, "Unlink 123456789")
    assert client.refresh(token["refresh_token"]).json()["error_code"] == "KOE322"
    assert page.locator("#users").inner_text() == "none"
    pressed(page, "Clear the log")
    assert kakao.requests == []
    pressed(page, "Reset all")
    assert abs(kakao.now() - started) < 60


def test_control__switches(kakao, new_page):
    page = opened(new_page("ko-KR"), kakao)
    with page.expect_response("**/api/switches"):
        page.get_by_label("토큰 요청 수 제한").check()
    with page.expect_response("**/api/switches"):
        page.get_by_label("동의 화면").select_option("denied")
    assert (kakao.rate_limit, kakao.consent) == (True, "denied")


def test_control__is_live_and_shows_no_token(kakao, client, new_page):
    page = opened(new_page("en-US"), kakao)
    token = kakao.login(user=2**60 + 1)
    client.me(token["access_token"])
    row = page.locator("#requests tr").first
    row.wait_for()
    assert "GET kapi.kakao.com/v2/user/me" in row.inner_text()
    assert "access token good for 6 hours" in row.inner_text()
    assert page.locator("#tokens tr").count() == 2
    assert str(2**60 + 1) in page.locator("#users").inner_text()
    assert token["access_token"] not in page.content()
    assert token["refresh_token"] not in page.content()


def test_control__with_the_keyboard_alone(kakao, new_page):
    kakao.login()
    page = opened(new_page("en-US"), kakao)
    page.locator("#users button").wait_for()
    stops = []
    while not stops or stops[-1] != "Unlink":
        page.keyboard.press("Tab")
        stops.append(focused(page))
        assert stops[-1], f"the focus is not visible after {stops}"
        assert len(stops) < 30
    with page.expect_response("**/api/unlink"):
        page.keyboard.press("Enter")
    assert kakao.users == []


def test_control__when_the_emulator_has_gone(kakao, new_page):
    page = opened(new_page("en-US"), kakao)
    page.route("**/api/**", lambda route: route.fulfill(status=400, body='{"error": "why"}'))
    page.get_by_role("button", name="1 hour").click()
    page.get_by_role("status").filter(has_text="why").wait_for()
