"""Who is logged in: the codes and tokens that were issued, and what became of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.durations import in_words
from kakao_session.emulator.issues import (
    AccessToken,
    Code,
    Issue,
    Issued,
    Login,
    RefreshToken,
    Token,
    end,
    opaque,
)
from kakao_session.emulator.rate_limit import RateLimit, limits
from kakao_session.emulator.refusals import KapiRefusal, KauthRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.openid import OpenID
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User, Users

CODE_LIFETIME = 600
LAST_MONTH = 30 * 86_400


class Grants:
    """Kakao's memory. Each method is one step that no other request can come between."""

    def __init__(self, clock: Clock, switches: Switches, users: Users, openid: OpenID) -> None:
        self._clock = clock
        self._switches = switches
        self._users = users
        self._openid = openid
        self._rate_limit = RateLimit()
        self._lock = threading.RLock()
        self._issues: dict[str, Issue] = {}

    def new_code(
        self,
        user_id: int,
        scopes: Iterable[str],
        redirect_uri: str,
        *,
        challenge: str | None = None,
        nonce: str | None = None,
    ) -> Code:
        """The user agrees: a code for the authorization answer."""
        with self._lock:
            user, now = self._users.agree(user_id, scopes), self._clock.now()
            code = Code(
                opaque(),
                user,
                now + CODE_LIFETIME,
                redirect_uri=redirect_uri,
                challenge=challenge,
                nonce=nonce,
                issued_at=now,
            )
            self._issues[code.value] = code
            return code

    def login(self, user_id: int, scopes: Iterable[str]) -> Issued:
        """A whole login at once, which no rate limit counts."""
        with self._lock:
            user = self._users.agree(user_id, scopes)
            return self._new_login(user, "logged in", since=self._clock.now())

    def redeem(self, value: str | None, redirect_uri: str | None, verifier: str | None) -> Issued:
        """``grant_type=authorization_code``.

        :raises KauthRefusal: KOE320, KOE303, KOE313, KOE237.
        """
        with self._lock:
            code = self._redeemable(value)
            if redirect_uri != code.redirect_uri:
                raise KauthRefusal("KOE303", "not the redirect_uri of the authorization request")
            if not code.accepts(verifier):
                raise KauthRefusal("KOE313", "code_verifier does not belong to the code_challenge")
            self._count(code.user, with_refresh_token=True)
            code.ended = "was used already"
            return self._new_login(
                code.user, "code accepted", since=code.issued_at, nonce=code.nonce
            )

    def refresh(self, value: str | None) -> Issued:
        """``grant_type=refresh_token``.

        :raises KauthRefusal: KOE319, KOE322, KOE237.
        """
        with self._lock:
            presented = self._renewable(value)
            user, login = presented.user, presented.login
            left = presented.expires_at - self._clock.now()
            renew = self._renews(left)
            self._count(user, with_refresh_token=renew)
            if self._switches.previous_access_token == "dies":  # noqa: S105 - a switch's position
                end(login.access_tokens, "was replaced by a refresh")
            token = self._new_access_token(user, login)
            answer: dict[str, Any] = {"access_token": token.value, "token_type": "bearer"}
            new = f"new access token for {in_words(self._switches.access_lifetime)}"
            why = f"{new}; refresh token stays ({in_words(left)} left)"
            if renew:
                presented.ended = "was replaced by a newer one"
                answer |= self._new_refresh_token(user, login)
                why = f"{new}; new refresh token, the old one died ({in_words(left)} left)"
            answer |= self._id_token(user, login)
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

    def tokens(self) -> list[Token]:
        """:returns: every access and refresh token, dead or alive, in the order of issue."""
        with self._lock:
            return [issue for issue in self._issues.values() if isinstance(issue, Token)]

    def revoke_access_tokens(self) -> None:
        """Every access token is gone, as if Kakao had withdrawn it."""
        with self._lock:
            end(self._access_tokens(), "was revoked")

    def expire_access_tokens(self) -> None:
        """Every access token has reached its end."""
        with self._lock:
            now = self._clock.now()
            for token in self._access_tokens():
                token.expires_at = min(token.expires_at, now)

    def end_login(self, token: AccessToken) -> None:
        """The API's logout, with the access token that is to end."""
        with self._lock:
            token.ended = "was logged out"
            if self._switches.logout_ends == "both":
                end(token.login.refresh_tokens, "was logged out")

    def logout(self, user_id: int) -> None:
        """Every code and token of the user ends; the link to the app and the agreements stay."""
        with self._lock:
            end(self._issues_of(user_id), "was logged out")

    def unlink(self, user_id: int) -> None:
        """The user and the app part: every code and token ends, every agreement is forgotten."""
        with self._lock:
            end(self._issues_of(user_id), "ended with the link between user and app")
            self._users.forget(user_id)

    def clear(self) -> None:
        """Nobody has ever been here."""
        with self._lock:
            self._users.clear()
            self._issues.clear()
            self._rate_limit.clear()

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

    def _new_login(self, user: User, why: str, *, since: float, nonce: str | None = None) -> Issued:
        """Keys stand in the order in which Kakao writes them, which is another at a refresh."""
        login = Login("openid" in user.scopes, nonce, since)
        refresh = self._new_refresh_token(user, login)
        token = self._new_access_token(user, login)
        answer: dict[str, Any] = {
            "access_token": token.value,
            "token_type": "bearer",
            "refresh_token": refresh["refresh_token"],
            **self._id_token(user, login),
            "expires_in": self._switches.access_lifetime,
        }
        if user.scopes:
            answer["scope"] = " ".join(sorted(user.scopes))
        answer["refresh_token_expires_in"] = refresh["refresh_token_expires_in"]
        return Issued(answer, token, why)

    def _new_access_token(self, user: User, login: Login) -> AccessToken:
        expires_at = self._clock.now() + self._switches.access_lifetime
        token = AccessToken(opaque(), user, expires_at, login=login)
        self._issues[token.value] = token
        login.access_tokens.append(token)
        return token

    def _new_refresh_token(self, user: User, login: Login) -> dict[str, Any]:
        lifetime = self._switches.refresh_lifetime
        token = RefreshToken(opaque(), user, self._clock.now() + lifetime, login=login)
        self._issues[token.value] = token
        login.refresh_tokens.append(token)
        return {"refresh_token": token.value, "refresh_token_expires_in": lifetime}

    def _id_token(self, user: User, login: Login) -> dict[str, str]:
        if not login.openid:
            return {}
        return {"id_token": self._openid.id_token(user, login.nonce, login.since)}

    def _access_tokens(self) -> list[AccessToken]:
        return [issue for issue in self._issues.values() if isinstance(issue, AccessToken)]

    def _issues_of(self, user_id: int) -> list[Issue]:
        return [issue for issue in self._issues.values() if issue.user.id == user_id]
