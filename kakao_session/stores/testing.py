"""Tests for every store, to inherit. A store that passes them works with a
:class:`~kakao_session.KakaoSession`.

::

    class TestDynamoDBTokenStore(TokenStoreContract):
        @pytest.fixture
        def new_store(self, table_name):
            return functools.partial(DynamoDBTokenStore, table_name, uuid4().hex)

        @pytest.fixture
        def unreachable_store(self):
            return DynamoDBTokenStore("no-such-table", "key")

They need pytest. Failures show more with
``pytest.register_assert_rewrite("kakao_session.stores.testing")`` in your ``conftest.py``. Some
tests start processes, so these must be able to import the module of your tests.
"""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Protocol

import pytest

from kakao_session.errors import TokenStoreError
from kakao_session.stores.base import TokenStore
from kakao_session.token import Token

OLD = Token(
    {
        "access_token": "contract-access-old",
        "refresh_token": "contract-refresh-old",
        "token_type": "bearer",
        "expires_in": 21599,
        "expires_at": 1735689600.25,
        "refresh_token_expires_at": 1740873599.5,
        "scope": "profile_nickname talk_message",
        "app_key": "contract-app-key",
    }
)
"""A token before a refresh."""

NEW = Token({**OLD, "access_token": "contract-access-new", "refresh_token": "contract-refresh-new"})
"""The token after it."""

ODD = Token(
    {
        **OLD,
        "별명": "홍길동 \N{PARTY POPPER}",
        "quotes": "'\"`\\%s%(x)s:y?$1\n\t\u2028",
        "surrogate": "\ud800",
        "id": 2**63 + 1,
        "nested": {"yes": True, "none": None, "list": [1, 2.5, "셋"]},
        "long": "가나다" * 3000,
    }
)
"""A token with keys that only its owner knows. They are kept."""

NO_TOKENS = [
    "no JSON at all",
    '["a", "list"]',
    "{}",
    '{"counter": 7}',
    '{"access_token": 12345}',
    '{"access_token": "contract-access-torn", "refresh_tok',
]
"""What another program, an older version or a crash may have left in the place."""

_AT_ONCE = 5.0
"""Seconds that nothing takes which does not wait for a lock, even on a busy machine."""

_NEVER = 60.0

NewStore = Callable[[], TokenStore]
"""Makes stores for one place. It must survive pickle: a function of a module, or a
``functools.partial`` of one."""


class Raw(Protocol):
    """The place of a store, without the store."""

    def put(self, text: str) -> None:
        """Write there, as another program might."""

    def get(self) -> str | None:
        """:returns: what is there."""


