"""A lock that is a file beside another one: one holder on the machine, and never a dead one.

On POSIX the lock is ``flock``, as in the package ``filelock``, on the same file: the two keep each
other out. But ``filelock`` opens the file by its path, and makes the folders that are missing. When
root works with a user's file, that user could lead it anywhere else in that moment. So the file is
opened here by its name in the folder that is held open. Windows has neither: there it is
``filelock``.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NoReturn
from weakref import WeakSet

from kakao_session.call import at_most, longest
from kakao_session.errors import TokenStoreError
from kakao_session.stores.base import Complaint
from kakao_session.stores.holds import Holds
from kakao_session.stores.private_file import PrivateFile
from kakao_session.stores.reason import reason

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]  # there is no such module

_POLL_INTERVAL = 0.02
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}

_held: Holds[bool] = Holds()


def check_lock(file: PrivateFile, name: str, store: object, complaint: Complaint) -> None:
    """:raises TokenStoreError: this thread holds the lock already, by another store."""
    _held.check(_place(file, name), store, complaint)


@contextmanager
def opened_for_lock(path: Path, complaint: Complaint) -> Iterator[PrivateFile]:
    """Hold the folder of *path* open, which is made if it is missing.

    :raises TokenStoreError: that is impossible.
    """
    opened = PrivateFile.opened(path, make=True)
    try:
        file = opened.__enter__()
    except OSError as error:
        raise complaint("can't be locked", reason(error)) from error
    try:
        yield file
    finally:
        opened.__exit__(None, None, None)


@contextmanager
def locked(
    file: PrivateFile, name: str, store: object, timeout: float, complaint: Complaint
) -> Iterator[None]:
    """Hold the lock file *name* beside *file*. The thread that holds it already comes in again.

    :param file: a file in an open folder.
    :param name: the name of the lock file; it is made when it is missing.
    :param store: whose lock it is.
    :param timeout: seconds to wait for another holder.
    :param complaint: makes the error when the lock can't be had.
    :raises TokenStoreError: the wait took too long, or the system does not lock there.
    """
    path = file.folder / name
    try:
        place = _place(file, name)
    except OSError as error:
        _refuse(error, path, complaint)
    if _held.mine(place) is not None:
        yield
        return
    take = _taken_by_filelock if fcntl is None else _taken
    with take(file, name, timeout, complaint), _held.entered(place, store, hold=True):
        yield


@contextmanager
def _taken(file: PrivateFile, name: str, timeout: float, complaint: Complaint) -> Iterator[None]:
    path = file.folder / name
    give_up = time.monotonic() + at_most(timeout)
    lock: FileIO | None = None
    try:
        try:
            while True:
                lock = FileIO(file.open_lock(name), "r+")
                _open.add(lock)
                _wait(lock.fileno(), give_up)
                if file.is_lock(name, lock.fileno()):
                    break
                lock.close()  # somebody has removed it meanwhile, or replaced it
        except TimeoutError as error:
            _give_up(error, path, timeout, complaint)
        except OSError as error:
            _refuse(error, path, complaint)
        yield
    finally:
        # An interrupt can come between any two of these. Then it closes itself with this frame.
        if lock is not None and not lock.closed:
            try:
                fcntl.flock(lock, fcntl.LOCK_UN)  # a child that was forked has it open, too
            except OSError:  # a file system without locks; suppress() is a call
                pass
            finally:
                lock.close()


def _wait(descriptor: int, give_up: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise TimeoutError from None
            time.sleep(_POLL_INTERVAL)
        else:
            return


_open: WeakSet[FileIO] = WeakSet()


def _close_in_child() -> None:
    # A child that lives on would keep the lock of a parent that is killed.
    for lock in _open:
        lock.close()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_close_in_child)


@contextmanager
def _taken_by_filelock(
    file: PrivateFile, name: str, timeout: float, complaint: Complaint
) -> Iterator[None]:
    from filelock import FileLock

    path = file.folder / name
    lock = FileLock(path)
    try:
        lock.acquire(timeout=at_most(timeout), poll_interval=_POLL_INTERVAL)
    except TimeoutError as error:
        _give_up(error, path, timeout, complaint)
    except (OSError, RuntimeError) as error:
        _refuse(error, path, complaint)
    try:
        yield
    finally:
        lock.release(force=True)


def _place(file: PrivateFile, name: str) -> tuple[int, int, str]:
    folder = file.folder_status()
    return folder.st_dev, folder.st_ino, name


def _give_up(error: Exception, path: Path, timeout: float, complaint: Complaint) -> NoReturn:
    raise complaint(
        "is locked",
        f"another program or thread has held {path} for more than {longest(timeout):g} seconds. "
        f"Look for one that hangs (`fuser {path}`), end it and try again",
    ) from error


def _refuse(error: Exception, path: Path, complaint: Complaint) -> NoReturn:
    if isinstance(error, TokenStoreError):
        raise error
    if isinstance(error, OSError) and error.errno in _NO_LOCKS:
        why = f"{error.strerror}. The file system there has no locks. Keep the token on another one"
    else:
        why = reason(error)
    raise complaint("can't be locked", f"{path}: {why}") from error
