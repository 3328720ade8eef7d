"""KakaoEmulator: switches as keywords, the clock, the reset, and the token file."""

import json
import time

import pytest

from kakao_session.emulator import KakaoEmulator
from kakao_session.emulator.clock import in_words


def test_switches__are_keywords():
    kakao = KakaoEmulator(access_lifetime=60, client_secret="emulator-secret")
    kakao.access_lifetime = 1
    kakao.reset()
    assert (kakao.access_lifetime, kakao.client_secret) == (60, "emulator-secret")
    assert kakao.login()["expires_in"] == 60
    with pytest.raises(TypeError):
        KakaoEmulator(acces_lifetime=60)


def test_reset__forgets_everything(kakao, client):
    token, now = kakao.login(), kakao.now()
    kakao.advance(days=1)
    kakao.client_secret = "emulator-secret"
    kakao.latency = 60
    kakao.fail_next(503, times=None)
    client.me(token["access_token"])
    kakao.reset()
    assert kakao.requests == []
    assert kakao.now() - now < 60
    assert kakao.find(token["access_token"]) is None
    assert client.refresh(token["refresh_token"]).json()["error_code"] == "KOE322"


def test_token_file__is_as_a_login_leaves_it(kakao, tmp_path):
    path = kakao.write_token_file(tmp_path / "token.json", hours_ago=7)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert list(written) == [*kakao.login(), "app_key"]
    assert abs(time.time() - path.stat().st_mtime - 7 * 3600) < 60
    access, refresh = (kakao.find(written[name]) for name in ("access_token", "refresh_token"))
    assert -3600 - 60 < access.expires_at - kakao.now() < -3600 + 60
    assert {access, refresh} <= {*kakao.tokens}
    assert [user.id for user in kakao.users] == [123456789]


@pytest.mark.parametrize("days", [10_000_000, -100_000])
def test_clock__stays_within_the_calendar(kakao, days):
    before = kakao.now()
    with pytest.raises(ValueError, match="1970"):
        kakao.advance(days=days)
    assert kakao.now() - before < 60


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute")),
        *((3599, "1 hour"), (5400, "2 hours"), (86_400, "1 day"), (5183999, "60 days")),
    ],
)
def test_duration__in_words(seconds, words):
    assert in_words(seconds) == words
