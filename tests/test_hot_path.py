"""What a call with a fresh token costs, counted: no clock, so no mood of the machine."""

import gc
import sys
import threading
import tracemalloc
import weakref
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import requests

import kakao_session
from benchmarks.contenders import AUTH, BARE, BARE_AUTH, SESSION, Wire, some_login
from kakao_session import FileTokenStore, KakaoAuth, KakaoSession

PACKAGE = str(Path(kakao_session.__file__).parent)
INLINED = {"<dictcomp>", "<genexpr>", "<listcomp>", "<setcomp>"}
"""What is a function of its own in some versions of Python, and in others not."""

LOGIN = some_login()

both = pytest.mark.parametrize("contender", [SESSION, AUTH], ids=["KakaoSession", "KakaoAuth"])


@pytest.fixture(autouse=True)
def _no_collection():
    """Keeps the collector out: what it finalizes, such as other tests' leftovers, is not ours."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def new_call():
    """Makes functions that make one call, answered from memory, after a few to warm up."""
    clients = []

    def make(contender, trust_env=True):
        client = contender.open(LOGIN, Wire(in_memory=True, trust_env=trust_env))
        clients.append(client)
        for _ in range(3):
            client.get(LOGIN.url)
        return lambda: client.get(LOGIN.url)

    yield make
    for client in clients:
        client.close()


def functions_called(call, of=""):
    """:returns: how many Python functions a call runs in files whose path begins with *of*."""
    count = 0

    def note(frame, event, _):
        nonlocal count
        code = frame.f_code
        if event == "call" and code.co_name not in INLINED and code.co_filename.startswith(of):
            count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("contender", "most"), [(SESSION, 12), (AUTH, 4)], ids=["KakaoSession", "KakaoAuth"]
)
def test_functions__of_ours(new_call, contender, most):
    assert 0 < functions_called(new_call(contender), of=PACKAGE) <= most


def test_session__runs_no_more_functions_than_a_bare_one_without_environment(new_call):
    bare = new_call(BARE, trust_env=False)
    assert functions_called(new_call(SESSION)) <= functions_called(bare)


@pytest.mark.parametrize("trust_env", [True, False])
def test_auth__runs_six_functions_more_than_the_barest(new_call, trust_env):
    ours, barest = new_call(AUTH, trust_env), new_call(BARE_AUTH, trust_env)
    assert functions_called(ours) - functions_called(barest) <= 6


@both
def test_locks__none_is_taken(new_call, contender, monkeypatch):
    taken = []

    class Noted:
        def __init__(self):
            self.lock = new_lock()

        def acquire(self, *arguments):
            taken.append(self)
            return self.lock.acquire(*arguments)

        def release(self):
            self.lock.release()

        def __enter__(self):
            self.acquire()

        def __exit__(self, *_):
            self.release()

    new_lock = threading.RLock
    monkeypatch.setattr(threading, "Lock", Noted)
    monkeypatch.setattr(threading, "RLock", Noted)
    ours, bare = new_call(contender), new_call(BARE)
    taken.clear()
    bare()
    of_the_cookies = len(taken)
    assert of_the_cookies > 0
    taken.clear()
    ours()
    assert len(taken) == of_the_cookies


class Audit:
    """Notes what a call asks the system for. A hook can't be removed, so it is switched off."""

    def __init__(self):
        self.events = []
        self.is_on = False
        sys.addaudithook(self.note)

    def note(self, event, _):
        if self.is_on and event.partition(".")[0] in {"open", "os", "socket", "subprocess"}:
            self.events.append(event)

    def of(self, call):
        self.events.clear()
        self.is_on = True
        try:
            call()
        finally:
            self.is_on = False
        return self.events


@pytest.fixture(scope="session")
def audit():
    return Audit()


@both
def test_system__is_not_asked(new_call, contender, audit):
    assert audit.of(Path(__file__).read_bytes) == ["open"]
    assert audit.of(new_call(contender)) == []


# Memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [KakaoSession, KakaoAuth])
def test_dropped__is_freed_without_the_collector(kakao, token, clock, me_url, make):
    mine = make(kakao.app_key, token=token, endpoints=kakao.endpoints)
    clock.advance(hours=7)
    with requests.Session() as plain:
        call = mine.get if make is KakaoSession else partial(plain.get, auth=mine)
        assert call(me_url).status_code == 200  # after a refresh
    dropped = weakref.ref(mine)
    del mine, call
    assert dropped() is None


@both
def test_call__keeps_nothing(new_call, contender):
    calls, held = 25, []
    call = new_call(contender)
    tracemalloc.start()
    try:
        for _ in range(5):
            for _ in range(calls):
                call()
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # requests and Python fill caches of theirs now and then; what a call keeps, every round would.
    assert min(after - before for before, after in pairwise(held)) < 8 * calls


@pytest.mark.parametrize(
    "login",
    [{"token": LOGIN.token}, {"token_store": FileTokenStore("token.json")}],
    ids=["token", "store"],
)
def test_auth__holds_less_than_2_kib(login):
    auths = [KakaoAuth(**LOGIN.app, **login)]
    tracemalloc.start()
    try:
        auths += [KakaoAuth(**LOGIN.app, **login) for _ in range(1000)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / 1000 < 2048
