"""The JSON API of the control page, and who is kept away from it."""

import inspect
import json
import re

import pytest
import requests

from kakao_session.emulator import KakaoEmulator, control


@pytest.fixture
def drive(kakao, http):
    """Post to the API. :returns: the answer."""

    def post(action, **fields):
        response = http.post(f"{kakao.control_url}/api/{action}", json=fields, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()

    return post


def test_state__shows_everything_except_secrets(kakao, http, client):
    kakao.client_secret = "emulator-secret"
    token = kakao.login(user=2**60 + 1)
    client.me(token["access_token"])
    response = http.get(f"{kakao.control_url}/api/state", timeout=10)
    for secret in (token["access_token"], token["refresh_token"], "emulator-secret"):
        assert secret not in response.text
    state = response.json()
    assert [user["id"] for user in state["users"]] == [str(2**60 + 1)]
    assert {(each["kind"], each["alive"]) for each in state["tokens"]} == {
        ("access", True),
        ("refresh", True),
    }
    assert {each["expires_in"] for each in state["tokens"]} <= {21599, 21598, 5183999, 5183998}
    [request] = state["requests"]
    assert request["time"].startswith(state["now"][:10])
    assert request["sent"] in {each["fingerprint"] for each in state["tokens"]}
    assert {name: request[name] for name in request if name not in ("time", "sent")} == {
        "service": "kapi",
        "method": "GET",
        "host": "kapi.kakao.com",
        "path": "/v2/user/me",
        "status": 200,
        "issued": None,
        "note": "access token good for 6 hours",
        "query": {},
        "form": {},
        "json": None,
    }
    assert state["switches"]["logout_ends"] == "both"


def test_login__returns_the_token(drive, client):
    token = drive("login", user=str(2**60), scopes=["friends"])
    assert token["scope"] == "friends"
    assert client.me(token["access_token"]).json()["id"] == 2**60
    assert client.me(drive("login")["access_token"]).json()["id"] == 123456789


def test_advance__and_back_is_not_in_the_journal(kakao, drive):
    before = kakao.now()
    drive("advance", days=30, hours=1, seconds=0.5)
    assert 30 * 86_400 + 3600 <= kakao.now() - before < 30 * 86_400 + 3660
    drive("advance", days=-30, hours=-1)
    assert abs(kakao.now() - before) < 60
    assert kakao.requests == []


@pytest.mark.parametrize(
    ("action", "msg"),
    [
        ("expire-access-tokens", "this access token is already expired"),
        ("revoke-access-tokens", "this access token does not exist"),
        ("unlink", "this access token does not exist"),
        ("reset", "this access token does not exist"),
    ],
)
def test_tokens__end(kakao, drive, client, action, msg):
    access_token = kakao.login()["access_token"]
    state = drive(action)
    assert not any(each["alive"] for each in state["tokens"] if each["kind"] == "access")
    assert client.me(access_token).json()["msg"] == msg


def test_fail_next__and_no_more(kakao, drive, client):
    refresh_token = kakao.login()["refresh_token"]
    state = drive("fail-next", kind=503, retry_after=1, headers={"X-One": "1"})
    assert state["failures"] == [
        {"path": "/oauth/token", "what": "made to fail: 503", "times": 1, "after": False}
    ]
    response = client.refresh(refresh_token)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    drive("fail-next", error_code="KOE237", times=None)
    assert client.refresh(refresh_token).json()["error_code"] == "KOE237"
    assert drive("clear-failures")["failures"] == []
    assert client.refresh(refresh_token).status_code == 200
    drive("fail-next", kind="reset")
    with pytest.raises(requests.ConnectionError):
        client.refresh(refresh_token)
    assert drive("clear-requests")["requests"] == []


def test_switches__by_name(kakao, drive):
    state = drive("switches", rate_limit=True, logout_ends="access_token", members=[1, 2])
    assert (kakao.rate_limit, kakao.logout_ends, kakao.members) == (True, "access_token", [1, 2])
    assert state["switches"]["rate_limit"] is True
    drive("reset")
    assert (kakao.rate_limit, kakao.logout_ends, kakao.members) == (False, "both", None)


def test_environment__is_the_emulators(kakao, http):
    environment = http.get(f"{kakao.control_url}/api/environment", timeout=10).json()
    assert environment == kakao.environment()
    assert environment["KAKAO_EMULATOR_URL"] == kakao.control_url


@pytest.mark.parametrize(
    ("action", "body", "words"),
    [
        ("switches", {"logout_ends": "all"}, "logout_ends takes 'both' or 'access_token'"),
        ("switches", {"rate_limit": 1}, "rate_limit takes true or false"),
        ("switches", {"rate_limit_status": 429.0}, "rate_limit_status takes 429 or 400"),
        ("switches", {"access_lifetime": 1.5}, "access_lifetime takes a whole number"),
        ("switches", {"members": ["x"]}, "members takes a list, each a whole number or null"),
        ("switches", {"latency": float("nan")}, "latency takes a number"),
        ("switches", {"access_lifetime": 10**400}, "access_lifetime takes a whole number"),
        ("switches", {"rate_limit": True, "no": 1}, "there is no switch 'no'"),
        ("advance", {"hours": "7"}, "hours takes a number"),
        ("advance", {"days": 1e300}, "large"),
        ("advance", {"weeks": 1}, "advance takes no 'weeks'"),
        ("unlink", {"user": "me"}, "user takes a whole number"),
        ("login", {"scopes": "talk_message"}, "scopes takes a list, each a string"),
        ("fail-next", {"kind": True}, "kind takes a whole number or 'reset' or 'close'"),
        ("fail-next", {"times": "2"}, "times takes a whole number or null"),
        ("fail-next", {"headers": {"X": 1}}, "headers takes an object, each value a string"),
        ("fail-next", {"json": "\ud800"}, "surrogates"),
        ("login", {"scopes": ["\ud800"]}, "scopes takes a list, each a string"),
        ("switches", {"consent_items": {"\udfff": "optional"}}, "consent_items takes an object"),
        ("user", {"nickname": "\ud800"}, "nickname takes a string"),
        ("user", {"properties": {"\ud800": "x"}}, "properties takes an object"),
        ("reset", [], "the body is not a JSON object"),
    ],
)
def test_fields__that_do_not_fit(kakao, http, action, body, words):
    response = http.post(
        f"{kakao.control_url}/api/{action}",
        data=json.dumps(body),
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert words in response.json()["error"]
    assert (kakao.rate_limit, kakao.failures) == (False, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400), (bytes(2_000_000), 413)],
    ids=["empty", "half", "bytes", "deep", "large"],
)
def test_body__is_no_json(kakao, http, body, status):
    headers = {"Content-Type": "application/json"}
    url = f"{kakao.control_url}/api/reset"
    response = http.post(url, data=body, headers=headers, timeout=10)
    assert response.status_code == status
    assert "(or proxy)" not in response.text  # as werkzeug puts it


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/api/explode", 404),
        ("POST", "/api/stop", 404),
        ("GET", "/api/reset", 405),
        ("GET", "/static/%2e%2e/control.py", 404),
    ],
)
def test_path__unknown(kakao, http, method, path, status):
    body = {} if method == "POST" else None
    response = http.request(method, f"{kakao.control_url}{path}", json=body, timeout=10)
    assert (response.status_code, list(response.json())) == (status, ["error"])


