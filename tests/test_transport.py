"""What is remembered of the environment: a change counts at the very next call. And proxies."""

import itertools
import os
import pickle
import sys
import time

import certifi
import pytest
import requests
from requests_oauthlib.oauth2_session import OAuth2Session

from kakao_session import FileTokenStore, KakaoSession, TemporaryError
from tests.conftest import imported_again
from tests.free_port import free_port

URL = "https://kapi.kakao.com/v2/user/me"
READ_BY_REQUESTS = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUEST_METHOD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)


@pytest.fixture
def asked(monkeypatch):
    """The URLs for which requests had to read the environment."""
    should_bypass_proxies = requests.utils.should_bypass_proxies
    asked = []

    def noted(url, no_proxy):
        asked.append(url)
        return should_bypass_proxies(url, no_proxy)

    monkeypatch.setattr(requests.utils, "should_bypass_proxies", noted)
    return asked


def settings(session, url=URL, **given):
    defaults = {"proxies": {}, "stream": None, "verify": None, "cert": None}
    return session.merge_environment_settings(url, **{**defaults, **given})


# The parent's answers, remembered ---------------------------------------------------------------

VARIABLES = (
    {},
    {"https_proxy": "http://p:2", "HTTPS_PROXY": "http://p:1"},
    {"ALL_PROXY": "http://p:3"},
    {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "kapi.kakao.com"},
    {"HTTPS_PROXY": "http://p:1", "no_proxy": "*"},
    {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"},
    {"REQUESTS_CA_BUNDLE": "/ca/1.pem", "CURL_CA_BUNDLE": "/ca/2.pem"},
    {"CURL_CA_BUNDLE": "/ca/2.pem"},
    {"Https_Proxy": "http://p:4"},
)
OWN_VERIFY = (True, False, "/ca/own.pem")
OWN_PROXIES = ({}, {"https": "http://own:1", "http": None}, {"no_proxy": "kapi.kakao.com"}, None)
VERIFY = (None, True, False, "/ca/call.pem")
PROXIES = (
    None,
    {},
    {"https": "http://call:1"},
    {"https": None},
    {"no_proxy": "kapi.kakao.com"},
    {"no_proxy": "example.org", "https": "http://call:1"},
)
# Stream and certificate, the session's and the call's, have nothing to do with the rest.
STREAM_AND_CERT = (
    (False, None, None, None),
    (True, "own.pem", None, None),
    (True, "own.pem", False, ("c", "k")),
)


@pytest.mark.parametrize(
    ("variables", "trust_env"),
    [
        *((variables, True) for variables in VARIABLES),
        ({"HTTPS_PROXY": "http://p:1", "REQUESTS_CA_BUNDLE": "/ca/1.pem"}, False),
    ],
    ids=str,
)
def test_answers__are_those_of_the_parent(monkeypatch, variables, trust_env):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ours, theirs = KakaoSession("key"), OAuth2Session("key")
    ours.trust_env = theirs.trust_env = trust_env
    combinations = itertools.product(OWN_VERIFY, OWN_PROXIES, VERIFY, PROXIES)
    for combination, others in zip(combinations, itertools.cycle(STREAM_AND_CERT), strict=False):
        own_verify, own_proxies, verify, proxies = combination
        own_stream, own_cert, stream, cert = others
        for session in (ours, theirs):
            session.verify, session.stream, session.cert = own_verify, own_stream, own_cert
            session.proxies = own_proxies and dict(own_proxies)
        given = {"verify": verify, "proxies": proxies, "stream": stream, "cert": cert}
        for url in (URL, "http://kapi.kakao.com:81/x"):
            expected = settings_or_error(theirs, url, given)
            for _ in range(2):  # asked, and remembered
                assert settings_or_error(ours, url, given) == expected, combination


def settings_or_error(session, url, given):
    own = given["proxies"] and dict(given["proxies"])  # requests writes into the caller's
    try:
        return settings(session, url, **{**given, "proxies": own})
    except AttributeError as error:  # requests before 2.34 takes no None for proxies
        return str(error)


class Watched(dict):
    """An environment that notes which names were looked for."""

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


def test_asked_once__for_each_host(asked):
    session = KakaoSession("key")
    for _ in range(3):
        settings(session)
        settings(session, "https://kapi.kakao.com/other?x#y")
        settings(session, "https://kapi.kakao.com/?to=https://elsewhere.example/")
        settings(session, "https://kauth.kakao.com/")
    assert asked == [URL, "https://kauth.kakao.com/"]
    settings(pickle.loads(pickle.dumps(session)))  # another process has another environment
    assert asked[2:] == [URL]


def test_64_hosts__are_remembered_and_no_more(asked):
    session = KakaoSession("key")
    for _ in range(2):
        for number in range(64):
            settings(session, f"https://host{number}/")
    assert len(asked) == 64
    settings(session, "https://host64/")
    settings(session, "https://host0/")
    assert len(asked) == 66


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_systems_with_settings_of_their_own__are_asked_again_after_30_seconds(
    monkeypatch, stopwatch, asked, system
):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", system)
        environment = imported_again("kakao_session.transport").Environment()
    environment.settings_for(URL)
    time.sleep(29.9)
    environment.settings_for(URL)
    assert len(asked) == 1
    time.sleep(0.1)
    environment.settings_for(URL)
    assert len(asked) == 2


# A change -------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_plain", [False, True])
def test_changed_variable__counts_at_the_next_call(monkeypatch, asked, is_plain):
    if is_plain:
        monkeypatch.setattr(os, "environ", dict(os.environ))
    session = KakaoSession("key")
    settings(session)
    for name in READ_BY_REQUESTS:
        asked.clear()
        for value in ("one", "two"):
            monkeypatch.setenv(name, value)
            settings(session)
        monkeypatch.delenv(name)
        settings(session)
        assert len(asked) == 3, name


def test_variable_in_mixed_case__counts_when_it_comes_and_goes(monkeypatch):
    session = KakaoSession("key")
    assert settings(session)["proxies"] == {}
    monkeypatch.setenv("Https_Proxy", "http://p:1")
    assert settings(session)["proxies"] == {"https": "http://p:1"}
    monkeypatch.delenv("Https_Proxy")
    assert settings(session)["proxies"] == {}


@pytest.fixture
def session(new_session, token):
    """A session that has made a call."""
    session = new_session(token=token)
    assert session.get("/v2/user/me").status_code == 200
    return session


def test_proxy_switched_on__counts_at_the_next_call(session, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")  # nobody is there
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("/v2/user/me")
    monkeypatch.delenv("HTTPS_PROXY")
    assert session.get("/v2/user/me").status_code == 200


def test_ca_bundle__counts_at_the_next_call(session, monkeypatch):
    session.headers["Connection"] = "close"  # trust is looked at when a connection is made
    session.get("/v2/user/me")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with pytest.raises(requests.exceptions.SSLError):
        session.get("/v2/user/me")


def test_odd_url__is_left_to_requests():
    with pytest.raises(requests.exceptions.InvalidSchema):
        KakaoSession("key").get("mailto:nobody", withhold_token=True)


# A proxy that takes Kakao's names for its own ---------------------------------------------------


@pytest.fixture
def proxied_session(kakao, monkeypatch, tmp_path, token):
    """A session with Kakao's real names, whose requests all go to a proxy."""
    monkeypatch.setenv("HTTPS_PROXY", kakao.proxy_url)
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    with KakaoSession(kakao.app_key, token_store=store) as session:
        yield session


def test_proxy__without_a_trusted_certificate_learns_nothing(
    proxied_session, kakao, monkeypatch, token
):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    for url in ("/v2/user/me", "https://dapi.kakao.com/v2/search/web"):
        with pytest.raises(requests.exceptions.SSLError):
            proxied_session.get(url)
    with pytest.raises(TemporaryError, match="login is kept"):
        proxied_session.refresh_token()
    assert kakao.requests == []
    assert proxied_session.token == token


def test_proxy__with_a_trusted_certificate_carries_the_call(proxied_session, kakao):
    assert proxied_session.get("/v2/user/me").status_code == 200
    assert [record.host for record in kakao.requests] == ["kapi.kakao.com"]
