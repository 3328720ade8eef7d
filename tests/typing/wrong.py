"""What is not allowed: each line carries the complaint, and one that misses is an error itself."""

from __future__ import annotations

import requests

from kakao_session import (
    KAKAO,
    Endpoints,
    FileTokenStore,
    KakaoAPIError,
    KakaoAuth,
    KakaoSession,
    ScopeRequiredError,
    Token,
    raise_for_kakao,
)


class HalfAStore:
    def load(self) -> Token | None:
        return None


class StoreOfStrings:
    def load(self) -> str:
        return ""

    def save(self, token: str) -> None: ...

    def delete(self) -> None: ...

    def lock(self) -> None: ...


def updater_without_a_token() -> None: ...


def session(kakao: KakaoSession) -> None:
    KakaoSession("key", "secret")  # type: ignore[call-arg]  # keywords only
    KakaoSession(123)  # type: ignore[arg-type]
    KakaoSession(token="access-token")  # type: ignore[arg-type]
    KakaoSession(token_store=HalfAStore())  # type: ignore[arg-type]
    KakaoSession(token_store=StoreOfStrings())  # type: ignore[arg-type]
    KakaoSession(token_updater=updater_without_a_token)  # type: ignore[arg-type]
    KakaoSession(leeway="60")  # type: ignore[arg-type]
    KakaoSession(timeout="5")  # type: ignore[arg-type]
    KakaoSession(endpoints="https://kapi.kakao.com")  # type: ignore[arg-type]
    kakao.token = "access-token"  # type: ignore[assignment]
    kakao.token_info("token")  # type: ignore[call-arg]
    kakao.ensure_active_token().expires_at  # type: ignore[attr-defined]  # noqa: B018  # it is a key
    kakao.fetch_token(code=123)  # type: ignore[arg-type]


def auth() -> None:
    KakaoAuth("key", "secret")  # type: ignore[call-arg]  # keywords only
    KakaoAuth(token_store=HalfAStore())  # type: ignore[arg-type]
    KakaoAuth(scope="talk_message")  # type: ignore[call-arg]  # that is a session's
    requests.get("https://kapi.kakao.com/v2/user/me", auth=KakaoAuth)  # type: ignore[arg-type]


def token(token: Token) -> None:
    token.is_expired(leeway="60")  # type: ignore[arg-type]
    token.scopes.add("friends")  # type: ignore[attr-defined]
    token.fingerprint = "12345678"  # type: ignore[misc]


def stores_and_endpoints(store: FileTokenStore) -> None:
    store.save(["access_token", "a"])  # type: ignore[arg-type]
    store.load()["access_token"]  # type: ignore[index]  # there may be none
    KAKAO.api_url = "https://example.com"  # type: ignore[misc]
    Endpoints(kapi="https://example.com")  # type: ignore[call-arg]


def errors(error: KakaoAPIError, scope_error: ScopeRequiredError) -> None:
    raise_for_kakao(error)  # type: ignore[arg-type]
    error.required_scopes  # type: ignore[attr-defined]  # noqa: B018  # -402 alone has them
    scope_error.required_scopes.append("friends")  # type: ignore[attr-defined]
