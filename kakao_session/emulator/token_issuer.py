"""Issues codes and tokens, and ends them. Each method is one step, under a lock."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, TypeVar

from kakao_session.emulator.clock import in_words
from kakao_session.emulator.errors import KapiError, KauthError
from kakao_session.emulator.notes import Note
from kakao_session.emulator.tokens import (
    AccessToken,
    AuthorizationCode,
    Issued,
    Login,
    RefreshToken,
    Token,
    TokenResponse,
    end,
    new_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.openid import OpenID
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User, Users

T = TypeVar("T", bound=Token)

_CODE_LIFETIME = 600
_LAST_MONTH = 30 * 86_400
_RATE_LIMITS = {"access": (20, 600.0), "refresh": (30, 3_600.0)}  # tokens, in seconds
_EXCEEDED = {
    "access": "{most} access tokens in the last {time}",
    "refresh": "{most} refresh tokens in the last {time}",
}
_KEPT = "new access token for {lifetime}; refresh token stays ({left} left)"
_REPLACED = "new access token for {lifetime}; new refresh token, the old one died ({left} left)"


class TokenIssuer:
    """Kakao's memory of everything it has issued."""

    def __init__(self, clock: Clock, switches: Switches, users: Users, openid: OpenID) -> None:
        self._clock = clock
        self._switches = switches
        self._users = users
        self._openid = openid
        self._rate_limit = RateLimit()
        self._lock = threading.RLock()
        self._issued: dict[str, Issued] = {}

    def new_code(
        self,
        user_id: int,
        scopes: Iterable[str],
        redirect_uri: str,
        *,
        challenge: str | None = None,
        nonce: str | None = None,
    ) -> AuthorizationCode:
        """Issue a code for a user who agrees to the scopes."""
        with self._lock:
            user, now = self._agree(user_id, scopes), self._clock.now()
            code = AuthorizationCode(
                new_value(),
                user,
                now + _CODE_LIFETIME,
                redirect_uri=redirect_uri,
                challenge=challenge,
                nonce=nonce,
                issued_at=now,
            )
            self._issued[code.value] = code
            return code

    def login(self, user_id: int, scopes: Iterable[str]) -> TokenResponse:
        """Log a user in without a code. This does not count for the rate limit."""
        with self._lock:
            user = self._agree(user_id, scopes)
            return self._new_login(user, "logged in", since=self._clock.now())

    def redeem(
        self, value: str | None, redirect_uri: str | None, verifier: str | None
    ) -> TokenResponse:
        """``grant_type=authorization_code``.

        :raises KauthError: KOE320, KOE303, KOE313, KOE237.
        """
        with self._lock:
            code = self._usable_code(value)
            self._check_redirect_uri(redirect_uri, code)
            if not code.accepts(verifier):
                raise KauthError("KOE313", "code_verifier does not belong to the code_challenge")
            self._count(code.user, "access", "refresh")
            code.ended = "was used already"
            return self._new_login(
                code.user, "code accepted", since=code.issued_at, nonce=code.nonce
            )

    def refresh(self, value: str | None) -> TokenResponse:
        """``grant_type=refresh_token``.

        :raises KauthError: KOE319, KOE322, KOE237.
        """
        with self._lock:
            presented = self._usable_refresh_token(value)
            left = presented.expires_at - self._clock.now()
            replaces = self._replaces_refresh_token(left)
            self._count(presented.user, *(("access", "refresh") if replaces else ("access",)))
            if self._switches.previous_access_token == "dies":  # noqa: S105 - a switch's value
                end(self._tokens(AccessToken, presented.login), "was replaced by a refresh")
            lifetime = in_words(self._switches.access_lifetime)
            note = Note(_REPLACED if replaces else _KEPT, lifetime=lifetime, left=in_words(left))
            return self._refreshed(presented, note, with_refresh_token=replaces)

    def valid(self, value: str) -> AccessToken:
        """:returns: the access token.

        :raises KapiError: -401, if it is not valid.
        """
        with self._lock:
            token = self._issued.get(value)
            if not isinstance(token, AccessToken):
                raise KapiError(-401, "no such access token was ever issued")
            if token.ended:
                raise KapiError(-401, Note("access token {ended}", ended=Note(token.ended)))
            if (ago := self._clock.now() - token.expires_at) >= 0:
                why = Note("access token expired {ago} ago", ago=in_words(ago))
                raise KapiError(-401, why, msg="this access token is already expired")
            return token

    def find(self, value: str) -> Issued | None:
        """:returns: the code or token, valid or not."""
        with self._lock:
            return self._issued.get(value)

    def tokens(self) -> list[Token]:
        """:returns: all access and refresh tokens, valid or not, in the order of issue."""
        with self._lock:
            return self._tokens(Token)

    def revoke_access_tokens(self) -> None:
        """Make every access token unknown to the API."""
        with self._lock:
            end(self._tokens(AccessToken), "was revoked")

    def expire_access_tokens(self) -> None:
        """Let every access token expire now."""
        with self._lock:
            now = self._clock.now()
            for token in self._tokens(AccessToken):
                token.expires_at = min(token.expires_at, now)

    def end_login(self, token: AccessToken) -> None:
        """Log out by API, with the access token to end."""
        with self._lock:
            token.ended = "was logged out"
            if self._switches.logout_ends == "both":
                end(self._tokens(RefreshToken, token.login), "was logged out")

    def logout(self, user_id: int) -> None:
        """End every code and token of a user, who stays linked to the app."""
        with self._lock:
            end(self._issued_to(user_id), "was logged out")

    def unlink(self, user_id: int) -> None:
        """End every code and token of a user, and forget what they have agreed to."""
        with self._lock:
            end(self._issued_to(user_id), "ended when the user unlinked the app")
            self._users.forget(user_id)

    def clear(self) -> None:
        """Forget all users, codes and tokens."""
        with self._lock:
            self._users.clear()
            self._issued.clear()
            self._rate_limit.clear()

    def _agree(self, user_id: int, scopes: Iterable[str]) -> User:
        """With OpenID Connect on, every login has the scope ``openid``; else none has it."""
        openid = ["openid"] if self._switches.openid_connect else []
        others = [scope for scope in scopes if scope != "openid"]
        user = self._users.agree(user_id, [*openid, *others])
        if not openid:
            self._users.withdraw(user, ["openid"])
        return user

    def _usable_code(self, value: str | None) -> AuthorizationCode:
        code = self._issued.get(value or "")
        why: str = "no such authorization code"
        if isinstance(code, AuthorizationCode):
            if not code.ended and self._clock.now() < code.expires_at:
                return code
            why = Note("authorization code {ended}", ended=Note(code.ended or "is too old"))
        sent = "null" if value is None else value
        description = f"authorization code not found for code={sent}"
        raise KauthError("KOE320", why, description=description)

    def _check_redirect_uri(self, sent: str | None, code: AuthorizationCode) -> None:
        missing_is_accepted = self._switches.missing_redirect_uri == "accepted"
        if sent == code.redirect_uri or (sent is None and missing_is_accepted):
            return
        why = "no redirect_uri was sent" if sent is None else "not the same"
        differs = "{why}; the authorization request had {redirect_uri}"
        raise KauthError("KOE303", Note(differs, why=Note(why), redirect_uri=code.redirect_uri))

    def _usable_refresh_token(self, value: str | None) -> RefreshToken:
        if not value:
            raise KauthError("KOE319", "the form has no refresh_token")
        token = self._issued.get(value)
        if not isinstance(token, RefreshToken):
            raise KauthError("KOE322", "no such refresh token was ever issued")
        if token.ended:
            raise KauthError("KOE322", Note("refresh token {ended}", ended=Note(token.ended)))
        if (ago := self._clock.now() - token.expires_at) >= 0:
            why = Note("refresh token expired {ago} ago", ago=in_words(ago))
            raise KauthError("KOE322", why)
        return token

    def _replaces_refresh_token(self, left: float) -> bool:
        renewal = self._switches.refresh_token_renewal
        return renewal == "always" or (renewal == "last_month" and left < _LAST_MONTH)

    def _count(self, user: User, *kinds: str) -> None:
        if not self._switches.rate_limit:
            return
        if exceeded := self._rate_limit.count(user, kinds, self._clock.now()):
            raise KauthError("KOE237", exceeded, status=self._switches.rate_limit_status)

    def _new_login(
        self, user: User, note: str, *, since: float, nonce: str | None = None
    ) -> TokenResponse:
        """The keys are in Kakao's order, which is another one after a refresh."""
        login = Login(self._switches.openid_connect, nonce, since)
        refresh_token = self._new_token(RefreshToken, user, login)
        access_token = self._new_token(AccessToken, user, login)
        body: dict[str, Any] = {
            "access_token": access_token.value,
            "token_type": "bearer",
            "refresh_token": refresh_token.value,
            **self._id_token(user, login),
            "expires_in": self._switches.access_lifetime,
        }
        if user.scopes:
            body["scope"] = " ".join(sorted(user.scopes))
        body["refresh_token_expires_in"] = self._switches.refresh_lifetime
        return TokenResponse(body, access_token, note)

    def _refreshed(
        self, presented: RefreshToken, note: str, *, with_refresh_token: bool
    ) -> TokenResponse:
        user, login = presented.user, presented.login
        access_token = self._new_token(AccessToken, user, login)
        body: dict[str, Any] = {"access_token": access_token.value, "token_type": "bearer"}
        if with_refresh_token:
            presented.ended = "was replaced by a newer one"
            body["refresh_token"] = self._new_token(RefreshToken, user, login).value
            body["refresh_token_expires_in"] = self._switches.refresh_lifetime
        body |= self._id_token(user, login)
        body["expires_in"] = self._switches.access_lifetime
        return TokenResponse(body, access_token, note)

    def _new_token(self, kind: type[T], user: User, login: Login) -> T:
        lifetimes = {
            AccessToken: self._switches.access_lifetime,
            RefreshToken: self._switches.refresh_lifetime,
        }
        expires_at = self._clock.now() + lifetimes[kind]
        token = kind(new_value(), user, expires_at, login=login)
        self._issued[token.value] = token
        return token

    def _id_token(self, user: User, login: Login) -> dict[str, str]:
        if not login.openid:
            return {}
        return {"id_token": self._openid.id_token(user, login.nonce, login.since)}

    def _tokens(self, kind: type[T], login: Login | None = None) -> list[T]:
        return [
            each
            for each in self._issued.values()
            if isinstance(each, kind) and login in (None, each.login)
        ]

    def _issued_to(self, user_id: int) -> list[Issued]:
        return [each for each in self._issued.values() if each.user.id == user_id]


class RateLimit:
    """Counts the tokens that each user gets in a sliding window (KOE237)."""

    def __init__(self) -> None:
        self._issued: defaultdict[tuple[int, str], deque[float]] = defaultdict(deque)

    def count(self, user: User, kinds: Iterable[str], now: float) -> str | None:
        """Count one token of each kind, unless that is too many.

        :returns: the limit that is reached; ``None`` if the tokens may be issued.
        """
        windows = []
        for kind in kinds:
            most, seconds = _RATE_LIMITS[kind]
            issued = self._issued[user.id, kind]
            while issued and not now - seconds < issued[0] <= now:
                issued.popleft()
            if len(issued) >= most:
                return Note(_EXCEEDED[kind], most=most, time=in_words(seconds))
            windows.append(issued)
        for issued in windows:
            issued.append(now)
        return None

    def clear(self) -> None:
        self._issued.clear()
