"""Which request gets which credential: the user's token, the REST API key, or none."""

import dataclasses
from urllib.parse import urlsplit

import pytest
import requests

from kakao_session import ConfigurationError, KakaoAuth, LoginRequiredError

TOKEN = {"access_token": "opaque-access", "refresh_token": "opaque-refresh"}
DAPI = "https://dapi.kakao.com/v2/search/web"


def attached(url, client_id="app-key", token=TOKEN, **kwargs):
    """:returns: the credential that a request for a URL is sent with."""
    auth = KakaoAuth(client_id, token=token, **kwargs)
    return requests.Request("GET", url, auth=auth).prepare().headers.get("Authorization")


@pytest.mark.parametrize(
    "url",
    [
        "https://kapi.kakao.com/v2/user/me",
        "https://kapi.kakao.com",
        "https://kapi.kakao.com?x=1",
        "https://kapi.kakao.com:443/v2/user/me",
        "HTTPS://KAPI.kakao.com/v2/user/me",
    ],
)
def test_token__to_the_api_host(url):
    assert attached(url) == "Bearer opaque-access"
    assert type(attached(url)) is str


@pytest.mark.parametrize(
    "url",
    [
        "http://kapi.kakao.com/v2/user/me",
        "https://kapi.kakao.com:8443/",
        "https://kapi.kakao.com:4430/",
        "https://kapi.kakao.com:443@example.org/",
        "https://kapi.kakao.com.example.org/",
        "https://kapi.kakao.com@example.org/",
        "https://kapi.kakao.com%2f@example.org/",
        "https://example.org/https://kapi.kakao.com/",
        "https://example.org#https://kapi.kakao.com/",
        "https://evil-kapi.kakao.com/",
        "https://kauth.kakao.com/oauth/token",
        "https://www.kakao.com/",
        "https://127.0.0.1/",
        "http://dapi.kakao.com/v2/search/web",
    ],
)
def test_credential__to_nobody_else(url):
    assert attached(url) is None


def test_token__not_to_an_api_url_without_https(kakao):
    endpoints = dataclasses.replace(kakao.endpoints, api_url="http://127.0.0.1:1")
    assert attached("http://127.0.0.1:1/x", endpoints=endpoints) is None


def test_app_key__to_dapi_from_argument_environment_or_token(monkeypatch):
    with pytest.raises(ConfigurationError, match="KAKAO_REST_API_KEY"):
        attached(DAPI, client_id=None)
    token = {**TOKEN, "app_key": "from-token"}
    assert attached(DAPI, client_id=None, token=token) == "KakaoAK from-token"
    monkeypatch.setenv("KAKAO_REST_API_KEY", "from-environment")
    assert attached(DAPI, client_id=None, token=token) == "KakaoAK from-environment"
    assert attached(DAPI, client_id="from-argument", token=token) == "KakaoAK from-argument"


# Other hosts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hosts", "url", "gets_it"),
    [
        (["api.example.org"], "https://api.example.org/x", True),
        ("api.example.org", "https://api.example.org/x", True),
        (("API.EXAMPLE.org",), "https://api.example.org/x", True),
        (["api.example.org"], "https://kapi.kakao.com/x", True),
        (["api.example.org"], "https://api.example.org:8443/x", False),
        (["api.example.org"], "http://api.example.org/x", False),
        (["api.example.org:8443"], "https://api.example.org:8443/x", True),
        (["api.example.org:8443"], "https://api.example.org/x", False),
        (["[2001:db8::1]"], "https://[2001:db8::1]/x", True),
        (["[2001:db8::1]"], "https://[2001:db8::1]:443/x", True),
        (["[2001:db8::1]"], "https://[2001:db8::1]:8443/x", False),
        (["[2001:db8::1]"], "https://[2001:db8::2]/x", False),
    ],
)
def test_api_hosts__get_the_token_too(hosts, url, gets_it):
    assert attached(url, api_hosts=hosts) == ("Bearer opaque-access" if gets_it else None)


@pytest.mark.parametrize("host", ["https://example.org", "example.org/path", "a@b", "", "a b"])
def test_api_hosts__more_than_a_host_name(host):
    with pytest.raises(ValueError, match="host names"):
        KakaoAuth(api_hosts=[host])


def test_api_hosts__of_a_session(kakao, new_session, token):
    session = new_session(token=token, api_hosts=["kapi.kakao.com"])
    session.proxies["https"] = kakao.proxy_url  # which knows Kakao's real names
    assert session.get("https://kapi.kakao.com/v2/user/me").status_code == 200
    assert kakao.requests[-1].host == "kapi.kakao.com"


# The caller's own -----------------------------------------------------------------------------


