"""Kakao's clock, which a test moves by hand instead of sleeping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class Clock:
    """The machine's clock and a distance from it."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """:returns: unix seconds."""
        return time.time() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative distance moves it back."""
        self._ahead += by.total_seconds()

    def reset(self) -> None:
        """Back to the machine's time."""
        self._ahead = 0.0
