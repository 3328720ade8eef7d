"""A token in the operating system's keychain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import LOCK_TIMEOUT, TextTokenStore
from kakao_session.stores.lockfile import locked
from kakao_session.stores.private_file import PrivateFile

try:
    import keyring
    from keyring.errors import NoKeyringError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'KeyringTokenStore needs keyring: pip install "kakao-session[keyring]"', name=error.name
    ) from error

SERVICE = "kakao-session"

_WINDOWS_LIMIT = 1280


class KeyringTokenStore(TextTokenStore):
    """Keeps a token as a password in the keychain that ``keyring`` finds: that of macOS or Windows,
    or a Secret Service (GNOME, KDE).

    All programs of a user on a machine can share it. They lock it with a file in the user's state
    folder. Windows takes at most 1,280 characters. Kakao's tokens are shorter, but not with an ID
    token (OpenID Connect). Then saving fails, and the error says why.

    :param service: the name under which the keychain lists it.
    :param username: whose token it is.
    :param lock_timeout: seconds to wait for the lock. If the process that holds it dies, it is
        free.
    """

    _failures = (Exception,)  # a backend raises whatever its platform raises

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

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the entry, and check that the keychain is unlocked and can be written.

        :raises TokenStoreError: the keychain is locked or missing, or the wait took too long.
        """
        with self._locked(only=self):
            self._check_access()
            yield

    @without_inner_frames
    def _check_access(self) -> None:
        with self._guarded("read"):
            stored = self._read()
        if stored is not None:
            with self._guarded("save"):
                self._set(stored)

    def _read(self) -> str | None:
        with self._one_at_a_time():
            return keyring.get_password(self.service, self.username)

    def _write(self, text: str) -> None:
        with self._locked():
            self._set(text)

    def _set(self, text: str) -> None:
        with self._one_at_a_time():
            try:
                keyring.set_password(self.service, self.username, text)
            except Exception as error:
                if len(text) <= _WINDOWS_LIMIT:
                    raise
                raise self._error("save", f"{type(error).__name__}. {_too_long(text)}") from error

    def _remove(self) -> None:
        with self._locked():
            if self._read() is not None:
                with self._one_at_a_time():
                    keyring.delete_password(self.service, self.username)

    def _locked(self, **how: Any) -> AbstractContextManager[PrivateFile]:
        entry = f"{self.service}\0{self.username}".encode()
        return self._lock_file(f"keyring-{hashlib.sha256(entry).hexdigest()[:16]}", **how)

    def _one_at_a_time(self) -> AbstractContextManager[PrivateFile]:
        """GNOME's keychain has crashed when one program read while another one wrote."""
        return self._lock_file("keyring")

    def _lock_file(self, name: str, **how: Any) -> AbstractContextManager[PrivateFile]:
        from platformdirs import user_state_path

        path = user_state_path("kakao-session") / name
        return locked(path, self, self._place, self.lock_timeout, **how)

    def _why(self, error: Exception) -> str:
        if isinstance(error, NoKeyringError):
            return "keyring finds no keychain here. Keep the token in a file, or set one up"
        return f"{type(error).__name__}. Check that the keychain is unlocked for this program"

    @property
    def _place(self) -> str:
        return f"keyring entry {self.username!r} of service {self.service!r}"

    def __repr__(self) -> str:
        return f"KeyringTokenStore({self.username!r} of service {self.service!r})"


def _too_long(text: str) -> str:
    return (
        f"The token has {len(text):,} characters, and Windows takes at most {_WINDOWS_LIMIT:,}: "
        "keep it in a file there. Elsewhere, check that the keychain is unlocked for this program"
    )
