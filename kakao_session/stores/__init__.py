"""Stores keep tokens between two runs. Each kind is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kakao_session.stores.base import TokenStore
    from kakao_session.stores.encrypted import EncryptedTokenStore as EncryptedTokenStore
    from kakao_session.stores.file import FileTokenStore
    from kakao_session.stores.keyring import KeyringTokenStore as KeyringTokenStore
    from kakao_session.stores.redis import RedisTokenStore as RedisTokenStore
    from kakao_session.stores.sql import SQLTokenStore as SQLTokenStore

# Stores that need an optional package are left out, so that ``import *`` works without it.
__all__ = ["FileTokenStore", "TokenStore"]

_MODULES = {
    "EncryptedTokenStore": "encrypted",
    "FileTokenStore": "file",
    "KeyringTokenStore": "keyring",
    "RedisTokenStore": "redis",
    "SQLTokenStore": "sql",
    "TokenStore": "base",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES[name]}")
    return globals().setdefault(name, getattr(module, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
