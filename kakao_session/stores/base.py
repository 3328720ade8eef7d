"""What a store is: the place where a login outlives the process."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from kakao_session.token import Token

LOCK_TIMEOUT = 120.0
"""Seconds to wait for whoever renews: more than a renewal takes with the default time-outs."""

LEFT_ALONE = "It was left as it is. Restore it, or move it away and run `kakao-session login`"
"""What to do about a value that is no token."""


@runtime_checkable
class TokenStore(Protocol):
    """A place for one token, shared by everybody who is given the same place.

    Each method raises :class:`~kakao_session.TokenStoreError`, which names the place, when it can't
    do its work; what is stored is left as it was.
    """

    def load(self) -> Token | None:
        """:returns: the stored token, every key kept; ``None`` if there is none."""

    def save(self, token: Token) -> None:
        """Put *token* in the place of what is stored: wholly, or not at all."""

    def delete(self) -> None:
        """Remove what is stored; nothing happens if there is nothing."""

    def lock(self) -> AbstractContextManager[object]:
        """:returns: a context that one holder at a time is in, of all who share the place.

        Entering also makes sure, as far as it can be known, that a :meth:`save` will succeed: a
        refresh token is spent inside.
        """
