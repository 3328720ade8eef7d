"""A token in a JSON file: readable, private, never half-written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from kakao_session.errors import TokenStoreError, as_command
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import LOCK_TIMEOUT, TextTokenStore, to_token
from kakao_session.stores.lockfile import locked, opened, reason
from kakao_session.stores.private_file import PrivateFile
from kakao_session.token import Token

LARGEST_FILE = 1 << 20
"""Bytes; a token file is not larger."""


class FileTokenStore(TextTokenStore):
    """Keeps a token in a file with mode 0600. Threads and processes of a machine can share it.

    The file is replaced as a whole, so neither a reader nor a crash ever sees half a token. If it
    can't be replaced, such as a single file that is mounted into a container, it is overwritten. A
    tutorial's file (an answer of the token endpoint, with ``expires_in`` but no ``expires_at``)
    counts from when it was last written.

    :param path: the file; symbolic links are followed. Default: ``KAKAO_SESSION_TOKEN_FILE``, else
        ``token.json`` in the user's configuration folder.
    :param lock_timeout: seconds to wait for the lock (``PATH.lock``). If the process that holds it
        dies, it is free.
    :raises TypeError: *path* is a URL or not a path.
    :raises ValueError: *path* is empty.
    :raises TokenStoreError: *path* starts in a home folder or working folder that does not exist.
    """

    _failures = (OSError,)
    _json: ClassVar[dict[str, Any]] = {"indent": 2}

    @without_inner_frames
    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, lock_timeout: float = LOCK_TIMEOUT
    ) -> None:
        self.path = _absolute(path)
        self.lock_timeout = lock_timeout

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the file, and check that it can be replaced or overwritten.

        :raises TokenStoreError: it can't be, or the wait took too long.
        """
        with self._locked(only=self) as file:
            with self._guarded("save"):
                file.check_writable()
            yield

    def _read(self) -> tuple[bytes, float] | None:
        try:
            with opened(self.path) as file:
                return file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            return None

    def _parse(self, stored: tuple[bytes, float]) -> Token:
        try:
            return parse(*stored)
        except ValueError:
            # A writer that can only overwrite the file may have been in the middle of it.
            with self._guarded("read"):
                again = self._read()
            if again is None or again == stored:
                raise
        return self._parse(again)

    def _write(self, text: str) -> None:
        content = text.encode() + b"\n"
        if len(content) > LARGEST_FILE:
            raise self._error("save", "the file would be larger than 1 MiB")
        try:
            with self._locked() as file:
                file.write(content)
        except FileNotFoundError:  # the folder was removed in the meantime, and the lock with it
            with self._locked(again=True) as file:
                file.write(content)

    def _remove(self) -> None:
        with suppress(FileNotFoundError):
            with opened(self.path) as file:
                if file.status() is None:
                    return  # without making a folder and a lock file
            with self._locked() as file:
                file.remove()

    def _locked(self, **how: Any) -> AbstractContextManager[PrivateFile]:
        return locked(self.path, self, self._place, self.lock_timeout, **how)

    def _why(self, error: Exception) -> str:
        return reason(error)

    @property
    def _place(self) -> str:
        return str(self.path)

    @property
    def _restore(self) -> str:
        command = as_command("kakao-session", "login", "--token-file", str(self.path))
        return f"It was not changed. Restore it, or move it away and run `{command}`"

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self.path)!r})"


def parse(content: bytes, written_at: float) -> Token:
    """Read the content of a token file.

    :param written_at: when it was last written, in unix seconds. If there is no ``expires_at``, as
        in a tutorial's file, ``expires_in`` counts from then.
    :raises ValueError: there is no token in it. The message quotes nothing of it.
    """
    if len(content) > LARGEST_FILE:
        raise ValueError("it is larger than 1 MiB")
    token = to_token(content)
    if token.get("expires_at") is None and token.lifetime is not None:
        # Only for the access token: an image or archive may have files of 1970, and a refresh
        # token that seems to have ended would cost the login.
        token["expires_at"] = written_at + token.lifetime
    return token


def default_path() -> Path:
    """The path of the token file if none is given. It may begin with ``~``."""
    path = os.environ.get("KAKAO_SESSION_TOKEN_FILE")
    if path:
        if "://" in path:
            raise TokenStoreError("KAKAO_SESSION_TOKEN_FILE takes the path of a file, not a URL.")
        return Path(path)
    from platformdirs import user_config_path

    return user_config_path("kakao-session") / "token.json"


def _absolute(path: str | os.PathLike[str] | None) -> Path:
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
        return (default_path() if path is None else Path(path)).expanduser().absolute()
    except (RuntimeError, FileNotFoundError) as error:  # a container's user without an entry
        raise TokenStoreError(
            "Could not find the token file: there is no home folder, or the working folder is "
            "gone. Give the full path of the file, here or in KAKAO_SESSION_TOKEN_FILE."
        ) from error
