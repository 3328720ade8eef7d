"""Each error says what to do now, shows no secret, and survives a pickle."""

import copy
import os
import pickle
import re

import pytest
import requests
from oauthlib.oauth2 import OAuth2Error

import kakao_session
from kakao_session import (
    ConfigurationError,
    FileTokenStore,
    KakaoAPIError,
    KakaoError,
    LoginRequiredError,
    RateLimitedError,
    ScopeRequiredError,
    TemporaryError,
    Token,
    TokenEndpointError,
    TokenStoreError,
    errors,
    raise_for_kakao,
)
from tests.conftest import MemoryStore


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (KakaoError, [requests.RequestException]),
        (TokenEndpointError, [KakaoError, OAuth2Error]),
        (LoginRequiredError, [TokenEndpointError]),
        (ConfigurationError, [TokenEndpointError]),
        (RateLimitedError, [TokenEndpointError]),
        (TemporaryError, [TokenEndpointError, requests.ConnectionError]),
        (TokenStoreError, [KakaoError]),
        (KakaoAPIError, [KakaoError, requests.HTTPError]),
        (ScopeRequiredError, [KakaoAPIError]),
    ],
)
def test_tree(kind, parents):
    assert all(issubclass(kind, parent) for parent in parents)


def test_tree__drawn_in_the_docstring():
    drawn = {*re.findall(r"─ (\w+Error)", errors.__doc__), "KakaoError"}
    assert {name for name in kakao_session.__all__ if name.endswith("Error")} <= drawn
    assert all(issubclass(getattr(errors, name), KakaoError) for name in drawn)


def test_token_endpoint_error__is_a_whole_error_of_oauthlib():
    error = TemporaryError("It is over.", error="server_error")
    assert vars(OAuth2Error()).items() <= vars(error).items()
    uri = error.in_uri("https://a.example/")
    assert uri == "https://a.example/?error=server_error&error_description=It+is+over."


# Kakao's codes --------------------------------------------------------------------------------

KINDS = {
    "KOE003": TemporaryError,
    "KOE237": RateLimitedError,
    "KOE320": LoginRequiredError,
    "KOE322": LoginRequiredError,
    **dict.fromkeys(
        [
            *("KOE004", "KOE005", "KOE006", "KOE009", "KOE010", "KOE101", "KOE205"),
            *("KOE303", "KOE310", "KOE313", "KOE319", "KOE400"),
        ],
        ConfigurationError,
    ),
}


@pytest.mark.parametrize("code", sorted({*errors.KOE, *KINDS}))
def test_koe_code__tells_the_kind_and_what_to_do(kakao, new_session, token, stopwatch, code):
    kakao.fail_next(400, json={"error": "invalid_request", "error_code": code}, times=None)
    session = new_session(token=token)
    with pytest.raises(TokenEndpointError) as caught:
        session.refresh_token()
    error = caught.value
    hint = errors.KOE[code].hint
    meaning = errors.KOE[code].meaning[0].upper() + errors.KOE[code].meaning[1:]
    if KINDS[code] is LoginRequiredError:
        hint = "Pass token= or token_store=, or log in with fetch_token."
    assert type(error) is KINDS[code]
    assert (error.error, error.error_code) == ("invalid_request", code)
    assert (error.status_code, error.response.status_code) == (400, 400)
    assert str(error) == f"{meaning} ({code} invalid_request, HTTP 400). {hint}"
    assert error.hint == hint
    assert hint.endswith(".")
    assert session.token == token


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("none", "Pass token= or token_store=, or log in with fetch_token."),
        ("own", "Log in with fetch_token on a session that has this store."),
        ("file", "Log in: run `kakao-session login --token-file '{}'`."),
    ],
)
@pytest.mark.parametrize(
    "lack", ["No token", "No refresh token", "Expired refresh token", "KOE322"]
)
def test_login_required__says_how_to_log_in_here(
    new_session, kakao, clock, token, tmp_path, kind, hint, lack
):
    path = tmp_path / "my token.json"
    store = {"none": None, "own": MemoryStore(), "file": FileTokenStore(path)}[kind]
    if lack == "No refresh token":
        del token["refresh_token"]
    elif lack == "KOE322":
        kakao.unlink()
    if lack == "No token":
        session = new_session(token_store=store)
    else:
        session = new_session(token_store=store, token=token)
        clock.advance(days=61 if lack.startswith("Expired") else 0.5)
    for _ in range(2):
        with pytest.raises(LoginRequiredError) as caught:
            session.get("/v2/user/me")
        message = str(caught.value)
        assert lack in message
        assert caught.value.hint == hint.format(path)
        assert message.endswith(caught.value.hint)
        assert message.count("og in") == hint.count("og in")
        assert str(pickle.loads(pickle.dumps(caught.value))) == message


