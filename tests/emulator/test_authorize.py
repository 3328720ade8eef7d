"""The authorization request: prompts, mistakes, members and the browser's logout."""

from urllib.parse import parse_qs, urlsplit

import pytest

REDIRECT_URI = "http://localhost:8765/callback"
AUTHORIZE = "https://kauth.kakao.com/oauth/authorize"
LOGOUT = "https://kauth.kakao.com/oauth/logout"


def asked(**query):
    return {
        "client_id": "emulator-rest-api-key",
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "state": "s",
        **query,
    }


def authorize(http, **query):
    return http.get(AUTHORIZE, params=asked(**query), allow_redirects=False, timeout=10)


def decide(http, form, **query):
    return http.post(AUTHORIZE, params=asked(**query), data=form, allow_redirects=False, timeout=10)


def answer(response):
    assert response.status_code == 302, response.text
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert query.pop("state") == ["s"]
    return {name: value for name, [value] in query.items()}


def test_page__is_shown_to_who_is_new_and_not_to_who_has_agreed(http, kakao):
    kakao.consent = "page"
    assert authorize(http, scope="talk_message").status_code == 200
    assert kakao.requests[-1].note == "the user is asked for consent"
    kakao.login(scopes=["talk_message"])
    assert "code" in answer(authorize(http, scope="talk_message"))
    assert authorize(http, scope="talk_message friends").status_code == 200


@pytest.mark.parametrize("prompt", ["login", "select_account", "create"])
def test_prompt__asks_again(http, kakao, prompt):
    kakao.consent = "page"
    kakao.login(scopes=["talk_message"])
    assert authorize(http, scope="talk_message", prompt=prompt).status_code == 200


@pytest.mark.parametrize("consent", ["given", "page"])
def test_prompt_none__never_asks(http, kakao, consent):
    kakao.consent = consent

    def error():
        return answer(authorize(http, scope="talk_message", prompt="none"))["error"]

    assert error() == "consent_required"
    kakao.login(scopes=["friends"])
    assert error() == "consent_required"
    kakao.needs_interaction = True
    assert error() == "interaction_required"
    kakao.browser_user = None
    assert error() == "login_required"
    kakao.reset()
    kakao.login(scopes=["talk_message"])
    assert "code" in answer(authorize(http, scope="talk_message", prompt="none"))


def test_decision__takes_what_is_ticked_and_was_asked_for(http, kakao):
    form = {"decision": "agree", "scope": ["friends", "never_asked_for"]}
    assert "code" in answer(decide(http, form, scope="openid talk_message friends"))
    assert [(user.id, user.scopes) for user in kakao.users] == [(123456789, ("openid", "friends"))]


def test_decision__cancelled(http, kakao):
    assert answer(decide(http, {"decision": "cancel"}))["error"] == "access_denied"
    assert answer(decide(http, {}))["error"] == "access_denied"
    assert kakao.users == []


def test_account__is_the_one_that_was_chosen(http, kakao):
    kakao.consent = "page"
    kakao.login(user=42)
    page = authorize(http, prompt="select_account").text
    for user in (123456789, 42):
        assert f'value="{user}"' in page
    decide(http, {"decision": "agree", "user": "42"}, prompt="select_account")
    assert kakao.browser_user == 42
    assert authorize(http, scope="talk_message").status_code == 302
    assert 'value="43"' in authorize(http, prompt="create").text
    assert 'value="42"' in authorize(http, prompt="login", login_hint="user42@example.com").text


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "c"}, "invalid_request"),
        ({"code_challenge": "c", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_mistake__is_sent_back(http, query, error):
    assert answer(authorize(http, **query))["error"] == error
    assert answer(decide(http, {"decision": "agree"}, **query))["error"] == error


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "callback",
        "javascript:alert(1)",
        "http://",
        "http://[",
        "http://h/\r\nX-Y: z",
        "ftp://h/",
    ],
)
def test_redirect_uri__that_no_browser_may_go_to(http, kakao, redirect_uri):
    for response in (
        authorize(http, redirect_uri=redirect_uri),
        http.get(
            LOGOUT,
            params=asked(logout_redirect_uri=redirect_uri),
            allow_redirects=False,
            timeout=10,
        ),
    ):
        assert response.status_code == 400
        assert "KOE006" in response.text
        assert "Location" not in response.headers


def test_redirect_uri__in_korean(http):
    location = authorize(http, redirect_uri="http://localhost:8765/콜백").headers["Location"]
    assert location.startswith("http://localhost:8765/%EC%BD%9C%EB%B0%B1?code=")


def test_refusal__shows_what_was_sent_as_text(http, kakao):
    script = "<script>alert(1)</script>"
    response = authorize(http, client_id=script, scope=script)
    assert script not in response.text
    assert "&lt;script&gt;" in response.text
    kakao.consent = "page"
    page = authorize(http, scope=script, redirect_uri="http://localhost/<script>")
    assert page.status_code == 200
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("prefers", "address", "language"),
    [
        ("ko-KR,ko;q=0.9", "", "ko"),
        ("en-US,en;q=0.9,ko;q=0.1", "", "en"),
        ("fr", "", "ko"),
        ("ko", "en", "en"),
        ("en", "tlh", "en"),
    ],
)
def test_page__language(http, kakao, prefers, address, language):
    kakao.consent = "page"
    http.headers["Accept-Language"] = prefers
    page = authorize(http, scope="friends", **({"lang": address} if address else {}))
    assert page.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in page.text
    assert ("친구목록" in page.text) is (language == "ko")


@pytest.mark.parametrize("consent", ["given", "page"])
def test_member__of_a_test_app(http, kakao, consent):
    kakao.consent, kakao.members = consent, [42]
    assert "KOE005" in authorize(http).text
    assert "KOE005" in decide(http, {"decision": "agree"}).text
    kakao.browser_user = 42
    assert authorize(http).status_code == {"given": 302, "page": 200}[consent]


@pytest.mark.parametrize(("ends", "status"), [("session", 200), ("tokens", 400)])
def test_logout__of_the_browser(
    http,
    kakao,
    refresh,
    ends,
    status,
):
    kakao.browser_logout_ends = ends
    token = kakao.login()
    query = {"client_id": kakao.app_key, "logout_redirect_uri": REDIRECT_URI}
    response = http.get(LOGOUT, params={**query, "state": "s"}, allow_redirects=False, timeout=10)
    assert response.headers["Location"] == f"{REDIRECT_URI}?state=s"
    assert refresh(token["refresh_token"]).status_code == status
    assert answer(authorize(http, prompt="none"))["error"] == "login_required"
    again = http.get(LOGOUT, params=query, allow_redirects=False, timeout=10)
    assert again.headers["Location"] == REDIRECT_URI


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"client_id": "another", "logout_redirect_uri": REDIRECT_URI}, "KOE101"),
        ({"client_id": "emulator-rest-api-key", "logout_redirect_uri": "http://h/"}, "KOE006"),
        ({"client_id": "emulator-rest-api-key"}, "KOE006"),
    ],
)
def test_logout__refused(http, kakao, query, code):
    kakao.redirect_uris = [REDIRECT_URI]
    response = http.get(LOGOUT, params=query, allow_redirects=False, timeout=10)
    assert (response.status_code >= 400, code in response.text) == (True, True)
