"""A token as calls use it: the header that carries it, and until when it is fresh and usable."""

from __future__ import annotations

import math

from kakao_session.secret import Secret
from kakao_session.token import Token, now

LEEWAY = 60.0
"""Seconds before its end from which on a token is not used any more."""

REFRESH_AHEAD = 300.0
"""Seconds before that from which on one caller renews it while the others go on."""

LARGEST_SHARE = 0.25
"""Of a token's life, the most that each of the two may take: a new token is never about to end."""


class Held:
    """A token and the two moments that decide what a call does. Never changed, so it needs no lock.

    :param token: the token; empty for none.
    :param fresh_until: until then calls use it, and that is all.
    :param usable_until: until then calls may use it; after that it has to be renewed first.
    """

    __slots__ = ("authorization", "fresh_until", "token", "usable_until")

    def __init__(self, token: Token, fresh_until: float, usable_until: float) -> None:
        self.token = token
        self.authorization = Secret(f"Bearer {self.access_token}")
        self.fresh_until = fresh_until
        self.usable_until = usable_until

    @classmethod
    def of(cls, token: Token, leeway: float, refresh_ahead: float) -> Held:
        """Hold *token*, with *leeway* and *refresh_ahead* cut to its life."""
        if not token.get("access_token"):
            return cls.dead(token)
        lifetime = token.lifetime
        longest = math.inf if lifetime is None else max(0.0, lifetime * LARGEST_SHARE)
        usable_until = token.ends_at - min(leeway, longest)
        return cls(token, usable_until - min(refresh_ahead, longest), usable_until)

    @classmethod
    def dead(cls, token: Token) -> Held:
        """Hold a token that no call may use."""
        return cls(token, -math.inf, -math.inf)

    def as_unsaved(self) -> Held:
        """The same, but no call goes out with it unseen."""
        return Held(self.token, -math.inf, self.usable_until)

    @property
    def access_token(self) -> str | None:
        return self.token.get("access_token")

    def is_fresh(self) -> bool:
        return now() < self.fresh_until

    def is_usable(self) -> bool:
        return now() < self.usable_until