@pytest.mark.parametrize(
    ("system", "command"),
    [
        ("posix", "kakao-session import 'my token.json'"),
        ("nt", 'kakao-session import "my token.json"'),
    ],
)
def test_as_command__for_the_shell_of_the_system(monkeypatch, system, command):
    monkeypatch.setattr(os, "name", system)
    assert errors.as_command("kakao-session", "import", "my token.json") == command


def api_error(kakao, session, status, body, times=1):
    kakao.fail_next(status, path="/v2/user/me", json=body, times=times)
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(session.get("/v2/user/me"))
    return caught.value


@pytest.fixture
def session(new_session, token):
    return new_session(token=token)


def test_raise_for_kakao__nothing_wrong(session):
    raise_for_kakao(session.get("/v2/user/me"))


@pytest.mark.parametrize(
    ("code", "hint"),
    [(-10, "quota"), (-501, "KakaoTalk"), (-406, "under 14"), (-9798, "maintenance"), (-77, None)],
)
def test_raise_for_kakao__code_and_hint(kakao, session, code, hint):
    error = api_error(kakao, session, 400, {"msg": "what happened", "code": code})
    assert type(error) is KakaoAPIError
    assert (error.code, error.msg) == (code, "what happened")
    assert error.response.status_code == 400
    sentence = f"what happened (code {code}, HTTP 400)."
    if hint is None:
        assert error.hint is None
        assert str(error) == sentence
    else:
        assert hint in error.hint
        assert str(error) == f"{sentence} {error.hint}"


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (401, {"msg": "ip mismatched! callerIp=203.0.113.10.", "code": -401}, "allowed IP address"),
        (401, {"msg": "no authentication key!", "code": -401}, "carried no token"),
        (401, {"msg": "appKey(a) is already deactivated", "code": -401}, "deactivated"),
        (401, {"msg": "this access token does not exist", "code": -401}, "Log in again."),
        (403, {"msg": "forbidden", "code": -6}, "does not allow this action"),
        (400, {"msg": "not friend", "code": -502}, "not a friend"),
        (403, {"message": "App(bot) disabled OPEN_MAP_AND_LOCAL service."}, "Kakao Map > Usage"),
    ],
)
def test_raise_for_kakao__hint_of_the_message(kakao, session, status, body, hint):
    error = api_error(kakao, session, status, body, times=2)
    assert hint in error.hint
    assert str(error).endswith(error.hint)
    assert ("Log in" in str(error)) is (hint == "Log in again.")


def test_raise_for_kakao__scopes(kakao, new_session):
    session = new_session(token=Token(kakao.login(user=5, scopes=["profile"])))
    response = session.post("/v2/api/talk/memo/default/send", data={"template_object": "{}"})
    with pytest.raises(ScopeRequiredError, match="scope=") as caught:
        raise_for_kakao(response)
    assert caught.value.code == -402
    assert caught.value.required_scopes == ("talk_message",)
    assert caught.value.allowed_scopes == ("profile",)


@pytest.mark.parametrize("scopes", [None, "talk_message", [1, "a"], {}])
def test_raise_for_kakao__odd_scopes(kakao, session, scopes):
    error = api_error(kakao, session, 403, {"code": -402, "required_scopes": scopes})
    assert isinstance(error, ScopeRequiredError)
    assert error.required_scopes == (("a",) if isinstance(scopes, list) else ())


