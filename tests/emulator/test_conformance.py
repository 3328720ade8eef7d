"""The emulator compared with the protocol, row by row."""

import json
import re

import pytest

from tests.emulator import protocol
from tests.emulator.client import EVENT, KAUTH, REDIRECT_URI, TEMPLATE

SECRET = "emulator-secret"

# Errors of kauth: each case returns the response and what the description must repeat.


def ordered(code):
    """:returns: a case for an error that no request can cause."""

    def case(kakao, client):
        kakao.fail_next(error_code=code)
        return client.refresh("any"), ""

    return case


def switched(switch, value, **query):
    """:returns: a case for a wrong setting in the app's console."""

    def case(kakao, client):
        setattr(kakao, switch, value)
        return client.authorize(**query), query.get("scope", "")

    return case


def wrong_secret(kakao, client):
    refresh_token = client.login()["refresh_token"]
    kakao.client_secret = SECRET
    assert client.refresh(refresh_token).json()["error_code"] == "KOE010"
    assert client.redeem("unknown").json()["error_code"] == "KOE010"
    assert client.refresh(refresh_token, client_secret=SECRET).status_code == 200
    return client.refresh("any", client_secret="wrong"), ""


def wrong_app(kakao, client):
    assert "KOE101" in client.authorize(client_id="another").text
    form = {"grant_type": "refresh_token", "refresh_token": client.login()["refresh_token"]}
    basic = client.ask("POST", f"{KAUTH}/oauth/token", data=form, auth=(kakao.app_key, ""))
    assert basic.json()["error_description"] == "Not exist client_id [null]"
    kakao.client_secret = SECRET
    assert client.redeem("x", client_id="another").json()["error_code"] == "KOE101"
    return client.refresh("any", client_id="what I sent"), "what I sent"


def too_many(kakao, client):
    kakao.rate_limit = True
    refresh_token = client.login()["refresh_token"]
    for _ in range(19):
        assert client.refresh(refresh_token).status_code == 200
    first = client.refresh(refresh_token)
    kakao.rate_limit_status = 400
    second = client.refresh(refresh_token)
    assert (first.status_code, second.status_code) == (429, 400)
    kakao.advance(minutes=10)
    assert client.refresh(refresh_token).status_code == 200
    return first, ""


def other_redirect_uri(_, client):
    return client.redeem(client.code(), redirect_uri=f"{REDIRECT_URI}/"), ""


def wrong_grant_type(_, client):
    assert client.token_request(None).json()["error_code"] == "KOE310"
    return client.token_request("password", username="u"), ""


def wrong_verifier(_, client):
    # The example of RFC 7636, appendix B.
    challenge, method = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256"
    code = client.code(code_challenge=challenge, code_challenge_method=method)
    assert client.redeem(code).json()["error_code"] == "KOE313"
    refused = client.redeem(code, code_verifier="not the one that it was made of, but as long")
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert client.redeem(code, code_verifier=verifier).status_code == 200
    return refused, ""


def code_used_twice(_, client):
    code = client.code()
    assert client.redeem(code).status_code == 200
    return client.redeem(code), re.escape(code)


def dead_refresh_token(kakao, client):
    expired = client.login()["refresh_token"]
    kakao.advance(days=60)
    unknown = client.refresh("unknown")
    assert client.refresh(expired).json() == unknown.json()
    return unknown, ""


def bad_id_token(_, client):
    return client.ask("POST", f"{KAUTH}/oauth/tokeninfo", data={"id_token": "a.b.c"}), ""


KAUTH_CASES = {
    "KOE003": ordered("KOE003"),
    "KOE004": switched("login_activated", False),
    "KOE005": switched("members", [1]),
    "KOE006": switched("redirect_uris", [f"{REDIRECT_URI}/"]),
    "KOE009": ordered("KOE009"),
    "KOE010": wrong_secret,
    "KOE101": wrong_app,
    "KOE205": switched("consent_items", ["friends"], scope="talk_message"),
    "KOE237": too_many,
    "KOE303": other_redirect_uri,
    "KOE310": wrong_grant_type,
    "KOE313": wrong_verifier,
    "KOE319": lambda _, client: (client.refresh(None), ""),
    "KOE320": code_used_twice,
    "KOE322": dead_refresh_token,
    "KOE400": bad_id_token,
}


@pytest.mark.parametrize("row", protocol.KAUTH_ERRORS, ids=lambda row: row.code)
def test_kauth_error(row, kakao, client):
    response, sent = KAUTH_CASES[row.code](kakao, client)
    assert "Location" not in response.headers
    description = row.description.format(sent=sent)
    if row.page:
        assert response.status_code >= 400
        assert response.headers["Content-Type"] == "text/html;charset=UTF-8"
        assert row.code in response.text
        assert re.search(description, response.text)
        assert row.error is None or row.error in response.text
        return
    body = response.json()
    assert response.status_code in row.statuses
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert list(body) == ["error", "error_description", "error_code"]
    assert body["error_code"] == row.code
    assert row.error is None or body["error"] == row.error
    assert re.fullmatch(description, body["error_description"])


def test_redirect_uri__must_match_exactly(kakao, client):
    kakao.redirect_uris = [REDIRECT_URI]
    assert client.authorize().status_code == 302
    for almost in (
        "https://localhost:8765/callback",
        "http://127.0.0.1:8765/callback",
        "http://localhost:8766/callback",
        "http://localhost:8765/callback/",
        "http://localhost:8765/Callback",
        "http://localhost:8765/callback?x=1",
    ):
        refused = client.authorize(redirect_uri=almost)
        assert (refused.status_code, "KOE006" in refused.text) == (400, True), almost


