"""A token in the operating system's keychain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from kakao_session.errors import TokenStoreError
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import LEFT_ALONE, LOCK_TIMEOUT
from kakao_session.stores.lockfile import check_lock, locked, opened_for_lock
from kakao_session.stores.text import to_text, to_token
from kakao_session.token import Token

try:
    import keyring
    from keyring.errors import NoKeyringError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "KeyringTokenStore needs keyring: pip install 'kakao-session[keyring]'", name=error.name
    ) from error

SERVICE = "kakao-session"

_WINDOWS_LIMIT = 1280


class KeyringTokenStore:
    """Keeps a token as a password in the keychain that ``keyring`` finds: that of macOS or Windows,
    or a Secret Service (GNOME, KDE).

    Programs of one user on one machine share it; their lock is a file in the user's state folder.
    Windows takes no more than 1,280 characters: that is enough for Kakao's tokens, but not when an
    ID token comes with them (OpenID Connect); a save that is too long fails and says so.

    :param service: the name under which the keychain lists it.
    :param username: whose token it is.
    :param lock_timeout: seconds to wait for the lock. A dead process holds none.
    """

    def __init__(
        self,
        service: str = SERVICE,
        username: str = "default",
        *,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        self.service = service
        self.username = username
        self.lock_timeout = lock_timeout

    @without_inner_frames
    def load(self) -> Token | None:
        """Ask the keychain.

        :returns: the token; ``None`` if there is none.
        :raises TokenStoreError: the keychain is locked or missing, or what it has is no token: then
            it stays as it is.
        """
        stored = self._stored()
        if stored is None:
            return None
        try:
            return to_token(stored)
        except ValueError as error:
            raise self._error(f"holds no token ({error})", LEFT_ALONE) from None

    @without_inner_frames
    def save(self, token: Mapping[str, Any]) -> None:
        """Put the token into the keychain.

        :param token: the token, as any mapping.
        :raises TokenStoreError: the keychain does not take it, or *token* is none.
        """
        try:
            text = to_text(token)
        except ValueError as error:
            raise self._error("can't be written", str(error)) from error
        with self._lock_of_entry():
            self._set(text)

    @without_inner_frames
    def delete(self) -> None:
        """Remove the token from the keychain.

        :raises TokenStoreError: the keychain does not let go of it.
        """
        with self._lock_of_entry():
            if self._stored() is not None:
                with self._alone("can't be removed"):
                    keyring.delete_password(self.service, self.username)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock file, after making sure that the keychain is open and takes what it has.

        :raises TokenStoreError: the keychain is locked or missing, or the wait took too long.
        """
        with self._lock_of_entry(exclusive=True):
            stored = self._stored()
            if stored is not None:
                self._set(stored)
            yield

    def _stored(self) -> str | None:
        with self._alone("can't be read"):
            return keyring.get_password(self.service, self.username)

    def _set(self, text: str) -> None:
        with self._alone("can't be written", len(text)):
            keyring.set_password(self.service, self.username, text)

    def _lock_of_entry(self, *, exclusive: bool = False) -> AbstractContextManager[None]:
        entry = f"{self.service}\0{self.username}".encode()
        name = f"keyring-{hashlib.sha256(entry).hexdigest()[:16]}.lock"
        return self._lock_file(name, exclusive=exclusive)

    @contextmanager
    def _lock_file(self, name: str, *, exclusive: bool = False) -> Iterator[None]:
        from platformdirs import user_state_path

        with opened_for_lock(user_state_path("kakao-session") / name, self._error) as file:
            if exclusive:
                check_lock(file, name, self, self._error)
            with locked(file, name, self, self.lock_timeout, self._error):
                yield

    @contextmanager
    def _alone(self, what: str, length: int = 0) -> Iterator[None]:
        """Talk to the keychain while no other of these stores does: GNOME's has been seen to fall
        over when one program reads while another writes."""
        with self._lock_file("keyring.lock"), self._guarded(what, length):
            yield

    @contextmanager
    def _guarded(self, what: str, length: int) -> Iterator[None]:
        try:
            yield
        except NoKeyringError as error:
            raise self._error(
                what,
                "keyring finds no keychain here. Keep the token in a file, or give keyring one",
            ) from error
        except Exception as error:  # a back end raises whatever its platform raises
            raise self._error(f"{what} ({type(error).__name__})", _remedy(length)) from error

    def _error(self, what: str, remedy: str) -> TokenStoreError:
        return TokenStoreError(f"Keyring entry {self._place} {what}: {remedy}.")

    @property
    def _place(self) -> str:
        return f"{self.username!r} of service {self.service!r}"

    def __repr__(self) -> str:
        return f"KeyringTokenStore({self._place})"


def _remedy(length: int) -> str:
    if length > _WINDOWS_LIMIT:
        return (
            f"The token has {length:,} characters. Windows takes no more than {_WINDOWS_LIMIT:,}: "
            "keep it in a file there. Elsewhere, look whether the keychain is unlocked"
        )
    return "Look whether the keychain is unlocked and lets this program in"
