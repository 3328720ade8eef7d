"""A server with many users: a user costs little, and does not wait for another."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kakao_session import KakaoAuth, RedisTokenStore, SQLTokenStore, Token
from tests.concurrency.worker_processes import App
from tests.stores import factories

USERS = 16
LATENCY = 0.5


@pytest.mark.parametrize("kind", ["sql", "redis"])
def test_auth__costs_microseconds(tmp_path, kind):
    engine = factories.engine(f"sqlite:///{tmp_path}/tokens.db")
    client = factories.client("redis://127.0.0.1:1")
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for number in range(1000):
            store = SQLTokenStore(engine, str(number))
            if kind == "redis":
                store = RedisTokenStore(client, str(number))
            KakaoAuth("app-key", token_store=store)
        rounds.append(time.process_time() - began)
    assert min(rounds) / 1000 < 500e-6


@pytest.mark.parametrize("kind", ["redis", "postgresql", "mariadb"])
def test_users_at_once__do_not_wait_for_each_other(request, kakao, key, kind):
    server = request.getfixturevalue(f"{kind}_server")
    make = factories.redis_store if kind == "redis" else factories.sql_store
    app, auths, stores = App.of(kakao), [], []
    for user in range(1, USERS + 1):
        token = Token({**kakao.login(user), "expires_at": time.time() - 1})
        stores.append(make(server.url, f"{key}-{user}"))
        is_new = user % 2
        if not is_new:
            stores[-1].save(token)
        auths.append(app.auth(stores[-1], token=token if is_new else None))
    kakao.latency = LATENCY
    with ThreadPoolExecutor(USERS) as threads:
        began = time.monotonic()
        assert list(threads.map(app.me, auths)) == [200] * USERS
        took = time.monotonic() - began
    assert len(kakao.token_requests) == USERS
    assert took < USERS * LATENCY / 2
    assert all(store.load() for store in stores)
