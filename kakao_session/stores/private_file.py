"""A small private file: read, replaced and removed by its name in one folder that is held open.

The path is followed once, link by link. If another user replaces the file, or a folder on the way,
by a link after that, the link is not followed: nothing else is read, written or removed.
"""

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

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]  # there is no such module

_ROOM = bytes(1 << 14)
"""As much as a token takes, with an ID token, and room to spare."""

_MOST_LINKS = 40  # as many as Linux follows

_TRY_AGAIN = 1.0
"""Seconds for which a file that somebody else has open is replaced again (on Windows)."""

_WORKS_IN_FOLDERS = os.open in os.supports_dir_fd  # not Windows

_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_IS_BROKEN = {*_IS_FULL, errno.EIO, errno.ENOENT}
_IS_REFUSED = {errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS, errno.EXDEV}
_HAS_NO_SYNC = {errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM}

_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_SEARCH = getattr(os, "O_PATH", getattr(os, "O_SEARCH", os.O_RDONLY)) | _FOLDER
_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class PrivateFile:
    """A file by its name in a folder.

    :param folder: the folder, without a link on the way.
    :param name: the name of the file.
    :param descriptor: the folder, open; ``None`` where the system can't work in an open folder.
    """

    def __init__(self, folder: Path, name: str, descriptor: int | None) -> None:
        self.folder = folder
        self.name = name
        self.owner: int | None = None
        """Whose the file was when it was first looked at: root does not follow it to another."""
        self._descriptor = descriptor

    @classmethod
    @contextmanager
    def opened(cls, path: Path, *, make: bool = False) -> Iterator[PrivateFile]:
        """Follow *path* and hold its folder open.

        :param path: an absolute path; the file itself need not be there.
        :param make: make the folders that are missing, for their owner alone.
        :raises OSError: a folder is missing or not to be entered; or, to root alone, a link of
            another user leads to what does not belong to that user.
        """
        if not _WORKS_IN_FOLDERS:
            real = Path(os.path.realpath(path))
            if make:
                real.parent.mkdir(parents=True, exist_ok=True)
            yield cls(real.parent, real.name, None)
            return
        descriptor, real = _follow(path, make)
        try:
            yield cls(real.parent, real.name, descriptor)
        finally:
            os.close(descriptor)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / self.name

    def exists(self) -> bool:
        """:raises OSError: there is something, and it is not a regular file."""
        return self._checked() is not None

    # Reading --------------------------------------------------------------------------------

    def read(self, most: int) -> tuple[bytes, float]:
        """Read the file.

        :param most: bytes to read.
        :returns: what is in it, and when it was last written, in unix seconds.
        :raises OSError: it is missing, or is not a regular file, or may not be read.
        """
        self._checked()
        descriptor = self._open(os.O_RDONLY)
        with open(descriptor, "rb") as file:
            found = _regular(os.fstat(descriptor))
            self._refuse_second_name(found)
            return file.read(most), found.st_mtime

    # Writing --------------------------------------------------------------------------------

    def make_sure_of_writing(self) -> None:
        """Make sure, as far as it can be known, that :meth:`write` will succeed.

        What a killed writer has left is removed on the way: only the holder of the lock writes.

        :raises OSError: the file can neither be replaced nor overwritten, or there is no room.
        """
        found = self._checked()
        self._sweep()
        why_not = None if found is None else self._why_not_overwrite()
        try:
            self._discard(self._temporary(_ROOM, found))
        except OSError as error:
            if found is None or why_not is not None or error.errno in _IS_FULL:
                raise
        else:
            if why_not is not None and not self._is_replaceable():
                raise why_not

    def write(self, content: bytes) -> None:
        """Replace the file; where that can't be done, overwrite it.

        :raises OSError: neither could be done. The file stays as it is.
        """
        found = self._checked()
        if found is None and hasattr(os, "geteuid"):
            self.owner = os.geteuid()
        try:
            self._replace(content, found)
        except OSError as error:
            if found is None or error.errno in _IS_BROKEN:
                raise
            try:
                self._overwrite(content)
            except OSError as second:
                raise (second if second.errno in _IS_FULL else error) from None

    def remove(self) -> None:
        """Remove the file, if it is there.

        :raises OSError: it could not be removed.
        """
        if self._checked() is not None:
            self._unlink(self.name)
            self._sync_folder()

    def _replace(self, content: bytes, found: os.stat_result | None) -> None:
        temporary = self._temporary(content, found)
        try:
            self._rename(temporary)
        except BaseException:
            self._discard(temporary)
            raise
        self._sync_folder()

    def _rename(self, temporary: str) -> None:
        give_up = time.monotonic() + _TRY_AGAIN
        while True:
            try:
                os.replace(
                    self._at(temporary),
                    self._at(self.name),
                    src_dir_fd=self._descriptor,
                    dst_dir_fd=self._descriptor,
                )
            except OSError as error:
                if error.errno != errno.EACCES or time.monotonic() >= give_up:
                    raise
                time.sleep(0.02)
            else:
                return

    def _temporary(self, content: bytes, found: os.stat_result | None) -> str:
        """Write a file beside this one, and to the disk.

        :param found: this one, whose owner the new one gets if root writes it.
        :returns: its name, which no temporary file of another file has: what stands between this
            file's name and ``.tmp`` has no dot and always the same length.
        """
        name = f".{self.name}.{secrets.token_hex(8)}.tmp"
        descriptor = self._open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, name)
        try:
            with open(descriptor, "wb") as file:
                _make_private(descriptor, found)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            self._discard(name)
            raise
        return name

    def _sweep(self) -> None:
        mine = re.compile(rf"\.{re.escape(self.name)}\.[0-9a-f]{{16}}\.tmp")
        for name in filter(mine.fullmatch, self._names()):
            self._discard(name)

    def _names(self) -> list[str]:
        """What is in the folder; nothing if it may not be read."""
        with suppress(OSError):
            if self._descriptor is None:
                return os.listdir(self.folder)
            descriptor = self._open_folder()
            try:
                return os.listdir(descriptor)
            finally:
                os.close(descriptor)
        return []

    def _overwrite(self, content: bytes) -> None:
        """Overwrite the file where it is: a power failure on the way may leave half of each."""
        descriptor = self._open_for_overwriting()
        try:
            if fcntl is not None:
                with suppress(OSError):  # another container's writer has another lock file
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            try:
                # Spaces at its end leave it the JSON that it was, and reserve the room.
                _write_at(descriptor, b" " * (len(content) - size), size)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
            _write_at(descriptor, content.ljust(size), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _open_for_overwriting(self) -> int:
        descriptor = self._open(os.O_RDWR)
        try:
            found = _regular(os.fstat(descriptor))
            self._refuse_second_name(found)
            _refuse_no_name(found)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _why_not_overwrite(self) -> OSError | None:
        try:
            descriptor = self._open_for_overwriting()
        except OSError as error:
            return error
        try:
            if _has_room(descriptor):
                return None
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)

    def _is_replaceable(self) -> bool:
        """Whether another file could replace this one, as far as the system tells."""
        probe = f".{self.name}.{secrets.token_hex(8)}.tmp"
        try:
            self._link(probe)
        except OSError as error:
            if error.errno == errno.EXDEV:  # mounted here by itself
                return False
        else:
            self._discard(probe)
        try:
            # A file is no folder, so this removes nothing. But the system first looks whether it
            # might: not in a sticky folder, if it is another user's, nor if it is immutable.
            os.rmdir(self._at(self.name), dir_fd=self._descriptor)
        except OSError as error:
            return error.errno not in _IS_REFUSED
        return True

    # The lock -------------------------------------------------------------------------------

    def open_lock(self, name: str) -> int:
        """Open the lock file beside this one, and make it if it is missing.

        Made by root's cron job, the lock of a user's file would lock the user out: it belongs to
        the owner of the file. Who may write the file may lock it.

        :returns: a descriptor.
        :raises OSError: it may not be opened, or is something else than a lock.
        """
        model = self._status(self.name)
        try:
            descriptor = self._open(os.O_RDWR | os.O_CREAT | os.O_EXCL, name)
        except FileExistsError:
            descriptor = self._open(os.O_RDWR, name)
        else:
            shared = 0 if model is None or not model.st_mode & 0o022 else model.st_mode & 0o066
            _make_private(descriptor, model, 0o600 | shared)
        try:
            self._refuse_second_name(_regular(os.fstat(descriptor)))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def is_lock(self, name: str, descriptor: int) -> bool:
        """Whether *descriptor* is the lock file that others will open, too."""
        found = self._status(name)
        return found is not None and os.path.samestat(found, os.fstat(descriptor))

    def _refuse_second_name(self, found: os.stat_result) -> None:
        """Keep root from writing where a user has put a hard link to somebody else's file."""
        if found.st_nlink <= 1 or not _is_root():
            return
        if found.st_uid != self.folder_status().st_uid:
            raise OSError(errno.EPERM, "It is another name of somebody else's file")

    # By name --------------------------------------------------------------------------------

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.folder / name)

    def _open(self, flags: int, name: str | None = None) -> int:
        return os.open(
            self._at(self.name if name is None else name),
            flags | _FILE,
            0o600,
            dir_fd=self._descriptor,
        )

    def _status(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _checked(self) -> os.stat_result | None:
        """:raises OSError: there is something, and it is not a regular file of the same owner."""
        found = self._status(self.name)
        if found is None:
            return None
        _regular(found)
        if self.owner is None:
            self.owner = found.st_uid
        elif found.st_uid != self.owner and _is_root():
            # Root's token would go to the user who has put a file there meanwhile.
            raise OSError(errno.EPERM, "It belongs to another user by now")
        return found

    def folder_status(self) -> os.stat_result:
        """The status of the open folder."""
        return os.stat(self.folder if self._descriptor is None else self._descriptor)

    def _unlink(self, name: str) -> None:
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def _discard(self, name: str) -> None:
        with suppress(OSError):  # it is gone, or a folder of that name; or swept the next time
            self._unlink(name)

    def _link(self, name: str) -> None:
        os.link(
            self._at(self.name),
            self._at(name),
            src_dir_fd=self._descriptor,
            dst_dir_fd=self._descriptor,
            follow_symlinks=False,
        )

    def _open_folder(self) -> int:
        return os.open(".", os.O_RDONLY | _FOLDER, dir_fd=self._descriptor)

    def _sync_folder(self) -> None:
        if self._descriptor is None:  # Windows
            return
        try:
            descriptor = self._open_folder()
        except OSError:  # a folder that may not be read
            return
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _HAS_NO_SYNC:
                raise
        finally:
            os.close(descriptor)


def _follow(path: Path, make: bool) -> tuple[int, Path]:
    """Open the folder of *path*, link by link.

    :returns: its descriptor, and where the file is without a link on the way.
    """
    pending = [*reversed(path.parts[1:])]
    real: list[str] = []
    owners: set[int] = set()
    links = 0
    folders = [os.open(path.anchor, _SEARCH)]
    try:
        while pending:
            part = pending.pop()
            found = _found(part, folders[-1])
            if found is not None and stat.S_ISLNK(found.st_mode):
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                owners.add(found.st_uid)
                target = Path(os.readlink(part, dir_fd=folders[-1]))
                if target.is_absolute():
                    folders.append(os.open(target.anchor, _SEARCH))
                    real = []
                pending += reversed(target.parts[bool(target.anchor) :])
            elif not pending:
                _check_links(owners, found, folders[-1])
                return folders.pop(), Path("/", *real, part)
            else:
                if found is None and make:
                    _check_links(owners, None, folders[-1])
                    _make_folder(part, folders[-1])
                folders.append(os.open(part, _SEARCH, dir_fd=folders[-1]))
                real = real[:-1] if part == ".." else [*real, part]
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    finally:
        for folder in folders:
            os.close(folder)


def _found(part: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(part, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _check_links(owners: set[int], found: os.stat_result | None, folder: int) -> None:
    """Let root follow the links of a user only to what belongs to that user."""
    of_users = owners - {0}
    if not of_users or not _is_root():
        return
    if _is_in_user_namespace():  # the links of all who are outside look like this user's
        of_users.discard(_NOBODY)
    if not of_users:
        return
    reached = {os.stat(folder).st_uid, *(() if found is None else (found.st_uid,))}
    if len(of_users) > 1 or reached != of_users:
        raise OSError(errno.ELOOP, "A link of another user leads to what is not theirs")


def _make_folder(name: str, folder: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        return
    found = _found(name, folder)
    if found is None or stat.S_IMODE(found.st_mode) == 0o700:
        return
    # The umask has taken bits away that the owner needs. Without them only root can open it.
    if not _is_root():
        os.chmod(name, 0o700, dir_fd=folder)
        return
    descriptor = os.open(name, os.O_RDONLY | _FOLDER, dir_fd=folder)
    try:
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def _make_private(descriptor: int, model: os.stat_result | None, mode: int = 0o600) -> None:
    """Set the mode, and if root writes the file the owner of *model*, where the system lets it."""
    if not hasattr(os, "fchmod"):  # Windows
        return
    with suppress(OSError):  # a file system without modes
        os.fchmod(descriptor, mode)
    if model is not None and _is_root():
        with suppress(OSError):  # root without CAP_CHOWN, or an owner without a name in here
            os.fchown(descriptor, model.st_uid, model.st_gid)


def _regular(found: os.stat_result) -> os.stat_result:
    if stat.S_ISREG(found.st_mode):
        return found
    for is_kind, number in ((stat.S_ISDIR, errno.EISDIR), (stat.S_ISLNK, errno.ELOOP)):
        if is_kind(found.st_mode):
            raise OSError(number, os.strerror(number))
    raise OSError(errno.ENXIO, "It is a pipe, a socket or a device")


def _refuse_no_name(found: os.stat_result) -> None:
    """Refuse a mounted file that was replaced where it comes from: nobody would see it again."""
    if found.st_nlink == 0:
        raise OSError(errno.ESTALE, "It was replaced outside of this container")


def _has_room(descriptor: int) -> bool:
    if not hasattr(os, "fstatvfs"):  # Windows
        return True
    system = os.fstatvfs(descriptor)
    return not system.f_blocks or system.f_bavail * system.f_frsize >= len(_ROOM)


def _write_at(descriptor: int, content: bytes, start: int) -> None:
    os.lseek(descriptor, start, os.SEEK_SET)
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])


_NOBODY = 65534
_EVERYBODY = ["0", "0", "4294967295"]


def _is_in_user_namespace() -> bool:
    try:
        return Path("/proc/self/uid_map").read_text(encoding="utf-8").split() != _EVERYBODY
    except OSError:
        return False


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
