"""What a store is: the place where a login outlives the process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any, Protocol, runtime_checkable

from kakao_session.errors import TokenStoreError
from kakao_session.token import Token

Complaint = Callable[[str, str], TokenStoreError]
"""Makes a store's error of what is wrong and what to do now."""

LOCK_TIMEOUT = 120.0
"""Seconds to wait for whoever renews: more than a renewal takes with the default time-outs."""

LEFT_ALONE = "It was left as it is. Restore it, or move it away and run `kakao-session login`"
"""What to do about a value that is no token."""


def check_store(store: Any, taker: str) -> None:
    """Refuse what is no store. The message shows none of it: it may be a token.

    :param taker: who takes a store, for the message.
    :raises TypeError: *store* lacks a method of :class:`TokenStore`, or is a class, or for asyncio.
    """
    kind_of_store: Any = type(store)
    if _has_ordinary_methods(kind_of_store):
        return
    kind = type(store).__name__
    if isinstance(store, type):
        raise TypeError(f"{taker} takes a store, not its class. Write {store.__name__}(...).")
    if not all(callable(getattr(store, name, None)) for name in _METHODS):
        hint = " A token goes to token=." if isinstance(store, Mapping) else ""
        raise TypeError(f"{taker} takes a store, such as FileTokenStore(path), not {kind}.{hint}")
    if iscoroutinefunction(store.load):
        raise TypeError(
            f"{taker} takes a store with ordinary methods. Those of {kind} are for asyncio, and "
            "nothing would be saved."
        )


@lru_cache(maxsize=64)  # a server makes an auth for each call
def _has_ordinary_methods(kind: type) -> bool:
    methods = [getattr(kind, name, None) for name in _METHODS]
    return all(map(callable, methods)) and not any(map(iscoroutinefunction, methods))


_METHODS = ("load", "save", "delete", "lock")


@runtime_checkable
class TokenStore(Protocol):
    """A place for one token, shared by everybody who is given the same place.

    Each method raises :class:`~kakao_session.TokenStoreError`, which names the place, when it can't
    do its work; what is stored is left as it was.
    """

    def load(self) -> Token | None:
        """:returns: the stored token, every key kept; ``None`` if there is none."""

    def save(self, token: Mapping[str, Any]) -> None:
        """Replace what is stored by *token*, which may be any mapping: wholly, or not at all.

        What is no token is refused.
        """

    def delete(self) -> None:
        """Remove what is stored; nothing happens if there is nothing."""

    def lock(self) -> AbstractContextManager[object]:
        """:returns: a context that one holder at a time is in, of all who share the place.

        Entering also makes sure, as far as it can be known, that a :meth:`save` will succeed: a
        refresh token is spent inside.
        """
