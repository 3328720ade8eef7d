"""The app's users, what each has agreed to, and their profile in ``/v2/user/me``."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.clock import timestamp
from kakao_session.emulator.errors import KapiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kakao_session.emulator.clock import Clock

NICKNAME = "홍길동"


@dataclass(eq=False)
class User:
    """A Kakao account that is linked to the app.

    :param scopes: everything the user has ever agreed to, in that order. Never changed in place,
        so that other threads can read it at any time.
    """

    id: int
    nickname: str
    connected_at: float
    scopes: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"user{self.id}@example.com"

    def has_login_name(self, name: str) -> bool:
        """:returns: whether the account logs in by this name."""
        return name in (str(self.id), self.email)


class Users:
    """The users who are linked to the app, in the order in which they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._users: dict[int, User] = {}

    def find(self, user_id: int) -> User | None:
        """:returns: the user; ``None`` if they are not linked to the app."""
        with self._lock:
            return self._users.get(user_id)

    def get(self, user_id: int) -> User:
        """:returns: the user.

        :raises KapiError: -101, if they are not linked to the app.
        """
        user = self.find(user_id)
        if user is None:
            why = f"user {user_id} is not linked to the app"
            raise KapiError(-101, why, msg="NotRegisteredUserException")
        return user

    def all(self) -> list[User]:
        with self._lock:
            return list(self._users.values())

    def friends_of(self, user: User) -> list[User]:
        """:returns: the other users who have agreed to the scope ``friends``."""
        return [other for other in self.all() if other is not user and "friends" in other.scopes]

    def agree(self, user_id: int, scopes: Iterable[str]) -> User:
        """Add scopes to what a user has agreed to. The first time links the user to the app."""
        with self._lock:
            if user_id not in self._users:
                self._users[user_id] = User(user_id, NICKNAME, self._clock.now())
            user = self._users[user_id]
            user.scopes = tuple(dict.fromkeys((*user.scopes, *scopes)))
            return user

    def withdraw(self, user: User, scopes: Iterable[str]) -> None:
        """Remove scopes from what a user has agreed to."""
        with self._lock:
            withdrawn = {*scopes}
            user.scopes = tuple(scope for scope in user.scopes if scope not in withdrawn)

    def forget(self, user_id: int) -> None:
        with self._lock:
            self._users.pop(user_id, None)

    def clear(self) -> None:
        with self._lock:
            self._users.clear()


_PROPERTIES = {"nickname", "profile_image", "thumbnail_image"}
_ACCOUNT = {
    "profile",
    "email",
    "name",
    "gender",
    "age_range",
    "birthday",
    "birthyear",
    "phone_number",
}


def profile(user: User, property_keys: Sequence[str] | None = None) -> dict[str, Any]:
    """:returns: the answer of ``/v2/user/me``.

    :param property_keys: the wanted keys, such as ``kakao_account.email``; ``None`` means all.
    :raises KapiError: -201, for an unknown key.
    """
    answer: dict[str, Any] = {"id": user.id, "connected_at": timestamp(user.connected_at)}
    sections = {"properties": {"nickname": user.nickname}, "kakao_account": _account(user)}
    if property_keys is None:
        return {**answer, **sections}
    wanted = [_section_and_field(key) for key in property_keys]
    for name, section in sections.items():
        fields = [field for where, field in wanted if where == name]
        if fields:
            answer[name] = {key: section[key] for key in section if _belongs_to(key, fields)}
    return answer


def _account(user: User) -> dict[str, Any]:
    account: dict[str, Any] = {
        "profile_nickname_needs_agreement": False,
        "profile": {"nickname": user.nickname, "is_default_nickname": False},
    }
    if "account_email" in user.scopes:
        account |= {
            "has_email": True,
            "email_needs_agreement": False,
            "is_email_valid": True,
            "is_email_verified": True,
            "email": user.email,
        }
    return account


def _section_and_field(key: str) -> tuple[str, str]:
    section, _, field = key.partition(".")
    known = {"properties": _PROPERTIES, "kakao_account": _ACCOUNT}.get(section)
    if known is None or (field and field not in known):
        raise KapiError(-201, "no such property key", msg=f"property_keys [{key}] is not known")
    return section, field


def _belongs_to(key: str, fields: Sequence[str]) -> bool:
    """:returns: whether a key of the answer is part of a wanted field: ``has_email`` is."""
    return any(not field or f"_{field}_" in f"_{key}_" for field in fields)
