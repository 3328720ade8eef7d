"""A lock that is a file beside another one: one holder on the machine, and never a dead one."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kakao_session.stores.base import Complaint
from kakao_session.stores.holds import Holds
from kakao_session.stores.private_file import PrivateFile
from kakao_session.stores.reason import reason

if TYPE_CHECKING:
    from filelock import BaseFileLock

_POLL_INTERVAL = 0.02

_held: Holds[BaseFileLock] = Holds()


def check_lock(file: PrivateFile, name: str, store: object, complaint: Complaint) -> None:
    """:raises TokenStoreError: this thread holds the lock already, by another store."""
    _held.check(_place(file, name), store, complaint)


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
    place = _place(file, name)
    if _held.mine(place) is not None:
        yield
        return
    # A lock of its own for each holder: whatever an interrupt leaves behind is released with it.
    lock = _new_lock(path)
    try:
        try:
            _acquire(lock, file, name, timeout)
        except TimeoutError as error:
            raise complaint(
                "is locked",
                f"another program or thread has held {path} for more than {timeout:g} seconds. "
                f"Look for one that hangs (`fuser {path}`), end it and try again",
            ) from error
        except (OSError, RuntimeError, UserWarning) as error:
            raise complaint("can't be locked", f"{path}: {reason(error)}") from error
        with _held.entered(place, store, lock):
            yield
    finally:
        try:
            lock.release(force=True)
        except BaseException:  # an interrupt: it must not leave the lock behind
            lock.release(force=True)
            raise


def _place(file: PrivateFile, name: str) -> tuple[int, int, str]:
    folder = file.folder_status()
    return folder.st_dev, folder.st_ino, name


def _acquire(lock: BaseFileLock, file: PrivateFile, name: str, timeout: float) -> None:
    from filelock import FileLock

    give_up = time.monotonic() + timeout
    while True:
        file.make_lock(name)
        file.check_folder()  # before each try, since filelock follows the path each time
        try:
            lock.acquire(timeout=0)
        except TimeoutError:
            if time.monotonic() >= give_up:
                raise
            time.sleep(_POLL_INTERVAL)
        else:
            break
    file.check_folder()
    if not isinstance(lock, FileLock):  # filelock 3.29 went over to a lock that outlives its holder
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _new_lock(path: Path) -> BaseFileLock:
    from filelock import FileLock

    try:
        return FileLock(path, mode=0o600, fallback_to_soft=False)
    except TypeError:  # filelock 3.29, the newest that an interrupt does not harm on Python 3.10
        return FileLock(path, mode=0o600)
