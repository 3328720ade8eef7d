"""Each error says what to do here: where this login is kept, and for what Kakao has answered."""

import pickle

import pytest
import requests

from kakao_session import (
    ConfigurationError,
    FileTokenStore,
    KakaoAPIError,
    LoginRequiredError,
    raise_for_kakao,
)
from tests.conftest import MemoryStore

ME = "/v2/user/me"


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
    if lack == "No refresh":
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
            session.get(ME)
        message = str(caught.value)
        assert lack in message
        assert caught.value.hint == hint.format(path)
        assert message.endswith(caught.value.hint)
        assert message.count("og in") == hint.count("og in")
        assert str(pickle.loads(pickle.dumps(caught.value))) == message


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (401, {"msg": "ip mismatched! callerIp=203.0.113.10.", "code": -401}, "allowed IP address"),
        (401, {"msg": "no authentication key!", "code": -401}, "carried no token"),
        (401, {"msg": "appKey(a) is already deactivated", "code": -401}, "deactivated"),
        (401, {"msg": "this access token does not exist", "code": -401}, "Log in again."),
        (403, {"msg": "forbidden", "code": -6}, "does not allow this action"),
        (400, {"msg": "not friend", "code": -502}, "not a friend"),
        (
            403,
            {
                "errorType": "NotAuthorizedError",
                "message": "App(bot) disabled OPEN_MAP_AND_LOCAL service.",
            },
            "Kakao Map > Usage",
        ),
    ],
)
def test_api_error__says_what_cures_it(new_session, kakao, token, status, body, hint):
    kakao.fail_next(status, path=ME, json=body, times=2)
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(new_session(token=token).get(ME))
    assert hint in caught.value.hint
    assert str(caught.value).endswith(caught.value.hint)
    assert ("Log in" in str(caught.value)) is (hint == "Log in again.")


def test_ip_mismatched__shows_the_address_and_no_token(new_session, kakao, token):
    long = "x" * 30
    message = f"ip mismatched! callerIp=203.0.113.10. check out registered ips. {long}"
    kakao.fail_next(400, path=ME, json={"msg": message, "code": -401})
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(new_session(token=token).get(ME))
    assert "callerIp=203.0.113.10" in str(caught.value)
    assert long not in str(caught.value)


def test_socks_proxy__without_pysocks(new_session, kakao, clock, token, monkeypatch):
    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", requests.adapters.SOCKSProxyManager)
    session = new_session(token=token)
    session.proxies = {"https": "socks5://127.0.0.1:1"}

    def missing(*_, **__):
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)
    clock.advance(hours=7)
    with pytest.raises(ConfigurationError, match=r"pip install 'requests\[socks\]'"):
        session.get(ME)
    assert session.token == token


def test_path_without_a_slash__says_so(new_session, token):
    with pytest.raises(requests.exceptions.MissingSchema, match="with a slash, /v2/user/me"):
        new_session(token=token).get("v2/user/me")
