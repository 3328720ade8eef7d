"""Calls that come at a constant rate while the token reaches its end: who waits, and how long."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks.contenders import (
    AUTH,
    GOOGLE_NON_BLOCKING,
    PEERS,
    SESSION,
    Contender,
    Login,
    Wire,
    installed,
)
from benchmarks.crowd import failed, outcome
from benchmarks.kakao import running_kakao
from benchmarks.storm import each
from benchmarks.table import Table, percentile

RATE = 40
THREADS = 64


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    times, thinking, before, after = (1, 0.2, 0.2, 0.4) if quick else (3, 1.0, 2.0, 4.0)
    table = Table(
        f"A token expires under load; the token endpoint takes {thinking:g} s",
        f"{RATE} calls a second from {THREADS} threads on one session. They start {before:g} s "
        f"before the client begins to refresh, and go on for {after:g} s after that. A call is "
        "timed from the moment when it should start. A call that takes more than "
        f"{thinking / 2:g} s has waited for the token. Each figure is from {times} runs. Aim: "
        "only the call that refreshes waits.",
        ("", "calls", "waited", "p50, ms", "p99, ms", "worst, ms", "refreshes", "failed"),
    )
    with running_kakao() as kakao:
        kakao.switch(latency=thinking)
        for contender in installed(SESSION, AUTH, *PEERS, GOOGLE_NON_BLOCKING):
            waits: list[float] = []
            waited, refreshes, failures = [], [], []
            for _ in range(times):
                kakao.refreshes()
                login = kakao.login().ending_in((contender.refreshes_at or 0) + before)
                took, failed_calls = _calls(contender, login, before + after)
                waits += took
                waited.append(sum(wait > thinking / 2 for wait in took))
                refreshes.append(kakao.refreshes())
                failures.append(failed_calls)
            table.add(
                contender.name,
                len(waits) // times,
                each(waited),
                statistics.median(waits) * 1e3,
                percentile(waits, 99) * 1e3,
                max(waits) * 1e3,
                each(refreshes),
                each(failures),
            )
    return [table]


def _calls(contender: Contender, login: Login, seconds: float) -> tuple[list[float], int]:
    """:returns: how long each call took, and how many failed."""
    client = contender.open(login, Wire(connections=THREADS))
    call = partial(client.get, login.url)
    waits: list[float] = []

    def make(due: float) -> int | str:
        came = outcome(call)
        waits.append(time.perf_counter() - due)
        return came

    with ThreadPoolExecutor(THREADS) as threads:
        started = time.perf_counter()
        pending = []
        for number in range(int(seconds * RATE)):
            due = started + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            pending.append(threads.submit(make, due))
        failures = failed([one.result() for one in pending])
    client.close()
    return waits, failures
