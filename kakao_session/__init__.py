"""A requests session for the Kakao API that keeps its own login alive.

>>> from kakao_session import KakaoSession
>>> kakao = KakaoSession(token_store="kakao_token.json")
>>> kakao.get("/v2/user/me").json()["id"]
123456789

Nothing is imported before it is used: pytest loads our plugin in every test suite, and one without
Kakao should not wait for the import of requests.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kakao_session.auth import KakaoAuth
    from kakao_session.endpoints import KAKAO, Endpoints
    from kakao_session.errors import (
        ConfigurationError,
        KakaoAPIError,
        KakaoError,
        KakaoWarning,
        LoginRequiredError,
        RateLimitedError,
        ScopeRequiredError,
        TemporaryError,
        TokenEndpointError,
        TokenStoreError,
        raise_for_kakao,
    )
    from kakao_session.session import KakaoSession
    from kakao_session.stores import EncryptedTokenStore as EncryptedTokenStore
    from kakao_session.stores import FileTokenStore, TokenStore
    from kakao_session.stores import KeyringTokenStore as KeyringTokenStore
    from kakao_session.stores import RedisTokenStore as RedisTokenStore
    from kakao_session.stores import SQLTokenStore as SQLTokenStore
    from kakao_session.token import Token

__version__ = "0.2.0"

# Stores that need an optional package are left out, so that ``import *`` works without it.
__all__ = [
    "ConfigurationError",
    "Endpoints",
    "FileTokenStore",
    "KAKAO",
    "KakaoAPIError",
    "KakaoAuth",
    "KakaoError",
    "KakaoSession",
    "KakaoWarning",
    "LoginRequiredError",
    "RateLimitedError",
    "ScopeRequiredError",
    "TemporaryError",
    "Token",
    "TokenEndpointError",
    "TokenStore",
    "TokenStoreError",
    "raise_for_kakao",
]

_HOMES = {
    "KAKAO": "endpoints",
    "EncryptedTokenStore": "stores",
    "Endpoints": "endpoints",
    "FileTokenStore": "stores",
    "KakaoAuth": "auth",
    "KakaoSession": "session",
    "KeyringTokenStore": "stores",
    "RedisTokenStore": "stores",
    "SQLTokenStore": "stores",
    "Token": "token",
    "TokenStore": "stores",
}


def __getattr__(name: str) -> Any:
    if name not in {*__all__, *_HOMES}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
    return globals().setdefault(name, getattr(home, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_HOMES})


logging.getLogger(__name__).addHandler(logging.NullHandler())
