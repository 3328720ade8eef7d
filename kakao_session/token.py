"""What a token is: Kakao's answer, the moments at which it ends, how a new one follows an old.

How to get one is told in :mod:`~kakao_session.kauth`, how to keep one in
:mod:`~kakao_session.source`.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from kakao_session.secret import fingerprint, hidden

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


def now() -> float:
    """The clock of the whole package, in unix seconds: tests move time here."""
    return time.time()


class Token(dict[str, Any]):
    """The token endpoint's answer (RFC 6749, section 5.1), with the moments at which it ends.

    Besides Kakao's own keys there are ``expires_at`` and ``refresh_token_expires_at``, in unix
    seconds; a moment that is not known is absent. Every other key is kept as it is, such as the
    ``app_key`` of the tutorials. An empty token stands for none.

    :raises ValueError: there is neither ``access_token`` nor ``refresh_token``, or one of them is
        not fit for a header, or a moment is not a number. The message shows no value.
    """

    refresh_token_changed: bool = False
    """Whether the change that made this token brought a new refresh token: then, and only then, a
    copy kept elsewhere (a CI secret, say) has to be rewritten."""

    def __init__(
        self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, **more: Any
    ) -> None:
        super().__init__(values, **more)
        values, more = (), {}  # a traceback would show them
        if not self:
            return
        if self.get("access_token") is None and self.get("refresh_token") is None:
            raise ValueError("neither access_token nor refresh_token is there")
        for key in ("access_token", "refresh_token"):
            if self.get(key) is not None and not is_sendable(self[key]):
                raise ValueError(f"{key} is not a string of visible ASCII characters")
        for _, end in _LIVES:
            moment = self.get(end)
            if moment is not None:
                if _finite(moment) is None:
                    raise ValueError(f"{end} is not a number of unix seconds")
                if isinstance(moment, str):
                    self[end] = _finite(moment)

    @classmethod
    def from_response(cls, answer: Mapping[str, Any], requested_at: float) -> Token:
        """Read an answer of the token endpoint.

        :param answer: the JSON object that Kakao sent; a null counts as absent.
        :param requested_at: when the request was sent, in unix seconds: lives count from then.
        :returns: the token, with a moment for each life that the answer tells. A clock that shows a
            moment before 2026 is wrong, and no refresh token's end is counted from it.
        :raises ValueError: the answer is no token.
        """
        answer = hidden(answer)
        token = cls({key: value for key, value in answer.items() if value is not None})
        if "access_token" not in token:
            raise ValueError("access_token is not there")
        for life, end in _LIVES:
            token.pop(end, None)
            if life in token:
                seconds = _finite(token[life])
                if seconds is None:
                    raise ValueError(f"{life} is not a number of seconds")
                token[end] = requested_at + seconds
        if requested_at < _FIRST_DAY:
            # Once the clock is put right, this end would declare a living login dead.
            token.pop("refresh_token_expires_at", None)
        return token

    def merged(self, answer: Token) -> Token:
        """The token that follows this one when a refresh brought *answer* (RFC 6749, section 6).

        What the answer does not have stays, the refresh token above all; but the end of an old
        token is never taken for the end of a new one.
        """
        new = Token({**self, **answer})
        if "expires_in" not in answer:
            new.pop("expires_in", None)
            new.pop("expires_at", None)
        new.refresh_token_changed = new.get("refresh_token") != self.get("refresh_token")
        if new.refresh_token_changed and "refresh_token_expires_in" not in answer:
            new.pop("refresh_token_expires_in", None)
            new.pop("refresh_token_expires_at", None)
        return new

    def with_refresh_token(self, refresh_token: str) -> Token:
        """This token with another refresh token, whose end is not known."""
        twin = Token({**self, "refresh_token": refresh_token})
        for key in _LIVES[1]:
            twin.pop(key, None)
        return twin

    def copy(self) -> Token:
        """A token of its own, equal to this one."""
        twin = Token(self)
        twin.refresh_token_changed = self.refresh_token_changed
        return twin

    def is_same_as(self, other: Token | None) -> bool:
        """Whether *other* carries the same credentials, whatever else it says."""
        return other is not None and all(
            self.get(key) == other.get(key) for key in ("access_token", "refresh_token")
        )

    @property
    def lifetime(self) -> float | None:
        """How long the access token lived when it was new, in seconds; ``None`` if not known."""
        return _finite(self.get("expires_in"))

    @property
    def ends_at(self) -> float:
        """When the access token ends, in unix seconds; infinity if that is not known.

        A life that is not positive has ended, whenever it began.
        """
        end: float | None = self.get("expires_at")
        if end is not None:
            return end
        return -math.inf if self.lifetime is not None and self.lifetime <= 0 else math.inf

    @property
    def issued_at(self) -> float:
        """About when the access token was issued, in unix seconds; the earliest if not known."""
        return -math.inf if math.isinf(self.ends_at) else self.ends_at - (self.lifetime or 0.0)

    def is_expired(self, leeway: float = 0) -> bool:
        """Whether the access token has ended, or ends within *leeway* seconds.

        A token whose end is not known has not ended.
        """
        return now() >= self.ends_at - leeway

    def is_refresh_token_expired(self) -> bool:
        """Whether the refresh token is known to have ended."""
        end: float | None = self.get("refresh_token_expires_at")
        return end is not None and now() >= end

    @property
    def scopes(self) -> frozenset[str]:
        """What the user has agreed to, as far as Kakao told."""
        scope = self.get("scope") or ""
        if isinstance(scope, (list, tuple, set, frozenset)):  # as oauthlib keeps them
            scope = " ".join(map(str, scope))
        return frozenset(str(scope).replace(",", " ").split())

    @property
    def fingerprint(self) -> str:
        """A short name of the access token for logs and people; says nothing about the token."""
        return fingerprint(self.get("access_token") or self.get("refresh_token") or "")

    def __repr__(self) -> str:
        return f"<Token {self.fingerprint}>" if self else "<Token: none>"

    def __rich_repr__(self) -> Iterable[str]:
        # rich would print a dict's items, whatever its repr.
        yield self.fingerprint


_FIRST_DAY = 1767225600.0  # 2026-01-01

_LIVES = (
    ("expires_in", "expires_at"),
    ("refresh_token_expires_in", "refresh_token_expires_at"),
)


_NUMERIC = (int, float, str)


def is_sendable(value: Any) -> bool:
    """Whether *value* is fit for a header or a form: a string of visible ASCII characters."""
    return isinstance(value, str) and bool(_VISIBLE_ASCII.fullmatch(value))


def _finite(value: Any) -> float | None:
    """*value* as a finite number, or ``None``; a string of digits counts as its number."""
    if isinstance(value, bool) or not isinstance(value, _NUMERIC):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
