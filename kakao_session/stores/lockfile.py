"""Locks a file with another file beside it. The lock of a process that dies is free at once.

On POSIX the lock is ``flock``, on the same file as that of the package ``filelock``, so the two
keep each other out. But ``filelock`` opens the file by its path and makes missing folders. If root
works with a user's file, that user could lead it anywhere at that moment. So the lock file is
opened by its name in the open folder. Windows has neither, so ``filelock`` does it there.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from weakref import WeakSet

from kakao_session.call import at_most
from kakao_session.stores.base import ThreadLocks, could_not, why_occupied
from kakao_session.stores.private_file import PrivateFile, make_private

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]  # there is no such module

_POLL_INTERVAL = 0.02

_locks: ThreadLocks[PrivateFile] = ThreadLocks()


@contextmanager
def opened(path: Path) -> Iterator[PrivateFile]:
    """The file. Inside its lock: the one that is locked, wherever the path leads by now."""
    file = _locks.get(path)
    if file is not None:
        yield file
        return
    with PrivateFile(path) as file:
        yield file


@contextmanager
def locked(
    path: Path,
    store: object,
    place: str,
    timeout: float,
    *,
    only: object = None,
    again: bool = False,
) -> Iterator[PrivateFile]:
    """Lock a file with ``PATH.lock``. A thread that holds the lock already comes in again.

    :param path: the file. Its folder is made if it is missing; the file itself need not exist.
    :param store: the store whose lock it is.
    :param place: the place, for messages.
    :param timeout: seconds to wait for the lock.
    :param only: refuse a thread that holds the lock already, unless with this store.
    :param again: lock what the path leads to now, even if this thread holds the lock.
    :raises TokenStoreError: the wait took too long, or the system can't lock the file.
    """
    file = None if again else _locks.get(path, only=only, name=place)
    if file is not None:
        yield file
        return
    try:
        file = PrivateFile(path, make=True)
    except OSError as error:
        raise could_not("lock", place, reason(error)) from error
    with file:
        folder = file.folder.status()
        key = folder.st_dev, folder.st_ino, file.name
        if _locks.get(key, only=only, name=place) is not None:  # by another path
            yield file
            return
        name = f"{file.name}.lock"
        take = _taken_by_filelock if fcntl is None else _taken
        with (
            take(file, name, place, timeout),
            _locks.holding(key, store, file),
            _locks.holding(path, store, file),
        ):
            yield file


@contextmanager
def _taken(file: PrivateFile, name: str, place: str, timeout: float) -> Iterator[None]:
    give_up = time.monotonic() + at_most(timeout)
    lock: FileIO | None = None
    try:
        try:
            while True:
                lock = os.fdopen(_open_lock(file, name), "r+b", 0)
                _open.add(lock)
                _wait(lock.fileno(), give_up)
                found = file.folder.status_of(name)
                if found is not None and os.path.samestat(found, os.fstat(lock.fileno())):
                    break
                lock.close()  # somebody has removed or replaced the lock file in the meantime
                _pause(give_up, OSError(errno.ENOLCK, "It is another file each time"))
        except OSError as error:
            path = file.folder.path / name
            raise could_not("lock", place, _why_not(error, path, timeout)) from error
        yield
    finally:
        # An interrupt can come between any two of these. Then it closes itself with this frame.
        if lock is not None and not lock.closed:
            try:
                fcntl.flock(lock, fcntl.LOCK_UN)  # a forked child has it open, too
            except OSError:  # a file system without locks; suppress() would be a call
                pass
            finally:
                lock.close()


def _open_lock(file: PrivateFile, name: str) -> int:
    """Open the lock file, or make it.

    If root's cron job makes the lock of a user's file, it belongs to that user, and everybody who
    may write the file may lock it. Otherwise it would lock them out.
    """
    model = file.folder.status_of(file.name)
    try:
        descriptor = file.folder.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        descriptor = file.folder.open(name, os.O_RDWR)
    else:
        shared = 0 if model is None or not model.st_mode & 0o022 else model.st_mode & 0o066
        make_private(descriptor, model, 0o600 | shared)
    try:
        file.check_opened(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait(descriptor: int, give_up: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # the second from SMB
            _pause(give_up, TimeoutError())
        else:
            return


def _pause(give_up: float, error: OSError) -> None:
    """Wait a moment before the next try.

    :raises OSError: *error*, if it is time to give up.
    """
    if time.monotonic() >= give_up:
        raise error from None
    time.sleep(_POLL_INTERVAL)


_open: WeakSet[FileIO] = WeakSet()


def _close_in_child() -> None:
    # Otherwise a child would keep the lock of a parent that is killed.
    for lock in _open:
        lock.close()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_close_in_child)


@contextmanager
def _taken_by_filelock(file: PrivateFile, name: str, place: str, timeout: float) -> Iterator[None]:
    from filelock import FileLock

    path = file.folder.path / name
    lock = FileLock(path)
    try:
        lock.acquire(timeout=at_most(timeout))
    except (OSError, RuntimeError) as error:
        raise could_not("lock", place, _why_not(error, path, timeout)) from error
    try:
        yield
    finally:
        lock.release()


# Reasons and next steps -----------------------------------------------------------------------


def _why_not(error: Exception, path: Path, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        remedy = f"Find the one that hangs (`fuser {path}`), end it and try again"
        return why_occupied("another program or thread", str(path), timeout, remedy)
    if isinstance(error, OSError) and error.errno in _NO_LOCKS:
        return (
            f"{path}: {error.strerror}. This file system has no locks. Keep the token on another "
            "one"
        )
    return f"{path}: {reason(error)}"


_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}

_MAY_NOT = "Let this user read and write the file and its folder, or choose another place"
_MOUNTED = (
    "The file is mounted on its own. Mount its folder instead, or let this user write the file"
)
_NOT_A_FOLDER = "There is a file where a folder should be. Choose another place"

_REMEDIES = {
    errno.EACCES: _MAY_NOT,
    errno.EPERM: _MAY_NOT,
    errno.EROFS: "Choose a place that can be written to",
    errno.ENOSPC: "Free some space there",
    errno.EDQUOT: "Free some space there",
    errno.EFBIG: "Raise the limit of this user for the size of files (ulimit -f)",
    errno.EISDIR: "Choose a file, not a folder",
    errno.ENOTDIR: _NOT_A_FOLDER,
    errno.EEXIST: _NOT_A_FOLDER,
    errno.ELOOP: "Check where the symbolic link there leads, and remove it",
    errno.ENAMETOOLONG: "Choose a place with a shorter path",
    errno.ENXIO: "Choose a regular file",
    errno.EBUSY: _MOUNTED,
    errno.EXDEV: _MOUNTED,
    errno.ESTALE: "Restart the container with the folder mounted instead of the file",
}


def reason(error: BaseException) -> str:
    """:returns: what the system said and what to do about it, without the last full stop."""
    message = getattr(error, "strerror", None) or type(error).__name__
    number = getattr(error, "errno", None) or 0
    return f"{message}. {_REMEDIES.get(number, 'Check the disk and the folder')}"
