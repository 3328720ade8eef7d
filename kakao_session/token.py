"""What a token is: Kakao's answer, when it ends, how a new one follows an old one; and the bearer.

:mod:`~kakao_session.token_endpoint` gets tokens, :mod:`~kakao_session.token_source` picks the one
that a call uses.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from kakao_session.redaction import fingerprint, without_inner_frames

LEEWAY = 60.0
"""An access token with less than this many seconds left is refreshed before it is used."""

REFRESH_AHEAD = 300.0
"""This many seconds before that, one caller refreshes it while the others go on using it."""

_LARGEST_SHARE = 0.25
"""Each of the two takes at most this share of the token's life, so a new token is never too old."""


def now() -> float:
    """The clock of the whole package, in unix seconds. Tests change the time here."""
    return time.time()


class Token(dict[str, Any]):
    """The answer of the token endpoint (RFC 6749, section 5.1), and when it expires.

    It is a dict with Kakao's keys, and with ``expires_at`` and ``refresh_token_expires_at`` in unix
    seconds. Times as other SDKs write them are converted: milliseconds, ISO 8601 (local time if it
    has no time zone) and ``datetime``. A time that can't be read is left out, so it is unknown. An
    empty string counts as absent, because CI systems pass an unset secret like that. All other keys
    are kept, such as ``app_key`` of the tutorials. An empty token means that there is none.

    :param values: what ``dict`` takes: a mapping, or pairs. Keywords work too.
    :raises ValueError: there is neither ``access_token`` nor ``refresh_token``, or one of them
        can't be sent in a header. The message shows no value.

    >>> token = Token(json.loads(Path("kakao_token.json").read_text()))
    >>> token.is_expired(leeway=60)
    False
    """

    refresh_token_changed: bool = False
    """Whether this token came with a new refresh token. If so, update your other copies of it, such
    as a secret of a CI job."""

    @without_inner_frames
    def __init__(
        self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, **more: Any
    ) -> None:
        try:
            super().__init__(values, **more)
        except (TypeError, ValueError):
            raise ValueError("a token is a dict such as {'access_token': ...}") from None
        if not self:
            return
        if None in self.values() or "" in self.values():
            for key in [key for key, value in self.items() if value in _ABSENT and key in _KEYS]:
                del self[key]
        if "access_token" not in self and "refresh_token" not in self:
            raise ValueError(_why_no_token(self))
        for key in ("access_token", "refresh_token"):
            if key in self and not is_sendable(self[key]):
                raise ValueError(f"{key} is not a string of visible ASCII characters")
        for life, end in _LIVES:
            if not isinstance(self.get(life), _USUAL):
                number = _finite(self[life])  # of a Decimal, for example
                if number is not None:
                    self[life] = number
            if end in self:
                moment = _moment(self[end])
                if moment is None:
                    del self[end]
                else:
                    self[end] = moment

    @classmethod
    @without_inner_frames
    def from_response(cls, answer: Mapping[str, Any], requested_at: float) -> Token:
        """Make a token from an answer of the token endpoint.

        :param answer: the JSON object that Kakao sent. A null counts as absent.
        :param requested_at: when the request was sent, in unix seconds. ``expires_in`` counts from
            then.
        :returns: the token, with ``expires_at`` and ``refresh_token_expires_at`` as far as the
            answer has their lives. If *requested_at* is before 2026 the clock is wrong, and the end
            of the refresh token is left out.
        :raises ValueError: the answer is not a token.

        >>> token = Token.from_response(response.json(), time.time())
        """
        token = cls({key: value for key, value in answer.items() if value is not None})
        if "access_token" not in token:
            raise ValueError("access_token is not there")
        for life, end in _LIVES:
            token.pop(end, None)
            seconds = _finite(token.get(life))
            if seconds is not None:
                token[end] = requested_at + seconds
        if requested_at < _FIRST_DAY:
            # When the clock is right again, this end would make a good login look expired.
            token.pop("refresh_token_expires_at", None)
        return token

    @without_inner_frames
    def merged(self, answer: Token) -> Token:
        """The new token after a refresh that was answered with *answer* (RFC 6749, section 6).

        What the answer does not have stays, above all the refresh token. But the end of an old
        token is never kept as the end of a new one.
        """
        old = self.get("refresh_token")
        changed = answer.get("refresh_token", old) != old
        outdated = {*_LIVES[0], *(_LIVES[1] if changed else ())}
        kept = {key: value for key, value in self.items() if key not in outdated}
        new = Token({**kept, **answer})
        new.refresh_token_changed = changed
        return new

    def with_fields_of(self, twin: Token) -> Token:
        """This token with what somebody has changed in a stored copy, such as ``app_key``.

        The times stay: those of a copy may be a guess.
        """
        times = {key: self[key] for life in _LIVES for key in life if key in self}
        return Token({**self, **twin, **times})

    @without_inner_frames
    def with_refresh_token(self, refresh_token: str) -> Token:
        """This token with another refresh token, whose end is unknown."""
        twin = Token({**self, "refresh_token": refresh_token})
        for key in _LIVES[1]:
            twin.pop(key, None)
        return twin

    def with_app(self, app_key: str | None, client_secret: str | None) -> Token:
        """This token with its app's REST API key and client secret. ``None`` leaves one out."""
        app = {"app_key": app_key, "client_secret": client_secret}
        return Token({**self, **app})

    def copy(self) -> Token:
        """Copy the token.

        :returns: an equal token, with the same ``refresh_token_changed``.
        """
        twin = Token(self)
        twin.refresh_token_changed = self.refresh_token_changed
        return twin

    @without_inner_frames
    def __or__(self, other: Any) -> Any:
        """This token updated with another mapping, as a ``Token``."""
        if not isinstance(other, Mapping):
            return NotImplemented
        twin = Token({**self, **other})
        twin.refresh_token_changed = self.refresh_token_changed
        return twin

    @without_inner_frames
    def __ror__(self, other: Any) -> Any:
        """Another mapping updated with this token, as a ``Token``."""
        if not isinstance(other, Mapping):
            return NotImplemented
        twin = Token({**other, **self})
        twin.refresh_token_changed = self.refresh_token_changed
        return twin

    def is_same_as(self, other: Token | None) -> bool:
        """Whether *other* has the same access token and refresh token."""
        return (
            other is not None
            and self.get("access_token") == other.get("access_token")
            and self.get("refresh_token") == other.get("refresh_token")
        )

    @property
    def lifetime(self) -> float | None:
        """How long the access token lives after it was issued, in seconds; ``None`` if unknown."""
        return _finite(self.get("expires_in"))

    @property
    def ends_at(self) -> float:
        """When the access token expires, in unix seconds; infinity if unknown.

        If ``expires_in`` is zero or less, it has expired: minus infinity.
        """
        end: float | None = self.get("expires_at")
        if end is not None:
            return end
        return -math.inf if self.lifetime is not None and self.lifetime <= 0 else math.inf

    @property
    def issued_at(self) -> float:
        """About when the access token was issued, in unix seconds; minus infinity if unknown."""
        lifetime = _USUAL_LIFE if self.lifetime is None else self.lifetime
        return -math.inf if math.isinf(self.ends_at) else self.ends_at - lifetime

    def is_expired(self, leeway: float = 0) -> bool:
        """Whether the access token has expired, or will expire within *leeway* seconds.

        :param leeway: seconds.
        :returns: ``False`` too if the end of the token is unknown.
        """
        return now() >= self.ends_at - leeway

    def is_refresh_token_expired(self) -> bool:
        """Whether the refresh token has expired.

        :returns: ``False`` too if its end is unknown.
        """
        end: float | None = self.get("refresh_token_expires_at")
        return end is not None and now() >= end

    def may_get_new_refresh_token(self) -> bool:
        """Whether the next refresh may bring a new refresh token.

        Kakao replaces it in its last month. If its end is unknown, that may be now.
        """
        end: float | None = self.get("refresh_token_expires_at")
        return end is None or now() >= end - _LAST_MONTH

    def can_be_refreshed(self) -> bool:
        """Whether there is a refresh token, and it is not known to have ended."""
        return bool(self.get("refresh_token")) and not self.is_refresh_token_expired()

    @property
    def scopes(self) -> frozenset[str]:
        """The consent items that the user has agreed to, as far as the token shows them."""
        scope = self.get("scope") or ""
        if isinstance(scope, (list, tuple, set, frozenset)):  # as oauthlib keeps them
            scope = " ".join(map(str, scope))
        return frozenset(str(scope).replace(",", " ").split())

    @property
    def fingerprint(self) -> str:
        """A short name of the token for logs, such as ``3f9a1c52``: the start of its hash."""
        return fingerprint(self.get("access_token") or self.get("refresh_token") or "")

    def __repr__(self) -> str:
        return f"<Token {self.fingerprint}>" if self else "<Token: none>"

    def __rich_repr__(self) -> Iterable[str]:
        # rich would print a dict's items, whatever its repr.
        yield self.fingerprint


