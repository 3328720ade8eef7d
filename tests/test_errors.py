"""Each error says what to do now, shows no secret, and survives a pickle."""

import copy
import pickle
import re

import pytest
import requests
from oauthlib.oauth2 import OAuth2Error

import kakao_session
from kakao_session import (
    ConfigurationError,
    KakaoAPIError,
    KakaoError,
    LoginRequiredError,
    RateLimitedError,
    ScopeRequiredError,
    TemporaryError,
    Token,
    TokenEndpointError,
    TokenStoreError,
    raise_for_kakao,
)
from kakao_session import errors as errors_module
from kakao_session.errors import KOE


def test_tree():
    assert issubclass(KakaoError, requests.RequestException)
    for leaf in (LoginRequiredError, ConfigurationError, RateLimitedError, TemporaryError):
        assert issubclass(leaf, TokenEndpointError)
        assert issubclass(leaf, KakaoError)
        assert issubclass(leaf, OAuth2Error)
    assert issubclass(TokenStoreError, KakaoError)
    assert issubclass(KakaoAPIError, KakaoError)
    assert issubclass(KakaoAPIError, requests.HTTPError)
    assert issubclass(ScopeRequiredError, KakaoAPIError)


def test_tree__drawn_in_the_docstring():
    drawn = set(re.findall(r"─ (\w+Error)", errors_module.__doc__ or ""))
    assert {name for name in kakao_session.__all__ if name.endswith("Error")} == {
        name for name in {*drawn, "KakaoError"} if name in kakao_session.__all__
    }
    assert all(issubclass(getattr(errors_module, name), KakaoError) for name in drawn)


@pytest.mark.parametrize(("code", "remedy"), KOE.items(), ids=KOE)
def test_koe_table__every_row_says_what_to_do(code, remedy):
    assert re.fullmatch(r"KOE\d{3}", code)
    assert issubclass(remedy.kind, TokenEndpointError)
    assert remedy.hint.endswith(".")
    assert not remedy.meaning.endswith(".")


def api_error(kakao, session, status, body):
    kakao.fail_next(status, path="/v2/user/me", json=body)
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(session.get("/v2/user/me"))
    return caught.value


def test_raise_for_kakao__nothing_wrong(new_session, token):
    response = new_session(token=token).get("/v2/user/me")
    raise_for_kakao(response)


@pytest.mark.parametrize(
    ("code", "hint"),
    [(-10, "quota"), (-501, "KakaoTalk"), (-406, "under 14"), (-9798, "maintenance"), (-77, None)],
)
def test_raise_for_kakao__code_and_hint(kakao, new_session, token, code, hint):
    session = new_session(token=token)
    error = api_error(kakao, session, 400, {"msg": "what happened", "code": code})
    assert type(error) is KakaoAPIError
    assert (error.code, error.msg) == (code, "what happened")
    assert error.response is not None
    assert error.response.status_code == 400
    assert f"what happened (code {code}, HTTP 400)." in str(error)
    if hint is None:
        assert error.hint is None
    else:
        assert hint in (error.hint or "")
        assert str(error).endswith(error.hint or "")


def test_raise_for_kakao__scopes(kakao, new_session, token):
    session = new_session(token=Token(kakao.login(user=5, scopes=["profile"])))
    response = session.post("/v2/api/talk/memo/default/send", data={"template_object": "{}"})
    with pytest.raises(ScopeRequiredError, match="scope=") as caught:
        raise_for_kakao(response)
    assert caught.value.code == -402
    assert caught.value.required_scopes == ("talk_message",)
    assert caught.value.allowed_scopes == ("profile",)


@pytest.mark.parametrize("body", [{}, [], "text", None, {"code": "x", "msg": 1}, {"code": True}])
def test_raise_for_kakao__odd_body(kakao, new_session, token, body):
    error = api_error(kakao, new_session(token=token), 500, body)
    assert (error.code, error.msg, error.hint) == (None, None, None)
    assert str(error) == "the call failed (no code, HTTP 500)."


