"""Makes and uses stores, in any process. It imports only what the store needs."""

from functools import cache

LEASE = 1.5

_open = []


@cache
def engine(url):
    """:returns: the only engine of this process for a database."""
    from sqlalchemy import create_engine

    made = create_engine(url, pool_size=20, max_overflow=20)
    _open.append(made.dispose)
    return made


@cache
def client(url, decode_responses=False):
    """:returns: the only client of this process for a Redis."""
    import redis

    made = redis.Redis.from_url(url, decode_responses=decode_responses)
    _open.append(made.close)
    return made


def close_all():
    """Close all connections."""
    for close in _open:
        close()


def sql_store(url, key, **settings):
    from kakao_session import SQLTokenStore

    return SQLTokenStore(engine(url), key, **{"lock_timeout": 20, **settings})


def redis_store(url, key, *, decode_responses=False, **settings):
    from kakao_session import RedisTokenStore

    settings = {"lease": LEASE, "lock_timeout": 20, **settings}
    return RedisTokenStore(client(url, decode_responses), key, **settings)


def encrypted_store(path, key):
    from kakao_session import EncryptedTokenStore, FileTokenStore

    return EncryptedTokenStore(FileTokenStore(path), key)


def lock_and_save(path, token, lock_timeout=30):
    """Lock and load a token file, and save a token.

    :returns: whether it was locked, and ``saved`` or the error.
    """
    from kakao_session import FileTokenStore, TokenStoreError

    store = FileTokenStore(path, lock_timeout=lock_timeout)
    is_locked = False
    try:
        with store.lock():
            is_locked = True
            store.load()
            store.save(token)
    except TokenStoreError as error:
        return [is_locked, str(error)]
    return [is_locked, "saved"]
