"""Who calls the API: a user by his access token, or the app by its admin key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from kakao_session.emulator.durations import in_words
from kakao_session.emulator.fingerprint import fingerprint
from kakao_session.emulator.refusals import KapiRefusal
from kakao_session.emulator.services import current_record

if TYPE_CHECKING:
    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.grants import Grants
    from kakao_session.emulator.issues import AccessToken
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User, Users

_MOST_DIGITS = 19


class Callers:
    """Reads the credential of the request that is being answered."""

    def __init__(self, grants: Grants, users: Users, switches: Switches, clock: Clock) -> None:
        self._grants = grants
        self._users = users
        self._switches = switches
        self._clock = clock

    def token(self) -> AccessToken:
        """:returns: the access token that came with the request.

        :raises KapiRefusal: -401.
        """
        scheme, value = _credential()
        if scheme != "bearer" or not value:
            raise KapiRefusal(401, -401, "no authentication key!", "no access token was sent")
        record = current_record()
        record.sent = fingerprint(value)
        token = self._grants.holder(value)
        record.note = f"access token good for {in_words(token.expires_at - self._clock.now())}"
        return token

    def user(self, *scopes: str, api_type: str = "") -> User:
        """:returns: the user whose token came, if he has agreed to the scopes.

        :raises KapiRefusal: -401, -402.
        """
        user = self.token().user
        missing = [scope for scope in scopes if scope not in user.scopes]
        if missing:
            raise KapiRefusal(
                403,
                -402,
                "insufficient scopes.",
                f"the user has not agreed to {', '.join(missing)}",
                api_type=api_type,
                required_scopes=list(scopes),
                allowed_scopes=list(user.scopes),
            )
        return user

    def by_admin(self) -> bool:
        """:returns: whether the app's own key came in place of a token."""
        return _credential()[0] == "kakaoak"

    def target(self) -> User:
        """:returns: the user whose token came, or whom the app's admin key has named.

        :raises KapiRefusal: -401; -2 and -101 where the app names nobody who is linked to it.
        """
        if not self.by_admin():
            return self.token().user
        if _credential()[1] != self._switches.admin_key:
            raise KapiRefusal(401, -401, "wrong appKey or not an admin key", "not the admin key")
        named, target_id = request.values, request.values.get("target_id", "")
        numbered = target_id.isdecimal() and len(target_id) <= _MOST_DIGITS
        if named.get("target_id_type") != "user_id" or not numbered:
            why = "target_id_type=user_id and target_id have to name a user"
            raise KapiRefusal(400, -2, "target_id_type and target_id are required", why)
        user = self._users.linked(int(target_id))
        current_record().note = f"admin key good: for user {user.id}"
        return user


def _credential() -> tuple[str, str]:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower(), value