def sent_from(headers, kakao):
    port = kakao.control_url.rpartition(":")[2]
    return {name: value.format(port=port) for name, value in headers.items()}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:{port}.attacker.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/state", "/static/control.js"])
def test_other_site__reads_nothing(kakao, http, path, headers):
    url = f"{kakao.control_url}{path}"
    assert http.get(url, headers=sent_from(headers, kakao), timeout=10).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example:{port}"},
        {"Origin": "https://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://attacker.example:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
    ],
)
def test_other_site__changes_nothing(kakao, http, headers):
    token = kakao.login()["access_token"]
    response = http.post(
        f"{kakao.control_url}/api/revoke-access-tokens",
        data="{}",
        headers={"Content-Type": "application/json", **sent_from(headers, kakao)},
        timeout=10,
    )
    assert response.status_code == 403
    assert "Access-Control-Allow-Origin" not in response.headers
    assert kakao.find(token).ended is None


def test_preflight__is_not_granted(kakao, http):
    headers = {
        "Origin": "https://attacker.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    response = http.options(f"{kakao.control_url}/api/reset", headers=headers, timeout=10)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_own_page__is_allowed(kakao, http, host):
    url = kakao.control_url.replace("127.0.0.1", host)
    headers = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    response = http.post(f"{url}/api/advance", json={"hours": 1}, headers=headers, timeout=10)
    assert response.status_code == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert http.get(f"{url}/", headers=link, timeout=10).status_code == 200


@pytest.mark.parametrize("path", ["/", "/static/control.css", "/static/control.js"])
def test_page__loads_nothing_from_other_hosts(kakao, http, path):
    response = http.get(f"{kakao.control_url}{path}", timeout=10)
    assert response.status_code == 200
    assert "http://" not in response.text
    assert "https://" not in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_documentation__names_every_action_and_field(kakao, http):
    page = http.get(f"{kakao.control_url}/", timeout=10).text
    documented = re.findall(r"POST /api/([a-z-]+)", page)
    assert documented == re.findall(r"POST /api/([a-z-]+)", control.__doc__)
    for name, method in inspect.getmembers(KakaoEmulator, inspect.isfunction):
        action = name.replace("_", "-")
        url = f"{kakao.control_url}/api/{action}"
        there = http.post(url, json={"no such field": 1}, timeout=10).status_code != 404
        assert (action in documented) is there, name
        for field in inspect.signature(method).parameters if there else ():
            assert field == "self" or re.search(rf"\b{field}\b", control.__doc__), field
