"""Eight processes of eight threads share one login whose token is no good any more."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import Manager, get_context
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contenders import Login
from benchmarks.crowd import Outcomes, failed, storm
from benchmarks.kakao import running_kakao
from benchmarks.storm import each
from benchmarks.table import Table
from kakao_session import FileTokenStore, KakaoSession, Token
from kakao_session.stores.testing import NewStore
from tests.stores import factories, servers

PROCESSES = 8
THREADS = 8
CALLS = 4


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    processes = 2 if quick else PROCESSES
    times = 1 if quick else 3
    table = Table(
        f"{processes} processes x {THREADS} threads with one store find an invalid token",
        f"Each thread makes {CALLS} calls. The token endpoint takes 0.2 s. Either the stored token "
        "has expired, or it was revoked. The number of refreshes and failed calls, in each of "
        f"{times} runs. None of the peers shares a login between processes. Aim: 1 refresh, "
        "0 failed.",
        ("", "expired: refreshes", "failed", "revoked: refreshes", "failed"),
    )
    with (
        running_kakao() as kakao,
        Manager() as manager,
        ProcessPoolExecutor(processes, get_context("spawn")) as pool,
    ):
        kakao.switch(latency=0.2)
        gate = manager.Barrier(processes)

        def storms(new_store: NewStore) -> tuple[str, ...]:
            cells: list[str] = []
            for withdrawn in (False, True):
                refreshes, failures = [], []
                for _ in range(times):
                    login = kakao.login() if withdrawn else kakao.login().ending_in(-1)
                    new_store().save(Token(login.token))
                    if withdrawn:
                        kakao.revoke()
                    kakao.refreshes()
                    task = partial(_calls, new_store, login, gate)
                    work = [pool.submit(task) for _ in range(processes)]
                    failures.append(sum(failed(one.result()) for one in work))
                    refreshes.append(kakao.refreshes())
                cells += [each(refreshes), each(failures)]
            return tuple(cells)

        for kind, place in _PLACES.items():
            try:
                with place() as new_store:
                    table.add(f"KakaoSession, {kind}", *storms(new_store))
            except pytest.skip.Exception as absent:
                table.remarks.append(f"{kind} was left out: {absent}.")
    factories.close_all()
    return [table]


def _calls(new_store: NewStore, login: Login, gate: Any) -> Outcomes:
    """What one process does, when all are ready."""
    with KakaoSession(**login.app, token_store=new_store(), endpoints=login.endpoints) as session:
        gate.wait(300)
        return storm(THREADS, CALLS, partial(session.get, login.url))


@contextmanager
def _file() -> Iterator[NewStore]:
    with tempfile.TemporaryDirectory() as folder:
        yield partial(FileTokenStore, Path(folder) / "token.json")


@contextmanager
def _redis() -> Iterator[NewStore]:
    with servers.redis_server() as server:
        yield partial(factories.redis_store, server.url, "user", lease=30)


@contextmanager
def _postgresql() -> Iterator[NewStore]:
    with servers.postgresql_server() as server:
        yield partial(factories.sql_store, server.url, "user")


_PLACES: dict[str, Callable[[], Any]] = {
    "a file": _file,
    "Redis": _redis,
    "PostgreSQL": _postgresql,
}
