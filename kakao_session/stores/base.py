"""What a store is, the text form of a token, and the base class of the stores that keep text."""

from __future__ import annotations

import errno
import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable
from weakref import ref

from kakao_session.call import is_shorter_than
from kakao_session.errors import KOE, TokenStoreError
from kakao_session.redaction import drop_messages, without_inner_frames
from kakao_session.token import Token

H = TypeVar("H")

LOCK_TIMEOUT = 120.0
"""Seconds that a store waits for its lock: longer than a refresh with the default timeouts."""


ENCRYPTED, FERNET = "encrypted", "fernet"
"""A field, and its value, of what :class:`~kakao_session.EncryptedTokenStore` makes of a token."""


@runtime_checkable
class TokenStore(Protocol):
    """Keeps one token in one place. Everything that uses the same place shares the token.

    A method that fails raises :class:`~kakao_session.TokenStoreError`, which names the place. What
    is stored does not change then.
    """

    def load(self) -> Token | None:
        """Load the token.

        :returns: the stored token with all its keys; ``None`` if there is none.
        :raises TokenStoreError: it can't be read, or it is not a token.
        """

    def save(self, token: Mapping[str, Any]) -> None:
        """Replace the stored token, either completely or not at all.

        :param token: any mapping with the keys of a :class:`~kakao_session.Token`.
        :raises TokenStoreError: it can't be saved, or it is not a token.
        """

    def delete(self) -> None:
        """Delete the stored token. If there is none, do nothing.

        :raises TokenStoreError: it can't be deleted.
        """

    def lock(self) -> AbstractContextManager[object]:
        """Lock the place. Of all that share it, only one can be inside this context at a time.

        A session refreshes the token inside. So entering also checks, as far as possible, that
        :meth:`save` will work.

        :returns: a context manager. Its value does not matter.
        :raises TokenStoreError: on entering: the wait for the lock took too long, or the place
            can't be written.
        """


IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_METHODS = ("load", "save", "delete", "lock")


def check_store(store: Any, taker: str) -> None:
    """Check that an argument is a store. The error does not show it: it may be a token.

    :param taker: what takes the store, for the message.
    :raises TypeError: *store* lacks a method of :class:`TokenStore`, or is a class, or for asyncio.
    """
    kind: Any = type(store)
    if _has_ordinary_methods(kind):
        return
    if isinstance(store, type):
        raise TypeError(f"{taker} takes a store, not its class. Write {store.__name__}(...).")
    if not all(callable(getattr(store, name, None)) for name in _METHODS):
        hint = " A token goes to token=." if isinstance(store, Mapping) else ""
        raise TypeError(
            f"{taker} takes a store, such as FileTokenStore(path), not {kind.__name__}.{hint}"
        )
    if any(iscoroutinefunction(getattr(store, name)) for name in _METHODS):
        raise TypeError(
            f"{taker} takes a store with ordinary methods. Those of {kind.__name__} are for "
            "asyncio, and nothing would be saved."
        )


@lru_cache(maxsize=64)  # a server makes an auth for each call
def _has_ordinary_methods(kind: type) -> bool:
    methods = [getattr(kind, name, None) for name in _METHODS]
    return all(map(callable, methods)) and not any(map(iscoroutinefunction, methods))


def name_of(store: object) -> str:
    """:returns: a store for messages: as it writes itself, if it is ours. Others may write down
    the token, as a dataclass does."""
    return repr(store) if is_ours(store) else type(store).__name__


def place_of(store: object) -> str:
    """:returns: where a store keeps its token, for messages."""
    place = getattr(store, "_place", None) if is_ours(store) else None
    return place if isinstance(place, str) else name_of(store)


def is_ours(store: object) -> bool:
    """Whether a store writes itself as the place where it keeps the token, as ours do."""
    return str(getattr(type(store).__repr__, "__module__", "")).startswith("kakao_session.")


# Tokens as text -------------------------------------------------------------------------------


