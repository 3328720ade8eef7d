"""The authorization request: consent, prompts, mistakes, members and the browser's logout."""

import re

import pytest

from tests.emulator.client import KAUTH, REDIRECT_URI, answer


def log_out(client, **query):
    query = {"client_id": client.app_key, "logout_redirect_uri": REDIRECT_URI, **query}
    return client.ask("GET", f"{KAUTH}/oauth/logout", params=query)


def test_state__comes_back_unchanged(client):
    assert answer(client.authorize(state="s t/+&="))["state"] == "s t/+&="


def test_page__is_shown_until_the_user_has_agreed(kakao, client):
    kakao.consent = "page"
    assert client.authorize(scope="talk_message").status_code == 200
    assert kakao.requests[-1].note == "the user is asked for consent"
    kakao.login(scopes=["talk_message"])
    assert "code" in answer(client.authorize(scope="talk_message"))
    assert client.authorize(scope="talk_message friends").status_code == 200


@pytest.mark.parametrize("prompt", ["login", "select_account", "create"])
def test_prompt__asks_again(kakao, client, prompt):
    kakao.consent = "page"
    kakao.login(scopes=["talk_message"])
    assert client.authorize(scope="talk_message", prompt=prompt).status_code == 200


@pytest.mark.parametrize("consent", ["given", "page"])
def test_prompt_none__never_asks(kakao, client, consent):
    kakao.consent = consent

    def error():
        return answer(client.authorize(scope="talk_message", prompt="none"))["error"]

    assert error() == "consent_required"
    kakao.login(scopes=["friends"])
    assert error() == "consent_required"
    kakao.needs_interaction = True
    assert error() == "interaction_required"
    kakao.browser_user = None
    assert error() == "login_required"
    kakao.reset()
    kakao.login(scopes=["talk_message"])
    assert "code" in answer(client.authorize(scope="talk_message", prompt="none"))


def test_consent__covers_what_is_ticked_and_was_asked_for(kakao, client):
    kakao.openid_connect = True
    form = {"decision": "agree", "scope": ["friends", "never_asked_for"]}
    assert "code" in answer(client.authorize(form, scope="openid talk_message friends"))
    assert [(user.id, user.scopes) for user in kakao.users] == [(123456789, ("openid", "friends"))]


def boxes(page):
    """:returns: the scopes with a tick box, and whether each is required."""
    found = re.findall(r'name="scope" value="(\w+)" checked( required)?>', page.text)
    return {scope: bool(required) for scope, required in found}


ITEMS = {"name": "optional", "account_email": "required", "friends": "in_use"}


@pytest.mark.parametrize(
    ("items", "asked"),
    [
        (ITEMS, {"name": False, "account_email": True}),
        (["name", "friends"], {"name": False, "friends": False}),
        ([], {}),
    ],
)
def test_consent__without_scope_asks_for_the_configured_items(kakao, client, items, asked):
    kakao.consent, kakao.consent_items = "page", items
    assert boxes(client.authorize()) == asked
    kakao.consent = "given"
    client.redeem(client.code())
    assert kakao.users[0].scopes == tuple(asked)


def test_consent__by_default(kakao, client):
    kakao.consent = "page"
    page = boxes(client.authorize())
    assert [scope for scope in page if page[scope]] == ["profile_nickname"]
    assert "talk_message" not in page
    assert {"profile_image", "account_email", "phone_number", "birthyear"} <= {*page}
    assert boxes(client.authorize(scope="talk_message")) == {"talk_message": False}


def test_consent__required_item_cannot_be_left_out(kakao, client):
    kakao.consent_items = ITEMS
    client.authorize({"decision": "agree"})
    assert kakao.users[0].scopes == ("account_email",)


def test_consent__asks_a_linked_user_for_additional_items_only(kakao, client):
    kakao.consent = "page"
    kakao.login(scopes=["talk_message"])
    assert "code" in answer(client.authorize())
    assert boxes(client.authorize(scope="talk_message name")) == {"name": False}
    assert boxes(client.authorize(prompt="login")) == {}
    client.authorize({"decision": "agree"}, prompt="login")
    assert kakao.users[0].scopes == ("talk_message",)


@pytest.mark.parametrize("scope", ["profile", "talk_message,profile", "openid"])
def test_scope__that_is_not_set_up(kakao, client, scope):
    refused = client.authorize(scope=scope)
    assert (refused.status_code, "KOE205" in refused.text) == (400, True)
    name = scope.rpartition(",")[2]
    assert f"invalid scope: {name}" in refused.text
    switch = "openid_connect" if name == "openid" else "consent_items"
    assert kakao.requests[-1].note == f"KOE205: {name} not set up, see the switch {switch}"


def test_consent__cancelled(kakao, client):
    wanted = "?error=access_denied&error_description=User%20denied%20access&state=s"
    for form in ({"decision": "cancel"}, {"scope": "friends"}):
        cancelled = client.authorize(form, scope="friends", state="s")
        assert cancelled.headers["Location"] == f"{REDIRECT_URI}{wanted}"
    kakao.consent = "denied"
    assert client.authorize(state="s").headers["Location"] == f"{REDIRECT_URI}{wanted}"
    assert kakao.users == []


