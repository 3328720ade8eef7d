"""The emulator held to the protocol, row by row.

``kakao-session emulate`` runs as a process of its own. It is asked as any program would ask
Kakao: plain requests, Kakao's host names, TLS, and the variables that it has printed. Its clock and
switches are moved through its JSON endpoints.
"""

import json
import re
import shlex
import signal
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.emulator import protocol
from tests.emulator.protocol import DAPI, KAPI, KAUTH

REDIRECT_URI = "http://localhost:8765/callback"
ADMIN_KEY = "emulator-admin-key"
SECRET = "emulator-secret"
TEMPLATE = json.dumps(
    {"object_type": "text", "text": "안녕", "link": {"web_url": "https://example.com"}}
)


class Kakao:
    """Kakao as a program meets it."""

    def __init__(self, variables, http):
        self.app_key = variables["KAKAO_REST_API_KEY"]
        self._control = variables["KAKAO_EMULATOR_URL"]
        self._http = http

    def drive(self, action, **fields):
        response = self._http.post(f"{self._control}/api/{action}", json=fields, timeout=10)
        assert response.status_code == 200, response.text

    def ask(self, method, url, **kwargs):
        return self._http.request(method, url, allow_redirects=False, timeout=10, **kwargs)

    def authorize(self, **query):
        asked = {
            "client_id": self.app_key,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            **query,
        }
        return self.ask("GET", f"{KAUTH}/oauth/authorize", params=asked)

    def code(self, **query):
        response = self.authorize(**query)
        assert response.status_code == 302, response.text
        [code] = parse_qs(urlsplit(response.headers["Location"]).query)["code"]
        return code

    def token_request(self, grant_type, **form):
        form = {"grant_type": grant_type, "client_id": self.app_key, **form}
        return self.ask("POST", f"{KAUTH}/oauth/token", data=form)

    def redeem(self, code, **form):
        form = {"redirect_uri": REDIRECT_URI, **form}
        return self.token_request("authorization_code", code=code, **form)

    def login(self, scope="talk_message"):
        return dict(self.redeem(self.code(scope=scope)).json())

    def refresh(self, token, **form):
        return self.token_request("refresh_token", refresh_token=token["refresh_token"], **form)

    def call(self, path, token=None, **kwargs):
        access_token = token["access_token"] if token else "nobody's"
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.ask(kwargs.pop("method", "GET"), f"{KAPI}{path}", headers=headers, **kwargs)

    def send_to_me(self, token, template=TEMPLATE):
        form = {"template_object": template}
        return self.call("/v2/api/talk/memo/default/send", token, method="POST", data=form)


