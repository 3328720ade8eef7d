"""What is allowed, and what comes of it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import requests
from oauthlib.oauth2 import OAuth2Error
from redis import Redis
from requests import PreparedRequest, Response
from requests.auth import AuthBase
from sqlalchemy import Engine
from typing_extensions import assert_type

from kakao_session import (
    KAKAO,
    ConfigurationError,
    EncryptedTokenStore,
    Endpoints,
    FileTokenStore,
    KakaoAPIError,
    KakaoAuth,
    KakaoError,
    KakaoSession,
    KakaoWarning,
    KeyringTokenStore,
    LoginRequiredError,
    RateLimitedError,
    RedisTokenStore,
    ScopeRequiredError,
    SQLTokenStore,
    TemporaryError,
    Token,
    TokenEndpointError,
    TokenStore,
    TokenStoreError,
    raise_for_kakao,
)
from kakao_session.emulator import KakaoEmulator


def save(token: Token) -> None: ...


def save_as_any_mapping(token: Mapping[str, Any]) -> object: ...


def save_as_a_dict(token: dict[str, Any]) -> None: ...


class OwnStore:
    def load(self) -> Token | None:
        return None

    def save(self, token: Mapping[str, Any]) -> None: ...

    def delete(self) -> None: ...

    def lock(self) -> AbstractContextManager[None]:
        raise NotImplementedError


def session(store: TokenStore) -> None:
    kakao = KakaoSession()
    assert_type(kakao, KakaoSession)
    _parent: requests.Session = kakao
    assert_type(
        KakaoSession(
            "key",
            client_secret="secret",
            token={"access_token": "a"},
            token_store=store,
            token_updater=save,
            scope=["talk_message"],
            redirect_uri="https://example.com/oauth",
            leeway=60,
            refresh_ahead=300.0,
            timeout=(5.0, 30.0),
            api_hosts=["api.example.com"],
            endpoints=KAKAO,
            auto_refresh_url=KAKAO.token_url,
            auto_refresh_kwargs={"client_id": "key"},
            pkce="S256",
            state="state",
        ),
        KakaoSession,
    )
    KakaoSession(token_store="kakao_token.json", scope="talk_message friends", timeout=5)
    KakaoSession(token_store=Path("kakao_token.json"), token_updater=save_as_any_mapping)
    KakaoSession(token=Token(), token_updater=save_as_a_dict, timeout=None)

    assert_type(kakao.get("/v2/user/me", params={"secure_resource": True}, timeout=10), Response)
    assert_type(kakao.post("/v2/api/talk/memo/default/send", data={"a": "b"}), Response)
    assert_type(kakao.request("GET", "/v2/user/me", withhold_token=True), Response)
    assert_type(kakao.prepare_request(requests.Request("GET", "/v2/user/me")), PreparedRequest)
    with kakao as same:
        assert_type(same.auth is kakao.auth, bool)

    assert_type(kakao.authorization_url(), tuple[str, str])
    kakao.authorization_url(KAKAO.authorize_url, state="s", prompt="login")
    assert_type(kakao.fetch_token(code="code"), Token)
    assert_type(kakao.fetch_token(authorization_response="https://example.com/?code=1"), Token)
    assert_type(kakao.refresh_token(), Token)
    assert_type(kakao.refresh_token(KAKAO.token_url, timeout=5), Token)
    assert_type(kakao.ensure_active_token(), Token)
    assert_type(kakao.token_info(), dict[str, Any])
    assert_type(kakao.logout(), dict[str, Any])
    assert_type(kakao.unlink(), dict[str, Any])
    assert_type(kakao.new_state(), str)

    assert_type(kakao.token, Token)
    assert_type(kakao.access_token, str | None)
    assert_type(kakao.client_id, str | None)
    assert_type(kakao.authorized, bool)
    assert_type(kakao.endpoints, Endpoints)
    kakao.token = Token({"access_token": "a"})


def auth(store: TokenStore, http: requests.Session) -> None:
    auth = KakaoAuth("key", client_secret="secret", token_store=store, token_updater=save)
    assert_type(auth, KakaoAuth)
    _base: AuthBase = auth
    KakaoAuth(token={"access_token": "a"}, leeway=0, refresh_ahead=0, timeout=None, api_hosts=())
    KakaoAuth(token_store="kakao_token.json", endpoints=Endpoints())
    assert_type(requests.get("https://kapi.kakao.com/v2/user/me", auth=auth), Response)
    assert_type(http.post("https://kapi.kakao.com/v1/user/logout", auth=auth), Response)


def token() -> None:
    token = Token({"access_token": "a"}, app_key="key")
    _plain: dict[str, Any] = token
    assert_type(token.is_expired(), bool)
    assert_type(token.is_expired(leeway=60), bool)
    assert_type(token.is_expired(0.5), bool)
    assert_type(token.scopes, frozenset[str])
    assert_type(token.fingerprint, str)
    assert_type(token.refresh_token_changed, bool)
    assert_type(token.copy(), Token)
    assert_type(token["access_token"], Any)


def endpoints() -> None:
    assert_type(KAKAO, Endpoints)
    assert_type(KAKAO.api_url, str)
    assert_type(Endpoints(api_url="https://kapi.example.com"), Endpoints)


def stores(engine: Engine, client: Redis, key: bytes) -> None:
    stores: list[TokenStore] = [
        FileTokenStore(),
        FileTokenStore("token.json"),
        FileTokenStore(Path("token.json")),
        RedisTokenStore(client, "user-1"),
        SQLTokenStore(engine, "user-1"),
        SQLTokenStore(engine, "user-1", table="tokens", lock_timeout=5),
        KeyringTokenStore(),
        EncryptedTokenStore(FileTokenStore(), key),
        EncryptedTokenStore(OwnStore(), [key, key.decode()]),
        OwnStore(),
    ]
    for store in stores:
        assert_type(store.load(), Token | None)
        store.save(Token({"access_token": "a"}))
        store.delete()
        with store.lock():
            KakaoSession(token_store=store)


def errors(response: Response) -> None:
    raise_for_kakao(response)
    try:
        KakaoSession().get("/v2/user/me")
    except ScopeRequiredError as error:
        assert_type(error.required_scopes, tuple[str, ...])
        assert_type(error.allowed_scopes, tuple[str, ...])
    except KakaoAPIError as error:
        assert_type(error.code, int | None)
        assert_type(error.msg, str | None)
        assert_type(error.hint, str | None)
        _http_error: requests.HTTPError = error
    except (LoginRequiredError, ConfigurationError, RateLimitedError, TemporaryError) as error:
        endpoint_error: TokenEndpointError = error
        _oauth_error: OAuth2Error = error
        assert_type(endpoint_error.error, str | None)
        assert_type(endpoint_error.error_code, str | None)
        assert_type(endpoint_error.status_code, int | None)
        assert_type(endpoint_error.hint, str | None)
        assert_type(endpoint_error.response, Response | None)
    except TokenStoreError as error:
        root: KakaoError = error
        _request_error: requests.RequestException = root
    warnings.simplefilter("error", KakaoWarning)


def emulator() -> None:
    with KakaoEmulator(access_lifetime=60) as kakao:
        assert_type(kakao, KakaoEmulator)
        assert_type(kakao.endpoints, Endpoints)
        assert_type(kakao.login(1, scopes=["talk_message"]), dict[str, Any])
        assert_type(kakao.write_token_file("token.json", hours_ago=7), Path)
        assert_type(kakao.environment(), dict[str, str])
        assert_type(kakao.requests[0].status, int | None)
        kakao.advance(hours=7)
        kakao.fail_next(503, times=None, retry_after=1)
