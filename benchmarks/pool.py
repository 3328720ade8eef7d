"""Sixty-four threads on one session, over TLS: calls a second, and how long the slowest take."""

from __future__ import annotations

import random
import statistics
import time
from functools import partial

from benchmarks.contenders import AUTH, BARE, PEERS, SESSION, Contender, Login, Wire, installed
from benchmarks.crowd import crowd
from benchmarks.kakao import running_kakao
from benchmarks.table import Table, percentile


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    contenders = installed(BARE, SESSION, AUTH, *PEERS)
    rounds, seconds, threads = (1, 0.1, 8) if quick else (7, 1.0, 64)
    turns = [_Turn(contender, threads) for contender in contenders]
    order = list(turns)
    with running_kakao() as kakao:
        for number in range(rounds):
            random.Random(number).shuffle(order)
            for turn in order:
                turn.take(kakao.login(), seconds)
                kakao.refreshes()
    table = Table(
        f"{threads} threads on one session, over TLS",
        f"A pool of {threads} connections, {rounds} x {seconds:g} s. Each thread makes the next "
        "call as soon as it has its answer. Client and server run on the same machine, so both "
        "together are the limit. Aim: not less than a bare session.",
        ("", "calls a second, median", "lowest to highest", "of bare", "p99, ms", "CPU a call, us"),
    )
    limit = statistics.median(turns[0].rates)
    for turn in turns:
        rate = statistics.median(turn.rates)
        span = f"{min(turn.rates):.0f} to {max(turn.rates):.0f}"
        p99 = percentile(turn.latencies, 99) * 1e3
        cpu = statistics.median(turn.cpu) * 1e6
        table.add(turn.contender.name, rate, span, rate / limit, p99, cpu)
    return [table]


class _Turn:
    """What was measured of one contender."""

    def __init__(self, contender: Contender, threads: int) -> None:
        self.contender = contender
        self.threads = threads
        self.rates: list[float] = []
        self.cpu: list[float] = []
        self.latencies: list[float] = []

    def take(self, login: Login, seconds: float) -> None:
        client = self.contender.open(login, Wire(connections=self.threads))
        call = partial(client.get, login.url)
        crowd(self.threads, call)  # each thread its connection
        latencies: list[float] = []

        def keep_calling() -> None:
            until = time.perf_counter() + seconds
            while (started := time.perf_counter()) < until:
                call()
                latencies.append(time.perf_counter() - started)

        started, spent = time.perf_counter(), time.process_time()
        crowd(self.threads, keep_calling)
        self.rates.append(len(latencies) / (time.perf_counter() - started))
        self.cpu.append((time.process_time() - spent) / len(latencies))
        self.latencies += latencies
        client.close()
