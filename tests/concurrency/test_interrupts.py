"""An interrupt (Ctrl-C, a gevent timeout) at any step of a refresh: the session goes on working."""

import contextlib
import os
import sys
import threading
import time
import weakref
from contextvars import copy_context
from functools import partial
from itertools import count

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kakao_session import FileTokenStore, KakaoSession, SQLTokenStore, Token
from tests.concurrency.harness import OURS, URL, FileFilter, LocalKakao, is_step

# One case goes through each step. The others have mostly the same ones, and more with a store.
STRIDE = 1 if "KAKAO_SESSION_EXAMPLES" in os.environ else 3

is_watched = FileFilter(OURS, contextlib.__file__, threading.__file__, weakref.__file__)


class Interrupt(BaseException):
    """Like KeyboardInterrupt, but only raised here."""


def interrupted_at(number, work):
    """Do the work, and interrupt it at the step of this number. :returns: how many there were."""
    steps = 0

    def follow(frame, event, _):
        nonlocal steps
        if is_step(event, frame, is_watched):
            steps += 1
            if steps == number:
                sys.setprofile(None)
                raise Interrupt

    sys.setprofile(follow)
    try:
        work()
    except Interrupt:
        pass
    finally:
        sys.setprofile(None)
    return steps


def in_another_thread(work):
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(work()), daemon=True)
    thread.start()
    thread.join(10)
    assert outcomes, "it hangs"
    return outcomes[0]


@pytest.fixture
def open_store(kind, memory_path):
    """Opens a store, as another process would."""
    engine = create_engine(f"sqlite:///{memory_path}/tokens.db", poolclass=NullPool)

    def open_store():
        if kind == "memory":
            return None
        if kind == "file":
            return FileTokenStore(memory_path / "token.json", lock_timeout=5)
        return SQLTokenStore(engine, "key", lock_timeout=5)

    yield open_store
    engine.dispose()


def locked_and_loaded(store):
    with store.lock():
        return store.load()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::kakao_session.KakaoWarning")
@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("memory", "expired"),
        ("memory", "ahead"),
        ("memory", "refresh_token"),
        ("file", "expired"),
        ("sql", "expired"),
    ],
)
def test_interrupt_at_any_step__leaves_a_session_that_works(open_store, memory_path, kind, call):
    network = LocalKakao()

    def new_session(number):
        store = open_store()
        expires_at = time.time() + (200 if call == "ahead" else -1)
        token = Token(access_token=f"old-{number}", refresh_token="r0", expires_at=expires_at)
        token["expires_in"] = 21_599
        if store is not None:
            store.save(token)
        session = KakaoSession("key", token=token, token_store=store)
        session.mount("https://", network)
        return session

    def work():
        if call == "refresh_token":
            session.refresh_token()
        else:
            session.get(URL, timeout=60)

    def works():
        return session.get(URL, timeout=10).status_code == 200

    session = new_session(0)
    work()
    context = dict(copy_context())
    for number in count(1, 1 if kind == "memory" else STRIDE):
        session = new_session(number)
        if interrupted_at(number, work) < number:
            break
        assert dict(copy_context()) == context, number
        began = time.monotonic()
        if number % 2:
            assert works()
        assert in_another_thread(works)
        assert works()
        assert not session.access_token.startswith("old") or call == "ahead"
        other = open_store()
        if other is not None:
            assert in_another_thread(partial(locked_and_loaded, other))["access_token"]
        assert {path.name for path in memory_path.iterdir()} <= {
            *("token.json", "token.json.lock", "tokens.db"),
        }
        assert time.monotonic() - began < 5, number
        session.close()
    assert number > 100