def test_account__is_the_one_that_was_chosen(kakao, client):
    kakao.consent = "page"
    kakao.set_user(42, nickname="<성춘향>")
    kakao.login(user=42)
    page = client.authorize(prompt="select_account").text
    for user, name in ((123456789, "홍길동"), (42, "&lt;성춘향&gt;")):
        assert f'value="{user}"' in page
        assert f"{name}<small>{user}" in page
    client.authorize({"decision": "agree", "user": "42"}, prompt="select_account")
    assert kakao.browser_user == 42
    assert client.authorize(scope="talk_message").status_code == 302
    assert 'value="43"' in client.authorize(prompt="create").text
    assert 'value="42"' in client.authorize(prompt="login", login_hint="user42@example.com").text


def test_account__is_the_one_of_the_hint(kakao, client):
    kakao.set_user(1, email="one@example.com")  # not linked to the app yet
    kakao.login(user=2)
    kakao.set_user(2, email="")
    for hint, user in (("one@example.com", 1), ("2", 2), ("nobody@example.com", 7), (None, 7)):
        kakao.browser_user = 7
        client.authorize(login_hint=hint)
        assert kakao.browser_user == user


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "c"}, "invalid_request"),
        ({"code_challenge": "c", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_mistake__goes_to_the_redirect_uri(client, query, error):
    assert answer(client.authorize(**query))["error"] == error
    assert answer(client.authorize({"decision": "agree"}, **query))["error"] == error


def test_redirect_uri__that_no_browser_may_go_to(client):
    for uri in (
        *("", "callback", "javascript:alert(1)", "ftp://h/", "http://", "http://[", "http://h:0/"),
        *("http://h:65536/", "http://h:x/", "http://h/\r\nX-Y: z", "http://h/?x=1", "http://h/#x"),
    ):
        for response in (
            client.authorize(redirect_uri=uri),
            log_out(client, logout_redirect_uri=uri),
        ):
            assert (response.status_code, "KOE006" in response.text) == (400, True), uri
            assert "Location" not in response.headers


def test_redirect_uri__in_korean(client):
    location = client.authorize(redirect_uri="http://localhost:8765/콜백").headers["Location"]
    assert location.startswith("http://localhost:8765/%EC%BD%9C%EB%B0%B1?code=")


def test_pages__show_what_was_sent_as_text(kakao, client):
    script = "<script>alert(1)</script>"
    refused = client.authorize(client_id=script, scope=script).text
    assert script not in refused
    assert "&lt;script&gt;" in refused
    kakao.consent, kakao.consent_items = "page", [script]
    page = client.authorize(scope=script, redirect_uri="http://localhost/<script>")
    assert (page.status_code, "<script" in page.text) == (200, False)


@pytest.mark.parametrize(
    ("preferred", "in_url", "language"),
    [
        ("ko-KR,ko;q=0.9", {}, "ko"),
        ("en-US,en;q=0.9,ko;q=0.1", {}, "en"),
        ("fr", {}, "ko"),
        ("ko", {"lang": "en"}, "en"),
        ("en", {"lang": "tlh"}, "en"),
    ],
)
def test_page__language(kakao, client, preferred, in_url, language):
    kakao.consent = "page"
    client.http.headers["Accept-Language"] = preferred
    page = client.authorize(scope="friends", **in_url)
    assert page.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in page.text
    assert ("친구목록" in page.text) is (language == "ko")


@pytest.mark.parametrize(("consent", "status"), [("given", 302), ("page", 200)])
def test_members__of_a_test_app(kakao, client, consent, status):
    kakao.consent, kakao.members = consent, [42]
    assert "KOE005" in client.authorize().text
    for decision in ("agree", "cancel"):
        assert "KOE005" in client.authorize({"decision": decision}).text
    assert "KOE005" in client.authorize(prompt="none").text
    kakao.consent = "denied"
    assert "KOE005" in client.authorize().text
    kakao.browser_user = None
    assert answer(client.authorize(prompt="none"))["error"] == "login_required"
    kakao.consent = consent
    kakao.browser_user = 42
    assert client.authorize().status_code == status


def test_login__with_scopes_as_text(kakao):
    assert set(kakao.login(scopes="friends, talk_message")["scope"].split()) >= {
        "friends",
        "talk_message",
    }


def test_nobody_logged_in__the_page_asks_even_a_known_user(kakao, client):
    kakao.login()
    kakao.consent = "page"
    assert client.authorize().status_code == 302
    kakao.browser_user = None
    assert client.authorize().status_code == 200
    assert client.authorize({"decision": "agree"}).status_code == 302
    assert client.authorize().status_code == 302


@pytest.mark.parametrize(("ends", "status"), [("session", 200), ("tokens", 400)])
def test_logout__in_the_browser(kakao, client, ends, status):
    kakao.browser_logout_ends = ends
    token = kakao.login()
    assert log_out(client, state="s").headers["Location"] == f"{REDIRECT_URI}?state=s"
    assert client.refresh(token["refresh_token"]).status_code == status
    assert answer(client.authorize(prompt="none"))["error"] == "login_required"
    assert log_out(client).headers["Location"] == REDIRECT_URI


def test_logout__refused(kakao, client):
    kakao.redirect_uris = [REDIRECT_URI]
    for query, code in (
        ({"client_id": "another"}, "KOE101"),
        ({"logout_redirect_uri": "http://h/"}, "KOE006"),
        ({"logout_redirect_uri": None}, "KOE006"),
    ):
        response = log_out(client, **query)
        assert (response.status_code >= 400, code in response.text) == (True, True), query
