"""When tokens expire, in words, and what that means for the login."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from kakao_session.cli.i18n import _, mark
from kakao_session.cli.output import keep_together
from kakao_session.redaction import fingerprint
from kakao_session.token import Token, now

State = Literal["fine", "ending", "needed"]

SOON = 7 * 86_400
"""A login with less than this many seconds left ends soon."""

LAST_MONTH = 30 * 86_400
"""Kakao replaces a refresh token with less than this many seconds left when it is used."""

_UNITS = (
    (31_557_600, mark("{count} years")),
    (2_629_800, mark("{count} months")),
    (604_800, mark("{count} weeks")),
    (86_400, mark("{count} days")),
    (3_600, mark("{count} hours")),
    (60, mark("{count} minutes")),
    (1, mark("{count} seconds")),
)
_AT_LEAST = 1.9  # of a unit: so there is no singular
_CENTURY = 3_155_760_000.0


def login_state(token: Token) -> State:
    """:returns: whether the login goes on, ends soon, or a new one is needed."""
    if not token.get("refresh_token"):
        return "needed" if not token.get("access_token") or token.is_expired() else "ending"
    if token.is_refresh_token_expired():
        return "needed"
    end = token.get("refresh_token_expires_at")
    return "ending" if end is not None and end - now() <= SOON else "fine"


def replaces_refresh_token(token: Token) -> bool | None:
    """Whether the next refresh brings a new refresh token; ``None`` if that is unknown."""
    if not token.get("refresh_token") or token.is_refresh_token_expired():
        return False
    end = token.get("refresh_token_expires_at")
    return None if end is None else end - now() < LAST_MONTH


def access_token_expiry(token: Token) -> str:
    """:returns: the access token's name and when it expires."""
    return _expiry(token.get("access_token"), token.get("expires_at"))


def refresh_token_expiry(token: Token) -> str:
    """:returns: the refresh token's name and when it expires."""
    return _expiry(token.get("refresh_token"), token.get("refresh_token_expires_at"))


def short_name(secret: object) -> str:
    """:returns: a name for a secret, from its hash."""
    return f"#{fingerprint(str(secret))}"


def moment(at: float) -> str:
    """:returns: unix seconds as ``2026-01-31 04:05 KST (in 3 weeks)``, kept together."""
    local = _local(at)
    words = in_words(at - now())
    return keep_together(f"{local:%Y-%m-%d %H:%M %Z} ({words})") if local else words


def clock_time(at: float) -> str:
    """:returns: unix seconds as ``04:05``."""
    local = _local(at)
    return f"{local:%H:%M}" if local else "?"


def iso(at: float) -> str | None:
    """:returns: unix seconds in ISO 8601; ``None`` if that is beyond the calendar."""
    local = _local(at)
    return local.isoformat(timespec="seconds") if local else None


def in_words(seconds: float) -> str:
    """:returns: a distance from now, such as ``in 6 hours`` or ``3 days ago``."""
    distance = abs(seconds)
    if distance >= _CENTURY:
        return _("in more than 100 years") if seconds > 0 else _("more than 100 years ago")
    if distance < _AT_LEAST:
        return _("now")
    unit, text = next(each for each in _UNITS if distance >= each[0] * _AT_LEAST)
    span = _(text, count=round(distance / unit))
    return _("in {span}", span=span) if seconds >= 0 else _("{span} ago", span=span)


def _expiry(secret: str | None, at: float | None) -> str:
    if not secret:
        return _("none")
    if at is None:
        return f"{short_name(secret)}, {_('expiry unknown')}"
    text = mark("expired {when}") if at <= now() else mark("expires {when}")
    return f"{short_name(secret)}, {_(text, when=moment(at))}"


def _local(at: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(at).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
