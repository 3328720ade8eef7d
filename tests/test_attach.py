"""Who gets the credential, and who does not."""

import dataclasses
from urllib.parse import urlsplit

import pytest
import requests

from kakao_session import ConfigurationError, KakaoAuth, LoginRequiredError

GOOD = {"access_token": "opaque-access", "refresh_token": "opaque-refresh"}


def attached(url, **kwargs):
    auth = KakaoAuth("app-key", token=GOOD, **kwargs)
    request = requests.Request("GET", url, auth=auth).prepare()
    return request.headers.get("Authorization")


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
def test_bearer__to_the_api_host(url):
    assert attached(url) == "Bearer opaque-access"


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
    ],
)
def test_no_credential__to_anybody_else(url):
    assert attached(url) is None


def test_app_key__to_dapi():
    assert attached("https://dapi.kakao.com/v2/search/web") == "KakaoAK app-key"
    assert attached("http://dapi.kakao.com/v2/search/web") is None


def test_app_key__missing():
    with pytest.raises(ConfigurationError, match="KAKAO_REST_API_KEY"):
        requests.Request("GET", "https://dapi.kakao.com/", auth=KakaoAuth()).prepare()


def test_app_key__from_argument_environment_token(monkeypatch):
    def sent(auth):
        request = requests.Request("GET", "https://dapi.kakao.com/", auth=auth).prepare()
        return str(request.headers["Authorization"])

    token = {**GOOD, "app_key": "from-token"}
    assert sent(KakaoAuth(token=token)) == "KakaoAK from-token"
    monkeypatch.setenv("KAKAO_REST_API_KEY", "from-environment")
    assert sent(KakaoAuth(token=token)) == "KakaoAK from-environment"
    assert sent(KakaoAuth("from-argument", token=token)) == "KakaoAK from-argument"


@pytest.mark.parametrize("hosts", [["api.example.org"], "api.example.org", ("API.EXAMPLE.org",)])
def test_api_hosts__get_the_bearer_too(hosts):
    assert attached("https://api.example.org/x", api_hosts=hosts) == "Bearer opaque-access"
    assert attached("https://api.example.org:8443/x", api_hosts=hosts) is None
    assert attached("http://api.example.org/x", api_hosts=hosts) is None
    assert attached("https://kapi.kakao.com/x", api_hosts=hosts) == "Bearer opaque-access"


def test_api_hosts__of_a_session(kakao, new_session, token):
    session = new_session(token=token, api_hosts=["kapi.kakao.com"])
    session.proxies["https"] = kakao.proxy_url  # which knows Kakao's real names
    assert session.get("https://kapi.kakao.com/v2/user/me").status_code == 200
    assert kakao.requests[-1].host == "kapi.kakao.com"


def test_api_hosts__with_a_port():
    hosts = ["api.example.org:8443"]
    assert attached("https://api.example.org:8443/x", api_hosts=hosts) == "Bearer opaque-access"
    assert attached("https://api.example.org/x", api_hosts=hosts) is None


def test_api_hosts__by_address():
    hosts = ["[2001:db8::1]"]
    assert attached("https://[2001:db8::1]/x", api_hosts=hosts) == "Bearer opaque-access"
    assert attached("https://[2001:db8::1]:443/x", api_hosts=hosts) == "Bearer opaque-access"
    assert attached("https://[2001:db8::1]:8443/x", api_hosts=hosts) is None
    assert attached("https://[2001:db8::2]/x", api_hosts=hosts) is None


@pytest.mark.parametrize("host", ["https://example.org", "example.org/path", "a@b", "", "a b"])
def test_api_hosts__more_than_a_host_name(host):
    with pytest.raises(ValueError, match="host names"):
        KakaoAuth(api_hosts=[host])


def test_insecure_api_url__gets_nothing(kakao):
    endpoints = dataclasses.replace(kakao.endpoints, api_url="http://127.0.0.1:1")
    assert attached("http://127.0.0.1:1/x", endpoints=endpoints) is None


def test_own_header__wins(kakao, new_session, token):
    session = new_session(token=token)
    headers = {"authorization": "KakaoAK admin"}
    session.get("/v2/user/me", headers=headers)
    assert kakao.requests[-1].headers["Authorization"] == "KakaoAK admin"
    assert headers == {"authorization": "KakaoAK admin"}


def test_own_auth__wins(kakao, new_session, token):
    new_session(token=token).get("/v2/user/me", auth=("me", "pw"))
    assert kakao.requests[-1].headers["Authorization"].startswith("Basic ")