@pytest.mark.parametrize("scopes", [None, "talk_message", [1, "a"], {}])
def test_raise_for_kakao__odd_scopes(kakao, new_session, token, scopes):
    body = {"code": -402, "required_scopes": scopes}
    error = api_error(kakao, new_session(token=token), 403, body)
    assert isinstance(error, ScopeRequiredError)
    assert error.required_scopes == (("a",) if isinstance(scopes, list) else ())


def test_raise_for_kakao__dapi(kakao, new_session):
    response = new_session("wrong-key").get(f"{kakao.endpoints.dapi_url}/v2/search/web")
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(response)
    assert caught.value.code is None
    assert caught.value.msg == response.json()["message"]


def test_raise_for_kakao__masks_what_looks_like_a_key(kakao, new_session, token):
    key = "0123456789abcdef0123456789abcdef"
    body = {"msg": f"appKey({key}) is already deactivated", "code": -401}
    kakao.fail_next(403, path="/v2/user/me", json=body)
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(new_session(token=token).get("/v2/user/me"))
    assert str(caught.value) == (
        "appKey(...) is already deactivated (code -401, HTTP 403). "
        "Log in again: run `kakao-session login`."
    )
    assert caught.value.msg == body["msg"]


@pytest.mark.parametrize(
    ("msg", "said"),
    [
        (f"{'k' * 19} x", f"{'k' * 19} x"),
        (f"{'k' * 20} x", "... x"),
        (f"{'k' * 10}-+/=~.{'K' * 10} x", "... x"),
        ("k" * 20, "the call failed"),
        ("", "the call failed"),
        (" . of X. .", " . of X"),
        ("abcd " * 99, ("abcd " * 40).strip()),
    ],
)
def test_raise_for_kakao__repeats_words_alone(kakao, new_session, token, msg, said):
    error = api_error(kakao, new_session(token=token), 400, {"msg": msg, "code": -77})
    assert str(error) == f"{said} (code -77, HTTP 400)."
    assert error.msg == msg


def test_echo__is_not_repeated(kakao, new_session, token):
    session = new_session("the-wrong-app-key", token=token)
    with pytest.raises(ConfigurationError) as caught:
        session.refresh_token()
    assert caught.value.response is not None
    assert "the-wrong-app-key" in caught.value.response.text
    assert "the-wrong-app-key" not in str(caught.value)
    assert "the-wrong-app-key" not in caught.value.description


def test_error_names__that_are_echoes_are_not_repeated(kakao, new_session, token):
    kakao.fail_next(400, json={"error": "s3cret value", "error_code": "x" * 41})
    with pytest.raises(TokenEndpointError) as caught:
        new_session(token=token).refresh_token()
    assert str(caught.value) == "Kakao refused the token request (... ..., HTTP 400)."


def provoke(kind, kakao, session):
    if kind == "token endpoint":
        kakao.fail_next(error_code="KOE322")
        session.refresh_token()
    elif kind == "network":
        kakao.fail_next("reset", times=None)
        session.refresh_token()
    elif kind == "api":
        kakao.fail_next(403, path="/v2/user/me", json={"code": -402, "required_scopes": ["a"]})
        raise_for_kakao(session.get("/v2/user/me"))
    else:
        raise TokenStoreError("Token file /x can't be read.")


def test_token_endpoint_error__is_a_whole_error_of_oauthlib():
    error = TemporaryError("It is over.", error="server_error")
    assert vars(OAuth2Error()).items() <= vars(error).items()
    uri = error.in_uri("https://a.example/")
    assert uri == "https://a.example/?error=server_error&error_description=It+is+over."


@pytest.mark.parametrize("kind", ["token endpoint", "network", "api", "store"])
@pytest.mark.parametrize("twin_of", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_copies__say_the_same(kakao, new_session, token, kind, twin_of):
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
