"""examples/keep_alive.py over many logins: killed in the middle, run again, and with nothing due.

``KEEP_ALIVE_USERS=50000`` sets the number of users.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import create_engine, text

from benchmarks.kakao import running_kakao
from benchmarks.table import Table
from kakao_session import SQLTokenStore, Token
from kakao_session.stores.base import to_text, to_token
from tests.stores import servers

EXAMPLE = Path(__file__).parents[1] / "examples" / "keep_alive.py"
USERS = 2000
ENDED = 100
"""One login of so many has ended."""

Texts = dict[str, str]
"""What is stored, by key."""


@dataclass
class Place:
    """Where the logins are.

    :param variables: lead the example to it.
    """

    variables: dict[str, str]
    fill: Callable[[Texts], object]
    read: Callable[[], Texts]


@dataclass
class Run:
    """One run of the example."""

    seconds: float
    mebibytes: float
    refreshed: int
    ended: int


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    users = 200 if quick else int(os.environ.get("KEEP_ALIVE_USERS", USERS))
    table = Table(
        f"A nightly job over {users:,} logins",
        "`examples/keep_alive.py` with 16 threads, and a local Kakao that answers at once. All "
        f"refresh tokens are in their last month, and one login of {ENDED} has ended. The first "
        "run is killed by SIGKILL after half of the token requests, and started again. The third "
        "run only looks at all logins, and asks Kakao again about those that have ended. Lost: "
        "logins that had not ended before, and whose stored refresh token Kakao does not accept "
        "at the end. Aim: none but those whose answer was on its way to the killed process, at "
        "most 16. With Redis, the second run waits up to 100 s for the locks of the killed one.",
        (
            "",
            "until killed, s",
            "run again, s",
            "refreshes a second",
            "nothing due, s",
            "memory, MiB",
            "ended",
            "lost",
        ),
    )
    for kind, place in _PLACES.items():
        try:
            with running_kakao() as kakao, place() as logins:
                table.add(f"KakaoAuth, {kind}", *_nights(kakao, logins, users))
        except pytest.skip.Exception as absent:
            table.remarks.append(f"{kind} was left out: {absent}.")
    return [table]


def _nights(kakao: Any, place: Place, users: int) -> tuple[float | int, ...]:
    ended = range(1, users + 1, ENDED)
    alive = sorted(set(range(1, users + 1)) - set(ended))
    tokens = dict(zip(ended, kakao.log_in(list(ended), 35), strict=True))
    kakao.unlink(list(ended))
    tokens |= zip(alive, kakao.log_in(alive, 35), strict=True)
    place.fill({_key(user): to_text(token) for user, token in tokens.items()})

    killed = _run(kakao, place, kill_after=users // 2)
    again, idle = _run(kakao, place), _run(kakao, place)
    stored = place.read()
    accepted = kakao.accepts([_refresh_token(stored[_key(user)]) for user in alive])
    lost = accepted.count(False)
    assert again.ended == len(ended) + lost, again
    assert idle.refreshed == 0, idle
    return (
        killed.seconds,
        again.seconds,
        again.refreshed / again.seconds,
        idle.seconds,
        max(killed.mebibytes, again.mebibytes),
        again.ended,
        lost,
    )


def _key(user: int) -> str:
    return f"kakao:token:{user}"


def _refresh_token(stored: str) -> str:
    return str(to_token(stored)["refresh_token"])


def _run(kakao: Any, place: Place, kill_after: int | None = None) -> Run:
    kakao.refreshes()
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, EXAMPLE],
            env={**os.environ, **kakao.environment(), **place.variables},
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        while kill_after is not None and kakao.refreshes_so_far() < kill_after:
            time.sleep(0.05)
        if kill_after is not None:
            process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        output.seek(0)
        counts = {what: int(count) for count, what in re.findall(r"(\d+) (\w+)", output.read())}
    assert (process.returncode == 1) == (kill_after is None), "the ended logins need a person"
    return Run(seconds, usage.ru_maxrss / 1024, counts.get("refreshed", 0), counts.get("ended", 0))


@contextmanager
def _redis() -> Iterator[Place]:
    with servers.redis_server() as server, redis.Redis.from_url(server.url) as client:

        def fill(texts: Texts) -> None:
            with client.pipeline(transaction=False) as pipeline:
                for key, stored in texts.items():
                    pipeline.set(key, stored)
                pipeline.execute()

        def read() -> Texts:
            keys = [key for key in client.scan_iter(count=1000) if not key.endswith(b":lock")]
            values = zip(keys, client.mget(keys), strict=True)
            return {key.decode(): value.decode() for key, value in values}

        yield Place({"REDIS_URL": server.url}, fill, read)


@contextmanager
def _postgresql() -> Iterator[Place]:
    with servers.postgresql_server() as server:
        engine = create_engine(server.url)

        def fill(texts: Texts) -> None:
            SQLTokenStore(engine, "first").save(Token(access_token="none"))
            with engine.begin() as connection:
                connection.execute(text("DELETE FROM kakao_tokens"))
                connection.execute(
                    text("INSERT INTO kakao_tokens (id, token) VALUES (:id, :token)"),
                    [{"id": key, "token": stored} for key, stored in texts.items()],
                )

        def read() -> Texts:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT id, token FROM kakao_tokens"))
                return {row.id: row.token for row in rows}

        yield Place({"DATABASE_URL": server.url}, fill, read)
        engine.dispose()


_PLACES: dict[str, Callable[[], Any]] = {"PostgreSQL": _postgresql, "Redis": _redis}
