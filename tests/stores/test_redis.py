"""Redis: the lease, other programs' keys, a server that refuses."""

import json
import logging
import os
import re
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
import redis
import redis.asyncio
from redis.lock import Lock

from kakao_session import KakaoError, KakaoSession, RedisTokenStore, Token, TokenStoreError
from kakao_session.stores.testing import NEW, OLD
from tests.required import package
from tests.stores import factories, servers
from tests.stores.conftest import error_in_thread, error_of, lock

FOR_ASYNCIO = "not of redis.asyncio: with an asyncio client nothing would be saved"
OF_VALKEY = "not of valkey-py: redis.Redis works with Valkey, too"


@pytest.fixture
def client(redis_server):
    return factories.client(redis_server.url)


@pytest.fixture(params=[False, True], ids=["bytes", "decode_responses"])
def store(request, redis_server, key):
    return factories.redis_store(redis_server.url, key, decode_responses=request.param, lease=30)


@pytest.mark.parametrize("key", ["with spaces", "사용자:홍길동", "k" * 10_000, "\0\n*?[x]"])
def test_key__any_text(store, client):
    with store.lock():
        store.save(OLD)
        assert new_twin(store).load() == store.load() == OLD
        store.save(NEW)
    assert store.load() == NEW
    store.delete()
    assert store.load() is None
    assert not client.exists(store.key, f"{store.key}:lock")


def place(store):
    return repr(store).replace("RedisTokenStore(", "Redis key ").removesuffix(")")


def new_twin(store):
    return RedisTokenStore(store.client, store.key)


@pytest.mark.parametrize("key", ["", None, 123456789, b"bytes", {"access_token": "secret"}])
def test_key__that_is_not_text_is_refused_at_once(key):
    with pytest.raises(ValueError, match=r"^key must be a string and not empty$"):
        RedisTokenStore(redis.Redis(), key)


def test_key__of_a_lock_is_refused():
    """A user called ``kim:lock`` would keep the lock of ``kim`` for ever."""
    with pytest.raises(ValueError, match="key must not end with :lock"):
        RedisTokenStore(redis.Redis(), "kakao:token:kim:lock")


@pytest.mark.parametrize("lease", [0, -1, 0.0009])
def test_lease__has_to_end(lease):
    with pytest.raises(ValueError, match=r"lease must be at least 0\.001 seconds"):
        RedisTokenStore(redis.Redis(), "key", lease=lease)


def test_save__is_readable_json(store, client):
    store.save(Token({"access_token": "a", "별명": "홍길동"}))
    assert client.get(store.key).decode() == '{"access_token": "a", "별명": "홍길동"}'


def test_lock__is_a_key_that_ends(store, client):
    with store.lock():
        assert 29_000 < client.pttl(f"{store.key}:lock") <= 30_000
    assert client.get(f"{store.key}:lock") is None


def test_defaults__outlast_a_refresh_and_a_dead_holder():
    store = RedisTokenStore(redis.Redis(), "key")
    assert 2 * (5 + 30) + 10 < store.lease < store.lock_timeout == 120


def test_another_kind_of_value__is_left_alone(store, client):
    client.rpush(store.key, "a", "b")
    what = (
        "ResponseError. Check that Redis is running, that this program has access, and that the "
        "key holds a plain string."
    )
    assert str(error_of(store.load)) == f"Could not read {place(store)}: {what}"
    assert str(error_of(lambda: lock(store))) == f"Could not lock {place(store)}: {what}"
    assert client.lrange(store.key, 0, -1) == [b"a", b"b"]
    assert client.get(f"{store.key}:lock") is None


def test_bytes_that_are_no_text__are_left_alone(store, client):
    client.set(store.key, b"\xff\xfe\x00secret-of-another-program")
    error = error_of(store.load)
    assert str(error) == (
        f"Could not read {place(store)}: it holds no token (not UTF-8). It was not changed. "
        "Restore it, or delete it and log in again."
    )
    assert "secret-of" not in "".join(traceback.format_exception(error)) + repr(error.__context__)
    assert client.get(store.key) == b"\xff\xfe\x00secret-of-another-program"


