"""A token in a JSON file: readable, private, never half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from kakao_session.errors import TokenStoreError
from kakao_session.secret import SecretBytes
from kakao_session.stores.base import LEFT_ALONE, LOCK_TIMEOUT
from kakao_session.stores.lockfile import LockFile
from kakao_session.stores.reason import reason
from kakao_session.stores.text import to_text, to_token
from kakao_session.token import Token

_LARGEST_FILE = 1 << 20
_TOO_LARGE = "larger than 1 MiB"
_AS_LARGE_AS_A_TOKEN = bytes(1 << 14)  # with an ID token, and room to spare


class FileTokenStore:
    """Keeps a token in a file, mode 0600, and shares it between threads and processes of a machine.

    The file is replaced as a whole, so a reader or a crash never sees half of one. A file as the
    tutorials leave it (the answer of the token endpoint, ``expires_in`` without ``expires_at``) is
    taken to have been asked for when it was last written.

    :param path: the file; a symbolic link is followed. Default: ``KAKAO_SESSION_TOKEN_FILE``, else
        ``token.json`` in the user's configuration folder.
    :param lock_timeout: seconds to wait for the lock (``PATH.lock``). A dead process holds none.
    :raises TokenStoreError: the path begins at a home folder or working folder that is not there.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, lock_timeout: float = LOCK_TIMEOUT
    ) -> None:
        self.path = _whole(path)
        self.lock_timeout = lock_timeout
        self._locks: dict[Path, LockFile] = {}

    def load(self) -> Token | None:
        """Read the file.

        :returns: the token; ``None`` if there is no file.
        :raises TokenStoreError: the file can't be read or holds no token. It stays as it is.
        """
        try:
            with self.path.open("rb") as file:
                content = SecretBytes(file.read(_LARGEST_FILE + 1))
                written_at = os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error("can't be read", reason(error)) from error
        try:
            token = _parse(content)
        except ValueError as error:
            raise self._error(f"holds no token ({error})", LEFT_ALONE) from None
        if token.get("expires_at") is None and token.lifetime is not None:
            # Not so the refresh token: an image or archive may carry files of 1970, and a refresh
            # token that is wrongly taken for dead would cost a login.
            token["expires_at"] = written_at + token.lifetime
        return token

    def save(self, token: Token) -> None:
        """Replace the file.

        :raises TokenStoreError: it could not be; the old one stays as it is.
        """
        try:
            content = SecretBytes(to_text(token, indent=2).encode() + b"\n")
        except ValueError as error:
            raise self._error("can't be written", str(error)) from error
        if len(content) > _LARGEST_FILE:
            raise self._error("can't be written", f"it would be {_TOO_LARGE}")
        with self._file_lock():
            try:
                _replace(self._target, content)
            except OSError as error:
                raise self._error("can't be written", reason(error)) from error

    def delete(self) -> None:
        """Remove the file.

        :raises TokenStoreError: it could not be removed.
        """
        try:
            self.path.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._error("can't be removed", reason(error)) from error
        with self._file_lock():
            try:
                self._target.unlink(missing_ok=True)
                _sync_folder(self._target.parent)
            except OSError as error:
                raise self._error("can't be removed", reason(error)) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the file, after making sure that it can be replaced.

        :raises TokenStoreError: the folder can't be written to, or the wait took too long.
        """
        with self._file_lock():
            try:
                _sweep(self._target)
                _temporary(self._target, _AS_LARGE_AS_A_TOKEN).unlink()
            except OSError as error:
                raise self._error("can't be written", reason(error)) from error
            yield

    @property
    def _target(self) -> Path:
        return Path(os.path.realpath(self.path))

    def _file_lock(self) -> AbstractContextManager[None]:
        target = self._target
        path = target.with_name(f"{target.name}.lock")
        _make_for_owner(path, target)
        lock = LockFile(path, self.lock_timeout, self._error)
        return self._locks.setdefault(target, lock).held()

    def _error(self, what: str, remedy: str) -> TokenStoreError:
        return TokenStoreError(f"Token file {self.path} {what}: {remedy}.")

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self.path)!r})"


def default_path() -> Path:
    """Where a token file lies when nobody has said; may begin with ``~``."""
    named = os.environ.get("KAKAO_SESSION_TOKEN_FILE")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("kakao-session") / "token.json"


def _whole(path: str | os.PathLike[str] | None) -> Path:
    try:
        named = default_path() if path is None else Path(path)
        return named.expanduser().absolute()
    except (RuntimeError, FileNotFoundError) as error:  # a container's user without an entry
        raise TokenStoreError(
            "It can't be told where the token file is: there is no home folder, or the working "
            "folder is gone. Name the file by its whole path, here or in KAKAO_SESSION_TOKEN_FILE."
        ) from error


def _parse(content: bytes) -> Token:
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"it is {_TOO_LARGE}")
    return to_token(content)


def _replace(target: Path, content: bytes) -> None:
    temporary = _temporary(target, content)
    try:
        temporary.replace(target)
    except OSError:
        temporary.unlink()
        raise
    _sync_folder(target.parent)


def _temporary(target: Path, content: bytes) -> Path:
    """A private file beside *target*, its content on the disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor, not a path
            _keep_owner(descriptor, target)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)


def _make_for_owner(lock: Path, target: Path) -> None:
    # Made by root's cron job, the lock of a user's file would lock the user out.
    if _is_root():  # pragma: no branch  # CI is root
        with suppress(OSError):  # what stands in the way is told when the lock is taken
            # Nothing that is there already is given away: the user may have put a link there.
            descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                _keep_owner(descriptor, target)
            finally:
                os.close(descriptor)


def _keep_owner(descriptor: int, target: Path) -> None:
    # Renewed by root's cron job, a user's file must stay the user's.
    if _is_root():  # pragma: no branch  # CI is root
        with suppress(FileNotFoundError):
            owner = target.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _sweep(target: Path) -> None:
    """Remove what a killed process has left. Every writer holds the lock, so nobody is writing."""
    with suppress(PermissionError):  # a folder that one may write to but not list
        for leftover in target.parent.iterdir():
            if leftover.name.startswith(f".{target.name}.") and leftover.suffix == ".tmp":
                leftover.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # pragma: no cover  # no folder can be synced there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