def to_text(
    token: Mapping[str, Any], *, ascii_only: bool = False, indent: int | None = None
) -> str:
    """Write a token as JSON that :func:`to_token` reads.

    Dates, decimal numbers and UUIDs in fields of the program's own become strings, and sets become
    lists.

    :param ascii_only: escape everything that is not ASCII, for a place that may not know UTF-8.
    :param indent: spaces for each level, so that people can read it.
    :raises ValueError: it is not a token, or JSON has no form for a value in it. The message shows
        no value.
    """
    saved = Token(token)
    if not saved:
        raise ValueError("the token is empty")
    try:
        text = json.dumps(saved, ensure_ascii=ascii_only, indent=indent, default=_as_json)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the token can't be written as JSON: {error}") from error
    # UTF-8 has no lone surrogates, but JSON has an escape for them.
    return text.encode(errors="backslashreplace").decode()


def _as_json(value: object) -> str | list[Any]:
    from datetime import date
    from decimal import Decimal
    from uuid import UUID

    if isinstance(value, date | Decimal | UUID):
        return str(value)
    if isinstance(value, set | frozenset):  # of scopes
        return sorted(value, key=str)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def to_token(text: str | bytes) -> Token:
    """Read a token from JSON.

    :raises ValueError: there is no token in it. Neither the message nor what it chains quotes the
        text, which may contain half a token.
    """
    values, problem = _from_json(text)
    if not problem:
        try:
            return Token(values)
        except ValueError as error:
            problem = f"{error}{_remedy(values)}"
    raise ValueError(problem)


def _from_json(text: str | bytes) -> tuple[dict[str, Any], str]:
    """:returns: the JSON object; or an empty one, and what is wrong with the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}, "not JSON" if _is_utf8(text) else "not UTF-8"
    if not isinstance(value, dict):
        return {}, f"a JSON {_KINDS.get(type(value), 'number')}, not an object"
    return value, "" if value else "an empty JSON object"


_KINDS = {str: "string", list: "array", bool: "boolean", type(None): "null"}


def _is_utf8(text: str | bytes) -> bool:
    return isinstance(text, str) or text.decode(errors="ignore").encode() == text


def _remedy(values: dict[str, Any]) -> str:
    """What to do if somebody saved Kakao's error answer as a token."""
    code = values.get("error_code")
    remedy = KOE.get(code) if isinstance(code, str) else None
    return f": {remedy.meaning}. {remedy.hint}" if remedy else ""


# Stores that keep text ------------------------------------------------------------------------


def could_not(verb: str, place: str, why: str) -> TokenStoreError:
    """The error of every store.

    :param verb: what failed: read, save, delete or lock.
    :param why: the reason and the next step, without the last full stop.
    """
    return TokenStoreError(f"Could not {verb} {place}: {why}.")


def why_occupied(holder: str, lock: str, timeout: float, remedy: str) -> str:
    """Why a lock could not be taken, without the last full stop.

    :param holder: who has it.
    :param lock: its name.
    :param timeout: how many seconds the store waits for it.
    :param remedy: what to do if the holder hangs.
    """
    if is_shorter_than(timeout):
        return (
            f"{holder} has {lock}, perhaps to refresh the token, and the timeout of this call is "
            "over. Try again, or give the call more time"
        )
    return f"{holder} has held {lock} for more than {timeout:g} seconds. {remedy}"


