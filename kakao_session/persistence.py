"""Where the login is kept: the store and the save callback, used as one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kakao_session.call import bounded
from kakao_session.errors import TokenStoreError, as_command
from kakao_session.redaction import fingerprint
from kakao_session.stores.base import (
    ENCRYPTED,
    FERNET,
    LOCK_TIMEOUT,
    could_not,
    is_ours,
    place_of,
    to_text,
)
from kakao_session.token import Token

if TYPE_CHECKING:
    from kakao_session.stores.base import TokenStore

TokenUpdater = Callable[[Token], object]

T = TypeVar("T")

_unsaved: dict[tuple[str, object], tuple[Token, object]] = {}
"""New tokens that are not saved yet, by the fingerprint of the refresh token that Kakao replaced,
and by the place. For the whole process: a server makes an auth for each call, and the login must
not end with it. The value holds the store or callback too. Otherwise another one could get its
``id()``."""


def checked_updater(updater: TokenUpdater | None) -> TokenUpdater | None:
    """:raises TypeError: it is no function, or one for asyncio, so nothing would be saved."""
    if updater is None:
        return None
    if not callable(updater):
        raise TypeError("token_updater= takes a function. The path of a file is token_store=.")
    if any(map(iscoroutinefunction, (updater, type(updater).__call__))):
        raise TypeError("token_updater= takes an ordinary function. One for asyncio saves nothing.")
    return updater


class Persistence:
    """The store, then the save callback. Either may be missing.

    Both are other people's code, so every exception of theirs becomes a ``TokenStoreError``.

    :param store: where the login is kept.
    :param updater: called with a copy of each new token.
    """

    __slots__ = ("store", "updater")

    def __init__(self, store: TokenStore | None, updater: TokenUpdater | None) -> None:
        self.store = store
        self.updater = updater

    @property
    def is_missing(self) -> bool:
        """Whether there is neither: the login ends with the process."""
        return self.store is None and self.updater is None

    @property
    def lock_timeout(self) -> float:
        """How many seconds the store waits for its lock."""
        seconds = getattr(self.store, "lock_timeout", None)
        return seconds if isinstance(seconds, int | float) else LOCK_TIMEOUT

    @property
    def place(self) -> str:
        """Where the login is kept, as part of a sentence. Empty if there is no store."""
        return "" if self.store is None else f" in {place_of(self.store)}"

    @property
    def how_to_log_in(self) -> str:
        """How the user gets a token to where this login is kept, as a sentence."""
        if self.store is None:
            return "Pass token= or token_store=, or log in with fetch_token."
        path = getattr(self.store, "path", None)
        if path is None:
            return "Log in with fetch_token on a session that has this store."
        command = as_command("kakao-session", "login", "--token-file", str(path))
        return f"Log in: run `{command}`."

    def load(self) -> Token | None:
        """:raises TokenStoreError: the store could not be read."""
        if self.store is None:
            return None
        return self._call("read", self._load, self.store)

    def _load(self, store: TokenStore) -> Token | None:
        stored: Any = store.load()
        if stored is not None and not isinstance(stored, Token):
            stored = Token(stored)  # other people's stores may load a plain dict
        if stored and stored.get(ENCRYPTED) == FERNET:
            why = "it is encrypted. Use EncryptedTokenStore(store, key)"
            raise could_not("read", f"the token{self.place}", why)
        return cast("Token | None", stored)

    def check(self, token: Token) -> None:
        """Check that a token can be written, before Kakao replaces its refresh token.

        :raises TokenStoreError: a store of ours can't write a value in it.
        """
        if is_ours(self.store):
            try:
                to_text(token)
            except ValueError as error:
                raise could_not("save", place_of(self.store), str(error)) from error

    def save(self, token: Token, before_callback: Callable[[], object] = lambda: None) -> None:
        """Save a token in the store, then call the save callback.

        :param before_callback: called when the token is in the store.
        :raises TokenStoreError: the store or the save callback failed.
        """
        bounded(None, lambda: self._save(token, before_callback))  # even if the call is over

    def _save(self, token: Token, before_callback: Callable[[], object]) -> None:
        if self.store is not None:
            self._call("save", self.store.save, token)
        if self.updater is not None:
            before_callback()
            self._call("save", self.updater, token.copy(), who=": token_updater failed")

    def remember(self, replaced: str, token: Token) -> None:
        """Note a new token until it is saved, for all in this process who use the same place.

        :param replaced: the fingerprint of the refresh token that Kakao has replaced.
        """
        _unsaved[replaced, self._name] = token, self._store_or_updater

    def newer_than(self, token: Token) -> Token | None:
        """:returns: the token that Kakao has replaced this one with, if it is not saved yet."""
        newer = None
        while _unsaved:
            name = fingerprint((newer or token).get("refresh_token") or "")
            found = _unsaved.get((name, self._name))
            if found is None:
                break
            newer, _ = found
        return newer

    def forget_newer_than(self, replaced: Iterable[str]) -> None:
        """Forget the successors of refresh tokens: they are saved, or not wanted any more."""
        for name in replaced:
            _unsaved.pop((name, self._name), None)

    @property
    def _store_or_updater(self) -> object:
        return self.updater if self.store is None else self.store

    @property
    def _name(self) -> object:
        """The name of the place. Stores of ours that are made for the same place have the same."""
        return repr(self.store) if is_ours(self.store) else id(self._store_or_updater)

    def delete(self) -> None:
        """:raises TokenStoreError: the token could not be deleted from the store."""
        if self.store is not None:
            self._call("delete", self.store.delete)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep everybody else out of the store.

        :raises TokenStoreError: it could not be locked, and nothing has happened; or it could not
            be unlocked.
        """
        if self.store is None:
            yield
            return
        lock = self._call("lock", self.store.lock)
        self._call("lock", lock.__enter__)
        try:
            yield
        finally:
            self._call("unlock", lock.__exit__, None, None, None)

    def _call(self, verb: str, function: Callable[..., T], *arguments: Any, who: str = "") -> T:
        """Call other people's code.

        :param verb: what it does with the token, for the message.
        :param who: who failed, if it was not the store.
        """
        try:
            return _finished(function(*arguments))
        except TokenStoreError:
            raise
        except Exception as error:
            kept = " Until then the new token is in memory only." if verb == "save" else ""
            raise TokenStoreError(
                f"Could not {verb} the token{who or self.place} ({type(error).__name__}). Fix what "
                f"caused it and try again.{kept}"
            ) from error


def _finished(result: T) -> T:
    """:raises TypeError: the function was for asyncio, and has done nothing yet."""
    if isinstance(result, Coroutine):
        result.close()
        raise TypeError("a function for asyncio saves nothing here")
    return result