def test_lock_wait__ends_and_says_who_holds_it(store):
    waiting = RedisTokenStore(store.client, store.key, lease=30, lock_timeout=0.2)
    started = time.monotonic()
    with store.lock():
        error = error_in_thread(lambda: lock(waiting))
    assert 0.15 < time.monotonic() - started < 10
    assert re.fullmatch(
        rf"Could not lock Redis key '{store.key}' at /.*/0: {re.escape(socket.gethostname())}, "
        rf"process {os.getpid()}, thread MainThread has held {store.key}:lock for more than 0\.2 "
        r"seconds\. If it hangs, end it and try again\. The lock of a dead holder ends within 30 "
        r"seconds\.",
        str(error),
    )


def test_lock_wait__another_programs_lock(store, client):
    waiting = RedisTokenStore(client, store.key, lock_timeout=0.1)
    for value in ("s3cret of another program", b"\xff s3cret"):
        client.set(f"{store.key}:lock", value)
        assert ": another program or thread has" in str(error_of(lambda: lock(waiting)))


def test_lock__of_another_store_in_this_thread(store):
    with store.lock():
        with store.lock():  # again with the same one
            store.load()
        assert str(error_of(lambda: lock(new_twin(store)))) == (
            f"Could not lock {place(store)}: this thread has locked it with another store. Use one "
            "store for both."
        )


@pytest.mark.parametrize("lost", [KeyboardInterrupt, redis.TimeoutError])
def test_lock__whose_answer_is_lost_is_free_again(store, client, monkeypatch, lost):
    acquire = Lock.do_acquire

    def acquire_without_answer(lock, token):
        assert acquire(lock, token)
        raise lost

    with monkeypatch.context() as patch:
        patch.setattr(Lock, "do_acquire", acquire_without_answer)
        with pytest.raises((KeyboardInterrupt, TokenStoreError)):
            lock(store)
    assert not client.exists(f"{store.key}:lock")
    with store.lock():
        held = client.get(f"{store.key}:lock")
        error_in_thread(lambda: lock(RedisTokenStore(client, store.key, lock_timeout=0)))
        assert client.get(f"{store.key}:lock") == held


def test_lock__reads_what_the_server_says_that_can_be_written(store, client, monkeypatch):
    store.save(OLD)
    stale = client.get(store.key)
    store.save(NEW)
    # As of a replica.
    monkeypatch.setattr(store.client, "get", lambda key: stale)
    with store.lock():
        assert store.load() == NEW
        store.save(OLD)


def test_lock_wait__of_a_short_call_does_not_fail_a_longer_one(kakao, clock, token, client, key):
    store = RedisTokenStore(client, key)
    store.save(token)
    session = KakaoSession(kakao.app_key, token_store=store, endpoints=kakao.endpoints)
    session.verify = kakao.ca_file
    assert session.authorized
    clock.advance(hours=7)
    with ThreadPoolExecutor(2) as threads, store.lock():
        short = threads.submit(session.get, "/v2/user/me", timeout=0.3)
        while not client.exists(f"{key}:lock") or not short.running():
            time.sleep(0.01)
        time.sleep(0.1)  # so that the short one leads; the other way round is as good
        long = threads.submit(session.get, "/v2/user/me", timeout=20)
        assert isinstance(short.exception(20), KakaoError)
    assert long.result(20).status_code == 200


def test_save__after_the_memory_was_lost(store, client):
    store.save(OLD)
    with store.lock():
        assert store.load() == OLD
        client.flushall()
        store.save(NEW)
    assert store.load() == NEW


def test_save__somebody_was_faster(store, client):
    store.save(OLD)
    with store.lock():
        assert store.load() == OLD
        client.set(store.key, '{"access_token": "newer"}')
        error = str(error_of(lambda: store.save(NEW)))
        assert error == (
            f"Could not save {place(store)}: the refresh took longer than the lock lasts (30 "
            "seconds), and another token was saved in the meantime. The next call will use that "
            "one."
        )
        assert store.load() == Token({"access_token": "newer"})
        store.save(NEW)  # by now it has been seen
    assert store.load() == NEW


def test_save__answer_was_lost_and_sent_again(store, client):
    store.save(OLD)
    with store.lock():
        client.set(store.key, json.dumps(NEW))  # what a first try has done, unheard of
        store.save(NEW)
    assert store.load() == NEW


def test_release__of_another_holders_lock(store, client, caplog):
    with caplog.at_level(logging.INFO, "kakao_session"), store.lock():
        store.save(NEW)
        client.set(f"{store.key}:lock", "another holder's")
    assert client.get(f"{store.key}:lock") == b"another holder's"
    assert caplog.messages == [f"the lock of {store!r} ended before it was released"]


