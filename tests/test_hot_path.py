"""What a call with a fresh token goes through, counted: no clock, so no mood of the machine."""

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
OURS = pytest.mark.parametrize("contender", [SESSION, AUTH], ids=lambda contender: contender.name)


@pytest.fixture(autouse=True)
def _no_collection():
    """What the collector finalizes, other tests' leftovers say, is not the call's doing."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def new_call():
    """Makes what makes one call, answered from memory, all that is made once having been made."""
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


def functions_called(call):
    """:returns: file and name of every Python function that a call runs, in order."""
    called = []

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_name not in INLINED:
            called.append((frame.f_code.co_filename, frame.f_code.co_name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return called


def of_ours(called):
    return [f"{Path(file).stem}.{name}" for file, name in called if file.startswith(PACKAGE)]


@pytest.mark.parametrize(
    ("contender", "most"), [(SESSION, 12), (AUTH, 4)], ids=["KakaoSession", "KakaoAuth"]
)
def test_functions__of_ours(new_call, contender, most):
    called = of_ours(functions_called(new_call(contender)))
    assert 0 < len(called) <= most


def test_session__runs_no_more_functions_than_a_bare_one_without_environment(
    new_call,
):
    ours = functions_called(new_call(SESSION))
    assert len(ours) <= len(functions_called(new_call(BARE, trust_env=False)))


def test_auth__runs_six_functions_more_than_the_barest(new_call):
    for trust_env in (True, False):
        ours = functions_called(new_call(AUTH, trust_env))
        barest = functions_called(new_call(BARE_AUTH, trust_env))
        assert len(ours) - len(barest) <= 6


@OURS
def test_locks__none_is_taken(new_call, contender, monkeypatch):
    taken = []

    class Noted:
        def __init__(self):
            self._lock = allocate()

        def acquire(self, *arguments):
            taken.append(self)
            return bool(self._lock.acquire(*arguments))

        def release(self):
            self._lock.release()

        def __enter__(self):
            self.acquire()

        def __exit__(self, *_):
            self.release()

    allocate = threading.RLock
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
    """What the system is asked for. A hook can't be taken away again, so it listens when told."""

    def __init__(self):
        self.events = []
        self.listens = False
        sys.addaudithook(self._note)

    def _note(self, event, _):
        if self.listens and event.partition(".")[0] in {"open", "os", "socket", "subprocess"}:
            self.events.append(event)

    def of(self, call):
        """:returns: what is asked for during a call."""
        self.events.clear()
        self.listens = True
        try:
            call()
        finally:
            self.listens = False
        return self.events


@pytest.fixture(scope="session")
def audit():
    return Audit()


@OURS
def test_system__is_not_asked(new_call, contender, audit):
    assert audit.of(Path(__file__).read_bytes) == ["open"]
    assert audit.of(new_call(contender)) == []


@pytest.mark.parametrize("make", [KakaoSession, KakaoAuth])
def test_dropped__is_freed_without_the_collector(kakao, token, clock, make):
    mine = make(kakao.app_key, token=token, endpoints=kakao.endpoints)
    clock.advance(hours=7)
    url = f"{kakao.endpoints.api_url}/v2/user/me"
    with requests.Session() as plain:
        call = mine.get if make is KakaoSession else partial(plain.get, auth=mine)
        assert call(url).status_code == 200  # after a refresh
    dropped = weakref.ref(mine)
    del mine, call
    assert dropped() is None


@OURS
def test_memory__nothing_is_kept(new_call, contender):
    calls = 300
    call = new_call(contender)
    held = []
    tracemalloc.start()
    try:
        for _ in range(6):
            for _ in range(calls):
                call()
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # requests and Python fill caches of theirs now and then; what a call kept, every round would.
    assert min(after - before for before, after in pairwise(held)) < 8 * calls


@pytest.mark.parametrize(
    "what",
    [{"token": LOGIN.token}, {"token_store": FileTokenStore("token.json")}],
    ids=["token", "store"],
)
def test_auth__holds_less_than_2_kib(what):
    count = 1000
    auths = [KakaoAuth(**LOGIN.app, **what)]
    tracemalloc.start()
    try:
        auths += [KakaoAuth(**LOGIN.app, **what) for _ in range(count)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / count < 2048
