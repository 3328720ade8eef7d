"""Kakao's clock, which a test moves instead of sleeping, and times in words."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from kakao_session.emulator.notes import Note

_YEAR_9999 = 253_370_764_800
_UNITS = (
    (86_400, "1 day", "{count} days"),
    (3_600, "1 hour", "{count} hours"),
    (60, "1 minute", "{count} minutes"),
    (1, "1 second", "{count} seconds"),
)


class Clock:
    """The machine's clock plus an offset."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """:returns: unix seconds."""
        return time.time() + self._offset

    def advance(self, by: timedelta) -> None:
        """Move the clock, backwards if ``by`` is negative.

        :raises ValueError: if the new time is not between 1970 and 9998.
        """
        offset = self._offset + by.total_seconds()
        if not 0 <= time.time() + offset < _YEAR_9999:
            raise ValueError("the clock can be moved from 1970 to 9998")
        self._offset = offset

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._offset = 0.0


def timestamp(moment: float) -> str:
    """:returns: unix seconds in Kakao's format: ``2022-04-11T01:45:28Z``."""
    return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def in_words(seconds: float) -> str:
    """:returns: the duration in the largest unit that fits, rounded: ``6 hours`` for 21599."""
    fits = (unit for unit in _UNITS if seconds >= unit[0] * 0.99)
    length, one, many = next(fits, _UNITS[-1])
    count = round(seconds / length)
    return Note(one) if count == 1 else Note(many, count=count)