@pytest.mark.parametrize("is_logged_in", [True, False])
def test_own_header__wins(kakao, new_session, token, is_logged_in):
    session = new_session(token=token if is_logged_in else None)
    headers = {"authorization": "KakaoAK admin"}
    for host in (kakao.endpoints.api_url, kakao.endpoints.dapi_url):
        session.get(f"{host}/v2/user/me", headers=headers)
        assert kakao.requests[-1].headers["Authorization"] == "KakaoAK admin"
    assert headers == {"authorization": "KakaoAK admin"}


@pytest.mark.parametrize("withhold_token", [False, True])
def test_own_auth__wins(kakao, new_session, token, withhold_token):
    session = new_session(token=token)
    session.request("GET", "/v2/user/me", auth=("me", "pw"), withhold_token=withhold_token)
    assert kakao.requests[-1].headers["Authorization"].startswith("Basic ")


def test_withhold_token(kakao, new_session, token):
    response = new_session(token=token).request("GET", "/v2/user/me", withhold_token=True)
    assert response.status_code == 401
    assert "Authorization" not in kakao.requests[-1].headers
    assert len(kakao.requests) == 1


def test_callers_objects__stay_as_they_are(new_session, token, monkeypatch):
    session = new_session(token=token)
    headers, params, given = {"X": "1"}, {"a": "b"}, dict(token)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    request = requests.Request("GET", "/v2/user/me", headers=headers, params=params)
    assert session.send(session.prepare_request(request)).status_code == 200
    for proxies in ({}, {"no_proxy": "elsewhere.example"}):
        own = dict(proxies)
        session.get("/v2/user/me", headers=headers, params=params, proxies=own)
        assert own == proxies
    assert request.url == "/v2/user/me"
    assert request.hooks == {"response": []}
    assert (headers, params) == ({"X": "1"}, {"a": "b"})
    assert dict(token) == given


def test_no_token__is_an_error_at_the_api_host_alone(kakao, new_session):
    session = new_session()
    with pytest.raises(LoginRequiredError, match=r"^No token"):
        session.get("/v2/user/me")
    assert kakao.requests == []
    assert session.get(f"{kakao.endpoints.kauth_url}/nowhere").status_code == 404


@pytest.mark.parametrize("path", ["v2/user/me", b"v2/user/me"])
def test_path_without_a_slash__says_so(new_session, token, path):
    request = requests.Request("GET", path)
    with pytest.raises(
        requests.exceptions.MissingSchema,
        match=r"with a slash, /v2/user/me, and any other URL with https://$",
    ):
        new_session(token=token).prepare_request(request)


@pytest.mark.parametrize("url", ["", None])
def test_no_url__says_so(new_session, token, url):
    with pytest.raises(requests.exceptions.MissingSchema, match=r"No scheme supplied|None"):
        new_session(token=token).get(url)


def test_path__as_bytes(kakao, new_session, token):
    session = new_session(token=token)
    prepared = session.prepare_request(requests.Request("GET", b"/v2/user/me"))
    assert prepared.url == f"{kakao.endpoints.api_url}/v2/user/me"
    assert prepared.headers["Authorization"] == f"Bearer {token['access_token']}"


# Redirects ------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["kauth", "elsewhere on kapi"])
def test_redirect__carries_nothing_away(kakao, new_session, token, target):
    kauth = f"{kakao.endpoints.kauth_url}/nowhere"
    location = kauth if target == "kauth" else "/v1/user/access_token_info"
    kakao.fail_next(302, path="/v2/user/me", headers={"Location": location})
    response = new_session(token=token).get("/v2/user/me")
    assert len(response.history) == 1
    credential = kakao.requests[-1].headers.get("Authorization")
    assert credential == (None if target == "kauth" else f"Bearer {token['access_token']}")


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("has_netrc", [False, True])
def test_redirect__to_another_host_that_answers_401(
    kakao, new_session, token, tmp_path, monkeypatch, status, has_netrc
):
    if has_netrc:
        host = urlsplit(kakao.endpoints.kauth_url).hostname
        (tmp_path / "netrc").write_text(f"machine {host} login user password secret")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    location = f"{kakao.endpoints.kauth_url}/nowhere"
    kakao.fail_next(status, path="/v2/user/me", headers={"Location": location})
    kakao.fail_next(401, path="/nowhere", json={"code": -401})
    assert new_session(token=token).get("/v2/user/me").status_code == 401
    first, second = kakao.requests  # and no refresh
    assert first.headers["Authorization"] == f"Bearer {token['access_token']}"
    assert (second.path, second.service) == ("/nowhere", "kauth")
    assert second.headers.get("Authorization", "none")[:6] == ("Basic " if has_netrc else "none")
