"""The CPU that a call with a fresh token costs, answered from memory: the client alone."""

from __future__ import annotations

import os
import statistics
from functools import partial

from benchmarks.contenders import AUTH, BARE, BARE_AUTH, PEERS, SESSION, Wire, installed, some_login
from benchmarks.table import Table, spread
from benchmarks.turns import take_turns


def measure(quick: bool) -> list[Table]:
    """:returns: a table as it comes, and one where the environment is not asked."""
    return [_table(quick, trust_env) for trust_env in (True, False)]


def _table(quick: bool, trust_env: bool) -> Table:
    login = some_login()
    wire = Wire(in_memory=True, trust_env=trust_env)
    clients = {
        contender.name: contender.open(login, wire)
        for contender in installed(BARE, BARE_AUTH, SESSION, AUTH, *PEERS)
    }
    calls = {name: partial(client.get, login.url) for name, client in clients.items()}
    samples = take_turns(calls, rounds=5 if quick else 250)
    for client in clients.values():
        client.close()
    if trust_env:
        title = "A call with a fresh token"
        note = (
            "An adapter in memory answers, so this is the CPU time of the client alone. requests "
            "reads the proxies from the environment at each call. The more variables there are, "
            f"the longer it takes; here there are {len(os.environ)}. Aim: `KakaoSession` at most "
            "0.50 of a bare session."
        )
    else:
        title = "The same with `trust_env = False`"
        note = "The environment is not read. Aim: ours at most 1.02 of a bare session."
    table = spread(title, note, "us", samples, BARE.name)
    ours = statistics.median(samples[SESSION.name])
    shares = [
        ours / statistics.median(samples[peer.name])
        for peer in installed(*PEERS)
        if peer.package != "httpx-auth"
    ]
    if shares:
        told = f"{min(shares):.3f} to {max(shares):.3f}"
        table.remarks.append(
            f"`KakaoSession` takes {told} of the time of a peer that uses requests."
        )
    return table
