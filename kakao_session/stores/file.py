"""A token in a JSON file: readable, private, never half-written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from kakao_session.errors import TokenStoreError
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import LEFT_ALONE, LOCK_TIMEOUT
from kakao_session.stores.holds import Holds
from kakao_session.stores.lockfile import check_lock, locked, opened_for_lock
from kakao_session.stores.private_file import PrivateFile
from kakao_session.stores.reason import reason
from kakao_session.stores.text import to_text, to_token
from kakao_session.token import Token

LARGEST_FILE = 1 << 20
"""Bytes; a larger file is no token's."""
_TOO_LARGE = "larger than 1 MiB"

_held: Holds[PrivateFile] = Holds()


class FileTokenStore:
    """Keeps a token in a file, mode 0600, and shares it between threads and processes of a machine.

    The file is replaced as a whole, so a reader or a crash never sees half of one. Where it can't
    be replaced, such as a single file that is mounted into a container, it is overwritten. A file
    as the tutorials leave it (the answer of the token endpoint, ``expires_in`` without
    ``expires_at``) is taken to have been asked for when it was last written.

    :param path: the file; a symbolic link is followed. Default: ``KAKAO_SESSION_TOKEN_FILE``, else
        ``token.json`` in the user's configuration folder.
    :param lock_timeout: seconds to wait for the lock (``PATH.lock``). A dead process holds none.
    :raises TypeError: *path* is a URL, or no path at all.
    :raises TokenStoreError: the path begins at a home folder or working folder that is not there.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, lock_timeout: float = LOCK_TIMEOUT
    ) -> None:
        self.path = _whole(path)
        self.lock_timeout = lock_timeout

    @without_inner_frames
    def load(self) -> Token | None:
        """Read the file.

        :returns: the token; ``None`` if there is no file.
        :raises TokenStoreError: the file can't be read or holds no token. It stays as it is.
        """
        before = None
        while True:
            found = self._read()
            if found is None:
                return None
            try:
                return parse(*found)
            except ValueError as error:
                # A writer that can only overwrite the file may have been in the middle of it.
                if found[0] == before:
                    raise self._error(f"holds no token ({error})", LEFT_ALONE) from None
            before = found[0]

    @without_inner_frames
    def save(self, token: Mapping[str, Any]) -> None:
        """Replace the file, or overwrite it where that can't be done.

        :param token: the token, as any mapping.
        :raises TokenStoreError: it could not be, or *token* is none; the old one stays as it is.
        """
        try:
            content = to_text(token, indent=2).encode() + b"\n"
        except ValueError as error:
            raise self._error("can't be written", str(error)) from error
        if len(content) > LARGEST_FILE:
            raise self._error("can't be written", f"it would be {_TOO_LARGE}")
        anew = False
        while True:
            with self._locked(anew=anew) as file:
                try:
                    file.write(content)
                except OSError as error:
                    if anew or not isinstance(error, FileNotFoundError):
                        raise self._error("can't be written", reason(error)) from error
                else:
                    return
            anew = True  # the folder was removed meanwhile, lock and all

    @without_inner_frames
    def delete(self) -> None:
        """Remove the file.

        :raises TokenStoreError: it could not be removed.
        """
        try:
            with self._opened() as file:
                if not file.exists():
                    return
            with self._locked() as file:
                file.remove()
        except FileNotFoundError:
            return
        except OSError as error:
            if isinstance(error, TokenStoreError):  # the lock's
                raise
            raise self._error("can't be removed", reason(error)) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the file, after making sure that it can be replaced or overwritten.

        :raises TokenStoreError: it can't be, or the wait took too long.
        """
        with self._locked(exclusive=True) as file:
            try:
                file.make_sure_of_writing()
            except OSError as error:
                raise self._error("can't be written", reason(error)) from error
            yield

    def _read(self) -> tuple[bytes, float] | None:
        try:
            with self._opened() as file:
                content, written_at = file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error("can't be read", reason(error)) from error
        return content, written_at

    @contextmanager
    def _opened(self) -> Iterator[PrivateFile]:
        """The file: inside the lock the one that is locked, wherever the path leads by now."""
        file = _held.mine(self.path)
        if file is not None:
            yield file
            return
        with PrivateFile.opened(self.path) as file:
            yield file

    @contextmanager
    def _locked(self, *, exclusive: bool = False, anew: bool = False) -> Iterator[PrivateFile]:
        """The file, its lock being held: this thread's own lock, if it has one.

        :param exclusive: not if this thread has it by another store.
        :param anew: lock what the path leads to now, whatever this thread holds.
        """
        held = None if anew else _held.mine(self.path)
        opened = nullcontext(held) if held is not None else opened_for_lock(self.path, self._error)
        with opened as file:
            name = f"{file.name}.lock"
            if exclusive:
                check_lock(file, name, self, self._error)
            with (
                locked(file, name, self, self.lock_timeout, self._error),
                _held.entered(self.path, self, file),
            ):
                yield file

    def _error(self, what: str, remedy: str) -> TokenStoreError:
        return TokenStoreError(f"Token file {self.path} {what}: {remedy}.")

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self.path)!r})"


def parse(content: bytes, written_at: float) -> Token:
    """Read what is in a token file.

    :param content: what is in it.
    :param written_at: when it was written, in unix seconds: the access token of a tutorial's file,
        which has ``expires_in`` alone, counts from then.
    :raises ValueError: it is no token. The message quotes nothing of it.
    """
    if len(content) > LARGEST_FILE:
        raise ValueError(f"it is {_TOO_LARGE}")
    token = to_token(content)
    if token.get("expires_at") is None and token.lifetime is not None:
        # Not so the refresh token: an image or archive may carry files of 1970, and a refresh
        # token that is wrongly taken for dead would cost a login.
        token["expires_at"] = written_at + token.lifetime
    return token


def default_path() -> Path:
    """Where a token file lies when nobody has said; may begin with ``~``."""
    named = os.environ.get("KAKAO_SESSION_TOKEN_FILE")
    if named:
        if "://" in named:
            raise TokenStoreError("KAKAO_SESSION_TOKEN_FILE takes the path of a file, not a URL.")
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("kakao-session") / "token.json"


def _whole(path: str | os.PathLike[str] | None) -> Path:
    if path is not None and not isinstance(path, str | os.PathLike):
        raise TypeError(f"FileTokenStore takes the path of a file, not a {type(path).__name__}.")
    if isinstance(path, str) and "://" in path:
        raise TypeError(
            "FileTokenStore takes the path of a file, not a URL. For a token in Redis or in a "
            "database use RedisTokenStore(client, key) or SQLTokenStore(engine, key)."
        )
    if path == "":
        raise ValueError("The path of the token file is empty.")
    try:
        named = default_path() if path is None else Path(path)
        return named.expanduser().absolute()
    except (RuntimeError, FileNotFoundError) as error:  # a container's user without an entry
        raise TokenStoreError(
            "It can't be told where the token file is: there is no home folder, or the working "
            "folder is gone. Name the file by its whole path, here or in KAKAO_SESSION_TOKEN_FILE."
        ) from error
