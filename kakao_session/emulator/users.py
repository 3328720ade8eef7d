"""The app's users: their Kakao accounts, and what each has agreed to."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_type_hints

from kakao_session.emulator.errors import KapiError
from kakao_session.emulator.notes import Note
from kakao_session.emulator.switches import check_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.clock import Clock

DEFAULT_IMAGE = "https://k.kakaocdn.net/dn/emulator/default_640x640.jpg"


class Account(TypedDict, total=False):
    """A Kakao account, as ``set_user`` changes it. ``None`` is what the user has not given Kakao.

    ``properties`` are the app's own; ``thumbnail_image`` is the profile image if it is ``None``.
    """

    nickname: str
    profile_image: str | None
    thumbnail_image: str | None
    email: str | None
    email_valid: bool
    email_verified: bool
    name: str | None
    gender: Literal["female", "male"] | None
    age_range: str | None
    birthday: str | None
    birthday_type: Literal["SOLAR", "LUNAR"]
    birthyear: str | None
    phone_number: str | None
    ci: str | None
    ci_authenticated_at: str
    properties: Mapping[str, str]


def check_account(fields: Mapping[str, Any]) -> None:
    """:raises ValueError: if an account has no such field, or its type is another."""
    hints = get_type_hints(Account)
    for name, value in fields.items():
        if name not in hints:
            raise ValueError(f"a user has no {name!r}")
        check_type(name, value, hints[name])


def _new_account(user_id: int, nickname: str = "홍길동") -> Account:
    return {
        "nickname": nickname,
        "profile_image": "https://k.kakaocdn.net/dn/emulator/img_640x640.jpg",
        "thumbnail_image": "https://k.kakaocdn.net/dn/emulator/img_110x110.jpg",
        "email": f"user{user_id}@example.com",
        "email_valid": True,
        "email_verified": True,
        "name": nickname,
        "gender": "male",
        "age_range": "20~29",
        "birthday": "0815",
        "birthday_type": "SOLAR",
        "birthyear": "2000",
        "phone_number": "+82 10-1234-5678",
        "ci": f"emulator-ci-{user_id}",
        "ci_authenticated_at": "2026-01-02T03:04:05Z",
        "properties": {},
    }


@dataclass(eq=False)
class User:
    """A Kakao account that is linked to the app.

    :param account: never changed in place, so that other threads can read it at any time.
    :param connected_at: when the user was linked to the app, unix seconds.
    :param scopes: what the user has agreed to, in that order; never changed in place either.
    """

    id: int
    account: Account
    connected_at: float
    scopes: tuple[str, ...] = ()

    @property
    def nickname(self) -> str:
        return self.account["nickname"]

    @property
    def email(self) -> str | None:
        return self.account["email"]

    @property
    def uuid(self) -> str:
        """The name of the user for messages to friends, another one in each app."""
        return f"emulator-{self.id}"

    @property
    def images(self) -> tuple[str, str]:
        """The URLs of thumbnail and profile image."""
        image = self.account["profile_image"] or DEFAULT_IMAGE
        return self.account["thumbnail_image"] or image, image


class Users:
    """The users who are linked to the app, in the order in which they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._users: dict[int, User] = {}
        self._accounts: dict[int, Account] = {}

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
            why = Note("user {user} is not linked to the app", user=user_id)
            raise KapiError(-101, why, msg="NotRegisteredUserException")
        return user

    def all(self) -> list[User]:
        with self._lock:
            return list(self._users.values())

    def with_login_name(self, name: str) -> int | None:
        """:returns: whose account it is, linked to the app or not; ``None`` if it is nobody's."""
        linked = {user.id: user.account for user in self.all()}
        with self._lock:
            accounts = {**linked, **self._accounts}
        for user_id, account in accounts.items():
            if name and name in (str(user_id), account["email"]):
                return user_id
        return None

    def account(self, user_id: int) -> Account:
        """:returns: the Kakao account, linked to the app or not."""
        with self._lock:
            return self._account(user_id)

    def set_account(self, user_id: int, fields: Account) -> None:
        """Change some fields of a Kakao account, linked to the app or not. A new profile image is
        also the thumbnail, unless there is one in *fields*.

        :raises ValueError: if an account has no such field, or its type is another.
        """
        check_account(fields)
        with self._lock:
            thumbnail: Account = {"thumbnail_image": None} if "profile_image" in fields else {}
            account: Account = {**self._account(user_id), **thumbnail, **fields}
            self._accounts[user_id] = account
            if user := self._users.get(user_id):
                user.account = account

    def friends_of(self, user: User) -> list[User]:
        """:returns: the two friends that everyone has, and the other users of the app who have
        agreed to the scope ``friends``.
        """
        others = [each for each in self.all() if "friends" in each.scopes]
        friends = {each.id: each for each in (*_FRIENDS, *others) if each.id != user.id}
        return list(friends.values())

    def agree(self, user_id: int, scopes: Iterable[str]) -> User:
        """Add scopes to what a user has agreed to. The first time links the user to the app."""
        with self._lock:
            if user_id not in self._users:
                account = self._account(user_id)
                self._users[user_id] = User(user_id, account, self._clock.now())
            user = self._users[user_id]
            user.scopes = tuple(dict.fromkeys((*user.scopes, *scopes)))
            return user

    def withdraw(self, user: User, scopes: Iterable[str]) -> None:
        """Remove scopes from what a user has agreed to."""
        with self._lock:
            withdrawn = {*scopes}
            user.scopes = tuple(scope for scope in user.scopes if scope not in withdrawn)

    def forget(self, user_id: int) -> None:
        """Remove the link to the app. The account stays as it is."""
        with self._lock:
            self._users.pop(user_id, None)

    def clear(self) -> None:
        with self._lock:
            self._users.clear()
            self._accounts.clear()

    def _account(self, user_id: int) -> Account:
        return self._accounts.get(user_id) or _new_account(user_id)


_FRIENDS = [
    User(user_id, _new_account(user_id, nickname), connected_at=0.0, scopes=("friends",))
    for user_id, nickname in ((1_000_000_001, "김철수"), (1_000_000_002, "이영희"))
]