def test_release__in_another_thread(store, client):
    held = store.lock()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(held.__enter__).result()
    assert client.exists(f"{store.key}:lock")
    held.__exit__(None, None, None)
    assert not client.exists(f"{store.key}:lock")


def test_release__out_of_reach(caplog):
    with servers.redis_server() as server:
        store = factories.redis_store(server.url, "key", lease=30)
        with caplog.at_level(logging.WARNING, "kakao_session"), store.lock():
            store.save(NEW)
            server.stop()
        assert caplog.messages == [
            f"could not release the lock of {store!r} (ConnectionError): it ends within 30 seconds"
        ]


@pytest.fixture
def full_redis(client):
    client.config_set("maxmemory", "1")
    yield
    client.config_set("maxmemory", "0")


@pytest.mark.usefixtures("full_redis")
def test_lock__no_room(store):
    assert "Could not lock" in str(error_of(lambda: lock(store)))


def test_save__although_redis_is_full_by_then(store, client):
    store.save(OLD)
    with store.lock():
        client.config_set("maxmemory", "1")
        try:
            store.save(NEW)
        finally:
            client.config_set("maxmemory", "0")
    assert store.load() == NEW


def test_lock__may_not_write(store, client, redis_server):
    client.set(store.key, json.dumps(OLD))
    client.execute_command("ACL", "SETUSER", "reader", "on", "nopass", "+@all", "%R~*", "~*:lock")
    with redis.Redis.from_url(redis_server.url, username="reader", password="") as reader:
        waiting = RedisTokenStore(reader, store.key)
        assert waiting.load() == OLD
        assert "Could not lock" in str(error_of(lambda: lock(waiting)))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://user:s3cret-pw@127.0.0.1:1/3", "127.0.0.1:1/3"),
        ("unix://user:s3cret-pw@/nonexistent/socket?db=2", "/nonexistent/socket/2"),
    ],
)
def test_password__is_never_shown(url, address):
    with redis.Redis.from_url(url, retry=None) as client:
        store = RedisTokenStore(client, "user 1")
        error = error_of(store.load)
    assert repr(store) == f"RedisTokenStore('user 1' at {address})"
    assert f"Could not read Redis key 'user 1' at {address}: " in str(error)
    assert "s3cret-pw" not in "".join(traceback.format_exception(error))


def fake():
    return nullcontext(package("fakeredis").FakeRedis())


@pytest.mark.parametrize("new_client", [servers.redis_cluster, servers.redis_sentinel, fake])
def test_client__of_another_kind(new_client):
    with new_client() as client:
        names = {f"kakao:token:{number}" for number in range(20)}  # in many slots of a cluster
        for name in names:
            store, waiting = (RedisTokenStore(client, name, lock_timeout=0) for _ in range(2))
            with store.lock():
                error = error_in_thread(lambda waiting=waiting: lock(waiting))
                assert re.search(f": .*, process {os.getpid()}, thread .* has held", str(error))
                store.save(OLD)
                store.save(NEW)
            assert waiting.load() == NEW
        assert set(RedisTokenStore.keys(client, "kakao:token:*")) == names
        if new_client is not fake:
            assert repr(store) == f"RedisTokenStore({name!r})"  # of several servers
        store.delete()
        assert store.load() is None


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (
            "redis://user:s3cret-pw@127.0.0.1",
            "not a URL: RedisTokenStore(redis.Redis.from_url(url), key)",
        ),
        (redis.asyncio.Redis(password="s3cret-pw"), FOR_ASYNCIO),
        (redis.asyncio.RedisCluster, FOR_ASYNCIO),
        (redis.Redis, "such as redis.Redis(), not the class Redis"),
        ({"password": "s3cret-pw"}, "such as redis.Redis(), not dict"),
        (type("Valkey", (redis.Redis,), {"__module__": "valkey.client"})(), OF_VALKEY),
        (redis.Redis(password="s3cret-pw").pipeline(), "such as redis.Redis(), not Pipeline"),
    ],
)
def test_client__that_would_save_nothing_is_refused_at_once(client, why):
    with pytest.raises(TypeError) as caught:
        RedisTokenStore(client, "key")
    assert str(caught.value) == f"RedisTokenStore takes a client of redis-py, {why}."
    assert "s3cret-pw" not in "".join(traceback.format_exception(caught.value))
