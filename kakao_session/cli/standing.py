"""How a login stands: what is known of it without asking anybody."""

from __future__ import annotations

from typing import Literal

from kakao_session.cli.language import say
from kakao_session.cli.moments import moment
from kakao_session.redaction import fingerprint
from kakao_session.token import Token, now

Verdict = Literal["fine", "ending", "needed"]

SOON = 7 * 86_400
"""Seconds before its end from which on a login is said to end soon."""

LAST_MONTH = 30 * 86_400
"""Seconds before its end from which on a refresh renews the refresh token, too."""


def verdict(token: Token) -> Verdict:
    """:returns: whether the login will go on, ends within a week, or is over."""
    if not token.get("refresh_token"):
        return "needed" if not token.get("access_token") or token.is_expired() else "ending"
    if token.is_refresh_token_expired():
        return "needed"
    end = token.get("refresh_token_expires_at")
    return "ending" if end is not None and end - now() <= SOON else "fine"


def renews_refresh_token(token: Token) -> bool | None:
    """Whether the next refresh brings a new refresh token; ``None`` if that is not known."""
    if not token.get("refresh_token") or token.is_refresh_token_expired():
        return False
    end = token.get("refresh_token_expires_at")
    return None if end is None else end - now() < LAST_MONTH


def access_token_end(token: Token) -> str:
    """:returns: the access token's name and end, for a sentence."""
    return _end(token.get("access_token"), token.get("expires_at"))


def refresh_token_end(token: Token) -> str:
    """:returns: the refresh token's name and end, for a sentence."""
    return _end(token.get("refresh_token"), token.get("refresh_token_expires_at"))


def name_of(secret: object) -> str:
    """:returns: a short name that does not give the secret away."""
    return f"#{fingerprint(str(secret))}"


def _end(secret: str | None, at: float | None) -> str:
    if not secret:
        return say("none")
    if at is None:
        return say("end_unknown", name=name_of(secret))
    return say("ended" if at <= now() else "ends", name=name_of(secret), moment=moment(at))