@pytest.mark.parametrize("body", [{}, [], "text", None, {"code": "x", "msg": 1}, {"code": True}])
def test_raise_for_kakao__odd_body(kakao, session, body):
    for status, hint in (
        (400, ""),
        (429, " There were too many calls. Wait."),
        (500, " Kakao has a temporary error. Try again later."),
    ):
        error = api_error(kakao, session, status, body)
        assert (error.code, error.msg, error.hint) == (None, None, hint.strip() or None)
        assert str(error) == f"the call failed (no code, HTTP {status}).{hint}"


@pytest.mark.parametrize("how", ["read by the caller", "broken off"])
def test_raise_for_kakao__body_that_can_not_be_read(kakao, session, how):
    kakao.fail_next("truncated" if how == "broken off" else 500, path="/v2/user/me")
    response = session.get("/v2/user/me", stream=True)
    if how == "read by the caller":
        list(response.iter_content())
    response.status_code = 500
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(response)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert str(twin) == str(caught.value)
    assert twin.response.status_code == 500
    if how == "read by the caller":  # half a body is not broken off for urllib3 1.26
        assert twin.response.content == b""


def test_raise_for_kakao__dapi(kakao, new_session):
    response = new_session("wrong-key").get(f"{kakao.endpoints.dapi_url}/v2/search/web")
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(response)
    assert caught.value.code is None
    assert caught.value.msg == response.json()["message"]
    assert caught.value.hint == "Kakao does not know this app key. Use a key of the app."


# What an error does not repeat ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("msg", "shown"),
    [
        (f"{'k' * 19} x", f"{'k' * 19} x"),
        (f"{'k' * 20} x", "... x"),
        (f"{'k' * 10}-+/=~.{'K' * 10} x", "... x"),
        (f"appKey({'0123456789abcdef' * 2}) is bad", "appKey(...) is bad"),
        ("k" * 20, "the call failed"),
        ("", "the call failed"),
        (" . of X. .", " . of X"),
        ("abcd " * 99, ("abcd " * 40).strip()),
    ],
)
def test_raise_for_kakao__repeats_words_alone(kakao, session, msg, shown):
    error = api_error(kakao, session, 400, {"msg": msg, "code": -77})
    assert str(error) == f"{shown} (code -77, HTTP 400)."
    assert error.msg == msg


def test_raise_for_kakao__shows_the_callers_address(kakao, session):
    message = f"ip mismatched! callerIp=203.0.113.10. check out registered ips. {'x' * 30}"
    error = api_error(kakao, session, 400, {"msg": message, "code": -401})
    assert "callerIp=203.0.113.10" in str(error)
    assert "x" * 30 not in str(error)


def test_echo__is_not_repeated(new_session, token):
    session = new_session("the-wrong-app-key", token=token)
    with pytest.raises(ConfigurationError) as caught:
        session.refresh_token()
    assert "the-wrong-app-key" in caught.value.response.text
    assert "the-wrong-app-key" not in str(caught.value)
    assert "the-wrong-app-key" not in caught.value.description


# Copies ---------------------------------------------------------------------------------------


def provoke(kind, kakao, session):
    if kind == "token endpoint":
        kakao.fail_next(error_code="KOE322")
        session.refresh_token()
    elif kind == "network":
        kakao.fail_next("reset", times=None)
        session.refresh_token()
    elif kind == "api":
        kakao.fail_next(401, path="/v2/user/me", json={"code": -401})
        kakao.fail_next(403, path="/v2/user/me", json={"code": -402, "required_scopes": ["a"]})
        raise_for_kakao(session.get("/v2/user/me"))
    else:
        raise TokenStoreError("Token file /x can't be read.")


@pytest.mark.parametrize("kind", ["token endpoint", "network", "api", "store"])
@pytest.mark.parametrize("twin_of", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_copies__say_the_same(kakao, new_session, token, stopwatch, kind, twin_of):
    with pytest.raises(KakaoError) as caught:
        provoke(kind, kakao, new_session(token=token, token_updater=lambda _: None))
    error = caught.value
    twin = twin_of(error)
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert twin.request is None
    for name in ("error", "error_code", "status_code", "hint", "code", "msg", "required_scopes"):
        assert getattr(twin, name, None) == getattr(error, name, None)
    if error.response is None:
        assert twin.response is None
    else:
        assert twin.response.status_code == error.response.status_code
        assert twin.response.content == error.response.content
        assert twin.response.request is None
        assert twin.response.history == []