# Errors of kapi


def ordered_at_me(kakao, client, **fault):
    access_token = kakao.login()["access_token"]
    kakao.fail_next(path="/v2/user/me", **fault)
    return client.me(access_token)


def test_kapi_error(kakao, client):
    for code, statuses in protocol.KAPI_ERRORS.items():
        response = ordered_at_me(kakao, client, error_code=code)
        assert response.status_code in statuses, code
        assert list(response.json())[:2] == ["msg", "code"]
        assert response.json()["code"] == code
        invalid = response.headers.get("WWW-Authenticate")
        assert invalid == ("Bearer error=invalid_token" if code == -401 else None), code


def missing_scope(kakao, client):
    kakao.consent_items = ["profile", "account_email", "talk_message"]
    return client.send_to_me(client.login("profile,account_email")["access_token"])


def expired_token(kakao, client):
    access_token = client.login()["access_token"]
    kakao.advance(seconds=21599)
    return client.me(access_token)


VERBATIM_CASES = {
    "unknown token": lambda _, client: client.call("/v1/user/access_token_info"),
    "expired token": expired_token,
    "ip mismatched": lambda kakao, client: ordered_at_me(kakao, client, kind="ip_mismatched"),
    "scope missing": missing_scope,
    "quota used up": lambda kakao, client: ordered_at_me(kakao, client, error_code=-10),
}


@pytest.mark.parametrize("name", protocol.VERBATIM)
def test_kapi_error__word_for_word(name, kakao, client):
    response = VERBATIM_CASES[name](kakao, client)
    assert (response.status_code, response.text) == protocol.VERBATIM[name]
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"


# Answers


def refresh_after(**span):
    def case(kakao, client):
        refresh_token = client.login()["refresh_token"]
        kakao.advance(**span)
        return client.refresh(refresh_token)

    return case


def called(path, method="GET", **kwargs):
    return lambda _, client: client.call(path, client.login()["access_token"], method, **kwargs)


def login_with(scope, switch, value):
    def case(kakao, client):
        setattr(kakao, switch, value)
        return client.redeem(client.code(scope=scope))

    return case


def me_with_nickname(kakao, client):
    kakao.consent_items = ["profile_nickname"]
    return client.me(client.login("")["access_token"])


ANSWER_CASES = {
    "login": lambda _, client: client.redeem(client.code(scope="talk_message")),
    "login with OpenID Connect": login_with(
        "openid profile_nickname,account_email", "openid_connect", True
    ),
    "login without a scope": login_with("", "consent_items", []),
    "refresh": refresh_after(days=1),
    "refresh in the last month": refresh_after(days=31),
    "access_token_info": called("/v1/user/access_token_info"),
    "user/me": me_with_nickname,
    "memo/default/send": lambda _, client: client.send_to_me(client.login()["access_token"]),
    "logout": called("/v1/user/logout", "POST"),
    "unlink": called("/v1/user/unlink", "POST"),
    "scopes": called("/v2/user/scopes", params={"scopes": '["talk_message"]'}),
}


@pytest.mark.parametrize("name", protocol.ANSWERS)
def test_answer(name, kakao, client):
    """The same keys in the same order, and the same values except for the placeholders."""
    captured = json.dumps(protocol.ANSWERS[name], ensure_ascii=False, separators=(",", ":"))
    pattern = re.escape(captured)
    for placeholder, shape in protocol.SHAPES.items():
        pattern = pattern.replace(re.escape(f'"{placeholder}"'), shape)
    assert re.fullmatch(pattern, ANSWER_CASES[name](kakao, client).text)


# Endpoints


@pytest.mark.parametrize("credential", protocol.ENDPOINTS)
def test_endpoint(credential, kakao, client):
    kakao.openid_connect = True
    target = {"target_id_type": "user_id", "target_id": "123456789"}
    arguments = {
        "client_id": kakao.app_key,
        "redirect_uri": REDIRECT_URI,
        "logout_redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "grant_type": "refresh_token",
        "template_object": TEMPLATE,
        "scopes": '["friends"]',
        "template_id": "77",
        "request_url": "https://example.com/",
        "image_url": "https://example.com/cat.png",
        "receiver_uuids": '["emulator-1000000001"]',
        "target_ids": "[123456789]",
        "event": EVENT,
        "query": "고양이",
        **(target if credential == "admin" else {}),
    }
    for method, url in map(str.split, protocol.ENDPOINTS[credential]):
        token = client.login("talk_message friends talk_calendar openid")
        headers = {
            "bearer": {"Authorization": f"Bearer {token['access_token']}"},
            "admin": client.as_admin,
            "key": {"Authorization": f"KakaoAK {kakao.app_key}"},
        }
        arguments.update(refresh_token=token["refresh_token"], id_token=token["id_token"])
        sent = {"params" if method == "GET" else "data": arguments}
        if url.endswith("/image/upload"):
            sent["files"] = {"file": b"an image"}
        if credential in headers:
            for wrong in (None, {"Authorization": "KakaoAK another"}):
                assert client.ask(method, url, headers=wrong, **sent).status_code == 401, url
        response = client.ask(method, url, headers=headers.get(credential), **sent)
        assert response.status_code in (200, 302), f"{method} {url}: {response.text}"
