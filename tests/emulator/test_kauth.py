"""The login host: authorize, and the token endpoint with both grants."""

import hashlib
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import pytest

TOKEN_URL = "https://kauth.kakao.com/oauth/token"
REDIRECT_URI = "http://localhost:8765/callback"
VERIFIER = "a-verifier-of-more-than-forty-three-characters"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def authorize(http, **query):
    params = {
        "client_id": "emulator-rest-api-key",
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "talk_message,profile_nickname",
        **query,
    }
    url = "https://kauth.kakao.com/oauth/authorize"
    return http.get(url, params=params, allow_redirects=False, timeout=10)


def answer_at_redirect_uri(response):
    assert response.status_code == 302
    url = urlsplit(response.headers["Location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == REDIRECT_URI
    return {name: value for name, [value] in parse_qs(url.query).items()}


def redeem(http, code, **fields):
    form = {
        "grant_type": "authorization_code",
        "client_id": "emulator-rest-api-key",
        "redirect_uri": REDIRECT_URI,
        "code": code,
        **fields,
    }
    return http.post(TOKEN_URL, data=form, timeout=10)


def refused(response):
    body = response.json()
    assert list(body) == ["error", "error_description", "error_code"]
    return response.status_code, body["error"], body["error_code"]


def test_login__from_authorize_to_token(http):
    answer = answer_at_redirect_uri(authorize(http, state="s t/+&="))
    assert answer.pop("state") == "s t/+&="
    token = redeem(http, answer.pop("code")).json()
    assert not answer
    assert list(token) == [
        "access_token",
        "token_type",
        "refresh_token",
        "expires_in",
        "scope",
        "refresh_token_expires_in",
    ]
    assert token["token_type"] == "bearer"
    assert token["expires_in"] == 21599
    assert token["refresh_token_expires_in"] == 5183999
    assert token["scope"] == "profile_nickname talk_message"
    assert len(token["access_token"]) == 64


def test_login__scope_is_all_that_was_ever_agreed_to(http, kakao):
    kakao.login(scopes=["friends"])
    code = answer_at_redirect_uri(authorize(http, scope="talk_message profile_nickname"))["code"]
    assert redeem(http, code).json()["scope"] == "friends profile_nickname talk_message"


def test_login__without_a_scope_has_none(http):
    code = answer_at_redirect_uri(authorize(http, scope=""))["code"]
    assert "scope" not in redeem(http, code).json()


def test_authorize__user_cancels(http, kakao):
    kakao.consent = "denied"
    response = authorize(http, state="s")
    assert "User%20denied%20access" in response.headers["Location"]
    assert answer_at_redirect_uri(response) == {
        "error": "access_denied",
        "error_description": "User denied access",
        "state": "s",
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"client_id": "another"}, "KOE101"),
        ({"redirect_uri": f"{REDIRECT_URI}/"}, "KOE006"),
        ({"redirect_uri": ""}, "KOE006"),
    ],
)
def test_authorize__wrong_app_is_a_page_and_no_redirect(http, kakao, query, code):
    kakao.redirect_uris = [REDIRECT_URI]
    response = authorize(http, **query)
    assert response.status_code in {400, 401}
    assert response.headers["Content-Type"].startswith("text/html")
    assert "Location" not in response.headers
    assert code in response.text


def test_code__works_once(http):
    code = answer_at_redirect_uri(authorize(http))["code"]
    assert redeem(http, code).status_code == 200
    again = redeem(http, code)
    assert refused(again) == (400, "invalid_grant", "KOE320")
    assert again.json()["error_description"] == f"authorization code not found for code={code}"


def test_code__too_old(http, kakao):
    code = answer_at_redirect_uri(authorize(http))["code"]
    kakao.advance(minutes=10)
    assert refused(redeem(http, code)) == (400, "invalid_grant", "KOE320")


def test_code__other_redirect_uri(http):
    code = answer_at_redirect_uri(authorize(http))["code"]
    response = redeem(http, code, redirect_uri="http://127.0.0.1:8765/callback")
    assert refused(response) == (400, "invalid_grant", "KOE303")


@pytest.mark.parametrize("verifier", ["", "another-verifier-of-more-than-forty-three-characters"])
def test_pkce__verifier_does_not_match(http, verifier):
    code = answer_at_redirect_uri(
        authorize(http, code_challenge=CHALLENGE, code_challenge_method="S256")
    )["code"]
    response = redeem(http, code, code_verifier=verifier)
    assert refused(response) == (400, "invalid_grant", "KOE313")
    assert redeem(http, code, code_verifier=VERIFIER).status_code == 200


def test_refresh__keeps_the_refresh_token_while_a_month_is_left(kakao, refresh):
    kakao.refresh_lifetime = 60 * 86_400
    old = kakao.login()
    kakao.advance(days=30, seconds=-5)
    response = refresh(old["refresh_token"])
    assert list(response.json()) == ["access_token", "token_type", "expires_in"]
    assert response.json()["access_token"] != old["access_token"]
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"


