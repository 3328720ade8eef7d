"""A server's call for one user of 100,000, whose ``KakaoAuth`` is made for that call alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
import requests
from sqlalchemy import Engine, create_engine, text

from benchmarks.contenders import Wire, on_requests, some_login
from benchmarks.table import Table, pairs
from benchmarks.turns import Samples, take_turns
from kakao_session import KakaoAuth, RedisTokenStore, SQLTokenStore
from tests.stores import servers

USERS = 100_000

Calls = dict[str, Callable[[], Any]]


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    users = 100 if quick else USERS
    samples: Samples = {}
    references: dict[str, tuple[str, float | None]] = {}
    remarks = []
    for kind, place in _PLACES.items():
        try:
            with place(users) as calls:
                samples |= take_turns(calls, rounds=3 if quick else 150, repeat=10)
                ours, bare = calls
                references[ours] = (bare, None)
        except pytest.skip.Exception as absent:
            remarks.append(f"{kind} was left out: {absent}.")
    note = (
        f"CPU time of one call for a random user of {users:,}. Ours makes a store and a "
        "`KakaoAuth` for that user. Bare reads the token with the client of the database, "
        "`json.loads` and a header. The call goes through one pooled `requests.Session` and is "
        "answered in memory. Redis and PostgreSQL are real servers on loopback."
    )
    title = f"One user of {users:,}, with a new `KakaoAuth` for each call"
    table = pairs(title, note, "us", samples, references)
    table.remarks += remarks
    return [table]


def _calls(
    kind: str, users: int, new_auth: Callable[[str], KakaoAuth], read: Callable[[str], Any]
) -> Calls:
    login = some_login()
    get: Callable[..., Any] = on_requests(requests.Session(), Wire(in_memory=True)).get

    def user() -> str:
        return f"user-{random.randrange(users)}"

    def ours() -> None:
        get(login.url, auth=new_auth(user()))

    def bare() -> None:
        token = json.loads(read(user()))
        get(login.url, headers={"Authorization": f"Bearer {token['access_token']}"})

    return {f"{kind}: KakaoAuth": ours, f"{kind}: bare": bare}


@contextmanager
def _redis(users: int) -> Iterator[Calls]:
    login = some_login()
    with servers.redis_server() as server, redis.Redis.from_url(server.url) as client:
        with client.pipeline(transaction=False) as pipeline:
            for number in range(users):
                pipeline.set(f"user-{number}", json.dumps(login.token))
            pipeline.execute()

        def new_auth(user: str) -> KakaoAuth:
            return KakaoAuth(**login.app, token_store=RedisTokenStore(client, user))

        yield _calls("Redis", users, new_auth, client.get)


@contextmanager
def _postgresql(users: int) -> Iterator[Calls]:
    login = some_login()
    with servers.postgresql_server() as server:
        engine = create_engine(server.url)
        table = _filled(engine, users)

        def new_auth(user: str) -> KakaoAuth:
            return KakaoAuth(**login.app, token_store=SQLTokenStore(engine, user))

        def read(user: str) -> Any:
            with engine.connect() as connection:
                return connection.execute(table, {"user": user}).scalar_one()

        yield _calls("PostgreSQL", users, new_auth, read)
        engine.dispose()


def _filled(engine: Engine, users: int) -> Any:
    """Fill the table that ours makes. :returns: the query of a user's token."""
    login = some_login()
    store = SQLTokenStore(engine, "user-0")
    store.save(login.token)
    with engine.begin() as connection:
        rows = [
            {"user": f"user-{number}", "token": json.dumps(login.token)}
            for number in range(1, users)
        ]
        connection.execute(
            text("INSERT INTO kakao_tokens (id, token) VALUES (:user, :token)"), rows
        )
    return text("SELECT token FROM kakao_tokens WHERE id = :user")


_PLACES = {"Redis": _redis, "PostgreSQL": _postgresql}
