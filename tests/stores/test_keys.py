"""keys(): all logins of a database or a Redis, for a job that visits each of them."""

import itertools

import pytest
import redis
from sqlalchemy import create_engine, text

from kakao_session import RedisTokenStore, SQLTokenStore
from tests.stores import factories
from tests.stores.conftest import error_of

TOKEN = {"access_token": "a", "refresh_token": "r"}
KEYS = {"김철수", "Kim", "kim", "x%y_z", "*", "1" * 255}


@pytest.fixture
def engine(url):
    return factories.engine(url)


@pytest.fixture
def table(engine, key):
    yield key.replace("-", "_")
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {key.replace('-', '_')}"))


def test_sql__every_login_once(engine, table):
    assert list(SQLTokenStore.keys(engine, table=table)) == []
    for name in KEYS:
        SQLTokenStore(engine, name, table=table).save(TOKEN)
    with SQLTokenStore(engine, "no login yet", table=table).lock():
        pass
    found = list(SQLTokenStore.keys(engine, table=table))
    assert len(found) == len(KEYS)
    assert set(found) == KEYS
    for name in found:
        assert SQLTokenStore(engine, name, table=table).load() == TOKEN


@pytest.mark.parametrize("count", [1000, 1001, 2500])
def test_sql__in_pages_without_a_connection_in_between(sqlite_url, count):
    engine = create_engine(sqlite_url)
    SQLTokenStore(engine, "00000").save(TOKEN)
    rows = [{"id": f"{number:05}"} for number in range(1, count)]
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO kakao_tokens VALUES (:id, '{}')"), rows)
    keys = SQLTokenStore.keys(engine)
    assert list(itertools.islice(keys, 500)) == [f"{number:05}" for number in range(500)]
    assert engine.pool.checkedout() == 0
    assert list(keys) == [f"{number:05}" for number in range(500, count)]
    engine.dispose()


def test_sql__visited_logins_can_go_and_come(sqlite_url):
    engine = factories.engine(sqlite_url)
    for number in range(5):
        SQLTokenStore(engine, f"user-{number}").save(TOKEN)
    visited = []
    for name in SQLTokenStore.keys(engine):
        visited.append(name)
        SQLTokenStore(engine, name).delete()
    assert len(visited) == 5
    assert list(SQLTokenStore.keys(engine)) == []


def test_sql__out_of_reach():
    engine = create_engine("postgresql+psycopg://root@/x?host=/nonexistent")
    assert "Could not read" in str(error_of(lambda: next(SQLTokenStore.keys(engine))))
    with pytest.raises(TypeError, match="takes an engine"):
        SQLTokenStore.keys("sqlite://")


@pytest.mark.parametrize("decode_responses", [False, True])
def test_redis__every_login_and_no_lock(redis_server, key, decode_responses):
    client = factories.client(redis_server.url, decode_responses)
    names = {f"{key}:{number}" for number in range(1200)} | {f"{key}:김"}
    client.mset(dict.fromkeys(names, "{}"))
    if not decode_responses:  # such a client can't read it
        client.set(f"{key}:".encode() + b"\xff", "{}")
    client.set(f"other:{key}", "{}")
    with RedisTokenStore(client, f"{key}:5").lock():
        assert client.exists(f"{key}:5:lock")
        assert set(RedisTokenStore.keys(client, f"{key}:*")) == names


def test_redis__out_of_reach():
    client = redis.Redis(unix_socket_path="/nonexistent", retry=None)
    assert "Could not read" in str(error_of(lambda: next(RedisTokenStore.keys(client, "*"))))
    with pytest.raises(TypeError, match="takes a client"):
        RedisTokenStore.keys("redis://", "*")