class Bearer:
    """A token as calls use it. It never changes, so threads read it without a lock.

    :param token: the token; empty for none.
    :param fresh_until: until then, a call uses it without a further look.
    :param usable_until: until then, a call may use it. After that it must be refreshed first.
    """

    __slots__ = ("authorization", "fresh_until", "token", "usable_until")

    def __init__(self, token: Token, fresh_until: float, usable_until: float) -> None:
        self.token = token
        self.authorization = f"Bearer {token.get('access_token')}"
        self.fresh_until = fresh_until
        self.usable_until = usable_until

    @classmethod
    def of(cls, token: Token, leeway: float, refresh_ahead: float) -> Bearer:
        """A bearer of *token*. *leeway* and *refresh_ahead* shrink if its life is short."""
        if not token.get("access_token"):
            return cls.unusable(token)
        life = token.lifetime
        longest = math.inf if life is None else max(0.0, life * _LARGEST_SHARE)
        usable_until = token.ends_at - min(leeway, longest)
        return cls(token, usable_until - min(refresh_ahead, longest), usable_until)

    @classmethod
    def unusable(cls, token: Token) -> Bearer:
        """A bearer that no call may use."""
        return cls(token, -math.inf, -math.inf)

    def not_fresh(self) -> Bearer:
        """The same token, but the next call goes through :meth:`TokenSource.current` first."""
        return Bearer(self.token, -math.inf, self.usable_until)

    def is_fresh(self) -> bool:
        return now() < self.fresh_until

    def is_usable(self) -> bool:
        return now() < self.usable_until


