"""What Kakao issues: codes and tokens, and the login that they descend from."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.users import User


@dataclass(eq=False)
class Issue:
    """A code or token; the value is the key under which it is kept.

    :param ended: why it died before its time; ``None`` as long as it did not.
    """

    value: str
    user: User
    expires_at: float
    ended: str | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.value)


@dataclass(eq=False)
class Code(Issue):
    """What the authorization answer carries.

    :param redirect_uri: where it was sent to; the exchange has to name the same.
    :param challenge: the S256 ``code_challenge`` (RFC 7636), if there was one.
    :param nonce: for the ``id_token``.
    :param issued_at: when the user agreed, unix seconds.
    """

    redirect_uri: str = ""
    challenge: str | None = None
    nonce: str | None = None
    issued_at: float = 0.0

    def accepts(self, verifier: str | None) -> bool:
        """:returns: whether the verifier belongs to the challenge (RFC 7636, section 4.6)."""
        if self.challenge is None:
            return True
        digest = hashlib.sha256((verifier or "").encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge


@dataclass(eq=False)
class Token(Issue):
    login: Login = field(kw_only=True)


class RefreshToken(Token):
    pass


class AccessToken(Token):
    pass


@dataclass(eq=False)
class Login:
    """All that descends from one code: the refresh token of the day and the access tokens.

    :param openid: whether its answers carry an ``id_token``.
    :param nonce: of the authorization request, which each ``id_token`` repeats.
    :param since: when the user logged in, unix seconds.
    """

    openid: bool = False
    nonce: str | None = None
    since: float = 0.0
    refresh_tokens: list[RefreshToken] = field(default_factory=list)
    access_tokens: list[AccessToken] = field(default_factory=list)


@dataclass(frozen=True)
class Issued:
    """What the token endpoint gives: the answer, and the reason for the log."""

    answer: dict[str, Any]
    access_token: AccessToken
    why: str


def end(issues: Iterable[Issue], why: str) -> None:
    """End what has not ended yet."""
    for issue in issues:
        issue.ended = issue.ended or why


def opaque() -> str:
    """:returns: a new value: 64 characters that nobody can guess."""
    return secrets.token_urlsafe(48)