@pytest.fixture(scope="module")
def variables():
    command = [sys.executable, "-m", "kakao_session", "emulate", "--consent", "given"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        found = {}
        while (line := process.stdout.readline().decode()).startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            found[name] = shlex.split(value)[0]
        yield found
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0


@pytest.fixture
def kakao_there(variables, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with requests.Session() as http:
        kakao = Kakao(variables, http)
        kakao.drive("reset")
        yield kakao


# Errors of kauth -----------------------------------------------------------------------------


def made(code):
    """:returns: a case for what no request can bring about: it is ordered."""

    def case(kakao):
        kakao.drive("fail-next", error_code=code)
        return kakao.token_request("refresh_token", refresh_token="any"), ""

    return case


def switched(fields, **query):
    """:returns: a case for what the app's console page has wrong."""

    def case(kakao):
        kakao.drive("switches", **fields)
        return kakao.authorize(**query), query.get("scope", "")

    return case


def wrong_secret(kakao):
    token = kakao.login()
    kakao.drive("switches", client_secret=SECRET)
    assert kakao.refresh(token).json()["error_code"] == "KOE010"
    assert kakao.refresh(token, client_secret=SECRET).status_code == 200
    return kakao.token_request("refresh_token", refresh_token="any", client_secret="wrong"), ""


def wrong_app(kakao):
    assert "KOE101" in kakao.authorize(client_id="another").text
    form, url = {"grant_type": "refresh_token", "refresh_token": "any"}, f"{KAUTH}/oauth/token"
    basic = kakao.ask("POST", url, data=form, auth=(kakao.app_key, ""))
    assert basic.json()["error_description"] == "Not exist client_id [null]"
    return kakao.refresh({"refresh_token": "any"}, client_id="what I sent"), "what I sent"


def too_many(kakao):
    token = kakao.login()
    for _ in range(19):
        assert kakao.refresh(token).status_code == 200
    first = kakao.refresh(token)
    kakao.drive("switches", rate_limit_status=400)
    second = kakao.refresh(token)
    assert (first.status_code, second.status_code) == (429, 400)
    kakao.drive("advance", minutes=10)
    assert kakao.refresh(token).status_code == 200
    return first, ""


def other_redirect_uri(kakao):
    return kakao.redeem(kakao.code(), redirect_uri=f"{REDIRECT_URI}/"), ""


def wrong_verifier(kakao):
    # The example of RFC 7636, appendix B.
    challenge, method = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256"
    code = kakao.code(code_challenge=challenge, code_challenge_method=method)
    refused = kakao.redeem(code, code_verifier="not the one that it was made of, but as long")
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert kakao.redeem(code, code_verifier=verifier).status_code == 200
    return refused, ""


def code_used_twice(kakao):
    code = kakao.code()
    assert kakao.redeem(code).status_code == 200
    return kakao.redeem(code), re.escape(code)


def dead_refresh_token(kakao):
    unknown = kakao.refresh({"refresh_token": "unknown"})
    unlinked, superseded, expired = kakao.login(), kakao.login(), kakao.login()
    kakao.call("/v1/user/unlink", unlinked, method="POST")
    superseded = kakao.login()
    kakao.drive("advance", days=31)
    newer = kakao.refresh(superseded).json()
    expired = kakao.login()
    kakao.drive("advance", days=60)
    for token in (unlinked, superseded, expired, newer):
        answer = kakao.refresh(token)
        assert (answer.status_code, answer.json()) == (400, unknown.json())
    return unknown, ""


KAUTH_CASES = {
    "KOE003": made("KOE003"),
    "KOE004": switched({"login_activated": False}),
    "KOE005": switched({"members": [1]}),
    "KOE006": switched({"redirect_uris": [f"{REDIRECT_URI}/"]}),
    "KOE009": made("KOE009"),
    "KOE010": wrong_secret,
    "KOE101": wrong_app,
    "KOE205": switched({"consent_items": ["friends"]}, scope="talk_message"),
    "KOE237": too_many,
    "KOE303": other_redirect_uri,
    "KOE310": lambda kakao: (kakao.token_request("password", username="u"), ""),
    "KOE313": wrong_verifier,
    "KOE319": lambda kakao: (kakao.token_request("refresh_token"), ""),
    "KOE320": code_used_twice,
    "KOE322": dead_refresh_token,
    "KOE400": lambda kakao: (
        kakao.ask("POST", f"{KAUTH}/oauth/tokeninfo", data={"id_token": "a.b.c"}),
        "",
    ),
}


def test_kauth_errors__each_row_has_a_case():
    assert list(KAUTH_CASES) == [row.code for row in protocol.KAUTH_ERRORS]


@pytest.mark.parametrize("row", protocol.KAUTH_ERRORS, ids=lambda row: row.code)
def test_kauth_error(row, kakao_there):
    response, sent = KAUTH_CASES[row.code](kakao_there)
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
def test_redirect_uri__is_compared_to_the_letter(almost, kakao_there):
    kakao_there.drive("switches", redirect_uris=[REDIRECT_URI])
    assert kakao_there.authorize().status_code == 302
    refused = kakao_there.authorize(redirect_uri=almost)
    assert (refused.status_code, "KOE006" in refused.text) == (400, True)


# Errors of kapi ------------------------------------------------------------------------------


def ordered(code):
    """:returns: a case for what no request can bring about: it is ordered."""

    def case(kakao):
        token = kakao.login()
        kakao.drive("fail-next", error_code=code, path="/v2/user/me")
        return kakao.call("/v2/user/me", token)

    return case


def unlinked_user(kakao):
    target = {"target_id_type": "user_id", "target_id": "42"}
    headers = {"Authorization": f"KakaoAK {ADMIN_KEY}"}
    return kakao.ask("POST", f"{KAPI}/v1/user/unlink", headers=headers, data=target)


KAPI_CASES = {
    **{row.code: ordered(row.code) for row in protocol.KAPI_ERRORS},
    -2: lambda kakao: kakao.send_to_me(kakao.login(), "{"),
    -101: unlinked_user,
    -201: lambda kakao: kakao.call(
        "/v2/user/me", kakao.login(), params={"property_keys": '["kakao_account.shoe_size"]'}
    ),
    -401: lambda kakao: kakao.call("/v2/user/me"),
    -402: lambda kakao: kakao.send_to_me(kakao.login("friends")),
}


@pytest.mark.parametrize("row", protocol.KAPI_ERRORS, ids=lambda row: str(row.code))
def test_kapi_error(row, kakao_there):
    response = KAPI_CASES[row.code](kakao_there)
    body = response.json()
    assert response.status_code in row.statuses
    assert list(body)[:2] == ["msg", "code"]
    assert body["code"] == row.code
    assert re.fullmatch(row.msg, body["msg"])
    invalid = response.headers.get("WWW-Authenticate")
    assert invalid == ("Bearer error=invalid_token" if row.code == -401 else None)


def ip_mismatched(kakao):
    token = kakao.login()
    kakao.drive("fail-next", kind="ip_mismatched", path="/v2/user/me")
    return kakao.call("/v2/user/me", token)


def expired_token(kakao):
    token = kakao.login()
    kakao.drive("advance", seconds=21599)
    return kakao.call("/v2/user/me", token)


REFUSAL_CASES = {
    "unknown token": lambda kakao: kakao.call("/v1/user/access_token_info"),
    "expired token": expired_token,
    "ip mismatched": ip_mismatched,
    "scope missing": lambda kakao: kakao.send_to_me(kakao.login("profile,account_email")),
    "quota used up": ordered(-10),
}


@pytest.mark.parametrize("name", protocol.REFUSALS)
def test_refusal__to_the_letter(name, kakao_there):
    response = REFUSAL_CASES[name](kakao_there)
    assert (response.status_code, response.text) == protocol.REFUSALS[name]
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"


# Answers -------------------------------------------------------------------------------------

SHAPES = {
    protocol.TOKEN: r"[A-Za-z0-9_-]{64}",
    protocol.JWT: r"[\w-]+\.[\w-]+\.[\w-]+",
    protocol.TEXT: r".+",
    protocol.NUMBER: r"\d+",
    protocol.MOMENT: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}


def check_answer(captured, answer):
    """The same keys in the same order, and the same values but for what differs each time."""
    if isinstance(captured, dict):
        assert list(answer) == list(captured)
        for name, value in captured.items():
            check_answer(value, answer[name])
    elif isinstance(captured, list):
        assert len(answer) == len(captured)
        for value, other in zip(captured, answer, strict=True):
            check_answer(value, other)
    elif captured in SHAPES:
        assert re.fullmatch(SHAPES[captured], str(answer))
        assert isinstance(answer, int) is (captured == protocol.NUMBER)
    else:
        assert (answer, type(answer)) == (captured, type(captured))


def late_refresh(kakao):
    token = kakao.login()
    kakao.drive("advance", days=31)
    return kakao.refresh(token).json()


ANSWER_CASES = {
    "login": lambda kakao: kakao.login(),
    "login with OpenID Connect": lambda kakao: kakao.login("openid profile_nickname,account_email"),
    "login without a scope": lambda kakao: kakao.login(""),
    "refresh": lambda kakao: kakao.refresh(kakao.login()).json(),
    "refresh in the last month": late_refresh,
    "access_token_info": lambda kakao: kakao.call(
        "/v1/user/access_token_info", kakao.login()
    ).json(),
    "user/me": lambda kakao: kakao.call("/v2/user/me", kakao.login()).json(),
    "memo/default/send": lambda kakao: kakao.send_to_me(kakao.login()).json(),
    "logout": lambda kakao: kakao.call("/v1/user/logout", kakao.login(), method="POST").json(),
    "unlink": lambda kakao: kakao.call("/v1/user/unlink", kakao.login(), method="POST").json(),
    "scopes": lambda kakao: kakao.call(
        "/v2/user/scopes", kakao.login(), params={"scopes": '["talk_message"]'}
    ).json(),
}


@pytest.mark.parametrize("name", protocol.ANSWERS)
def test_answer(name, kakao_there):
    check_answer(protocol.ANSWERS[name], ANSWER_CASES[name](kakao_there))


# Endpoints -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    protocol.ENDPOINTS,
    ids=lambda row: f"{row.method} {urlsplit(row.url).path} {row.credential}",
)
def test_endpoint(row, kakao_there):
    token = kakao_there.login("talk_message friends openid")
    target = {"target_id_type": "user_id", "target_id": "123456789"}
    arguments = {
        "client_id": kakao_there.app_key,
        "redirect_uri": REDIRECT_URI,
        "logout_redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "grant_type": "refresh_token",
        "refresh_token": token["refresh_token"],
        "id_token": token["id_token"],
        "template_object": TEMPLATE,
        "scopes": '["friends"]',
        "query": "고양이",
        **(target if row.credential == "admin" else {}),
    }
    credentials = {
        "bearer": f"Bearer {token['access_token']}",
        "admin": f"KakaoAK {ADMIN_KEY}",
        "key": f"KakaoAK {kakao_there.app_key}",
    }
    sent = {"params" if row.method == "GET" else "data": arguments}
    headers = {"Authorization": credentials.get(row.credential)}
    response = kakao_there.ask(row.method, row.url, headers=headers, **sent)
    assert response.status_code in (200, 302), response.text
    if row.credential in credentials:
        refused = kakao_there.ask(row.method, row.url, **sent)
        assert refused.status_code == 401
        wrong = {"Authorization": "KakaoAK another"}
        assert kakao_there.ask(row.method, row.url, headers=wrong, **sent).status_code == 401


def test_dapi__refuses_in_a_shape_of_its_own(kakao_there):
    refused = kakao_there.ask("GET", f"{DAPI}/v2/search/web", params={"query": "q"})
    assert list(refused.json()) == ["errorType", "message"]
    assert refused.json()["errorType"] == "AccessDeniedError"


def test_authorize__cancelled(kakao_there):
    kakao_there.drive("switches", consent="denied")
    location = kakao_there.authorize(state="s").headers["Location"]
    wanted = "?error=access_denied&error_description=User%20denied%20access&state=s"
    assert location == f"{REDIRECT_URI}{wanted}"


def test_codes_and_secrets__client_credentials_come_first(kakao_there):
    kakao_there.drive("switches", client_secret=SECRET)
    assert kakao_there.redeem("unknown").json()["error_code"] == "KOE010"
    assert kakao_there.redeem("x", client_id="another").json()["error_code"] == "KOE101"
