"""A token in Redis, shared by every machine that reaches it."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kakao_session.call import at_most
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import LOCK_TIMEOUT, TextTokenStore, ThreadLocks, why_occupied

try:
    from redis import Redis, RedisCluster
    from redis.exceptions import LockNotOwnedError, RedisError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'RedisTokenStore needs redis-py: pip install "kakao-session[redis]"', name=error.name
    ) from error

log = logging.getLogger(__name__)

LEASE = 100.0
"""Seconds after which a lock ends by itself: longer than a refresh with the default timeouts, and
shorter than others wait for the lock, so they outlast a holder that was killed."""

_POLL_INTERVAL = 0.05

_PAGE = 500

_LOCK = ":lock"
"""The key of a lock ends with it, and no key of a token does."""

# Redis runs a script only if this client may also write, and never on a replica.
_READ = "return redis.call('GET', KEYS[1])"

# Replaces what was seen, or the nothing of a Redis that lost its memory, and nothing else. A full
# Redis refuses a script's first write, unless it makes room. A script happens as a whole.
_REPLACE = """
local stored = redis.call('GET', KEYS[1])
if stored and stored ~= ARGV[1] and stored ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


@dataclass
class _Seen:
    """What the key held when the holder of the lock last looked."""

    value: str | bytes | None = field(repr=False)


_locks: ThreadLocks[_Seen] = ThreadLocks()


