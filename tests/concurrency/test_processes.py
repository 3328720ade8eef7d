"""Threads of several processes that want a new token at once: Kakao is asked for one."""

import os
import time
from contextlib import ExitStack

import pytest

from kakao_session import Token
from kakao_session.stores.testing import other_process
from tests.concurrency.worker_processes import (
    AUTH_PER_CALL,
    CALLS,
    ONE_AUTH,
    THREADS,
    App,
    make_calls,
)

PROCESSES = 4


@pytest.fixture(scope="module")
def processes(running_kakao):
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("REQUESTS_CA_BUNDLE", running_kakao.ca_file)
        yield [stack.enter_context(other_process(make_calls, None)) for _ in range(PROCESSES)]


def tell(processes, what):
    """:returns: what each process answers."""
    for process in processes:
        process.tell(what)
    return [process.answer() for process in processes]


@pytest.mark.parametrize("kind", ["file", "redis", "postgresql", "mariadb", "sqlite"])
def test_storm__one_refresh(kakao, processes, new_store, kind):
    kakao.refresh_token_renewal = "always"
    kakao.previous_access_token = "dies"
    kakao.latency = 0.2
    store = new_store()
    store.save(Token.from_response(kakao.login(), time.time()))
    assert tell(processes, (App.of(kakao), new_store)) == ["ready"] * PROCESSES
    for how in (ONE_AUTH, AUTH_PER_CALL):
        for trouble in ("expired", "revoked"):
            before = store.load()
            if trouble == "expired":
                kakao.expire_access_tokens()
                store.save(Token({**before, "expires_at": time.time() - 1}))
            else:
                kakao.revoke_access_tokens()
            kakao.clear_requests()
            assert tell(processes, how) == [[200] * THREADS * CALLS] * PROCESSES
            assert [record.status for record in kakao.token_requests] == [200]
            assert store.load()["refresh_token"] != before["refresh_token"]
    for process in processes:
        process.tell(None)  # this store is done with
    if kind == "file" and os.name == "posix":
        files = {file.name: file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()}
        assert files == {"token.json": 0o600, "token.json.lock": 0o600}
