"""Where tokens live between two runs. Each kind of store is imported when it is first asked for."""

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

# An import of everything must not ask for packages that are optional.
__all__ = ["FileTokenStore", "TokenStore"]

_HOMES = {
    "EncryptedTokenStore": "encrypted",
    "FileTokenStore": "file",
    "KeyringTokenStore": "keyring",
    "RedisTokenStore": "redis",
    "SQLTokenStore": "sql",
    "TokenStore": "base",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    return globals().setdefault(name, getattr(home, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
