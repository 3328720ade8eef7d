"""What is remembered of the environment, and that a change counts at the very next call."""

import itertools
import os
import pickle

import certifi
import pytest
import requests
from requests_oauthlib.oauth2_session import OAuth2Session

from kakao_session import KakaoSession
from kakao_session import transport as module
from kakao_session.transport import Environment
from tests.free_port import free_port

URL = "https://kapi.kakao.com/v2/user/me"
READ_BY_REQUESTS = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUEST_METHOD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)


@pytest.fixture
def asked(monkeypatch):
    """The URLs for which requests had to ask the environment."""
    asked = []

    def get_environ_proxies(url):
        asked.append(url)
        return dict(requests.utils.get_environ_proxies(url))

    monkeypatch.setattr(module, "get_environ_proxies", get_environ_proxies)
    return asked


def settings(session, url=URL, **given):
    defaults = {"proxies": {}, "stream": None, "verify": None, "cert": None}
    return session.merge_environment_settings(url, **{**defaults, **given})


VARIABLES = [
    {},
    {"HTTPS_PROXY": "http://p:1"},
    {"https_proxy": "http://p:2", "HTTPS_PROXY": "http://p:1"},
    {"ALL_PROXY": "http://p:3"},
    {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "kapi.kakao.com"},
    {"HTTPS_PROXY": "http://p:1", "no_proxy": "kakao.com,localhost"},
    {"HTTPS_PROXY": "http://p:1", "no_proxy": "*"},
    {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"},
    {"REQUESTS_CA_BUNDLE": "/ca/1.pem", "CURL_CA_BUNDLE": "/ca/2.pem"},
    {"CURL_CA_BUNDLE": "/ca/2.pem"},
    {"Https_Proxy": "http://p:4"},
]
OWN_VERIFY = (True, False, "/ca/own.pem")
OWN_PROXIES = (
    {},
    {"https": "http://own:1", "http": None},
    {"no_proxy": "kapi.kakao.com"},
    None,
)
VERIFY = (None, True, False, "/ca/call.pem")
PROXIES = (
    None,
    {},
    {"https": "http://call:1"},
    {"https": None},
    {"no_proxy": "kapi.kakao.com"},
    {"no_proxy": "example.org", "https": "http://call:1"},
)
# Stream and certificate, the session's and the call's, go nowhere else; each pair once will do.
STREAM_AND_CERT = (
    (False, None, None, None),
    (True, "own.pem", None, None),
    (True, "own.pem", False, ("c", "k")),
)


@pytest.mark.parametrize("trust_env", [True, False])
@pytest.mark.parametrize("variables", VARIABLES, ids=str)
def test_answers__are_those_of_the_parent(monkeypatch, variables, trust_env):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ours, theirs = KakaoSession("key"), OAuth2Session("key")
    ours.trust_env = theirs.trust_env = trust_env
    combinations = itertools.product(OWN_VERIFY, OWN_PROXIES, VERIFY, PROXIES, STREAM_AND_CERT)
    for own_verify, own_proxies, verify, proxies, (
        own_stream,
        own_cert,
        stream,
        cert,
    ) in combinations:
        for session in (ours, theirs):
            session.verify, session.stream, session.cert = own_verify, own_stream, own_cert
            session.proxies = own_proxies and dict(own_proxies)
        given = {"verify": verify, "proxies": proxies, "stream": stream, "cert": cert}
        for url in (URL, "http://kapi.kakao.com:81/x"):
            expected = _settings_or_error(theirs, url, given)
            for _ in range(2):  # asked, and remembered
                assert _settings_or_error(ours, url, given) == expected, (own_verify, own_proxies)


class Watched(dict[str, str]):
    """An environment that knows who was looked for."""

    def __init__(self, *given):
        super().__init__(*given)
        self.looked_for = set()

    def __getitem__(self, name):
        self.looked_for.add(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self.looked_for.add(name)
        return super().__contains__(name)

    def get(self, name, default=None):
        self.looked_for.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("variables", VARIABLES, ids=str)
def test_parent__reads_no_other_variable(monkeypatch, variables):
    watched = Watched({**os.environ, **variables})
    monkeypatch.setattr(os, "environ", watched)
    for verify, proxies in itertools.product(VERIFY, PROXIES[1:]):
        settings(OAuth2Session("key"), verify=verify, proxies=dict(proxies))
    assert "REQUESTS_CA_BUNDLE" in watched.looked_for
    assert watched.looked_for - {"Https_Proxy"} <= set(READ_BY_REQUESTS)


def _settings_or_error(session, url, given):
    try:
        return settings(session, url, **_own_copy(given))
    except AttributeError as error:  # requests before 2.34 takes no None for proxies
        return str(error)


def _own_copy(given):
    # requests itself writes into the caller's proxies.
    return {
        name: dict(value) if isinstance(value, dict) else value for name, value in given.items()
    }


def test_asked_once__for_each_host(asked):
    session = KakaoSession("key")
    for _ in range(3):
        settings(session)
        settings(session, "https://kapi.kakao.com/other?x#y")
        settings(session, "https://kapi.kakao.com/?to=https://elsewhere.example/")
        settings(session, "https://kauth.kakao.com/")
    assert asked == [URL, "https://kauth.kakao.com/"]


def test_pickled_session__asks_for_itself(asked):
    session = KakaoSession("key")
    settings(session)
    settings(pickle.loads(pickle.dumps(session)))
    assert asked == [URL, URL]


@pytest.mark.parametrize("name", READ_BY_REQUESTS)
@pytest.mark.parametrize("wrapped", [True, False])
def test_changed_variable__counts_at_the_next_call(monkeypatch, asked, name, wrapped):
    if not wrapped:
        monkeypatch.setattr(os, "environ", dict(os.environ))
    session = KakaoSession("key")
    settings(session)
    monkeypatch.setenv(name, "value")
    settings(session)
    monkeypatch.delenv(name)
    settings(session)
    assert len(asked) == 3


def test_variable_in_mixed_case__counts_when_it_comes_and_goes(
    monkeypatch,
):
    session = KakaoSession("key")
    assert settings(session)["proxies"] == {}
    monkeypatch.setenv("Https_Proxy", "http://p:1")
    assert settings(session)["proxies"] == {"https": "http://p:1"}
    monkeypatch.delenv("Https_Proxy")
    assert settings(session)["proxies"] == {}


def test_many_hosts__are_not_kept_for_ever(asked):
    environment = Environment()
    for number in range(200):
        environment.ask(f"https://host{number}/")
        assert len(environment._answers) <= 64
    environment.ask("https://host199/")
    assert len(asked) == 200


def test_other_sources__asked_anew_after_30_seconds(monkeypatch, asked):
    moments = [1000.0]

    class Clock:
        monotonic = staticmethod(lambda: moments[0])

    monkeypatch.setattr(module, "time", Clock)
    monkeypatch.setattr(module, "_LIFE", 30.0)
    environment = Environment()
    environment.ask(URL)
    moments[0] += 29.9
    environment.ask(URL)
    assert len(asked) == 1
    moments[0] += 0.1
    environment.ask(URL)
    assert len(asked) == 2


def test_odd_url__is_left_to_requests():
    with pytest.raises(requests.exceptions.InvalidSchema):
        KakaoSession("key").get("mailto:nobody", withhold_token=True)


def test_proxy_switched_on__counts_at_the_next_call(new_session, token, monkeypatch):
    session = new_session(token=token)
    assert session.get("/v2/user/me").status_code == 200
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")  # nobody is there
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("/v2/user/me")
    monkeypatch.delenv("HTTPS_PROXY")
    assert session.get("/v2/user/me").status_code == 200


def test_no_proxy__counts_at_the_next_call(kakao, new_session, token, monkeypatch):
    session = new_session(token=token)
    monkeypatch.setenv("HTTPS_PROXY", kakao.proxy_url)
    with pytest.raises(requests.exceptions.ProxyError):  # it leads to Kakao's own names alone
        session.get("/v2/user/me")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert session.get("/v2/user/me").status_code == 200
    monkeypatch.delenv("NO_PROXY")
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("/v2/user/me")


def test_own_proxies__count_at_the_next_call(kakao, new_session, token):
    session = new_session(token=token)
    assert session.get("/v2/user/me").status_code == 200
    session.proxies["https"] = kakao.proxy_url
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("/v2/user/me")
    session.proxies = {}
    assert session.get("/v2/user/me").status_code == 200


def test_own_cert__counts_at_the_next_call(kakao, new_session, token, tmp_path):
    session = new_session(token=token)
    assert session.get("/v2/user/me").status_code == 200
    session.cert = str(tmp_path / "absent.pem")
    with pytest.raises(OSError, match=r"absent\.pem"):
        session.get("/v2/user/me")
    session.cert = None
    assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize("change", ["verify", "REQUESTS_CA_BUNDLE"])
def test_trust_changed__counts_at_the_next_call(
    kakao,
    new_session,
    token,
    monkeypatch,
    change,
):
    session = new_session(token=token)
    session.headers["Connection"] = "close"  # trust is looked at when a connection is made
    session.get("/v2/user/me")
    if change == "verify":
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        session.get("/v2/user/me")
        session.verify = True
    else:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with pytest.raises(requests.exceptions.SSLError):
        session.get("/v2/user/me")
