"""Kakao's clock, which a test moves by hand instead of sleeping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

_YEAR_9999 = 253_370_764_800


class Clock:
    """The machine's clock and a distance from it."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """:returns: unix seconds."""
        return time.time() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative distance moves it back.

        :raises ValueError: if that leads out of the years that a calendar has.
        """
        ahead = self._ahead + by.total_seconds()
        if not 0 <= time.time() + ahead < _YEAR_9999:
            raise ValueError("the clock can be moved from 1970 to 9998")
        self._ahead = ahead

    def reset(self) -> None:
        """Back to the machine's time."""
        self._ahead = 0.0
