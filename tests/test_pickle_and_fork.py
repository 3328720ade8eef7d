"""A session that is sent to another process, or is there when the process forks."""

import dataclasses
import json
import multiprocessing
import os
import pickle
import subprocess
import sys

import pytest
import requests
from requests.adapters import HTTPAdapter

from kakao_session import KakaoSession, LoginRequiredError, Token
from tests.conftest import imported_again, status

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


def test_session__pickled_works_on(kakao, new_session, store, clock):
    session = new_session(token_store=store, scope=["friends"], redirect_uri="http://localhost/x")
    session.headers["X-Mine"] = "1"
    session.get("/v2/user/me")
    with pickled(session) as twin:
        assert isinstance(twin, KakaoSession)
        assert (twin.scope, twin.redirect_uri) == (["friends"], "http://localhost/x")
        assert twin.headers["X-Mine"] == "1"
        clock.advance(hours=7)
        assert status(twin) == 200
    assert status(session) == 200
    assert len(kakao.token_requests) == 1


SENT = []


class Recording(KakaoSession):
    def send(self, request, **kwargs):
        SENT.append(request.path_url)
        return super().send(request, **kwargs)


def test_session__pickled_refreshes_by_its_own_send(kakao, token, clock):
    SENT.clear()
    with Recording(kakao.app_key, token=token, endpoints=kakao.endpoints) as session:
        session.verify = kakao.ca_file
        with pickled(session) as twin:
            clock.advance(hours=7)
            assert status(twin) == 200
    assert SENT == ["/oauth/token", "/v2/user/me"]


def test_session__pickled_dead_stays_dead(kakao, new_session, token):
    session = new_session(token=token)
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    kakao.clear_requests()
    with pickled(session) as twin, pytest.raises(LoginRequiredError):
        twin.get("/v2/user/me")
    assert kakao.requests == []


def test_session__sent_to_a_process(kakao, new_session, store, token):
    store.save({**token, "expires_at": 1})
    session = new_session(token_store=store)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(status, (session,)) == 200
    assert status(session) == 200
    assert len(kakao.token_requests) == 1


def test_auth_and_request__pickled(kakao, new_auth, token, me_url):
    auth = new_auth(token=token)
    request = requests.Request("GET", me_url, auth=auth).prepare()
    twin = pickled(auth)
    assert requests.get(me_url, auth=twin).status_code == 200
    kakao.revoke_access_tokens()
    assert requests.get(me_url, auth=twin).status_code == 200
    assert pickled(request).headers == request.headers


def test_auth_of_a_session__outlives_it(kakao, new_session, token, clock, me_url):
    auth = KakaoSession(kakao.app_key, token=token, endpoints=kakao.endpoints).auth
    for each in (auth, pickled(new_session(token=token).auth)):
        clock.advance(hours=7)
        assert requests.get(me_url, auth=each, timeout=9).status_code == 200
    assert len(kakao.token_requests) == 2


def test_response_and_error__pickled_without_the_login(kakao, new_session, token):
    session = new_session(token=token, client_secret="the-secret", token_updater=lambda _: None)
    response = session.get("/v2/user/me")
    kakao.fail_next("reset", path="/v2/user/me")
    with pytest.raises(requests.ConnectionError) as caught:
        session.get("/v2/user/me")
    for thing in (response, caught.value):
        assert b"the-secret" not in pickle.dumps(thing)
        assert token["refresh_token"].encode() not in pickle.dumps(thing)
    twin = pickled(response)
    assert twin.json() == response.json()
    kakao.revoke_access_tokens()
    with requests.Session() as plain:
        plain.verify = kakao.ca_file
        assert plain.send(twin.request).status_code == 401
    assert status(session) == 200


# A process that forks ---------------------------------------------------------------------------

# In a process of its own: a fork of the one that measures coverage may find its locks held.
FORKING = """
import json, os, sys, threading
from kakao_session import Endpoints, KakaoSession

token, endpoints, refreshing = json.loads(sys.argv[1])
session = KakaoSession("emulator-rest-api-key", token=token, endpoints=Endpoints(**endpoints))

def call():
    return session.get("/v2/user/me").status_code

def call_in_child():
    child = os.fork()
    if child == 0:
        os._exit(0 if call() == 200 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

if refreshing:
    thread = threading.Thread(target=call)
    thread.start()
    print("refreshing", flush=True)
    sys.stdin.readline()
else:
    assert call() == 200
outcomes = []
for _ in range(1 if refreshing else 3):
    outcomes.append(call_in_child())
    if not refreshing:
        outcomes.append(call())
print(json.dumps(outcomes), flush=True)
sys.stdin.readline()
"""