class TokenStoreContract:
    """Tests for a store. Inherit them in a class whose name begins with ``Test``.

    Override the fixture ``new_store``. Override ``unreachable_store`` and ``raw`` too, if your
    store can have them. Without them, a few tests are skipped.
    """

    freed_within: float = 5.0
    """How many seconds it takes at most until the lock of a killed process is free."""

    odd_token = ODD
    """A token that the store can keep, with more keys than Kakao's."""

    @pytest.fixture
    def new_store(self) -> NewStore:
        """Override this fixture.

        :returns: a function without arguments that makes stores. All of them use the same place,
            which is empty at first and which no other test uses. Some tests send the function to
            another process, so pickle must be able to save it.
        """
        raise NotImplementedError("override the fixture new_store")

    @pytest.fixture
    def unreachable_store(self) -> TokenStore:
        """Override this fixture if you can.

        :returns: a store whose place can't be reached. All its methods raise ``TokenStoreError``.
        """
        pytest.skip("the fixture unreachable_store is not overridden")

    @pytest.fixture
    def raw(self) -> Raw:
        """Override this fixture if you can.

        :returns: the place of ``new_store``, without the store: an object with ``put(text)``, which
            writes there as another program might, and ``get()``, which reads.
        """
        pytest.skip("the fixture raw is not overridden")

    @pytest.fixture
    def store(self, new_store: NewStore) -> TokenStore:
        """:returns: a new store. You do not need to override this."""
        return new_store()

    # Load, save, delete ---------------------------------------------------------------------

    def test_load__nothing_there(self, store: TokenStore) -> None:
        assert isinstance(store, TokenStore)
        assert store.load() is None

    @pytest.mark.parametrize("kind", [Token, dict, OrderedDict, MappingProxyType])
    def test_save__keeps_every_key_of_any_mapping(self, new_store: NewStore, kind: Any) -> None:
        new_store().save({**OLD, "gone": True})
        saved = kind(dict(self.odd_token))
        new_store().save(saved)
        loaded = new_store().load()
        assert loaded == saved == self.odd_token
        assert isinstance(loaded, Token)

    def test_load__is_the_callers_own(self, store: TokenStore) -> None:
        store.save(OLD)
        loaded = store.load()
        assert loaded is not None
        loaded["mine"] = True
        assert store.load() == OLD

    def test_delete(self, store: TokenStore) -> None:
        store.save(OLD)
        store.delete()
        assert store.load() is None
        store.delete()
        store.save(NEW)
        assert store.load() == NEW

    def test_load__never_sees_half_a_token(self, new_store: NewStore) -> None:
        new_store().save(OLD)
        done = threading.Event()
        seen: list[Token | None] = []

        def read() -> None:
            store = new_store()
            while not done.is_set():
                seen.append(store.load())

        with _thread(read):
            store = new_store()
            for _ in range(10):
                store.save(self.odd_token)
                store.save(OLD)
            done.set()
        assert seen
        assert all(token in (OLD, self.odd_token) for token in seen)

    @pytest.mark.parametrize(
        "worse",
        [{}, {"app_key": "k"}, {"access_token": "", "code": "c"}],
        ids=["empty", "no token", "empty token"],
    )
    def test_save__refuses_what_is_not_a_token(self, store: TokenStore, worse: Any) -> None:
        store.save(OLD)
        with pytest.raises(TokenStoreError):
            store.save(worse)
        assert store.load() == OLD

    # The lock -------------------------------------------------------------------------------

    def test_lock__its_holder_works_as_usual_and_can_lock_again(self, new_store: NewStore) -> None:
        store = new_store()
        with store.lock():
            assert store.load() is None
            store.save(OLD)
            assert store.load() == OLD
            with store.lock():
                store.save(NEW)
            assert new_store().load() == NEW
            store.save(OLD)
            store.save(NEW)
            store.delete()
            store.save(OLD)
            store.delete()
            assert store.load() is None
            store.save(OLD)
        assert new_store().load() == OLD

    def test_lock__lets_its_own_thread_save_with_another_store(self, new_store: NewStore) -> None:
        store = new_store()
        with store.lock():
            store.save(OLD)
            started = time.monotonic()
            new_store().save(NEW)
            assert new_store().load() == NEW
            assert store.load() == NEW
        assert time.monotonic() - started < _AT_ONCE
        assert new_store().load() == NEW

    def test_lock__does_not_wait_for_its_own_thread(self, new_store: NewStore) -> None:
        with new_store().lock():
            started = time.monotonic()
            with pytest.raises(TokenStoreError), new_store().lock():
                pytest.fail("two stores had the lock")
            assert time.monotonic() - started < _AT_ONCE

    def test_lock__nothing_saved(self, store: TokenStore) -> None:
        with store.lock():
            pass
        assert store.load() is None
        store.save(OLD)
        with store.lock():
            pass
        assert store.load() == OLD

    def test_lock__ends_with_an_exception(self, new_store: NewStore) -> None:
        store = new_store()
        with pytest.raises(ZeroDivisionError), store.lock():
            raise ZeroDivisionError
        with _thread(lambda: new_store().save(NEW)):
            pass
        assert store.load() == NEW

    @pytest.mark.parametrize("shared", [True, False], ids=["one_store", "a_store_each"])
    def test_lock__one_thread_at_a_time(self, new_store: NewStore, shared: bool) -> None:
        one = new_store()
        one.save(Token({**OLD, "count": 0}))
        inside: list[int] = []
        most = 0

        def count() -> None:
            nonlocal most
            store = one if shared else new_store()
            for _ in range(5):
                with store.lock():
                    inside.append(1)
                    most = max(most, len(inside))
                    time.sleep(0.002)
                    inside.pop()
                    _count_up(store)

        with _thread(count), _thread(count), _thread(count):
            pass
        assert most == 1
        assert one.load() == Token({**OLD, "count": 15})

    def test_lock__one_process_at_a_time(self, new_store: NewStore) -> None:
        new_store().save(Token({**OLD, "count": 0}))
        with (
            other_process(_count_ten, new_store) as first,
            other_process(_count_ten, new_store) as second,
        ):
            assert first.answer() == second.answer() == "done"
        assert new_store().load() == Token({**OLD, "count": 20})

    def test_lock__next_holder_sees_what_the_last_one_saved(self, new_store: NewStore) -> None:
        new_store().save(OLD)
        seen: list[Token | None] = []

        def wait_and_look() -> None:
            store = new_store()
            store.load()
            with store.lock():
                seen.append(store.load())

        store = new_store()
        with store.lock():
            waiting = threading.Thread(target=wait_and_look)
            waiting.start()
            time.sleep(0.3)
            assert seen == []
            store.save(NEW)
        waiting.join()
        assert seen == [NEW]

    def test_save__waits_for_the_lock(self, new_store: NewStore) -> None:
        store = new_store()
        with store.lock():
            other = threading.Thread(target=lambda: new_store().save(NEW))
            other.start()
            time.sleep(0.3)
            assert store.load() is None
            store.save(OLD)
        other.join()
        assert store.load() == NEW

    def test_load__never_waits(self, new_store: NewStore) -> None:
        store = new_store()
        store.save(OLD)
        seen: list[Token | None] = []
        with store.lock():
            reader = threading.Thread(target=lambda: seen.append(new_store().load()))
            reader.start()
            reader.join(_AT_ONCE)
            assert seen == [OLD]
            store.save(NEW)

    def test_lock__is_free_when_its_holder_is_killed(self, new_store: NewStore) -> None:
        store = new_store()
        store.save(OLD)
        with other_process(_hold, new_store) as holder:
            assert holder.answer() == "locked"
            holder.kill()
            started = time.monotonic()
            with store.lock():
                took = time.monotonic() - started
                assert store.load() == OLD
                store.save(NEW)
        assert took < self.freed_within
        assert store.load() == NEW

    # Errors ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("act", ["load", "save", "delete", "lock"])
    def test_error__place_that_can_not_be_reached(
        self, unreachable_store: TokenStore, act: str
    ) -> None:
        with pytest.raises(TokenStoreError) as caught:
            _ACTS[act](unreachable_store)
        assert caught.value.__cause__ is not None
        assert len(str(caught.value)) > 40
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301
        _assert_quotes_nothing(caught.value)

    def test_load__no_token(self, new_store: NewStore, raw: Raw) -> None:
        for text in NO_TOKENS:
            raw.put(text)
            store = new_store()
            with pytest.raises(TokenStoreError) as caught:
                store.load()
            _assert_quotes_nothing(caught.value)
            with store.lock(), pytest.raises(TokenStoreError):
                store.load()
            assert raw.get() == text

    def test_save__replaces_what_is_not_a_token(self, new_store: NewStore, raw: Raw) -> None:
        raw.put(NO_TOKENS[0])
        new_store().save(OLD)
        assert new_store().load() == OLD


