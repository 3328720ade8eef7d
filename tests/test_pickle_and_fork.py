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

from kakao_session import (
    FileTokenStore,
    KakaoAuth,
    KakaoSession,
    LoginRequiredError,
    Token,
    single_flight,
)
from kakao_session.single_flight import SingleFlight
from kakao_session.transport import _renew_adapters


def test_session__pickled_works_on(kakao, new_session, token, clock, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store, scope=["friends"], redirect_uri="http://localhost/x")
    session.headers["X-Mine"] = "1"
    session.get("/v2/user/me")
    with pickle.loads(pickle.dumps(session)) as twin:
        assert isinstance(twin, KakaoSession)
        assert (twin.scope, twin.redirect_uri) == (["friends"], "http://localhost/x")
        assert twin.headers["X-Mine"] == "1"
        clock.advance(hours=7)
        assert twin.get("/v2/user/me").status_code == 200
    assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == 1


def call(session):
    return session.get("/v2/user/me").status_code


@pytest.mark.parametrize("method", sorted({*multiprocessing.get_all_start_methods()} - {"fork"}))
def test_session__sent_to_a_process(kakao, new_session, token, clock, tmp_path, method):
    store = FileTokenStore(tmp_path / "token.json")
    store.save({**token, "expires_at": 1})
    session = new_session(token_store=store)
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(call, (session,)) == 200
    assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == 1


def test_session__pickled_before_its_first_use(kakao, new_session, token, tmp_path):
    FileTokenStore(tmp_path / "token.json").save(token)
    with pickle.loads(pickle.dumps(new_session(token_store=tmp_path / "token.json"))) as twin:
        assert twin.get("/v2/user/me").status_code == 200


def test_session__pickled_dead_stays_dead(kakao, new_session, token):
    session = new_session(token=token)
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    kakao.clear_requests()
    with pickle.loads(pickle.dumps(session)) as twin, pytest.raises(LoginRequiredError):
        twin.get("/v2/user/me")
    assert kakao.requests == []


def test_auth_and_request__pickled(kakao, token):
    auth = KakaoAuth(kakao.app_key, token=token, endpoints=kakao.endpoints)
    url = f"{kakao.endpoints.api_url}/v2/user/me"
    request = requests.Request("GET", url, auth=auth).prepare()
    twin = pickle.loads(pickle.dumps(auth))
    assert twin.source.look_up() == token
    assert requests.get(url, auth=twin).status_code == 200
    kakao.revoke_access_tokens()
    assert requests.get(url, auth=twin).status_code == 200
    assert pickle.loads(pickle.dumps(request)).headers == request.headers


def test_auth_of_a_session__outlives_it(kakao, new_session, token, clock):
    auth = KakaoSession(kakao.app_key, token=token, endpoints=kakao.endpoints).auth
    for each in (auth, pickle.loads(pickle.dumps(new_session(token=token).auth))):
        clock.advance(hours=7)
        url = f"{kakao.endpoints.api_url}/v2/user/me"
        assert requests.get(url, auth=each, timeout=9).status_code == 200
    assert len(kakao.token_requests) == 2


def test_response_and_error__pickled_without_the_login(kakao, new_session, token):
    session = new_session(token=token, client_secret="the-secret", token_updater=lambda _: None)
    response = session.get("/v2/user/me")
    kakao.fail_next("reset", path="/v2/user/me")
    with pytest.raises(requests.ConnectionError) as caught:
        session.get("/v2/user/me")
    for thing in (response, caught.value):
        pickled = pickle.dumps(thing)
        assert b"the-secret" not in pickled
        assert token["refresh_token"].encode() not in pickled
    twin = pickle.loads(pickle.dumps(response))
    assert twin.json() == response.json()
    kakao.revoke_access_tokens()
    with requests.Session() as plain:
        plain.verify = kakao.ca_file
        assert plain.send(twin.request).status_code == 401
    assert session.get("/v2/user/me").status_code == 200