class TextTokenStore(ABC):
    """A store that keeps its token as text. A subclass knows how to read and write that text."""

    _failures: tuple[type[Exception], ...]
    """What the backend raises."""

    _json: ClassVar[dict[str, Any]] = {}
    """Arguments for :func:`to_text`."""

    @without_inner_frames
    def load(self) -> Token | None:
        """Read the token.

        :returns: the token; ``None`` if there is none.
        :raises TokenStoreError: it could not be read, or something else is stored. That is not
            changed.
        """
        with self._guarded("read"):
            stored = self._read()
        if stored is None:
            return None
        try:
            return self._parse(stored)
        except ValueError as error:
            raise self._error("read", self._no_token(error)) from error

    @without_inner_frames
    def save(self, token: Mapping[str, Any]) -> None:
        """Save a token.

        :param token: any mapping.
        :raises TokenStoreError: *token* is not a token, or it could not be saved.
        """
        text = self._to_text(token)
        with self._guarded("save"):
            self._write(text)

    @without_inner_frames
    def delete(self) -> None:
        """Delete the token, if there is one.

        :raises TokenStoreError: it could not be deleted.
        """
        with self._guarded("delete"):
            self._remove()

    @abstractmethod
    def lock(self) -> AbstractContextManager[object]:
        """See :meth:`TokenStore.lock`."""

    @property
    @abstractmethod
    def _place(self) -> str:
        """The place, for messages."""

    @property
    def _restore(self) -> str:
        """What to do if something else than a token is stored."""
        return "It was not changed. Restore it, or delete it and log in again"

    @abstractmethod
    def _read(self) -> Any:
        """:returns: what is stored, as :meth:`_parse` takes it; ``None`` if there is nothing."""

    @abstractmethod
    def _write(self, text: str) -> None:
        """Lock the place and replace what is stored."""

    @abstractmethod
    def _remove(self) -> None:
        """Lock the place and delete what is stored, if anything is."""

    @abstractmethod
    def _why(self, error: Exception) -> str:
        """:returns: why the backend raised an error, and the next step."""

    def _quotes(self, error: Exception) -> bool:
        """Whether an error of the backend may quote what is stored."""
        return False

    def _parse(self, stored: Any) -> Token:
        return to_token(stored)

    def _to_text(self, token: Mapping[str, Any]) -> str:
        try:
            return to_text(token, **self._json)
        except ValueError as error:
            raise self._error("save", str(error)) from error

    def _no_token(self, why: object) -> str:
        return f"it holds no token ({why}). {self._restore}"

    def _error(self, verb: str, why: str) -> TokenStoreError:
        return could_not(verb, self._place, why)

    @contextmanager
    def _guarded(self, verb: str) -> Iterator[None]:
        """Turn the backend's errors into errors that name the place."""
        try:
            yield
        except TokenStoreError:
            raise
        except self._failures as error:
            failure = self._error(verb, self._why(error))
            failure.is_full = getattr(error, "errno", None) in IS_FULL
            if not self._quotes(error):
                raise failure from error
            drop_messages(error)
            raise failure from None


class ThreadLocks(Generic[H]):
    """The locks that each thread holds, and what it works with while it holds them.

    A ``token_updater`` may save to the place of the store with a store of its own. It does not wait
    for the lock of its own thread, because a lock is looked up by the place. After a fork, the
    child process holds no lock.

    What a thread works with lives only as long as the frame that has locked the place. So if an
    interrupt comes before the lock can be forgotten, it is forgotten with that frame.
    """

    def __init__(self) -> None:
        self._locks: dict[tuple[int, int, Hashable], tuple[object, ref[H]]] = {}

    def get(self, place: Hashable, *, only: object = None, name: str = "") -> H | None:
        """What this thread works with at a place; ``None`` if it has not locked the place.

        :param only: the only store that may have locked it; ``None``: any.
        :param name: the name of the place, for messages.
        :raises TokenStoreError: this thread has locked it with another store.
        """
        key = os.getpid(), threading.get_ident(), place
        store, reference = self._locks.get(key, (None, None))
        hold = None if reference is None else reference()
        if hold is not None and only is not None and store is not only:
            raise could_not(
                "lock", name, "this thread has locked it with another store. Use one store for both"
            )
        return hold

    @contextmanager
    def holding(self, place: Hashable, store: object, hold: H) -> Iterator[H]:
        """Note that this thread has locked a place, until the context ends."""
        key = os.getpid(), threading.get_ident(), place
        outer = self._locks.get(key)
        try:
            self._locks[key] = store, ref(hold)
            yield hold
        finally:
            if outer is None:
                self._locks.pop(key, None)
            else:
                self._locks[key] = outer
