"""A token in Redis, shared by every machine that reaches it."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kakao_session.call import at_most, longest
from kakao_session.errors import TokenStoreError
from kakao_session.redaction import without_inner_frames, without_words
from kakao_session.stores.base import LEFT_ALONE, LOCK_TIMEOUT
from kakao_session.stores.holds import Holds
from kakao_session.stores.text import to_text, to_token
from kakao_session.token import Token

try:
    from redis.exceptions import LockNotOwnedError, RedisError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "RedisTokenStore needs redis-py: pip install 'kakao-session[redis]'", name=error.name
    ) from error

if TYPE_CHECKING:
    from redis import Redis, RedisCluster

log = logging.getLogger(__name__)

LEASE = 100.0
"""Seconds after which a lock ends by itself: more than a renewal takes with the default time-outs,
and less than others wait for it, so that they outlast a holder that was killed."""

_POLL_INTERVAL = 0.05

# A script is let in only where it may also write.
_LOOK = "return redis.call('GET', KEYS[1])"

# Replaces what was seen, or what a Redis that lost its memory has forgotten, and nothing else.
_REPLACE = """
local stored = redis.call('GET', KEYS[1])
if stored and stored ~= ARGV[1] and stored ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class RedisTokenStore:
    """Keeps a token under one key of a Redis, as JSON, and its lock under ``KEY:lock``.

    The lock is a lease: if its holder is killed, it ends after *lease* seconds. A holder that slept
    longer than that does not overwrite what somebody else has saved in the meantime.

    :param client: a client of redis-py, made as the program likes it; both settings of
        ``decode_responses`` will do. Give it a ``socket_timeout``, else a call waits for ever for a
        Redis that does not answer.
    :param key: the key, such as ``kakao:token:123456789``.
    :param lease: seconds; has to be longer than a renewal may take, see ``timeout`` of
        :class:`~kakao_session.KakaoAuth`.
    :param lock_timeout: seconds to wait for the lock.
    :raises TypeError: *client* is a URL, or a client for asyncio, or no client of redis-py at all.
    """

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
            raise ValueError(f"key is a string that is not empty, not {key!r}")
        if lease < 0.001:
            raise ValueError("lease is a number of seconds above 0")
        self.client: Any = client
        self.key = key
        self.lease = lease
        self.lock_timeout = lock_timeout
        self._place = (_address(client) or client, key)

    @without_inner_frames
    def load(self) -> Token | None:
        """Read the key.

        :returns: the token; ``None`` if there is no such key.
        :raises TokenStoreError: Redis is out of reach, or the key holds no token: then it stays as
            it is.
        """
        with self._guarded("can't be read"):
            stored = self.client.get(self.key)
        seen = _held.mine(self._place)
        if seen is not None:
            seen.value = stored
        if stored is None:
            return None
        try:
            return to_token(stored)
        except ValueError as error:
            raise self._error(f"holds no token ({error})", LEFT_ALONE) from None

    @without_inner_frames
    def save(self, token: Mapping[str, Any]) -> None:
        """Set the key.

        :param token: the token, as any mapping.
        :raises TokenStoreError: it could not be set, or the lock's lease had ended and somebody
            else's token is there now; that one stays.
        """
        try:
            value = to_text(token).encode()
        except ValueError as error:
            raise self._error("can't be written", str(error)) from error
        with self._locked() as seen:
            with self._guarded("can't be written"):
                replaced = self.client.eval(_REPLACE, 1, self.key, seen.value or b"", value)
            if not replaced:
                raise self._error(
                    "was changed by somebody else",
                    f"the renewal took longer than the {self.lease:g} seconds for which the lock "
                    "lasts. The other token was left there, and the next call takes it over",
                )
            seen.value = value

    @without_inner_frames
    def delete(self) -> None:
        """Remove the key.

        :raises TokenStoreError: it could not be removed.
        """
        with self._locked(), self._guarded("can't be removed"):
            self.client.delete(self.key)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the key, after making sure that it can be written.

        :raises TokenStoreError: Redis is out of reach, or the wait took too long.
        """
        _held.check(self._place, self, self._error)
        with self._locked():
            yield

    @contextmanager
    def _locked(self) -> Iterator[_Seen]:
        seen = _held.mine(self._place)
        if seen is not None:
            yield seen
            return
        lock = self.client.lock(
            f"{self.key}:lock",
            timeout=self.lease,
            sleep=_POLL_INTERVAL,
            blocking_timeout=at_most(self.lock_timeout),
            thread_local=False,
        )
        with self._guarded("can't be locked"):
            if not lock.acquire(token=_holder()):
                raise self._occupied()
        try:
            with self._guarded("can't be locked"):
                seen = _Seen(self.client.eval(_LOOK, 1, self.key))
            with _held.entered(self._place, self, seen):
                yield seen
        finally:
            self._release(lock)

    def _release(self, lock: Any) -> None:
        # Whatever was to be saved is saved, so a lock that can't be given back fails nobody's call.
        try:
            lock.release()
        except LockNotOwnedError:
            log.info("the lock of %r had ended before it was released", self)
        except RedisError as error:
            log.warning(
                "the lock of %r could not be released (%s) and ends within %g seconds",
                self,
                type(error).__name__,
                self.lease,
            )

    def _occupied(self) -> TokenStoreError:
        holder = _described(self.client.get(f"{self.key}:lock"))
        return self._error(
            "is locked",
            f"{self.key}:lock was not to be had in {longest(self.lock_timeout):g} seconds; "
            f"{holder} holds it. Look whether that hangs, end it and try again. The lock of a "
            f"dead holder ends within {self.lease:g} seconds",
        )

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:  # the client decodes answers
            without_words(error)
            raise self._error("holds no token (not UTF-8)", LEFT_ALONE) from None
        except RedisError as error:
            raise self._error(
                f"{what} ({type(error).__name__})",
                "Look whether Redis runs, lets this program in and has a plain string there",
            ) from error

    def _error(self, what: str, remedy: str) -> TokenStoreError:
        return TokenStoreError(f"Redis key {self.key!r}{_address(self.client)} {what}: {remedy}.")

    def __repr__(self) -> str:
        return f"RedisTokenStore({self.key!r}{_address(self.client)})"


@lru_cache(maxsize=64)  # a server makes a store for each call
def _makes_clients(kind: type) -> bool:
    return _has_methods(kind) and not _is_for_asyncio(kind)


def _is_for_asyncio(kind: type) -> bool:
    return any(base.__module__.startswith("redis.asyncio") for base in kind.__mro__)


def _has_methods(client: Any) -> bool:
    """Whether *client*, or its class, has what a client has and a pipeline has not."""
    methods = (getattr(client, name, None) for name in ("get", "eval", "delete", "lock"))
    return all(map(callable, methods)) and not callable(getattr(client, "execute", None))


def _check_client(client: Any) -> None:
    """:raises TypeError: nothing could be kept with it. The message shows none of it."""
    maker: Any = type(client)
    if _makes_clients(maker):
        return
    if isinstance(client, str | bytes):
        raise TypeError(
            "RedisTokenStore takes a client, not a URL: RedisTokenStore(redis.Redis.from_url(url), "
            "key)."
        )
    is_class = isinstance(client, type)
    kind = client if is_class else type(client)
    if _is_for_asyncio(kind):
        raise TypeError(
            "RedisTokenStore takes a client of redis.Redis, not of redis.asyncio: with an asyncio "
            "client nothing would be saved."
        )
    if is_class or not _has_methods(client):
        raise TypeError(
            "RedisTokenStore takes a client of redis-py, such as redis.Redis(), not "
            f"{'the class ' if is_class else ''}{kind.__name__}."
        )


class _Seen:
    """What the key held when the holder of the lock last looked."""

    __slots__ = ("value",)

    def __init__(self, value: str | bytes | None) -> None:
        self.value = value


_held: Holds[_Seen] = Holds()


def _address(client: Any) -> str:
    """Where the client leads, without user and password; empty if it leads to more than one."""
    settings = getattr(getattr(client, "connection_pool", None), "connection_kwargs", {})
    database = settings.get("db") or 0
    if settings.get("path"):
        return f" at {settings['path']}/{database}"
    if settings.get("host"):
        return f" at {settings['host']}:{settings.get('port')}/{database}"
    return ""


def _holder() -> str:
    """What is written into the lock, for those who wait in vain."""
    thread = threading.current_thread().name
    return f"{socket.gethostname()}, process {os.getpid()}, thread {thread} #{uuid.uuid4().hex}"


def _described(holder: str | bytes | None) -> str:
    name = holder.decode("utf-8", "replace") if isinstance(holder, bytes) else holder or ""
    found = re.fullmatch(r"(.+, process \d+, thread .+) #[0-9a-f]{32}", name)
    return found[1] if found else "another program or thread"