_LAST_MONTH = 31 * 24 * 3600.0
"""Kakao replaces a refresh token in its last 30 days. One day more, in case the clocks differ."""

_FIRST_DAY = 1767225600.0  # 2026-01-01

_LIVES = (
    ("expires_in", "expires_at"),
    ("refresh_token_expires_in", "refresh_token_expires_at"),
)


_KEYS = frozenset(
    {
        "access_token",
        "refresh_token",
        "id_token",
        "token_type",
        "scope",
        "app_key",
        "client_secret",
        *_LIVES[0],
        *_LIVES[1],
    }
)
_ABSENT = (None, "")

_USUAL_LIFE = 21_599.0
"""The life of an access token for a REST API key, in seconds, if it is unknown."""

_USUAL = (int, float, str, type(None))
"""What *expires_in* is in nearly every token."""

_LATEST_IN_SECONDS = 1e11
"""A moment above this (the year 5138) is in milliseconds."""

_CAMEL_CASE = ("accessToken", "refreshToken")


_VISIBLE_ASCII = re.compile("[!-~]+")


def is_sendable(value: Any) -> bool:
    """Whether *value* can be sent in a header or form: a string of visible ASCII characters."""
    return isinstance(value, str) and _VISIBLE_ASCII.fullmatch(value) is not None


def _why_no_token(values: Mapping[str, Any]) -> str:
    """Why an object without tokens is not a token. Values and long keys are not shown."""
    if "error" in values or "error_code" in values:
        code = values.get("error_code")
        is_code = isinstance(code, str) and re.fullmatch(r"KOE\d{1,4}", code)
        return f"this is Kakao's error answer{f' {code}' if is_code else ''}, not a token"
    if any(key in values for key in _CAMEL_CASE):
        return (
            "its keys are in camelCase: rename them to access_token, refresh_token, expires_at "
            "and refresh_token_expires_at"
        )
    for key, value in values.items():
        if isinstance(value, dict) and ("access_token" in value or "refresh_token" in value):
            where = f"'{key}'" if re.fullmatch(r"\w{1,16}", str(key)) else "another key"
            return f"the token is nested under {where}: only that inner object is the token"
    return "neither access_token nor refresh_token is there"


def _moment(value: Any) -> float | None:
    """*value* as unix seconds; ``None`` if it can't be read."""
    if type(value) is float and 0.0 < value <= _LATEST_IN_SECONDS:
        return value  # nearly always
    if isinstance(value, datetime):
        return _timestamp(value)
    number = _finite(value)
    if number is None:
        return _from_iso(value) if isinstance(value, str) else None
    if number > _LATEST_IN_SECONDS:
        number = value = number / 1000
    if number > _LATEST_IN_SECONDS:
        return None
    return value if isinstance(value, int | float) else number  # an int stays an int


def _from_iso(text: str) -> float | None:
    # Python 3.10 knows neither Z, nor +09, nor other fractions than three or six digits.
    text = re.sub(r"[zZ]$", "+00:00", text.strip())
    text = re.sub(r"[.,](\d{1,6})\d*", lambda match: f".{match[1]:0<6}", text)
    text = re.sub(r"(:\d\d[^+-]*[+-]\d\d)$", r"\1:00", text)
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text)
    try:
        return _timestamp(datetime.fromisoformat(text))
    except ValueError:
        return None


def _timestamp(moment: datetime) -> float | None:
    try:
        return moment.timestamp()
    except (ValueError, OverflowError, OSError):  # a year that the system does not know
        return None


def _finite(value: Any) -> float | None:
    """*value* as a finite number; ``None`` if it is not one.

    Strings of digits are numbers, and so is what databases and data frames have for numbers.
    """
    if isinstance(value, bool) or not (isinstance(value, str) or hasattr(value, "__float__")):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