def test_own_header__wins_at_dapi_too():
    request = requests.Request(
        "GET",
        "https://dapi.kakao.com/v2/search/web",
        headers={"Authorization": "KakaoAK another"},
        auth=KakaoAuth("app-key", token=GOOD),
    )
    assert request.prepare().headers["Authorization"] == "KakaoAK another"


def test_own_header__without_a_login(kakao, new_session):
    new_session().get("/v2/user/me", headers={"Authorization": "KakaoAK admin"})
    assert kakao.requests[-1].headers["Authorization"] == "KakaoAK admin"


def test_withhold_token(kakao, new_session, token):
    response = new_session(token=token).request("GET", "/v2/user/me", withhold_token=True)
    assert response.status_code == 401
    assert "Authorization" not in kakao.requests[-1].headers
    assert len(kakao.requests) == 1


def test_withhold_token__not_a_login_of_ones_own(kakao, new_session, token):
    session = new_session(token=token)
    session.request("GET", "/v2/user/me", withhold_token=True, auth=("me", "pw"))
    assert kakao.requests[-1].headers["Authorization"].startswith("Basic ")


def test_callers_objects__stay_as_they_are(new_session, token, monkeypatch):
    session = new_session(token=token)
    headers, params, given = {"X": "1"}, {"a": "b"}, dict(token)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    request = requests.Request("GET", "/v2/user/me", headers=headers, params=params)
    prepared = session.prepare_request(request)
    session.send(prepared)
    for proxies in ({}, {"no_proxy": "elsewhere.example"}):
        own = dict(proxies)
        session.get("/v2/user/me", headers=headers, params=params, proxies=own)
        assert own == proxies
    assert request.url == "/v2/user/me"
    assert request.hooks == {"response": []}
    assert (headers, params) == ({"X": "1"}, {"a": "b"})
    assert dict(token) == given


def test_prepared_request__by_the_session(kakao, new_session, token):
    session = new_session(token=token)
    url = f"{kakao.endpoints.api_url}/v2/user/me"
    assert session.send(session.prepare_request(requests.Request("GET", url))).status_code == 200


def test_auth_alone__with_plain_requests(kakao, new_session, new_auth, token):
    url = f"{kakao.endpoints.api_url}/v2/user/me"
    assert requests.get(url, auth=new_auth(token=token)).status_code == 200
    assert requests.get(url, auth=new_session(token=token).auth).status_code == 200


def test_no_token__at_the_api_host_alone(kakao, new_session):
    session = new_session()
    with pytest.raises(LoginRequiredError, match="kakao-session login"):
        session.get("/v2/user/me")
    assert kakao.requests == []
    assert session.get(f"{kakao.endpoints.kauth_url}/nowhere").status_code == 404


def test_redirect__to_a_host_of_netrc_that_answers_401(
    kakao, new_session, token, tmp_path, monkeypatch
):
    host = urlsplit(kakao.endpoints.kauth_url).hostname
    (tmp_path / "netrc").write_text(f"machine {host} login user password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    location = f"{kakao.endpoints.kauth_url}/nowhere"
    kakao.fail_next(302, path="/v2/user/me", headers={"Location": location})
    kakao.fail_next(401, path="/nowhere", json={"code": -401})
    assert new_session(token=token).get("/v2/user/me").status_code == 401
    sent = [(request.path, request.headers["Authorization"][:6]) for request in kakao.requests]
    assert sent == [("/v2/user/me", "Bearer"), ("/nowhere", "Basic ")]


@pytest.mark.parametrize("target", ["kauth", "elsewhere_on_kapi"])
def test_redirect__carries_nothing_away(kakao, new_session, token, target):
    kauth = f"{kakao.endpoints.kauth_url}/nowhere"
    location = kauth if target == "kauth" else "/v1/user/access_token_info"
    kakao.fail_next(302, path="/v2/user/me", headers={"Location": location})
    response = new_session(token=token).get("/v2/user/me")
    assert len(response.history) == 1
    credential = kakao.requests[-1].headers.get("Authorization")
    assert credential == (None if target == "kauth" else f"Bearer {token['access_token']}")


def test_redirect__to_a_foreign_401_renews_nothing(kakao, new_session, token):
    location = f"{kakao.endpoints.kauth_url}/nowhere"
    kakao.fail_next(307, path="/v2/user/me", headers={"Location": location})
    kakao.fail_next(401, path="/nowhere", json={"code": -401})
    assert new_session(token=token).get("/v2/user/me").status_code == 401
    assert kakao.token_requests == []