def forking(kakao, token, *, refreshing):
    endpoints = dataclasses.asdict(kakao.endpoints)
    return subprocess.Popen(
        [sys.executable, "-c", FORKING, json.dumps([token, endpoints, refreshing])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@forks
def test_fork__connections_stay_with_the_parent(kakao, token):
    with forking(kakao, token, refreshing=False) as process:
        out, _ = process.communicate("end\n", timeout=30)
    assert json.loads(out) == [0, 200] * 3


@forks
def test_fork__while_a_refresh_is_under_way(kakao, token):
    kakao.fail_next("hang")
    with forking(kakao, Token({**token, "expires_at": 1}), refreshing=True) as process:
        assert process.stdout.readline() == "refreshing\n"
        while not kakao.token_requests:
            pass
        process.stdin.write("fork\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == [0]
        kakao.clear_failures()
        process.communicate("end\n", timeout=30)


# A child that fails in any way says so by its status; its parent waits for it.
SAVING = """
import os, sys
from kakao_session import FileTokenStore, KakaoSession

store = FileTokenStore(sys.argv[1])
session = KakaoSession("key", token_store=store)

def save(name):
    with store.lock():
        store.save({**store.load(), "access_token": name})

save("parent")
child = os.fork()
if child == 0:
    save("child")
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert session.access_token == "child"
save("parent-again")
"""


@forks
def test_fork__a_file_store_that_has_been_locked_before(store, token):
    subprocess.run([sys.executable, "-c", SAVING, store.path], check=True, timeout=30)
    assert store.load() == {**token, "access_token": "parent-again"}


@pytest.fixture
def forked(monkeypatch):
    """Imports a module of ours once more.

    :returns: the module, and what it does in a child as soon as the process has forked.
    """

    def load(name):
        hooks = []
        with monkeypatch.context() as patch:
            patch.setattr(
                os, "register_at_fork", lambda after_in_child: hooks.append(after_in_child)
            )
            module = imported_again(name)
        (hook,) = hooks
        return module, hook

    return load


class Timed(HTTPAdapter):
    """An adapter with something of its own, which HTTPAdapter does not pickle."""

    def __init__(self, limit):
        self.limit = limit
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, timeout=self.limit, **kwargs)


@dataclasses.dataclass(eq=False)
class Data(KakaoSession):
    user: str

    def __post_init__(self):
        super().__init__(self.user)


class Equal(Data):
    def __eq__(self, other):
        return self.user == other.user


@forks
@pytest.mark.parametrize("hash_", [None, lambda _: 1])
def test_forked_child__has_connections_of_its_own_in_each_of_two_equal_sessions(
    forked, monkeypatch, hash_
):
    monkeypatch.setattr(Equal, "__hash__", hash_)
    transport, in_child = forked("kakao_session.transport")
    sessions = [Equal("kim"), Equal("kim")]
    assert sessions[0] == sessions[1]
    for session in sessions:
        transport.renew_connections_after_fork(session)
    before = [session.get_adapter("https://kapi.kakao.com").poolmanager for session in sessions]
    in_child()
    after = [session.get_adapter("https://kapi.kakao.com").poolmanager for session in sessions]
    assert [old is not new for old, new in zip(before, after, strict=True)] == [True, True]


@forks
def test_forked_child__has_connections_of_its_own(forked, caplog):
    transport, in_child = forked("kakao_session.transport")
    sessions = [requests.Session() for _ in range(6)]
    adapters = plain, timed, broken = HTTPAdapter(3, 4, pool_block=True), Timed(5), Timed(5)
    proxy = plain.proxy_manager_for("http://127.0.0.1:9")
    for session, adapter in zip(sessions, adapters * 2, strict=True):
        session.mount("https://", adapter)
        session.adapters["mem://"] = object()
        transport.renew_connections_after_fork(session)
    before = [adapter.poolmanager for adapter in adapters]
    del broken.limit
    in_child()
    after = [adapter.poolmanager for adapter in adapters]
    assert [old is not new for old, new in zip(before, after, strict=True)] == [True, True, False]
    assert plain.proxy_manager_for("http://127.0.0.1:9") is not proxy
    assert {"maxsize": 4, "block": True}.items() <= plain.poolmanager.connection_pool_kw.items()
    for number in range(4):
        plain.poolmanager.connection_from_host(f"host-{number}")
    assert len(plain.poolmanager.pools) == 3
    assert timed.limit == 5
    assert timed.poolmanager.connection_pool_kw["timeout"] == 5
    assert "Timed keeps its parent's connections (AttributeError" in caplog.text


@forks
def test_forked_child_of_a_forked_child__waits_for_neither(forked):
    single_flight, in_child = forked("kakao_session.single_flight")
    flights = single_flight.SingleFlight()

    def fork_and_lead(generations):
        if generations == 0:
            return "landed"
        in_child()
        return flights.lead(lambda: fork_and_lead(generations - 1)) or "waits"

    assert fork_and_lead(3) == "landed"