def test_refresh__renews_the_refresh_token_in_its_last_month(kakao, refresh):
    kakao.refresh_lifetime = 60 * 86_400
    old = kakao.login()
    kakao.advance(days=30)
    new = refresh(old["refresh_token"]).json()
    assert list(new) == [
        "access_token",
        "token_type",
        "refresh_token",
        "refresh_token_expires_in",
        "expires_in",
    ]
    dead = refresh(old["refresh_token"])
    assert refused(dead) == (400, "invalid_grant", "KOE322")
    assert dead.json()["error_description"] == "expired_or_invalid_refresh_token"
    assert refresh(new["refresh_token"]).status_code == 200


@pytest.mark.parametrize(("renewal", "renewed"), [("always", True), ("never", False)])
def test_refresh__renewal_switch(kakao, refresh, renewal, renewed):
    kakao.refresh_token_renewal = renewal
    token = kakao.login()
    kakao.advance(days=1 if renewed else 59)
    assert ("refresh_token" in refresh(token["refresh_token"]).json()) is renewed


def test_refresh__refresh_token_has_run_out(kakao, refresh):
    token = kakao.login()
    kakao.advance(days=60)
    assert refused(refresh(token["refresh_token"])) == (400, "invalid_grant", "KOE322")


def test_refresh__unlinked(kakao, refresh):
    token, other = kakao.login(), kakao.login(user=2**60)
    kakao.unlink()
    assert refused(refresh(token["refresh_token"])) == (400, "invalid_grant", "KOE322")
    assert refresh(other["refresh_token"]).status_code == 200


@pytest.mark.parametrize(("position", "status"), [("lives", 200), ("dies", 401)])
def test_refresh__previous_access_token(
    kakao,
    refresh,
    me,
    position,
    status,
):
    kakao.previous_access_token = position
    token, other = kakao.login(), kakao.login()
    new = refresh(token["refresh_token"]).json()
    assert me(token["access_token"]).status_code == status
    assert me(new["access_token"]).status_code == 200
    assert me(other["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "error", "code"),
    [
        ({"client_id": None}, 401, "invalid_client", "KOE101"),
        ({"client_id": "another", "refresh_token": "wrong"}, 401, "invalid_client", "KOE101"),
        ({"refresh_token": None}, 400, "invalid_grant", "KOE319"),
        ({"refresh_token": "wrong"}, 400, "invalid_grant", "KOE322"),
        ({"grant_type": None}, 400, "unsupported_grant_type", "KOE310"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "KOE310"),
    ],
)
def test_token_request__wrong(
    kakao,
    refresh,
    fields,
    status,
    error,
    code,
):
    token = kakao.login()
    response = refresh(**{"refresh_token": token["refresh_token"], **fields})
    assert refused(response) == (status, error, code)


def test_client_id__is_echoed(refresh):
    response = refresh("any", client_id="what I sent")
    assert response.json()["error_description"] == "Not exist client_id [what I sent]"


def test_client_id__in_a_basic_header_does_not_count(http, kakao):
    form = {"grant_type": "refresh_token", "refresh_token": kakao.login()["refresh_token"]}
    response = http.post(TOKEN_URL, data=form, auth=(kakao.app_key, ""), timeout=10)
    assert refused(response) == (401, "invalid_client", "KOE101")
    assert response.json()["error_description"] == "Not exist client_id [null]"


@pytest.mark.parametrize("secret", [None, "wrong"])
def test_client_secret__is_checked_before_the_refresh_token(kakao, refresh, secret):
    kakao.client_secret = "emulator-secret"
    response = refresh("wrong", client_secret=secret)
    assert refused(response) == (401, "invalid_client", "KOE010")
    assert response.json()["error_description"] == "Bad client credentials"
    token = kakao.login()
    good = refresh(token["refresh_token"], client_secret="emulator-secret")
    assert good.status_code == 200


@pytest.mark.parametrize("status", [429, 400])
def test_rate_limit__twenty_access_tokens_in_ten_minutes(kakao, refresh, status):
    kakao.rate_limit, kakao.rate_limit_status = True, status
    token = kakao.login()["refresh_token"]
    assert {refresh(token).status_code for _ in range(20)} == {200}
    response = refresh(token)
    assert refused(response) == (status, "invalid_request", "KOE237")
    assert response.json()["error_description"] == "token request rate limit exceeded"
    kakao.advance(minutes=10)
    assert refresh(token).status_code == 200


def test_rate_limit__thirty_refresh_tokens_in_an_hour(kakao, refresh):
    kakao.rate_limit, kakao.refresh_token_renewal = True, "always"
    token = kakao.login()["refresh_token"]
    for _ in range(30):
        kakao.advance(minutes=1)
        token = refresh(token).json()["refresh_token"]
    assert refused(refresh(token)) == (429, "invalid_request", "KOE237")
    kakao.advance(minutes=31)
    assert refresh(token).status_code == 200


def test_unknown_path(http):
    assert http.get("https://kauth.kakao.com/nothing", timeout=10).status_code == 404
    assert http.get(TOKEN_URL, timeout=10).status_code == 405
