"""Many threads and processes that need a new token at once: one of them gets it, for all."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import chain

import pytest
import requests

from kakao_session import (
    FileTokenStore,
    KakaoError,
    LoginRequiredError,
    TemporaryError,
    Token,
    TokenStoreError,
)
from kakao_session.refresher import Refresher


def at_once(count, call):
    """Make a call in many threads at the same moment. :returns: its answers and its errors."""
    gate = threading.Barrier(count)
    outcomes = []

    def run():
        gate.wait()
        try:
            outcomes.append(call())
        except Exception as error:  # noqa: BLE001  # the outcome, whatever it is
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize("trouble", ["expired", "revoked"])
def test_64_threads__one_refresh(kakao, new_session, token, clock, trouble):
    kakao.refresh_token_renewal = "always"
    kakao.previous_access_token = "dies"
    kakao.latency = 0.1
    session = new_session(token=token)
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    if trouble == "expired":
        clock.advance(hours=7)
    else:
        kakao.revoke_access_tokens()
    saved = []
    session.token_updater = saved.append
    outcomes = at_once(64, lambda: session.get("/v2/user/me").status_code)
    assert outcomes == [200] * 64
    assert len(kakao.token_requests) == 1
    assert saved == [session.token]
    assert session.token["refresh_token"] != token["refresh_token"]


def test_64_threads__first_use_of_a_store(kakao, new_session, token, clock, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    clock.advance(hours=7)
    assert at_once(64, lambda: session.get("/v2/user/me").status_code) == [200] * 64
    assert len(kakao.token_requests) == 1


def test_16_threads__share_a_time_out(kakao, new_session, token, clock):
    kakao.fail_next("hang", times=None)
    session = new_session(token=token, timeout=0.5)
    clock.advance(hours=7)
    started = time.monotonic()
    errors = at_once(16, lambda: session.get("/v2/user/me"))
    assert time.monotonic() - started < 5  # one after another they would take 16
    assert all(isinstance(error, TemporaryError) for error in errors)
    assert len({id(error) for error in errors}) == 16
    assert [record.path for record in kakao.requests] == ["/oauth/token"]


def test_16_threads__share_a_dead_login(kakao, new_session, token, clock):
    kakao.latency = 0.1
    session = new_session(token=token)
    kakao.unlink()
    clock.advance(hours=7)
    errors = at_once(16, lambda: session.get("/v2/user/me"))
    assert all(isinstance(error, LoginRequiredError) for error in errors)
    assert len(kakao.token_requests) == 1


def test_failures__do_not_grow_a_shared_traceback(kakao, new_session, token, clock):
    def depth(error):
        count, trace = 0, error.__traceback__
        while trace:
            count, trace = count + 1, trace.tb_next
        return count

    kakao.latency = 0.1
    session = new_session(token=token)
    kakao.unlink()
    clock.advance(hours=7)
    errors = at_once(16, lambda: session.get("/v2/user/me"))
    assert len({id(error) for error in errors}) == 16
    assert max(map(depth, errors)) < 15


def test_ip_mismatched__one_refresh_for_64_threads(kakao, new_session, token):
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=None)
    session = new_session(token=token)
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    outcomes = at_once(64, lambda: [session.get("/v2/user/me").status_code for _ in range(4)])
    assert Counter(chain.from_iterable(outcomes)) == {401: 256}
    assert len(kakao.token_requests) == 1


def test_assigned_during_a_renewal__wins(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(hours=7)
    kakao.fail_next("hang", times=None)
    renewing = threading.Thread(target=session.get, args=["/v2/user/me"])
    renewing.start()
    while not kakao.token_requests:
        pass
    assigning = threading.Thread(target=setattr, args=[session, "token", {"access_token": "mine"}])
    assigning.start()
    kakao.clear_failures()
    renewing.join()
    assigning.join()
    assert session.token == {"access_token": "mine"}


def test_leader_that_breaks_off__is_followed_by_another(
    kakao,
    new_session,
    token,
    clock,
    monkeypatch,
):
    session = new_session(token=token)
    clock.advance(hours=7)
    first = threading.Event()
    second = threading.Event()
    refresh = Refresher.refresh

    def interrupted(*given, **options):
        if not first.is_set():
            first.set()
            second.wait()
            raise KeyboardInterrupt
        return refresh(*given, **options)

    monkeypatch.setattr(Refresher, "refresh", interrupted)
    caught = []

    def lead():
        try:
            session.get("/v2/user/me")
        except KeyboardInterrupt as error:
            caught.append(error)

    leader = threading.Thread(target=lead)
    leader.start()
    first.wait()
    statuses = []
    follower = threading.Thread(
        target=lambda: statuses.append(session.get("/v2/user/me").status_code)
    )
    follower.start()
    second.set()
    leader.join()
    follower.join()
    assert len(caught) == 1
    assert statuses == [200]


# Processes ----------------------------------------------------------------------------------

WORKER = """
import json, sys, threading
from kakao_session import Endpoints, KakaoSession

place, app_key, ca_file, count, endpoints = json.loads(sys.argv[1])
kakao = KakaoSession(app_key, token_store=place, endpoints=Endpoints(**endpoints))
kakao.token  # loaded while the token was still good, if the test wants that
outcomes = []

def call():
    for _ in range(2):
        outcomes.append(kakao.get("/v2/user/me").status_code)

print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=call) for _ in range(count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(outcomes), flush=True)
"""


@pytest.mark.parametrize("trouble", ["expired", "revoked"])
def test_8_processes_4_threads__one_refresh(kakao, tmp_path, trouble):
    kakao.refresh_token_renewal = "always"
    kakao.previous_access_token = "dies"
    kakao.latency = 0.2
    store = FileTokenStore(tmp_path / "token.json")
    token = Token.from_response(kakao.login(), time.time())
    if trouble == "expired":
        token["expires_at"] -= 25_000
    store.save(token)
    endpoints = {
        name: getattr(kakao.endpoints, name) for name in ("kauth_url", "api_url", "dapi_url")
    }
    task = json.dumps([str(store.path), kakao.app_key, kakao.ca_file, 4, endpoints])
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    if trouble == "revoked":
        kakao.revoke_access_tokens()
    answers = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        out, _ = worker.communicate(timeout=60)
        answers += json.loads(out)
    assert answers == [200] * 64
    assert len(kakao.token_requests) == 1
    stored = store.load()
    assert stored is not None
    assert stored["refresh_token"] != token["refresh_token"]
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"token.json", "token.json.lock"}


def test_killed_holder__frees_the_lock_at_once(tmp_path):
    store = FileTokenStore(tmp_path / "token.json", lock_timeout=10)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from kakao_session import FileTokenStore\n"
            "with FileTokenStore(sys.argv[1]).lock(): print('held', flush=True); time.sleep(60)",
            str(store.path),
        ],
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        waiting = FileTokenStore(store.path, lock_timeout=0.1)
        with pytest.raises(TokenStoreError, match=r"0\.1 seconds") as caught, waiting.lock():
            pass
        assert str(store.path) in str(caught.value)
        holder.kill()
    with store.lock():
        store.save(Token({"access_token": "a"}))
    assert isinstance(caught.value, KakaoError)
