"""The emulator compared with the protocol, row by row.

``kakao-session emulate`` runs as a process of its own. The client uses Kakao's host names and the
printed environment variables; clock and switches are moved through the JSON API.
"""

import re
import shlex
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests

from tests.emulator import protocol
from tests.emulator.client import DAPI, KAUTH, REDIRECT_URI, TEMPLATE, Client

SECRET = "emulator-secret"


class Emulated(Client):
    """A client that can drive the emulator as well."""

    def __init__(self, http, variables):
        super().__init__(http, variables["KAKAO_REST_API_KEY"])
        self._control = variables["KAKAO_EMULATOR_URL"]

    def drive(self, action, **fields):
        response = self.http.post(f"{self._control}/api/{action}", json=fields, timeout=10)
        assert response.status_code == 200, response.text


@pytest.fixture(scope="module")
def variables():
    command = [sys.executable, "-m", "kakao_session", "emulate", "--consent", "given"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        found = {}
        while (line := process.stdout.readline().decode()).startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            found[name] = shlex.split(value)[0]
        yield found
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0


@pytest.fixture
def kakao(variables, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with requests.Session() as http:
        kakao = Emulated(http, variables)
        kakao.drive("reset")
        yield kakao


# Errors of kauth: each case returns the response and what the description must repeat.


def ordered(code):
    """:returns: a case for an error that no request can cause."""

    def case(kakao):
        kakao.drive("fail-next", error_code=code)
        return kakao.refresh("any"), ""

    return case


def switched(fields, **query):
    """:returns: a case for a wrong setting in the app's console."""

    def case(kakao):
        kakao.drive("switches", **fields)
        return kakao.authorize(**query), query.get("scope", "")

    return case


def wrong_secret(kakao):
    refresh_token = kakao.login()["refresh_token"]
    kakao.drive("switches", client_secret=SECRET)
    assert kakao.refresh(refresh_token).json()["error_code"] == "KOE010"
    assert kakao.redeem("unknown").json()["error_code"] == "KOE010"
    assert kakao.refresh(refresh_token, client_secret=SECRET).status_code == 200
    return kakao.refresh("any", client_secret="wrong"), ""


def wrong_app(kakao):
    assert "KOE101" in kakao.authorize(client_id="another").text
    form = {"grant_type": "refresh_token", "refresh_token": kakao.login()["refresh_token"]}
    basic = kakao.ask("POST", f"{KAUTH}/oauth/token", data=form, auth=(kakao.app_key, ""))
    assert basic.json()["error_description"] == "Not exist client_id [null]"
    kakao.drive("switches", client_secret=SECRET)
    assert kakao.redeem("x", client_id="another").json()["error_code"] == "KOE101"
    return kakao.refresh("any", client_id="what I sent"), "what I sent"


def too_many(kakao):
    refresh_token = kakao.login()["refresh_token"]
    for _ in range(19):
        assert kakao.refresh(refresh_token).status_code == 200
    first = kakao.refresh(refresh_token)
    kakao.drive("switches", rate_limit_status=400)
    second = kakao.refresh(refresh_token)
    assert (first.status_code, second.status_code) == (429, 400)
    kakao.drive("advance", minutes=10)
    assert kakao.refresh(refresh_token).status_code == 200
    return first, ""


def other_redirect_uri(kakao):
    return kakao.redeem(kakao.code(), redirect_uri=f"{REDIRECT_URI}/"), ""


def wrong_grant_type(kakao):
    assert kakao.token_request(None).json()["error_code"] == "KOE310"
    return kakao.token_request("password", username="u"), ""


def wrong_verifier(kakao):
    # The example of RFC 7636, appendix B.
    challenge, method = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256"
    code = kakao.code(code_challenge=challenge, code_challenge_method=method)
    assert kakao.redeem(code).json()["error_code"] == "KOE313"
    refused = kakao.redeem(code, code_verifier="not the one that it was made of, but as long")
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert kakao.redeem(code, code_verifier=verifier).status_code == 200
    return refused, ""


def code_used_twice(kakao):
    code = kakao.code()
    assert kakao.redeem(code).status_code == 200
    return kakao.redeem(code), re.escape(code)


def dead_refresh_token(kakao):
    unknown = kakao.refresh("unknown")
    unlinked = kakao.login()
    kakao.call("/v1/user/unlink", unlinked["access_token"], "POST")
    superseded = kakao.login()
    kakao.drive("advance", days=31)
    newer = kakao.refresh(superseded["refresh_token"]).json()
    expired = kakao.login()
    assert kakao.refresh(superseded["refresh_token"]).json() == unknown.json()
    kakao.drive("advance", days=60)
    for token in (unlinked, superseded, expired, newer):
        refused = kakao.refresh(token["refresh_token"])
        assert (refused.status_code, refused.json()) == (400, unknown.json())
    return unknown, ""


def bad_id_token(kakao):
    return kakao.ask("POST", f"{KAUTH}/oauth/tokeninfo", data={"id_token": "a.b.c"}), ""


KAUTH_CASES = {
    "KOE003": ordered("KOE003"),
    "KOE004": switched({"login_activated": False}),
    "KOE005": switched({"members": [1]}),
    "KOE006": switched({"redirect_uris": [f"{REDIRECT_URI}/"]}),
    "KOE009": ordered("KOE009"),
    "KOE010": wrong_secret,
    "KOE101": wrong_app,
    "KOE205": switched({"consent_items": ["friends"]}, scope="talk_message"),
    "KOE237": too_many,
    "KOE303": other_redirect_uri,
    "KOE310": wrong_grant_type,
    "KOE313": wrong_verifier,
    "KOE319": lambda kakao: (kakao.refresh(None), ""),
    "KOE320": code_used_twice,
    "KOE322": dead_refresh_token,
    "KOE400": bad_id_token,
}


@pytest.mark.parametrize("row", protocol.KAUTH_ERRORS, ids=lambda row: row.code)
def test_kauth_error(row, kakao):
    response, sent = KAUTH_CASES[row.code](kakao)
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


@pytest.mark.parametrize(
    "almost",
    [
        "https://localhost:8765/callback",
        "http://127.0.0.1:8765/callback",
        "http://localhost:8766/callback",
        "http://localhost:8765/other",
        "http://localhost:8765/callback/",
        "http://localhost:8765/Callback",
        "http://localhost:8765/callback?x=1",
    ],
)
def test_redirect_uri__must_match_exactly(almost, kakao):
    kakao.drive("switches", redirect_uris=[REDIRECT_URI])
    assert kakao.authorize().status_code == 302
    refused = kakao.authorize(redirect_uri=almost)
    assert (refused.status_code, "KOE006" in refused.text) == (400, True)


def test_authorize__cancelled(kakao):
    kakao.drive("switches", consent="denied")
    location = kakao.authorize(state="s").headers["Location"]
    wanted = "?error=access_denied&error_description=User%20denied%20access&state=s"
    assert location == f"{REDIRECT_URI}{wanted}"


# Errors of kapi and dapi


def ordered_at_me(**fault):
    def case(kakao):
        access_token = kakao.login()["access_token"]
        kakao.drive("fail-next", path="/v2/user/me", **fault)
        return kakao.me(access_token)

    return case


def unlinked_user(kakao):
    target = {"target_id_type": "user_id", "target_id": "42"}
    return kakao.call("/v1/user/unlink", method="POST", headers=kakao.as_admin, data=target)


def unknown_property_key(kakao):
    keys = {"property_keys": '["kakao_account.shoe_size"]'}
    return kakao.call("/v2/user/me", kakao.login()["access_token"], params=keys)


def missing_scope(kakao):
    kakao.drive("switches", consent_items=["profile", "account_email", "talk_message"])
    return kakao.send_to_me(kakao.login("profile,account_email")["access_token"])


def expired_token(kakao):
    access_token = kakao.login()["access_token"]
    kakao.drive("advance", seconds=21599)
    return kakao.me(access_token)


KAPI_CASES = {
    **{code: ordered_at_me(error_code=code) for code in protocol.KAPI_ERRORS},
    -2: lambda kakao: kakao.send_to_me(kakao.login()["access_token"], "{"),
    -101: unlinked_user,
    -201: unknown_property_key,
    -401: lambda kakao: kakao.me(),
    -402: missing_scope,
}


@pytest.mark.parametrize("code", protocol.KAPI_ERRORS)
def test_kapi_error(code, kakao):
    response = KAPI_CASES[code](kakao)
    body = response.json()
    assert response.status_code in protocol.KAPI_ERRORS[code]
    assert list(body)[:2] == ["msg", "code"]
    assert body["code"] == code
    assert body["msg"] == protocol.KAPI_MSG.get(code, body["msg"])
    invalid = response.headers.get("WWW-Authenticate")
    assert invalid == ("Bearer error=invalid_token" if code == -401 else None)


VERBATIM_CASES = {
    "unknown token": lambda kakao: kakao.call("/v1/user/access_token_info"),
    "expired token": expired_token,
    "ip mismatched": ordered_at_me(kind="ip_mismatched"),
    "scope missing": missing_scope,
    "quota used up": ordered_at_me(error_code=-10),
}


@pytest.mark.parametrize("name", protocol.VERBATIM)
def test_kapi_error__word_for_word(name, kakao):
    response = VERBATIM_CASES[name](kakao)
    assert (response.status_code, response.text) == protocol.VERBATIM[name]
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"


def test_dapi_error(kakao):
    refused = kakao.ask("GET", f"{DAPI}/v2/search/web", params={"query": "q"})
    assert list(refused.json()) == ["errorType", "message"]
    assert refused.json()["errorType"] == "AccessDeniedError"


# Answers


def check_answer(captured, received):
    """The same keys in the same order, and the same values except for the placeholders."""
    if isinstance(captured, dict):
        assert list(received) == list(captured)
        for name, value in captured.items():
            check_answer(value, received[name])
    elif isinstance(captured, list):
        assert len(received) == len(captured)
        for value, other in zip(captured, received, strict=True):
            check_answer(value, other)
    elif captured in protocol.SHAPES:
        assert re.fullmatch(protocol.SHAPES[captured], str(received))
        assert isinstance(received, int) is (captured == protocol.NUMBER)
    else:
        assert (received, type(received)) == (captured, type(captured))


def refresh_after(**span):
    def case(kakao):
        refresh_token = kakao.login()["refresh_token"]
        kakao.drive("advance", **span)
        return kakao.refresh(refresh_token).json()

    return case


def called(path, method="GET", **kwargs):
    return lambda kakao: kakao.call(path, kakao.login()["access_token"], method, **kwargs).json()


def login_with(scope, **switches):
    def case(kakao):
        kakao.drive("switches", **switches)
        return kakao.login(scope)

    return case


def me_with_nickname(kakao):
    kakao.drive("switches", consent_items=["profile_nickname"])
    return kakao.me(kakao.login("")["access_token"]).json()


ANSWER_CASES = {
    "login": lambda kakao: kakao.login(),
    "login with OpenID Connect": login_with(
        "openid profile_nickname,account_email", openid_connect=True
    ),
    "login without a scope": login_with("", consent_items=[]),
    "refresh": refresh_after(days=1),
    "refresh in the last month": refresh_after(days=31),
    "access_token_info": called("/v1/user/access_token_info"),
    "user/me": me_with_nickname,
    "memo/default/send": lambda kakao: kakao.send_to_me(kakao.login()["access_token"]).json(),
    "logout": called("/v1/user/logout", "POST"),
    "unlink": called("/v1/user/unlink", "POST"),
    "scopes": called("/v2/user/scopes", params={"scopes": '["talk_message"]'}),
}


@pytest.mark.parametrize("name", protocol.ANSWERS)
def test_answer(name, kakao):
    check_answer(protocol.ANSWERS[name], ANSWER_CASES[name](kakao))


# Endpoints


@pytest.mark.parametrize(
    ("method", "url", "credential"),
    [
        pytest.param(*row, id=f"{row[0]} {urlsplit(row[1]).path} {row[2]}")
        for row in protocol.ENDPOINTS
    ],
)
def test_endpoint(method, url, credential, kakao):
    kakao.drive("switches", openid_connect=True)
    token = kakao.login("talk_message friends openid")
    target = {"target_id_type": "user_id", "target_id": "123456789"}
    arguments = {
        "client_id": kakao.app_key,
        "redirect_uri": REDIRECT_URI,
        "logout_redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "grant_type": "refresh_token",
        "refresh_token": token["refresh_token"],
        "id_token": token["id_token"],
        "template_object": TEMPLATE,
        "scopes": '["friends"]',
        "template_id": "77",
        "request_url": "https://example.com/",
        "image_url": "https://example.com/cat.png",
        "receiver_uuids": '["emulator-1000000001"]',
        "target_ids": "[123456789]",
        "query": "고양이",
        "category_group_code": "CE7",
        "x": "127.1",
        "y": "37.4",
        **(target if credential == "admin" else {}),
    }
    headers = {
        "bearer": {"Authorization": f"Bearer {token['access_token']}"},
        "admin": kakao.as_admin,
        "key": {"Authorization": f"KakaoAK {kakao.app_key}"},
    }
    sent = {"params" if method == "GET" else "data": arguments}
    if url.endswith("/image/upload"):
        sent["files"] = {"file": b"an image"}
    response = kakao.ask(method, url, headers=headers.get(credential), **sent)
    assert response.status_code in (200, 302), response.text
    if credential in headers:
        assert kakao.ask(method, url, **sent).status_code == 401
        wrong = {"Authorization": "KakaoAK another"}
        assert kakao.ask(method, url, headers=wrong, **sent).status_code == 401
