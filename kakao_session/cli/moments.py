"""Moments for a person: in local time, and in words, as in "in 3 weeks"."""

from __future__ import annotations

from datetime import datetime

from kakao_session.cli.language import choose
from kakao_session.token import now

_UNITS = (
    (31_557_600, "years", "년"),
    (2_629_800, "months", "개월"),
    (604_800, "weeks", "주"),
    (86_400, "days", "일"),
    (3_600, "hours", "시간"),
    (60, "minutes", "분"),
    (1, "seconds", "초"),
)
_NEARLY_TWO = 1.9
_CENTURIES = 3_155_760_000.0


def moment(at: float) -> str:
    """:returns: unix seconds as ``2026-01-31 04:05 KST (in 3 weeks)``."""
    local = _local(at)
    words = in_words(at - now())
    return f"{local:%Y-%m-%d %H:%M %Z} ({words})" if local else words


def clock_time(at: float) -> str:
    """:returns: unix seconds as ``04:05``."""
    local = _local(at)
    return f"{local:%H:%M}" if local else "?"


def iso(at: float) -> str | None:
    """:returns: unix seconds in ISO 8601; ``None`` for a moment that no calendar has."""
    local = _local(at)
    return local.isoformat(timespec="seconds") if local else None


def in_words(seconds: float) -> str:
    """:returns: a distance from now, in the largest unit that fits about twice."""
    distance = abs(seconds)
    if distance >= _CENTURIES:
        return choose("in ages", "먼 훗날") if seconds > 0 else choose("ages ago", "오래전")
    if distance < _NEARLY_TWO:
        return choose("now", "지금")
    unit, english, korean = next(each for each in _UNITS if distance >= each[0] * _NEARLY_TWO)
    count = round(distance / unit)
    if seconds >= 0:
        return choose(f"in {count} {english}", f"{count}{korean} 후")
    return choose(f"{count} {english} ago", f"{count}{korean} 전")


def _local(at: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(at).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
