"""Thirty-two threads in eight processes want a new token at once: Kakao is asked for one."""

import time
from contextlib import ExitStack
from functools import partial

import pytest

from kakao_session import Token
from kakao_session.stores.testing import other_process
from tests.concurrency import worker_processes

PROCESSES = 8


@pytest.mark.parametrize("kind", ["file", "redis", "postgresql", "mariadb", "sqlite"])
def test_storm__one_refresh(kakao, new_store, kind):
    kakao.refresh_token_renewal = "always"
    kakao.previous_access_token = "dies"
    kakao.latency = 0.3
    new_store().save(Token.from_response(kakao.login(), time.time()))
    work = partial(worker_processes.storm, worker_processes.App.of(kakao))
    with ExitStack() as stack:
        processes = [stack.enter_context(other_process(work, new_store)) for _ in range(PROCESSES)]
        assert [process.answer() for process in processes] == ["ready"] * PROCESSES
        for how in (worker_processes.ONE_AUTH, worker_processes.AUTH_PER_CALL):
            for trouble in ("expired", "revoked"):
                before = stored_in(new_store())
                if trouble == "expired":
                    kakao.expire_access_tokens()
                    new_store().save(Token({**before, "expires_at": time.time() - 1}))
                else:
                    kakao.revoke_access_tokens()
                kakao.clear_requests()
                for process in processes:
                    process.tell(how)
                answers = [answer for process in processes for answer in process.answer()]
                assert answers == [200] * 256
                assert [record.status for record in kakao.token_requests] == [200]
                assert stored_in(new_store())["refresh_token"] != before["refresh_token"]


def stored_in(store):
    token = store.load()
    assert token is not None
    return token
