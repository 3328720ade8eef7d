"""What makes stores, in this process or another. It imports no more than the store needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from kakao_session import EncryptedTokenStore, RedisTokenStore, SQLTokenStore

LEASE = 1.5

_open: list[Callable[[], None]] = []


@cache
def engine(url: str) -> Engine:
    """One engine for each database."""
    from sqlalchemy import create_engine

    made = create_engine(url, pool_size=20, max_overflow=20)
    _open.append(made.dispose)
    return made


@cache
def client(url: str, decode_responses: bool = False) -> Any:
    """One client for each Redis."""
    import redis

    made = redis.Redis.from_url(url, decode_responses=decode_responses)
    _open.append(made.close)
    return made


def close_all() -> None:
    """End every connection."""
    for close in _open:
        close()


def sql_store(url: str, key: str, **settings: Any) -> SQLTokenStore:
    from kakao_session import SQLTokenStore

    return SQLTokenStore(engine(url), key, **{"lock_timeout": 20, **settings})


def redis_store(
    url: str, key: str, *, decode_responses: bool = False, **settings: Any
) -> RedisTokenStore:
    from kakao_session import RedisTokenStore

    settings = {"lease": LEASE, "lock_timeout": 20, **settings}
    return RedisTokenStore(client(url, decode_responses), key, **settings)


def encrypted_store(path: Path, key: bytes) -> EncryptedTokenStore:
    from kakao_session import EncryptedTokenStore, FileTokenStore

    return EncryptedTokenStore(FileTokenStore(path), key)
