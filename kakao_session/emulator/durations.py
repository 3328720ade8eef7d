"""Lengths of time as a person says them."""

from __future__ import annotations

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def in_words(seconds: float) -> str:
    """:returns: the nearest whole number of the largest unit that fits: ``6 hours`` for 21599."""
    for unit, length in _UNITS:
        if (count := round(seconds / length)) and seconds >= length * 0.99:
            return _counted(count, unit)
    return _counted(round(seconds), "second")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
