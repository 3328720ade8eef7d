"""Sixty-four threads on one session find at the same moment that the token is no good."""

from __future__ import annotations

from functools import partial

from benchmarks.contenders import AUTH, PEERS, SESSION, Contender, Login, Wire, installed
from benchmarks.crowd import Outcomes, failed, storm
from benchmarks.kakao import running_kakao
from benchmarks.table import Table

THREADS = 64
CALLS = 4


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    times, threads = (1, 16) if quick else (5, THREADS)
    table = Table(
        f"{threads} threads on one session find an invalid token",
        f"Each thread makes {CALLS} calls. The token endpoint takes 0.2 s. Either the token has "
        "expired, which the client can know, or it was revoked, which the client learns from a "
        f"401. The number of refreshes and failed calls, in each of {times} runs. Aim: 1 refresh, "
        "0 failed.",
        ("", "expired: refreshes", "failed", "revoked: refreshes", "failed"),
    )
    with running_kakao() as kakao:
        kakao.switch(latency=0.2)
        for contender in installed(SESSION, AUTH, *PEERS):
            cells: list[str] = []
            for withdrawn in (False, True):
                refreshes, failures = [], []
                for _ in range(times):
                    login = kakao.login() if withdrawn else kakao.login().ending_in(-1)
                    if withdrawn:
                        kakao.revoke()
                    kakao.refreshes()
                    failures.append(failed(_storm(contender, login, threads)))
                    refreshes.append(kakao.refreshes())
                cells += [each(refreshes), each(failures)]
            table.add(contender.name, *cells)
    return [table]


def each(counts: list[int]) -> str:
    """:returns: the counts of several storms as one cell."""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _storm(contender: Contender, login: Login, threads: int) -> Outcomes:
    client = contender.open(login, Wire(connections=threads))
    outcomes = storm(threads, CALLS, partial(client.get, login.url))
    client.close()
    return outcomes
