"""Two weeks in which one request in twenty fails: each call is answered, or says why not."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from kakao_session import RateLimitedError, TemporaryError, Token
from kakao_session.emulator.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from kakao_session.emulator import KakaoEmulator
    from tests.conftest import Clock, NewSession

SHARE = 0.05
THREADS = 4
NO_ANSWER = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
CALLS = 200
"""Between two expiries, by all threads."""

EVERYWHERE: list[dict[str, Any]] = [
    {"kind": status, "after": after} for status in (429, 500, 502, 503) for after in (False, True)
] + [
    {"kind": kind, "after": after}
    for kind in ("reset", "close", "html", "garbage", "truncated")
    for after in (False, True)
]
AT_KAUTH: list[dict[str, Any]] = [{"error_code": "KOE237"}, {"error_code": "KOE003"}]
AT_KAPI: list[dict[str, Any]] = [
    {"kind": "ip_mismatched"},
    {"error_code": -401},
    {"error_code": -10},
    {"error_code": -1},
]


class Luck:
    """What lets requests fail, in one of many ways."""

    def __init__(self, kakao: KakaoEmulator) -> None:
        self.share = SHARE
        self.failed = 0
        self._kakao = kakao
        self._take = kakao._faults.take
        self._dice = random.Random(20261122)
        self._lock = threading.Lock()

    def take(self, path: str) -> Fault | None:
        with self._lock:
            if self._dice.random() >= self.share:
                return None
            self.failed += 1
            more = AT_KAUTH if path == "/oauth/token" else AT_KAPI
            self._kakao.fail_next(path=path, **self._dice.choice(EVERYWHERE + more))
            return self._take(path)


@pytest.fixture
def luck(kakao: KakaoEmulator, monkeypatch: pytest.MonkeyPatch) -> Luck:
    luck = Luck(kakao)
    monkeypatch.setattr(kakao._faults, "take", luck.take)
    return luck


@pytest.mark.parametrize("expiries", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_bad_weeks__the_login_lives(
    kakao: KakaoEmulator,
    new_session: NewSession,
    token: Token,
    clock: Clock,
    tmp_path: Path,
    luck: Luck,
    expiries: int,
) -> None:
    session = new_session(token_store=tmp_path / "token.json")
    session.token = token
    outcomes: Counter[str] = Counter()

    def call(_: int) -> None:
        try:
            response = session.get("/v2/user/me")
        except (TemporaryError, RateLimitedError) as error:
            assert kakao.token_requests, error
            outcomes["no token for now"] += 1
        except requests.RequestException as error:
            assert type(error) in NO_ANSWER
            outcomes["no answer"] += 1
        else:
            outcomes[str(response.status_code)] += 1

    for _ in range(expiries):
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(call, range(CALLS)))
        clock.advance(hours=6)
    calls = expiries * CALLS
    assert outcomes.total() == calls
    assert outcomes["200"] > (1 - 2 * SHARE) * calls
    assert SHARE / 2 < luck.failed / len(kakao.requests) < SHARE * 2
    luck.share = 0
    assert session.get("/v2/user/me").json()["id"] == kakao.users[0].id
