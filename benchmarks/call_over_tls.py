"""The CPU that a call with a fresh token costs over TLS to a local server, its connection kept."""

from __future__ import annotations

from functools import partial

from benchmarks.contenders import AUTH, BARE, PEERS, SESSION, Wire, installed
from benchmarks.kakao import running_kakao
from benchmarks.table import Table, spread
from benchmarks.turns import take_turns


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    with running_kakao() as kakao:
        login = kakao.login()
        clients = {
            contender.name: contender.open(login, Wire())
            for contender in installed(BARE, SESSION, AUTH, *PEERS)
        }
        calls = {name: partial(client.get, login.url) for name, client in clients.items()}
        for name, call in calls.items():
            assert call().status_code == 200, name
        samples = take_turns(calls, rounds=5 if quick else 200, repeat=10)
        for client in clients.values():
            client.close()
    title = "The same over TLS on loopback, with an open connection"
    note = (
        "CPU time of the client, including the kernel. The server is another process. Aim: not "
        "more than a bare session."
    )
    return [spread(title, note, "us", samples, BARE.name)]
