"""What one more user costs: the time to make his session or auth, and the memory it holds."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import redis
from sqlalchemy import create_engine

from benchmarks.contenders import BARE, PEERS, SESSION, Login, installed, some_login
from benchmarks.table import Table, spread
from benchmarks.turns import take_turns
from kakao_session import KakaoAuth, RedisTokenStore, SQLTokenStore


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    login = some_login()
    makers = _makers(login)
    count = 200 if quick else 10_000
    samples = take_turns(makers, rounds=3 if quick else 100)
    table = spread(
        "One more user",
        "The time to make the object for one user, and the memory of it, measured by tracemalloc "
        f"for {count:,} of them. All `auth=` objects share one pooled session. A path takes longer "
        "because pathlib has to make it absolute. Aim: `KakaoAuth` under 10 us and 2 KiB.",
        "us",
        samples,
        BARE.name,
    )
    table.widen("memory of one, KiB", [_memory(make, count) / 1024 for make in makers.values()])
    return [table]


def _makers(login: Login) -> dict[str, Callable[[], Any]]:
    client, engine = redis.Redis(), create_engine("sqlite://")

    def on_redis() -> KakaoAuth:
        return KakaoAuth(**login.app, token_store=RedisTokenStore(client, "user-1"))

    def on_sql() -> KakaoAuth:
        return KakaoAuth(**login.app, token_store=SQLTokenStore(engine, "user-1"))

    makers: dict[str, Callable[[], Any]] = {
        "KakaoAuth(token=token)": partial(KakaoAuth, **login.app, token=login.token),
        "KakaoAuth(token_store=RedisTokenStore(client, user))": on_redis,
        "KakaoAuth(token_store=SQLTokenStore(engine, user))": on_sql,
        "KakaoAuth(token_store=path)": partial(KakaoAuth, **login.app, token_store="token.json"),
    }
    for contender in installed(BARE, SESSION, *PEERS):
        makers[contender.name] = partial(contender.make, login)
    return makers


def _memory(make: Callable[[], Any], count: int) -> float:
    make()
    gc.collect()
    tracemalloc.start()
    made = [make() for _ in range(count)]
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(made)
