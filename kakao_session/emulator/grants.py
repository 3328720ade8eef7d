"""Who is logged in: users, the codes and tokens that were issued, and what became of them."""

from __future__ import annotations

import hashlib
import secrets
import threading
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.durations import in_words
from kakao_session.emulator.fingerprint import fingerprint
from kakao_session.emulator.rate_limit import RateLimit, limits
from kakao_session.emulator.refusals import KapiRefusal, KauthRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.switches import Switches

CODE_LIFETIME = 600
LAST_MONTH = 30 * 86_400


@dataclass(eq=False)
class User:
    """A person with a Kakao account, and what he has agreed to for the app."""

    id: int
    nickname: str
    connected_at: float
    scopes: set[str] = field(default_factory=set)


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
    redirect_uri: str = ""
    challenge: str | None = None


@dataclass(eq=False)
class Token(Issue):
    login: Login = field(kw_only=True)


class RefreshToken(Token):
    pass


class AccessToken(Token):
    pass


@dataclass(eq=False)
class Login:
    """All that descends from one code: the refresh token of the day and the access tokens."""

    refresh_tokens: list[RefreshToken] = field(default_factory=list)
    access_tokens: list[AccessToken] = field(default_factory=list)


@dataclass(frozen=True)
class Issued:
    """What the token endpoint gives: the answer, and the reason for the log."""

    answer: dict[str, Any]
    access_token: AccessToken
    why: str


