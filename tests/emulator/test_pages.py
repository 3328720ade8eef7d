"""The consent page, the control page and a page of another origin in Chromium."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.emulator.chromium import chromium
from tests.emulator.client import DAPI, KAPI, KAUTH, REDIRECT_URI, TEMPLATE

WIDE = {"width": 1280, "height": 720}
NARROW = {"width": 340, "height": 700}


@pytest.fixture(scope="module")
def pages(running_kakao):
    """A page for each language, behind the emulator's proxy, and the errors that they log."""
    pages, complaints = {}, []

    def note(complaint):
        if not complaint.startswith("Failed to load resource: the server responded with"):
            complaints.append(complaint)

    with chromium() as browser:
        for locale in ("ko-KR", "en-US"):
            context = browser.new_context(
                locale=locale,
                proxy={"server": running_kakao.proxy_url},
                ignore_https_errors=True,  # Chromium has its own database of authorities
            )
            context.set_default_timeout(10_000)
            pages[locale] = page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: note(message.text))
        yield pages, complaints


@pytest.fixture
def open_page(pages, kakao):
    """Opens a page in a language; none may log an error."""
    pages, complaints = pages
    kakao.consent = "page"

    def open_page(url, locale="ko-KR", size=WIDE):
        page = pages[locale]
        page.set_viewport_size(size)
        page.route(f"{REDIRECT_URI}*", lambda route: route.fulfill(body="callback"))
        page.goto(url)
        return page

    yield open_page
    for page in pages.values():
        page.unroute_all()
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
def test_consent__from_the_page_to_the_token(kakao, client, open_page, locale, agree, item):
    page = open_page(login_url(kakao), locale)
    assert page.get_by_role("checkbox").count() == 2
    assert page.get_by_role("checkbox", name=item).is_checked()
    page.get_by_text(item).click()
    page.get_by_role("button", name=agree).click()
    assert scope_of(client, page) == "friends"
    page.goto(login_url(kakao))
    assert page.get_by_role("checkbox").count() == 1
    page.get_by_role("button", name=agree).click()
    assert scope_of(client, page) == "friends talk_message"
    page.goto(login_url(kakao))
    assert "code" in answer(page)


def test_consent__without_what_is_required_is_impossible(kakao, client, open_page):
    kakao.consent_items = {"profile_nickname": "required", "account_email": "optional"}
    page = open_page(login_url(kakao, scope=""), "en-US")
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


def test_consent__with_the_keyboard_alone(kakao, client, open_page):
    page = open_page(login_url(kakao), "en-US")
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


def test_consent__cancelled_in_the_other_language(kakao, open_page):
    page = open_page(login_url(kakao))
    page.get_by_role("link", name="English").click()
    assert page.title() == "Agree and continue"
    page.get_by_role("button", name="Cancel").click()
    assert answer(page)["error"] == "access_denied"


def test_consent__of_another_account(kakao, client, open_page):
    kakao.login(user=42)
    page = open_page(login_url(kakao, prompt="select_account"))
    page.get_by_role("radio", name="42", exact=False).first.check()
    page.get_by_role("button", name="동의하고 계속하기").click()
    access_token = client.redeem(answer(page)["code"]).json()["access_token"]
    assert client.me(access_token).json()["id"] == 42


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
def test_pages__fit_a_narrow_screen(kakao, open_page, locale):
    long_scope = "a_scope_with_a_name_that_is_longer_than_a_narrow_screen_is_wide"
    kakao.consent_items = {"talk_message": "required", long_scope: "optional"}
    for url in (
        login_url(kakao, scope=f"talk_message {long_scope}"),
        login_url(kakao, client_id="x" * 200),
        kakao.control_url,
    ):
        width = open_page(url, locale, NARROW).evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW["width"], url


def test_error__is_a_page_that_says_what_to_do(kakao, open_page):
    kakao.redirect_uris = ["http://localhost:1/"]
    page = open_page(login_url(kakao), "en-US")
    assert page.url.startswith("https://kauth.kakao.com/")
    assert page.title() == "misconfigured (KOE006)"
    assert page.get_by_text("Register it exactly").is_visible()


# The control page


@pytest.fixture
def control_page(kakao, open_page):
    """The control page, in English, with what the emulator has shown it."""
    page = open_page(kakao.control_url, "en-US")
    page.locator("#now").filter(has_text="UTC").wait_for()
    return page


def pressed(page, name):
    """Press a button, and wait for the answer."""
    with page.expect_response(re.compile(r"/api/(?!state)")) as info:
        page.get_by_role("button", name=name, exact=True).click()
    assert info.value.status == 200


def test_control__every_button(kakao, client, control_page):
    token, page = kakao.login(), control_page
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


def test_control__switches(kakao, open_page):
    page = open_page(kakao.control_url)
    with page.expect_response("**/api/switches"):
        page.get_by_label("토큰 요청 수 제한").check()
    with page.expect_response("**/api/switches"):
        page.get_by_label("동의 화면").select_option("denied")
    assert (kakao.rate_limit, kakao.consent) == (True, "denied")


def test_control__is_live_and_shows_no_token(kakao, client, control_page):
    page, token = control_page, kakao.login(user=2**60 + 1)
    client.me(token["access_token"])
    row = page.locator("#requests tr").first
    row.wait_for()
    assert "GET kapi.kakao.com/v2/user/me" in row.inner_text()
    assert "access token good for 6 hours" in row.inner_text()
    assert page.locator("#tokens tr").count() == 2
    assert str(2**60 + 1) in page.locator("#users").inner_text()
    assert token["access_token"] not in page.content()
    assert token["refresh_token"] not in page.content()


def test_control__with_the_keyboard_alone(kakao, control_page):
    kakao.login()
    page = control_page
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


def test_control__shows_what_went_wrong(control_page):
    page = control_page
    page.route("**/api/**", lambda route: route.fulfill(status=400, body='{"error": "why"}'))
    page.get_by_role("button", name="1 hour").click()
    page.get_by_role("status").filter(has_text="why").wait_for()


# A page of another origin: CORS


CALLS = """
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


def test_page__of_another_origin_calls_kakao(kakao, open_page):
    refresh_token = kakao.login()["refresh_token"]
    page = open_page("http://example.com/")  # the proxy's refusal
    page.unroute_all()  # Playwright would answer the preflights
    arguments = [KAPI, KAUTH, DAPI, kakao.app_key, refresh_token, TEMPLATE]
    assert page.evaluate(CALLS, arguments) == [200, "cat"]
    called = [record for record in kakao.requests if record.service != "proxy"]
    assert [record.method for record in called if record.service == "kapi"] == ["OPTIONS", "POST"]
    assert not [record for record in called if record.failed]