class LeasedTokenStoreContract(TokenStoreContract):
    """For a store whose lock ends by itself after a time, even if its holder lives."""

    lease: float
    """How many seconds the lock lives, in the stores of ``new_store``. You must set it."""

    @pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a process can't be suspended here")
    def test_save__suspended_for_longer_than_the_lease(self, new_store: NewStore) -> None:
        store = new_store()
        store.save(OLD)
        with other_process(_save_later, new_store) as sleeper:
            assert sleeper.answer() == "locked"
            os.kill(sleeper.pid, signal.SIGSTOP)
            with store.lock():
                store.save(NEW)
            os.kill(sleeper.pid, signal.SIGCONT)
            sleeper.tell(Token({**OLD, "access_token": "contract-access-late"}))
            assert sleeper.answer() == "TokenStoreError"
        assert store.load() == NEW

    def test_save__after_the_lease_but_nobody_else_saved(self, new_store: NewStore) -> None:
        store = new_store()
        store.save(OLD)
        with store.lock():
            store.load()
            time.sleep(self.lease + 0.2)
            store.save(NEW)
        assert store.load() == NEW


def _lock(store: TokenStore) -> None:
    with store.lock():
        pytest.fail("something was locked that can't be reached")


_ACTS: dict[str, Callable[[TokenStore], object]] = {
    "load": lambda store: store.load(),
    "save": lambda store: store.save(NEW),
    "delete": lambda store: store.delete(),
    "lock": _lock,
}


def _assert_quotes_nothing(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error))
    for secret in ("contract-access", "contract-refresh", "contract-app-key"):
        assert secret not in shown


@contextmanager
def _thread(work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


# Other processes ------------------------------------------------------------------------------


class OtherProcess:
    """A process that uses the same place, and a pipe to it.

    :param work: called there with the factory and the other end of the pipe.
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
        """:returns: what it sends next.

        :raises TimeoutError: it sends nothing.
        """
        if not self._pipe.poll(_NEVER):
            raise TimeoutError("the other process sends nothing")
        return self._pipe.recv()

    def tell(self, message: object) -> None:
        """Send it something."""
        self._pipe.send(message)

    def kill(self) -> None:
        """Kill it, so that it can't release anything."""
        self._process.kill()
        self._process.join()


@contextmanager
def other_process(
    work: Callable[[NewStore, Any], None], new_store: NewStore
) -> Iterator[OtherProcess]:
    """Another process, which is killed when the context ends."""
    process = OtherProcess(work, new_store)
    try:
        yield process
    finally:
        process.kill()
        process._process.close()
        process._pipe.close()


def _count_up(store: TokenStore) -> None:
    token = store.load() or Token()
    store.save(Token({**token, "count": token["count"] + 1}))


def _count_ten(new_store: NewStore, pipe: Any) -> None:
    for _ in range(10):
        store = new_store()
        with store.lock():
            _count_up(store)
    pipe.send("done")


def _hold(new_store: NewStore, pipe: Any) -> None:
    with new_store().lock():
        pipe.send("locked")
        time.sleep(10 * _NEVER)


def _save_later(new_store: NewStore, pipe: Any) -> None:
    """Take the lock and save the token that is sent, whenever that is."""
    store = new_store()
    with store.lock():
        store.load()
        pipe.send("locked")
        late = pipe.recv()
        try:
            store.save(late)
        except TokenStoreError as error:
            pipe.send(type(error).__name__)
        else:
            pipe.send("saved")
