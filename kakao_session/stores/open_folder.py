"""A folder that is held open, so that another user can't swap it, or a file in it, for a link.

The path is followed once, link by link. From then on files are opened, replaced and removed by
their name in the open folder, and no link is followed.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

_MOST_LINKS = 40  # as many as Linux follows

_WORKS_IN_FOLDERS = os.open in os.supports_dir_fd  # not Windows

_HAS_NO_SYNC = {errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM}

_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_SEARCH = getattr(os, "O_PATH", getattr(os, "O_SEARCH", os.O_RDONLY)) | _FOLDER
_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_CLOSED = -1

_NOBODY = 65534
_ALL_USERS = [b"0", b"0", b"4294967295"]


class OpenFolder:
    """A folder and the files in it.

    :param path: where the folder is, without a link on the way.
    :param descriptor: the open folder; ``None`` if the system can't work in an open folder. Then
        the files are reached by their path.
    """

    _descriptor: int | None = _CLOSED

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor
        self._prefix = "" if descriptor is not None else f"{path}{os.sep}"

    def close(self) -> None:
        """Close the folder. Nothing can be done in it any more."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor not in (None, _CLOSED):
            os.close(descriptor)

    __del__ = close  # an interrupt can come before anybody else could close it

    def status(self) -> os.stat_result:
        """The status of the folder."""
        return os.stat(self.path if self._descriptor is None else self._descriptor)

    def names(self) -> list[str]:
        """The names of the files; none if the folder can't be read."""
        with suppress(OSError):
            if self._descriptor is None:
                return os.listdir(self.path)
            descriptor = self._open_to_read()
            try:
                return os.listdir(descriptor)
            finally:
                os.close(descriptor)
        return []

    def sync(self) -> None:
        """Write changed names to the disk, if the system can do that."""
        if self._descriptor is None:  # Windows
            return
        try:
            descriptor = self._open_to_read()
        except OSError:  # a folder that may not be read
            return
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _HAS_NO_SYNC:
                raise
        finally:
            os.close(descriptor)

    def _open_to_read(self) -> int:
        return os.open(".", os.O_RDONLY, dir_fd=self._descriptor)

    # Files by name --------------------------------------------------------------------------

    def open(self, name: str, flags: int) -> int:
        """:returns: a descriptor. A file that is created has mode 0600."""
        return os.open(self._prefix + name, flags | _FILE, 0o600, dir_fd=self._descriptor)

    def status_of(self, name: str) -> os.stat_result | None:
        """The status of a file; ``None`` if it does not exist."""
        try:
            return os.lstat(self._prefix + name, dir_fd=self._descriptor)
        except FileNotFoundError:
            return None

    def replace(self, source: str, target: str) -> None:
        os.replace(
            self._prefix + source,
            self._prefix + target,
            src_dir_fd=self._descriptor,
            dst_dir_fd=self._descriptor,
        )

    def link(self, source: str, target: str) -> None:
        os.link(
            self._prefix + source,
            self._prefix + target,
            src_dir_fd=self._descriptor,
            dst_dir_fd=self._descriptor,
            follow_symlinks=False,
        )

    def remove(self, name: str) -> None:
        os.unlink(self._prefix + name, dir_fd=self._descriptor)

    def discard(self, name: str) -> None:
        """Remove a file. If that is impossible, leave it."""
        with suppress(OSError):
            self.remove(name)

    def remove_folder(self, name: str) -> None:
        os.rmdir(self._prefix + name, dir_fd=self._descriptor)


def open_folder(path: Path, *, make: bool) -> tuple[OpenFolder, str]:
    """Follow the path of a file and open its folder.

    :param path: an absolute path. The file need not exist.
    :param make: make the folders that are missing, with mode 0700.
    :returns: the folder, and the name of the file in it.
    :raises OSError: a folder does not exist or may not be entered. Or, for root only, a link of
        another user leads to something that does not belong to that user.
    """
    if not _WORKS_IN_FOLDERS:
        real = Path(os.path.realpath(path))
        if make:
            real.parent.mkdir(parents=True, exist_ok=True)
        return OpenFolder(real.parent, None), real.name
    folders = [os.open(path.anchor, _SEARCH)]
    try:
        parent, name = _follow(path, make, folders)
        return OpenFolder(parent, folders.pop()), name
    finally:
        for folder in folders:
            os.close(folder)


def _follow(path: Path, make: bool, folders: list[int]) -> tuple[Path, str]:
    """Follow a path, and add each folder on the way to *folders*, open.

    :returns: the path of the last folder, without a link on the way, and the name of the file.
    """
    pending = [*reversed(path.parts[1:])]
    real = Path(path.anchor)
    owners: list[int] = []  # of the links
    while pending:
        part = pending.pop()
        found = _status(part, folders[-1])
        if found is not None and stat.S_ISLNK(found.st_mode):
            owners.append(found.st_uid)
            if len(owners) > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            target = Path(os.readlink(part, dir_fd=folders[-1]))
            if target.is_absolute():
                folders.append(os.open(target.anchor, _SEARCH))
                real = Path(target.anchor)
            pending += reversed(target.parts[bool(target.anchor) :])
        elif pending:
            if found is None and make:
                _check_links(owners, None, None)
                _make_folder(part, folders[-1])
            folders.append(os.open(part, _SEARCH, dir_fd=folders[-1]))
            real = real.parent if part == ".." else real / part
        else:
            _check_links(owners, found, folders[-1])
            return real, part
    raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))


def _status(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


def _check_links(owners: list[int], found: os.stat_result | None, folder: int | None) -> None:
    """Let root follow the links of a user only to what belongs to that user.

    :param found: the file, if it exists.
    :param folder: its folder; ``None`` for one that root would make.
    """
    users = {*owners} - {0}
    if not users or not is_root():
        return
    if _is_in_user_namespace():  # there, the links of everybody outside belong to nobody
        users.discard(_NOBODY)
    reached = {0 if folder is None else os.stat(folder).st_uid}
    if found is not None:
        reached.add(found.st_uid)
    if users and (len(users) > 1 or reached != users):
        raise OSError(
            errno.ELOOP, "A symbolic link of another user leads to a file that is not that user's"
        )


def _make_folder(name: str, parent: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    # The umask may have taken away bits that the owner needs.
    with suppress(OSError):  # a file system without modes
        if not is_root():
            os.chmod(name, 0o700, dir_fd=parent)
            return
        descriptor = os.open(name, os.O_RDONLY | _FOLDER, dir_fd=parent)
        try:
            os.fchmod(descriptor, 0o700)
        finally:
            os.close(descriptor)


def is_root() -> bool:
    """Whether this process may do anything, with the files of any user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _is_in_user_namespace() -> bool:
    try:
        return Path("/proc/self/uid_map").read_bytes().split() != _ALL_USERS
    except OSError:
        return False
