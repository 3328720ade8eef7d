"""A lock that is a file: one holder on the machine, and never a dead one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kakao_session.errors import TokenStoreError
from kakao_session.stores.reason import reason

if TYPE_CHECKING:
    from filelock import BaseFileLock

Complaint = Callable[[str, str], TokenStoreError]
"""Makes a store's error of what is wrong and what to do now."""


class LockFile:
    """A file whose lock one thread holds at a time. It lets the thread that holds it in again.

    :param path: the file; made when it is first needed, with its folder.
    :param timeout: seconds to wait for whoever holds it.
    :param complaint: makes the error when it can't be had.
    """

    def __init__(self, path: Path, timeout: float, complaint: Complaint) -> None:
        self.path = path
        self.timeout = timeout
        self._complaint = complaint
        # By process: what holds a lock must not be used by a child that is forked from it.
        self._locks: dict[int, BaseFileLock] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """:raises TokenStoreError: the wait took too long, or the folder can't be written to."""
        from filelock import Timeout

        try:
            lock = self._file_lock()
            lock.acquire(timeout=self.timeout, poll_interval=0.02)
        except Timeout as error:
            raise self._complaint(
                "is locked",
                f"another program or thread has held {self.path} for more than "
                f"{self.timeout:g} seconds. Look for one that hangs (`fuser {self.path}`), end it "
                "and try again",
            ) from error
        except (OSError, RuntimeError) as error:
            raise self._complaint("can't be locked", f"{self.path}: {reason(error)}") from error
        try:
            yield
        finally:
            lock.release()

    def _file_lock(self) -> BaseFileLock:
        from filelock import FileLock

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One object for all threads, also when two come first at the same time: another would not
        # know that this thread is inside.
        return self._locks.setdefault(os.getpid(), FileLock(self.path, mode=0o600))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_locks": {}}