# In a process of its own: a fork of the one that measures coverage may find its locks held.
FORKING = """
import json, os, sys, threading
from kakao_session import Endpoints, KakaoSession

token, endpoints, renewing = json.loads(sys.argv[1])
session = KakaoSession("emulator-rest-api-key", token=token, endpoints=Endpoints(**endpoints))

def call():
    return session.get("/v2/user/me").status_code

def call_in_child():
    child = os.fork()
    if child == 0:
        os._exit(0 if call() == 200 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

if renewing:
    thread = threading.Thread(target=call)
    thread.start()
    print("renewing", flush=True)
    sys.stdin.readline()
else:
    assert call() == 200
outcomes = []
for _ in range(1 if renewing else 3):
    outcomes.append(call_in_child())
    if not renewing:
        outcomes.append(call())
print(json.dumps(outcomes), flush=True)
sys.stdin.readline()
"""


def forking(kakao, token, *, renewing):
    endpoints = dataclasses.asdict(kakao.endpoints)
    return subprocess.Popen(
        [sys.executable, "-c", FORKING, json.dumps([token, endpoints, renewing])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_fork__connections_stay_with_the_parent(kakao, token):
    with forking(kakao, token, renewing=False) as process:
        out, _ = process.communicate("end\n", timeout=30)
    assert json.loads(out) == [0, 200] * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_fork__while_a_renewal_is_under_way(kakao, token):
    kakao.fail_next("hang")
    with forking(kakao, Token({**token, "expires_at": 1}), renewing=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "renewing\n"
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
from kakao_session import KakaoSession

session = KakaoSession("key", token_store=sys.argv[1])

def save(name):
    store = session._source.persistence.store
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_fork__a_file_store_that_has_been_locked_before(token, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    subprocess.run([sys.executable, "-c", SAVING, store.path], check=True, timeout=30)
    assert store.load() == {**token, "access_token": "parent-again"}


class Timed(HTTPAdapter):
    """An adapter with something of its own, which HTTPAdapter does not pickle."""

    def __init__(self, limit):
        self.limit = limit
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, timeout=self.limit, **kwargs)


def test_forked_child__has_pools_of_its_own(new_session, caplog):
    sessions = [new_session() for _ in range(6)]
    plain, timed, broken = HTTPAdapter(3, 4, pool_block=True), Timed(5), Timed(5)
    proxy = plain.proxy_manager_for("http://127.0.0.1:9")
    for session, adapter in zip(sessions, [plain, timed, broken] * 2, strict=True):
        session.mount("https://", adapter)
        session.adapters["mem://"] = object()
    pools = [adapter.poolmanager for adapter in (plain, timed, broken)]
    del broken.limit
    _renew_adapters()
    for session in sessions:
        del session.adapters["mem://"]
    changed = [
        adapter.poolmanager is not pool
        for adapter, pool in zip((plain, timed, broken), pools, strict=True)
    ]
    assert changed == [True, True, False]
    assert plain.proxy_manager_for("http://127.0.0.1:9") is not proxy
    assert {"maxsize": 4, "block": True}.items() <= plain.poolmanager.connection_pool_kw.items()
    for number in range(4):
        plain.poolmanager.connection_from_host(f"host-{number}")
    assert len(plain.poolmanager.pools) == 3
    assert timed.limit == 5
    assert timed.poolmanager.connection_pool_kw["timeout"] == 5
    assert "Timed keeps its parent's connections (AttributeError" in caplog.text


def test_forked_child_of_a_forked_child__waits_for_neither(monkeypatch):
    monkeypatch.setattr(single_flight, "_this_process", single_flight._this_process)
    flights = SingleFlight()

    def fork_and_lead(generations):
        if generations == 0:
            return "landed"
        single_flight._become_another_process()
        return flights.lead(lambda: fork_and_lead(generations - 1)) or "waits"

    assert fork_and_lead(3) == "landed"
