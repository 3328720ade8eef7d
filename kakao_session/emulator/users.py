"""The people: who is linked to the app, and what each has agreed to."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kakao_session.emulator.refusals import KapiRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.clock import Clock

NICKNAME = "홍길동"


@dataclass(eq=False)
class User:
    """A person with a Kakao account, linked to the app.

    :param scopes: all that was ever agreed to, in that order; replaced as a whole, so that it can
        be read at any time.
    """

    id: int
    nickname: str
    connected_at: float
    scopes: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"user{self.id}@example.com"

    def is_called(self, name: str) -> bool:
        """:returns: whether this is the account's login name."""
        return name in (str(self.id), self.email)


class Users:
    """The users in the order in which they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._users: dict[int, User] = {}

    def find(self, user_id: int) -> User | None:
        """:returns: the user, if he is linked to the app."""
        with self._lock:
            return self._users.get(user_id)

    def linked(self, user_id: int) -> User:
        """:returns: the user.

        :raises KapiRefusal: -101, if he is not linked to the app.
        """
        user = self.find(user_id)
        if user is None:
            msg = "NotRegisteredUserException"
            raise KapiRefusal(400, -101, msg, f"user {user_id} is not linked to the app")
        return user

    def all(self) -> list[User]:
        with self._lock:
            return list(self._users.values())

    def friends_of(self, user: User) -> list[User]:
        """:returns: who else has agreed that friends may be told."""
        return [other for other in self.all() if other is not user and "friends" in other.scopes]

    def agree(self, user_id: int, scopes: Iterable[str]) -> User:
        """Add to what a user has agreed to; the first time links him to the app."""
        with self._lock:
            if user_id not in self._users:
                self._users[user_id] = User(user_id, NICKNAME, self._clock.now())
            user = self._users[user_id]
            user.scopes = tuple(dict.fromkeys((*user.scopes, *scopes)))
            return user

    def withdraw(self, user: User, scopes: Iterable[str]) -> None:
        """Take back what a user has agreed to."""
        with self._lock:
            withdrawn = {*scopes}
            user.scopes = tuple(scope for scope in user.scopes if scope not in withdrawn)

    def forget(self, user_id: int) -> None:
        with self._lock:
            self._users.pop(user_id, None)

    def clear(self) -> None:
        with self._lock:
            self._users.clear()
