"""A small private file in an open folder: read, replaced or overwritten, and removed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kakao_session.stores.base import IS_FULL
from kakao_session.stores.open_folder import is_root, open_folder

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]  # there is no such module

_ROOM = 1 << 14
"""Bytes that a new token may have more than the old one, even with an ID token."""

_TRY_AGAIN = 1.0
"""Seconds for which the file is tried again while another program has it open or locked."""

_IS_BROKEN = {*IS_FULL, errno.EIO, errno.ENOENT}
_IS_REFUSED = {errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS, errno.EXDEV}


class PrivateFile:
    """A file that only its owner can read. Its folder is open until :meth:`close`.

    :param path: an absolute path, which is followed once. The file need not exist.
    :param make: make the folders that are missing.
    :raises OSError: see :func:`~kakao_session.stores.open_folder.open_folder`.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self.folder, self.name = open_folder(path, make=make)
        self._owner: int | None = None
        """Who owned the file when it was first looked at. Root refuses any other owner."""

    def __enter__(self) -> PrivateFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.close()

    def status(self) -> os.stat_result | None:
        """:returns: the file's status; ``None`` if it does not exist.

        :raises OSError: it is not a regular file, or no longer belongs to the same user.
        """
        found = self.folder.status_of(self.name)
        if found is None:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(found)
        if self._owner is None:
            self._owner = found.st_uid
        elif found.st_uid != self._owner and is_root():
            # Root's token would go to the user who has put a file there in the meantime.
            raise OSError(errno.EPERM, "Its owner has changed")
        return found

    def read(self, most: int) -> tuple[bytes, float]:
        """Read at most so many bytes.

        :returns: the content, and when it was last written, in unix seconds.
        :raises OSError: the file does not exist, is not a regular file, or can't be read.
        """
        self.status()
        descriptor = self.folder.open(self.name, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            self.check_opened(found)
            return file.read(most), found.st_mtime

    def check_opened(self, found: os.stat_result) -> None:
        """Check a file of the folder that was just opened: its name may lead elsewhere by now.

        :raises OSError: it is not a regular file. Or it is a hard link that would lead root to
            another user's file.
        """
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(found)
        if found.st_nlink > 1 and is_root() and found.st_uid != self.folder.status().st_uid:
            raise OSError(errno.EPERM, "It is a hard link to another user's file")

    # Writing --------------------------------------------------------------------------------

    def check_writable(self) -> None:
        """Check, as far as possible, that :meth:`write` will succeed.

        It also removes what killed writers left. Only the holder of the lock may do that.

        :raises OSError: the file can be neither replaced nor overwritten, or the disk is full.
        """
        found = self.status()
        self._sweep()
        why_not = None if found is None else self._why_not_overwrite()
        try:
            room = bytes(_ROOM + (found.st_size if found else 0))
            self.folder.discard(self._write_temporary(room, found))
        except OSError as error:
            if found is None or why_not is not None or error.errno in IS_FULL:
                raise
        else:
            if why_not is not None and not self._can_be_replaced():
                raise why_not

    def write(self, content: bytes) -> None:
        """Replace the file. If that is impossible, overwrite it.

        :raises OSError: both are impossible. The file has not changed.
        """
        found = self.status()
        if found is None and hasattr(os, "geteuid"):
            self._owner = os.geteuid()
        try:
            self._replace(content, found)
        except OSError as error:
            if found is None or error.errno in _IS_BROKEN:
                raise
            try:
                self._overwrite(content)
            except OSError as second:
                raise (second if second.errno in IS_FULL else error) from None

    def remove(self) -> None:
        """Remove the file, if it exists."""
        if self.status() is not None:
            self.folder.remove(self.name)
            self.folder.sync()

    # Replacing ------------------------------------------------------------------------------

    def _replace(self, content: bytes, found: os.stat_result | None) -> None:
        temporary = self._write_temporary(content, found)
        try:
            self._rename(temporary)
        except BaseException:
            self.folder.discard(temporary)
            raise
        self.folder.sync()

    def _rename(self, temporary: str) -> None:
        give_up = time.monotonic() + _TRY_AGAIN
        while True:
            try:
                self.folder.replace(temporary, self.name)
            except OSError as error:
                if error.errno != errno.EACCES or time.monotonic() >= give_up:
                    raise
                time.sleep(0.02)
            else:
                return

    def _write_temporary(self, content: bytes, found: os.stat_result | None) -> str:
        """:returns: the name of a new file, which is on the disk and has the owner of this one."""
        name = self._temporary_name()
        descriptor = self.folder.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(descriptor, "wb") as file:
                make_private(descriptor, found)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            self.folder.discard(name)
            raise
        return name

    def _temporary_name(self) -> str:
        # Its middle has a fixed length and no dot, so no other file has a temporary of this name.
        return f".{self.name}.{secrets.token_hex(8)}.tmp"

    def _sweep(self) -> None:
        mine = re.compile(rf"\.{re.escape(self.name)}\.[0-9a-f]{{16}}\.tmp")
        for name in filter(mine.fullmatch, self.folder.names()):
            self.folder.discard(name)

    def _can_be_replaced(self) -> bool:
        """Whether another file could replace this one, as far as the system tells."""
        probe = self._temporary_name()
        try:
            self.folder.link(self.name, probe)
        except OSError as error:
            if error.errno == errno.EXDEV:  # the file is mounted on its own
                return False
        else:
            self.folder.discard(probe)
        try:
            # A file is not a folder, so this removes nothing. But the system checks first whether
            # it could: not an immutable file, nor another user's in a sticky folder.
            self.folder.remove_folder(self.name)
        except OSError as error:
            return error.errno not in _IS_REFUSED
        return True

    # Overwriting ----------------------------------------------------------------------------

    def _overwrite(self, content: bytes) -> None:
        """Overwrite the file in place. A power failure in the middle may leave half of each."""
        with self._opened_to_overwrite() as descriptor:
            _wait_for_another_container(descriptor)
            size = os.fstat(descriptor).st_size
            try:
                # Spaces at the end keep the old JSON valid, and reserve the room for the new one.
                _write_at(descriptor, b" " * (len(content) - size), size)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
            _write_at(descriptor, content.ljust(size), 0)
            os.fsync(descriptor)

    @contextmanager
    def _opened_to_overwrite(self) -> Iterator[int]:
        with os.fdopen(self.folder.open(self.name, os.O_RDWR), "r+b", 0) as file:
            found = os.fstat(file.fileno())
            self.check_opened(found)
            if found.st_nlink == 0:  # a mounted file: nobody would ever see what is written
                raise OSError(errno.ESTALE, "It was replaced outside of this container")
            yield file.fileno()

    def _why_not_overwrite(self) -> OSError | None:
        try:
            with self._opened_to_overwrite() as descriptor:
                if _has_room(descriptor):
                    return None
        except OSError as error:
            return error
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def make_private(descriptor: int, model: os.stat_result | None, mode: int = 0o600) -> None:
    """Set the mode of a new file. If root made it, give it to the owner of *model*."""
    if not hasattr(os, "fchmod"):  # Windows
        return
    with suppress(OSError):  # a file system without modes
        os.fchmod(descriptor, mode)
    if model is not None and is_root():
        with suppress(OSError):  # root without CAP_CHOWN, or an owner unknown in the container
            os.fchown(descriptor, model.st_uid, model.st_gid)


def _wait_for_another_container(descriptor: int) -> None:
    """Lock a file that is overwritten: a writer in another container has another lock file.

    It waits for a moment only. Somebody else may hold such a lock for ever, as ``flock FILE`` does.
    """
    give_up = time.monotonic() + _TRY_AGAIN
    while fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                return
            time.sleep(0.02)
        except OSError:  # a file system without locks
            return
        else:
            return


def _not_regular(found: os.stat_result) -> OSError:
    for is_kind, number in ((stat.S_ISDIR, errno.EISDIR), (stat.S_ISLNK, errno.ELOOP)):
        if is_kind(found.st_mode):
            return OSError(number, os.strerror(number))
    return OSError(errno.ENXIO, "It is a pipe, a socket or a device")


def _has_room(descriptor: int) -> bool:
    if not hasattr(os, "fstatvfs"):  # Windows
        return True
    system = os.fstatvfs(descriptor)
    return not system.f_blocks or system.f_bavail * system.f_frsize >= _ROOM


def _write_at(descriptor: int, content: bytes, start: int) -> None:
    os.lseek(descriptor, start, os.SEEK_SET)
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])
