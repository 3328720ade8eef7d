"""Moments, in local time and in words."""

import pytest

from kakao_session.cli.expiry import clock_time, in_words, iso, moment
from kakao_session.cli.output import keep_together

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (0, "now", "지금"),
        (1.89, "now", "지금"),
        (1.9, "in 2 seconds", "2초 후"),
        (113, "in 113 seconds", "113초 후"),
        (114, "in 2 minutes", "2분 후"),
        (6 * HOUR - 1, "in 6 hours", "6시간 후"),
        (47 * HOUR, "in 2 days", "2일 후"),
        (14 * DAY, "in 2 weeks", "2주 후"),
        (60 * DAY - 1, "in 2 months", "2개월 후"),
        (3 * 365.25 * DAY, "in 3 years", "3년 후"),
        (3_155_759_999.0, "in 100 years", "100년 후"),
        (3_155_760_000.0, "in more than 100 years", "100년 이상 후"),
        (float("inf"), "in more than 100 years", "100년 이상 후"),
        (-3 * HOUR, "3 hours ago", "3시간 전"),
        (-1e300, "more than 100 years ago", "100년 이상 전"),
    ],
)
def test_in_words(seconds, english, korean, monkeypatch):
    assert in_words(seconds) == english
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    assert in_words(seconds) == korean


def test_moment__is_local(monkeypatch):
    monkeypatch.setattr("kakao_session.cli.expiry.now", lambda: 1_700_000_000.0)
    shown = moment(1_700_000_000 + 21 * DAY)
    assert shown == keep_together("2023-12-06 07:13 KST (in 3 weeks)")
    assert clock_time(1_700_000_000) == "07:13"
    assert iso(1_700_000_000.9) == "2023-11-15T07:13:20+09:00"


@pytest.mark.parametrize("at", [1e300, -1e300, 1e18, -1e15, float("inf")])
def test_moment__that_no_calendar_has(at):
    assert "more than 100 years" in moment(at)
    assert clock_time(at) == "?"
    assert iso(at) is None
