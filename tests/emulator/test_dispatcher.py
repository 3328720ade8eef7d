"""CORS: web pages of other origins may call the APIs and the token endpoint, nothing else."""

import pytest

from tests.emulator.client import DAPI, KAPI, KAUTH

ORIGIN = {"Origin": "https://app.example.com"}
PREFLIGHT = {
    **ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
ALLOWED = [
    f"{KAPI}/v2/user/me",
    f"{KAPI}/v2/api/calendar/calendars",
    f"{KAUTH}/oauth/token",
    f"{DAPI}/v2/search/web",
]


@pytest.mark.parametrize("url", ALLOWED)
def test_other_origin__is_allowed(kakao, client, url):
    preflight = client.ask("OPTIONS", url, headers=PREFLIGHT)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    response = client.ask("POST", url, headers=ORIGIN)
    assert response.status_code >= 400
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["authorize", "logout"])
def test_other_origin__is_not_allowed(client, path):
    url = f"{KAUTH}/oauth/{path}"
    assert client.ask("OPTIONS", url, headers=PREFLIGHT).status_code == 403
    response = client.ask("GET", url, headers=ORIGIN)
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_preflight__does_not_use_up_fail_next(kakao, client):
    url = f"{KAPI}/v2/user/me"
    kakao.fail_next(503, path="/v2/user/me")
    assert client.ask("OPTIONS", url, headers=PREFLIGHT).status_code == 200
    failed = client.ask("GET", url, headers=ORIGIN)
    assert failed.status_code == 503
    assert failed.headers["Access-Control-Allow-Origin"] == "*"
