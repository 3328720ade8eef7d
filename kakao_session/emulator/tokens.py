"""Authorization codes, access tokens and refresh tokens, and the login that they belong to."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.users import User


@dataclass(eq=False)
class Issued:
    """A code or token that Kakao has issued.

    :param expires_at: unix seconds.
    :param ended: why it ended before it expired, as in "was revoked"; ``None`` if it did not.
    """

    value: str
    user: User
    expires_at: float
    ended: str | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.value)


@dataclass(eq=False)
class AuthorizationCode(Issued):
    """A code for the redirect URI.

    :param redirect_uri: the redirect URI that it was sent to; the exchange must name the same.
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
class Token(Issued):
    login: Login = field(kw_only=True)


class RefreshToken(Token):
    pass


class AccessToken(Token):
    pass


@dataclass(frozen=True, eq=False)
class Login:
    """What the tokens from one authorization code have in common.

    :param openid: whether the token answers have an ``id_token``.
    :param nonce: from the authorization request; every ``id_token`` repeats it.
    :param since: when the user logged in, unix seconds.
    """

    openid: bool
    nonce: str | None
    since: float


@dataclass(frozen=True)
class TokenResponse:
    """What the token endpoint answers (RFC 6749, section 5.1), and a note for the journal."""

    body: dict[str, Any]
    access_token: AccessToken
    note: str


def end(issued: Iterable[Issued], why: str) -> None:
    """End the codes and tokens that have not ended yet."""
    for each in issued:
        each.ended = each.ended or why


def new_value() -> str:
    """:returns: 64 random characters, as in Kakao's tokens."""
    return secrets.token_urlsafe(48)


def fingerprint(token: str) -> str:
    """:returns: eight characters that identify a token without revealing it."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]
