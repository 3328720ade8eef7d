"""An interrupt (Ctrl-C, a gevent timeout) at any step of a refresh: the session goes on working."""

import ctypes
import json
import sys
import threading
import time
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import kakao_session
from kakao_session import FileTokenStore, KakaoSession, SQLTokenStore, Token
from kakao_session.call import NO_CALL, current

OURS = str(Path(kakao_session.__file__).parent)
THEIRS = ("/contextlib.py", "/threading.py", "/weakref.py")
EXPIRED = Token(access_token="a0", refresh_token="r", expires_at=1.0, expires_in=21_599)


class Interrupt(BaseException):
    """As KeyboardInterrupt, but nobody else's."""


class Kakao(requests.adapters.BaseAdapter):
    """A network in which Kakao answers at once."""

    def __init__(self):
        super().__init__()
        self.numbers = count(1)

    def send(self, request, **_):
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url
        token = {"access_token": f"a{next(self.numbers)}", "expires_in": 21_599}
        response._content = json.dumps(token).encode()
        response._content_consumed = True
        return response

    def close(self):
        pass


def interrupted_at(number, work):
    """Do the work, interrupted at the so-manieth step. :returns: how many there were.

    A step is the start of a Python function, or the end of one in C: that is where signal handlers
    run.
    """
    steps = 0

    def follow(frame, event, _):
        nonlocal steps
        path = frame.f_code.co_filename
        if event == "call" and sys.version_info < (3, 11) and frame.f_lasti >= 0:
            return  # raised here, it would end a generator without its finally, as no signal does
        if event in ("call", "c_return") and (
            path.startswith(OURS) or any(p in path for p in THEIRS)
        ):
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


@pytest.fixture
def new_store(kind, tmp_path):
    """Makes stores for one place, each as another process would."""
    engines = []

    def make():
        if kind == "memory":
            return None
        if kind == "file":
            return FileTokenStore(tmp_path / "token.json", lock_timeout=5)
        engines.append(create_engine(f"sqlite:///{tmp_path}/tokens.db", poolclass=NullPool))
        return SQLTokenStore(engines[-1], "key", lock_timeout=5)

    yield make
    for engine in engines:
        engine.dispose()


def in_another_thread(work):
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(work()), daemon=True)
    thread.start()
    thread.join(10)
    assert outcomes, "it hangs"
    return outcomes[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*could not be saved")
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
def test_interrupt_at_any_step__leaves_a_session_that_works(new_store, call):
    network = Kakao()
    url = "https://kapi.kakao.com/v2/user/me"

    def new_session(number):
        store = new_store()
        token = Token(EXPIRED, access_token=f"old-{number}")  # one that was not tried just now
        if call == "ahead":
            token["expires_at"] = time.time() + 200
        if store is not None:
            store.save(token)
        session = KakaoSession("key", token=token, token_store=store)
        session.mount("https://", network)
        return session

    def work():
        if call == "refresh_token":
            session.refresh_token()
        else:
            session.get(url, timeout=60)

    for number in count(1):
        session = new_session(number)
        if interrupted_at(number, work) < number:
            break
        assert current.get() is NO_CALL, number
        began = time.monotonic()
        again = partial(session.get, url, timeout=10)
        both = [again, partial(in_another_thread, again)]
        for ask in both if number % 2 else reversed(both):
            assert ask().status_code == 200
        assert not session.token["access_token"].startswith("old") or call == "ahead"
        other = new_store()
        if other is not None:
            with other.lock():
                assert other.load() is not None
        assert time.monotonic() - began < 5, number
        session.close()
    assert number > 100


def test_interrupt_from_another_thread(kakao, new_session, token, clock):
    """As ``PyThreadState_SetAsyncExc`` raises it: while the thread waits for Kakao."""

    def call():
        try:
            session.get("/v2/user/me")
        except Interrupt:
            interrupted.append(True)

    interrupted = []
    kakao.latency = 0.5
    session = new_session(token=token)
    clock.advance(hours=7)
    thread = threading.Thread(target=call)
    thread.start()
    while not kakao.token_requests:
        pass
    raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(Interrupt)
    )
    thread.join()
    assert (raised, interrupted) == (1, [True])
    kakao.latency = 0
    assert session.get("/v2/user/me", timeout=10).status_code == 200
    assert in_another_thread(lambda: session.get("/v2/user/me").status_code) == 200
