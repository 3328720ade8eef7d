"""Another process that uses a store, for the contract's tests."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kakao_session.errors import TokenStoreError
from kakao_session.stores.base import TokenStore
from kakao_session.token import Token

NewStore = Callable[[], TokenStore]
"""Makes a store on the same place each time. Has to survive pickle: a function of a module, or a
``functools.partial`` of one."""

_PATIENCE = 60.0


class OtherProcess:
    """A process, and a pipe to it.

    :param work: what it does with the factory and its end of the pipe.
    """

    def __init__(self, work: Callable[[NewStore, Any], None], new_store: NewStore) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(new_store, theirs))
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def answer(self) -> Any:
        """:raises TimeoutError: it says nothing."""
        if not self._pipe.poll(_PATIENCE):
            raise TimeoutError("the other process says nothing")
        return self._pipe.recv()

    def tell(self, what: object) -> None:
        """Send it something."""
        self._pipe.send(what)

    def kill(self) -> None:
        """End it at once, so that it cleans nothing up."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """End it and forget it."""
        self.kill()
        self._process.close()
        self._pipe.close()


@contextmanager
def other_process(
    work: Callable[[NewStore, Any], None], new_store: NewStore
) -> Iterator[OtherProcess]:
    """Another process, which ends with the context."""
    process = OtherProcess(work, new_store)
    try:
        yield process
    finally:
        process.close()


def count_up(store: TokenStore) -> None:
    """Add one to what is stored as ``count``."""
    token = store.load() or Token()
    store.save(Token({**token, "count": token["count"] + 1}))


def count_ten(new_store: NewStore, pipe: Any) -> None:
    """Add ten, one by one, each in a lock of its own."""
    for _ in range(10):
        store = new_store()
        with store.lock():
            count_up(store)
    pipe.send("done")


def hold(new_store: NewStore, pipe: Any) -> None:
    """Take the lock and never come back."""
    with new_store().lock():
        pipe.send("inside")
        time.sleep(10 * _PATIENCE)


def save_when_told(new_store: NewStore, pipe: Any) -> None:
    """Take the lock, load, and save the token that is sent, whenever it is sent."""
    store = new_store()
    with store.lock():
        store.load()
        pipe.send("inside")
        late = pipe.recv()
        try:
            store.save(late)
        except TokenStoreError as error:
            pipe.send(type(error).__name__)
        else:
            pipe.send("saved")
