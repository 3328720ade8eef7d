"""Two weeks in which one request in twenty fails: each call is answered, or says why not."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from kakao_session import KakaoError, RateLimitedError, TemporaryError

SHARE = 0.05
THREADS = 4
NO_ANSWER = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
CALLS = 20
"""By all threads, while the clock stands still."""
SPELLS = 10
"""Between two expiries."""
ME, TOKEN = "/v2/user/me", "/oauth/token"
NONE = "no answer"

EVERYWHERE = [
    {"kind": status, "after": after} for status in (429, 500, 502, 503) for after in (False, True)
] + [
    {"kind": kind, "after": after}
    for kind in ("reset", "close", "html", "garbage", "truncated")
    for after in (False, True)
]
AT_KAUTH = [{"error_code": "KOE237"}, {"error_code": "KOE003"}]
AT_KAPI = [
    {"error_code": -10},
    {"error_code": -1},
    # Many, so that it shows whether they are cured.
    *6 * [{"kind": "ip_mismatched"}],
    *6 * [{"error_code": -401}],
]


class Luck:
    """What lets requests fail, in one of many ways."""

    def __init__(self, kakao):
        self.share = SHARE
        self.faults = Counter()
        """How many, by path and by what came of the request."""
        self._kakao = kakao
        self._take = kakao._faults.take
        # Each path has its own, so that the calls meet the same faults in every run.
        self._dice = {path: random.Random(20261122) for path in (ME, TOKEN)}
        self._lock = threading.Lock()

    def take(self, path):
        with self._lock:
            dice = self._dice[path]
            if dice.random() >= self.share:
                return None
            more = AT_KAUTH if path == TOKEN else AT_KAPI
            choice = dice.choice(EVERYWHERE + more)
            self._kakao.fail_next(path=path, **choice)
            fault = self._take(path)
            assert fault is not None
            answer = None if choice.get("kind") == "truncated" else fault.answer
            self.faults[path, str(answer.status_code) if answer else NONE] += 1
            return fault

    def at(self, path):
        """:returns: how many requests for a path have failed."""
        return sum(count for (where, _), count in self.faults.items() if where == path)


@pytest.fixture
def luck(kakao, monkeypatch):
    luck = Luck(kakao)
    monkeypatch.setattr(kakao._faults, "take", luck.take)
    return luck


@pytest.mark.parametrize("expiries", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_bad_weeks__the_login_lives(
    kakao,
    new_session,
    token,
    clock,
    tmp_path,
    luck,
    expiries,
):
    session = new_session(token_store=tmp_path / "token.json")
    session.token = token
    outcomes = Counter()

    def call(_):
        """:returns: what came of it, and why it had no token."""
        try:
            response = session.get(ME)
        except (TemporaryError, RateLimitedError) as error:
            # Those who waited for the same renewal have a copy each.
            first = error.__cause__ if isinstance(error.__cause__, KakaoError) else error
            return "no token for now", first
        except requests.RequestException as error:
            assert type(error) in NO_ANSWER
            return NONE, None
        return str(response.status_code), None

    for _ in range(expiries * SPELLS):
        before = luck.at(TOKEN)
        with ThreadPoolExecutor(THREADS) as threads:
            done = list(threads.map(call, range(CALLS)))
        outcomes.update(outcome for outcome, _ in done)
        failed_renewals = {id(error) for _, error in done if error}
        assert len(failed_renewals) <= luck.at(TOKEN) - before
        clock.advance(hours=6 / SPELLS)
    calls = expiries * SPELLS * CALLS
    assert outcomes.total() == calls
    assert outcomes["200"] > (1 - 2 * SHARE) * calls
    assert SHARE / 2 < luck.faults.total() / len(kakao.requests) < SHARE * 2
    # Nothing but a fault makes a call fail, and most of the 401s are cured.
    assert luck.faults[ME, "401"] > 10
    assert outcomes["401"] < luck.faults[ME, "401"] / 3
    for outcome in outcomes.keys() - {"200", "401", "no token for now"}:
        assert outcomes[outcome] <= luck.faults[ME, outcome], outcome
    luck.share = 0
    assert session.get(ME).json()["id"] == kakao.users[0].id