class RedisTokenStore(TextTokenStore):
    """Keeps a token as JSON under one key of a Redis, and its lock under ``KEY:lock``.

    The lock is a lease: if its holder is killed, it ends after *lease* seconds. A holder that slept
    longer than that does not overwrite what others have saved in the meantime.

    :param client: a client of redis-py, with any value of ``decode_responses``. Give it a
        ``socket_timeout``, else calls wait forever for a Redis that does not answer.
    :param key: the key, such as ``kakao:token:123456789``. It must not end with ``:lock``.
    :param lease: seconds; longer than a refresh may take, which is a little over a minute.
    :param lock_timeout: seconds to wait for the lock.
    :raises TypeError: *client* is a URL, or a client for asyncio, or not a client of redis-py.
    :raises ValueError: *key* is empty or ends with ``:lock``, or *lease* is too short.

    >>> client = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
    >>> kakao = KakaoSession(token_store=RedisTokenStore(client, "kakao:token:bot"))
    """

    _failures = (RedisError, UnicodeDecodeError)  # the second if the client decodes

    @without_inner_frames
    def __init__(
        self,
        client: Redis | RedisCluster,
        key: str,
        *,
        lease: float = LEASE,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        _check_client(client)
        if not isinstance(key, str) or not key:
            raise ValueError("key must be a string and not empty")
        if key.endswith(_LOCK):
            raise ValueError(
                f"key must not end with {_LOCK}, like the lock of another key: {key!r}"
            )
        if lease < 0.001:
            raise ValueError("lease must be at least 0.001 seconds")
        self.client: Any = client
        self.key = key
        self.lease = lease
        self.lock_timeout = lock_timeout
        self._lock_place = (_address(client) or client, key)

    @classmethod
    def keys(cls, client: Redis | RedisCluster, pattern: str) -> Iterator[str]:
        """The keys of logins, for a job that visits each of them.

        Redis is asked for a few hundred at a time. It may give a key twice, and may miss logins
        that are new. The keys of locks are left out.

        :param client: see :class:`RedisTokenStore`.
        :param pattern: which keys, such as ``kakao:token:*``.
        :returns: the keys, in no order.
        :raises ValueError: *pattern* is empty or ends with ``:lock``.
        :raises TokenStoreError: Redis can't be reached.
        """
        return cls(client, pattern)._keys()

    def _keys(self) -> Iterator[str]:
        with self._guarded("read"):
            for key in self.client.scan_iter(match=self.key, count=_PAGE):
                name = _name_of_key(key)
                if name is not None and not name.endswith(_LOCK):
                    yield name

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the key, and check that it can be written.

        :raises TokenStoreError: Redis can't be reached, or the wait took too long.
        """
        with self._locked(only=self):
            yield

    def _read(self) -> Any:
        seen = _locks.get(self._lock_place)
        if seen is None:
            return self.client.get(self.key)
        seen.value = self.client.eval(_READ, 1, self.key)
        return seen.value

    def _write(self, text: str) -> None:
        value = text.encode()
        with self._locked() as seen:
            if not self.client.eval(_REPLACE, 1, self.key, seen.value or b"", value):
                raise self._error(
                    "save",
                    f"the refresh took longer than the lock lasts ({self.lease:g} seconds), and "
                    "another token was saved in the meantime. The next call will use that one",
                )
            seen.value = value

    def _remove(self) -> None:
        with self._locked():
            self.client.delete(self.key)

    @contextmanager
    def _locked(self, *, only: object = None) -> Iterator[_Seen]:
        seen = _locks.get(self._lock_place, only=only, name=self._place)
        if seen is not None:
            yield seen
            return
        lock = self.client.lock(
            f"{self.key}{_LOCK}",
            timeout=self.lease,
            sleep=_POLL_INTERVAL,
            # redis-py gives up when there is no time for another interval.
            blocking_timeout=at_most(self.lock_timeout) + _POLL_INTERVAL,
            thread_local=False,
        )
        with self._guarded("lock"):
            self._acquire(lock)
        try:
            with self._guarded("lock"):
                seen = _Seen(self.client.eval(_READ, 1, self.key))
            with _locks.holding(self._lock_place, self, seen):
                yield seen
        finally:
            self._release(lock)

    def _acquire(self, lock: Any) -> None:
        holder, is_ours = _new_holder(), False
        try:
            is_ours = lock.acquire(token=holder)
        finally:
            if not is_ours:
                with suppress(RedisError):  # it may be ours, and only the answer was lost
                    lock.do_release(holder)
        if not is_ours:
            raise self._error("lock", self._why_occupied())

    def _release(self, lock: Any) -> None:
        # Everything is saved by now, so no call has to fail.
        try:
            lock.release()
        except LockNotOwnedError:
            log.info("the lock of %r ended before it was released", self)
        except RedisError as error:
            log.warning(
                "could not release the lock of %r (%s): it ends within %g seconds",
                self,
                type(error).__name__,
                self.lease,
            )

    def _why_occupied(self) -> str:
        holder = _holder_in(self.client.get(f"{self.key}{_LOCK}"))
        remedy = (
            "If it hangs, end it and try again. The lock of a dead holder ends within "
            f"{self.lease:g} seconds"
        )
        return why_occupied(holder, f"{self.key}{_LOCK}", self.lock_timeout, remedy)

    def _why(self, error: Exception) -> str:
        if self._quotes(error):
            return self._no_token("not UTF-8")
        return (
            f"{type(error).__name__}. Check that Redis is running, that this program has access, "
            "and that the key holds a plain string"
        )

    def _quotes(self, error: Exception) -> bool:
        return isinstance(error, UnicodeDecodeError)

    @property
    def _place(self) -> str:
        return f"Redis key {self.key!r}{_address(self.client)}"

    def __repr__(self) -> str:
        return f"RedisTokenStore({self.key!r}{_address(self.client)})"


def _check_client(client: Any) -> None:
    """:raises TypeError: it could save nothing. The message does not show it."""
    kind: Any = type(client)
    if _makes_clients(kind):
        return
    is_class = isinstance(client, type)
    kind = client if is_class else kind
    if isinstance(client, str | bytes):
        why = "not a URL: RedisTokenStore(redis.Redis.from_url(url), key)"
    elif _is_of("redis.asyncio", kind):
        why = "not of redis.asyncio: with an asyncio client nothing would be saved"
    elif _is_of("valkey", kind):  # its errors are others
        why = "not of valkey-py: redis.Redis works with Valkey, too"
    elif is_class or not _has_methods(client):
        why = f"such as redis.Redis(), not {'the class ' if is_class else ''}{kind.__name__}"
    else:
        return
    raise TypeError(f"RedisTokenStore takes a client of redis-py, {why}.")


@lru_cache(maxsize=64)  # a server makes a store for each call
def _makes_clients(kind: type) -> bool:
    return _has_methods(kind) and not _is_of("redis.asyncio", kind) and not _is_of("valkey", kind)


def _is_of(package: str, kind: type) -> bool:
    return any(base.__module__.startswith(package) for base in kind.__mro__)


def _has_methods(client: Any) -> bool:
    """Whether it has the methods of a client, and not those of a pipeline."""
    methods = (getattr(client, name, None) for name in ("get", "eval", "delete", "lock"))
    return all(map(callable, methods)) and not callable(getattr(client, "execute", None))


def _address(client: Any) -> str:
    """Where the client connects to, without user and password; empty if to several servers."""
    settings = getattr(getattr(client, "connection_pool", None), "connection_kwargs", {})
    database = settings.get("db") or 0
    if settings.get("path"):
        return f" at {settings['path']}/{database}"
    if settings.get("host"):
        return f" at {settings['host']}:{settings.get('port')}/{database}"
    return ""


def _name_of_key(key: str | bytes) -> str | None:
    """:returns: a key as text; ``None`` if it is not UTF-8, and so belongs to another program."""
    try:
        return key.decode() if isinstance(key, bytes) else key
    except UnicodeDecodeError:
        return None


def _new_holder() -> str:
    """The value of the lock: it tells others who holds it."""
    thread = threading.current_thread().name
    return f"{socket.gethostname()}, process {os.getpid()}, thread {thread} #{uuid.uuid4().hex}"


def _holder_in(value: str | bytes | None) -> str:
    name = value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
    found = re.fullmatch(r"(.+, process \d+, thread .+) #[0-9a-f]{32}", name)
    return found[1] if found else "another program or thread"
