"""Where a token is kept: in the store first, then wherever ``token_updater`` puts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kakao_session.errors import TokenStoreError
from kakao_session.token import Token

if TYPE_CHECKING:
    from kakao_session.stores.base import TokenStore

TokenUpdater = Callable[[Token], object]


class Keeper:
    """The store and the save callback as one; either may be missing.

    Both are somebody else's code: whatever goes wrong in them comes out as a ``TokenStoreError``.

    :param store: where the login lives.
    :param updater: called with a copy of each new token.
    """

    __slots__ = ("seen", "store", "updater")

    def __init__(self, store: TokenStore | None, updater: TokenUpdater | None) -> None:
        self.store = store
        self.updater = updater
        self.seen: Token | None = None
        """What the store held when it was last looked at."""

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing to keep a token in: it lives as long as the process."""
        return self.store is None and self.updater is None

    @property
    def place(self) -> str:
        """Where the login lives, for a sentence; empty if it has no store."""
        return "" if self.store is None else f" in {self.store!r}"

    def load(self) -> Token | None:
        """:raises TokenStoreError: the store could not be read."""
        if self.store is None:
            return None
        with _guarded(f"The token{self.place} could not be read"):
            return self.store.load()

    def save(self, token: Token) -> None:
        """:raises TokenStoreError: the store or the save callback failed."""
        if self.store is not None:
            with _guarded(f"The token{self.place} could not be saved"):
                self.store.save(token)
            self.seen = token
        if self.updater is not None:
            with _guarded("The token could not be saved, for token_updater failed"):
                self.updater(token.copy())

    def delete(self) -> None:
        """:raises TokenStoreError: the store did not let go of the token."""
        if self.store is not None:
            with _guarded(f"The token{self.place} could not be deleted"):
                self.store.delete()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be alone with the store.

        :raises TokenStoreError: it could not be locked, and nothing has happened; or it could not
            be unlocked.
        """
        if self.store is None:
            yield
            return
        with _guarded(f"The token{self.place} could not be locked"):
            lock = self.store.lock()
            lock.__enter__()
        try:
            yield
        finally:
            with _guarded(f"The token{self.place} could not be unlocked"):
                lock.__exit__(None, None, None)


@contextmanager
def _guarded(what: str) -> Iterator[None]:
    try:
        yield
    except TokenStoreError:
        raise
    except Exception as error:
        raise TokenStoreError(
            f"{what} ({type(error).__name__}). Mend its cause, shown above; no login is lost while "
            "this process lives."
        ) from error