class Grants:
    """Kakao's memory. Each method is one step that no other request can come between."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._rate_limit = RateLimit()
        self._lock = threading.RLock()
        self._users: dict[int, User] = {}
        self._issues: dict[str, Issue] = {}

    def user(self, user_id: int) -> User:
        """:returns: the user, who comes into being when first named."""
        with self._lock:
            if user_id not in self._users:
                self._users[user_id] = User(user_id, "홍길동", self._clock.now())
            return self._users[user_id]

    def new_code(
        self, user_id: int, scopes: Iterable[str], redirect_uri: str, challenge: str | None
    ) -> Code:
        """The user agrees: a code for the authorization answer."""
        with self._lock:
            user = self._agree(user_id, scopes)
            expires_at = self._clock.now() + CODE_LIFETIME
            code = Code(_opaque(), user, expires_at, None, redirect_uri, challenge)
            self._issues[code.value] = code
            return code

    def login(self, user_id: int, scopes: Iterable[str]) -> Issued:
        """A whole login at once, which no rate limit counts."""
        with self._lock:
            return self._new_login(self._agree(user_id, scopes), "logged in")

    def redeem(self, value: str | None, redirect_uri: str | None, verifier: str | None) -> Issued:
        """``grant_type=authorization_code``.

        :raises KauthRefusal: KOE320, KOE303, KOE313, KOE237.
        """
        with self._lock:
            code = self._redeemable(value)
            if redirect_uri != code.redirect_uri:
                raise KauthRefusal("KOE303", "not the redirect_uri of the authorization request")
            if code.challenge is not None and _s256(verifier or "") != code.challenge:
                raise KauthRefusal("KOE313", "code_verifier does not belong to the code_challenge")
            self._count(code.user, with_refresh_token=True)
            code.ended = "was used already"
            return self._new_login(code.user, "code accepted")

    def refresh(self, value: str | None) -> Issued:
        """``grant_type=refresh_token``.

        :raises KauthRefusal: KOE319, KOE322, KOE237.
        """
        with self._lock:
            presented = self._renewable(value)
            left = presented.expires_at - self._clock.now()
            renew = self._renews(left)
            self._count(presented.user, with_refresh_token=renew)
            if self._switches.previous_access_token == "dies":  # noqa: S105 - a switch's position
                _end(presented.login.access_tokens, "was replaced by a refresh")
            token = self._new_access_token(presented.user, presented.login)
            answer: dict[str, Any] = {"access_token": token.value, "token_type": "bearer"}
            new = f"new access token for {in_words(self._switches.access_lifetime)}"
            why = f"{new}; refresh token stays ({in_words(left)} left)"
            if renew:
                presented.ended = "was replaced by a newer one"
                answer |= self._new_refresh_token(presented.user, presented.login)
                why = f"{new}; new refresh token, the old one died ({in_words(left)} left)"
            answer |= {"expires_in": self._switches.access_lifetime}
            return Issued(answer, token, why)

    def holder(self, value: str) -> AccessToken:
        """:returns: the access token, if it is good.

        :raises KapiRefusal: -401.
        """
        with self._lock:
            token = self._issues.get(value)
            if not isinstance(token, AccessToken):
                why = "no such access token was ever issued"
                raise KapiRefusal(401, -401, "this access token does not exist", why)
            if token.ended:
                why = f"access token {token.ended}"
                raise KapiRefusal(401, -401, "this access token does not exist", why)
            if (ago := self._clock.now() - token.expires_at) >= 0:
                why = f"access token ended {in_words(ago)} ago"
                raise KapiRefusal(401, -401, "this access token is already expired", why)
            return token

    def find(self, value: str) -> Issue | None:
        """:returns: what was issued under this value, dead or alive."""
        with self._lock:
            return self._issues.get(value)

    def revoke_access_tokens(self) -> None:
        """Every access token is gone, as if Kakao had withdrawn it."""
        with self._lock:
            _end(self._access_tokens(), "was revoked")

    def expire_access_tokens(self) -> None:
        """Every access token has reached its end."""
        with self._lock:
            now = self._clock.now()
            for token in self._access_tokens():
                token.expires_at = min(token.expires_at, now)

    def logout(self, token: AccessToken) -> None:
        """The API's logout, with the access token that is to end."""
        with self._lock:
            token.ended = "was logged out"
            if self._switches.logout_ends == "both":
                _end(token.login.refresh_tokens, "was logged out")

    def unlink(self, user_id: int) -> None:
        """The user and the app part: every code and token ends, every agreement is forgotten."""
        with self._lock:
            _end(
                (issue for issue in self._issues.values() if issue.user.id == user_id),
                "ended with the link between user and app",
            )
            self._users.pop(user_id, None)

    def clear(self) -> None:
        """Nobody has ever been here."""
        with self._lock:
            self._users.clear()
            self._issues.clear()
            self._rate_limit.clear()

    def _agree(self, user_id: int, scopes: Iterable[str]) -> User:
        user = self.user(user_id)
        user.scopes.update(scopes)
        return user

    def _redeemable(self, value: str | None) -> Code:
        code = self._issues.get(value or "")
        if isinstance(code, Code) and not code.ended and self._clock.now() < code.expires_at:
            return code
        why = "no such authorization code"
        if isinstance(code, Code):
            why = f"authorization code {code.ended or 'is too old'}"
        echo = "null" if value is None else value
        description = f"authorization code not found for code={echo}"
        raise KauthRefusal("KOE320", why, description=description)

    def _renewable(self, value: str | None) -> RefreshToken:
        if not value:
            raise KauthRefusal("KOE319", "the form has no refresh_token")
        token = self._issues.get(value)
        if not isinstance(token, RefreshToken):
            raise KauthRefusal("KOE322", "no such refresh token was ever issued")
        if token.ended:
            raise KauthRefusal("KOE322", f"refresh token {token.ended}")
        if (ago := self._clock.now() - token.expires_at) >= 0:
            raise KauthRefusal("KOE322", f"refresh token ended {in_words(ago)} ago")
        return token

    def _renews(self, left: float) -> bool:
        renewal = self._switches.refresh_token_renewal
        return renewal == "always" or (renewal == "last_month" and left < LAST_MONTH)

    def _count(self, user: User, *, with_refresh_token: bool) -> None:
        if not self._switches.rate_limit:
            return
        kinds, now = limits(with_refresh_token=with_refresh_token), self._clock.now()
        if exceeded := self._rate_limit.exceeded(user.id, kinds, now):
            raise KauthRefusal("KOE237", exceeded, status=self._switches.rate_limit_status)
        self._rate_limit.count(user.id, kinds, now)

    def _new_login(self, user: User, why: str) -> Issued:
        """Keys stand in the order in which Kakao writes them, which is another at a refresh."""
        login = Login()
        refresh = self._new_refresh_token(user, login)
        token = self._new_access_token(user, login)
        answer: dict[str, Any] = {
            "access_token": token.value,
            "token_type": "bearer",
            "refresh_token": refresh["refresh_token"],
            "expires_in": self._switches.access_lifetime,
        }
        if user.scopes:
            answer["scope"] = " ".join(sorted(user.scopes))
        answer["refresh_token_expires_in"] = refresh["refresh_token_expires_in"]
        return Issued(answer, token, why)

    def _new_access_token(self, user: User, login: Login) -> AccessToken:
        expires_at = self._clock.now() + self._switches.access_lifetime
        token = AccessToken(_opaque(), user, expires_at, login=login)
        self._issues[token.value] = token
        login.access_tokens.append(token)
        return token

    def _new_refresh_token(self, user: User, login: Login) -> dict[str, Any]:
        lifetime = self._switches.refresh_lifetime
        token = RefreshToken(_opaque(), user, self._clock.now() + lifetime, login=login)
        self._issues[token.value] = token
        login.refresh_tokens.append(token)
        return {"refresh_token": token.value, "refresh_token_expires_in": lifetime}

    def _access_tokens(self) -> Iterator[AccessToken]:
        return (issue for issue in self._issues.values() if isinstance(issue, AccessToken))


def _end(issues: Iterable[Issue], why: str) -> None:
    for issue in issues:
        issue.ended = issue.ended or why


def _opaque() -> str:
    return secrets.token_urlsafe(48)


def _s256(verifier: str) -> str:
    """:returns: the code challenge of a verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
