"""KOE237: how many tokens a user may be issued in a while, by Kakao's clock."""

from __future__ import annotations

from collections import defaultdict, deque

from kakao_session.emulator.durations import in_words

ACCESS_TOKENS = (20, 600.0)
REFRESH_TOKENS = (30, 3_600.0)


class RateLimit:
    """Counts what is issued in a sliding window, for each user by himself."""

    def __init__(self) -> None:
        self._issued: defaultdict[tuple[int, str], deque[float]] = defaultdict(deque)

    def exceeded(self, user_id: int, kinds: dict[str, tuple[int, float]], now: float) -> str | None:
        """:returns: which limit stands in the way of one more token of these kinds, in words."""
        for kind, (most, window) in kinds.items():
            issued = self._issued[user_id, kind]
            while issued and not now - window < issued[0] <= now:
                issued.popleft()
            if len(issued) >= most:
                return f"{most} {kind} tokens in the last {in_words(window)}"
        return None

    def count(self, user_id: int, kinds: dict[str, tuple[int, float]], now: float) -> None:
        """Note that one token of each kind has been issued."""
        for kind in kinds:
            self._issued[user_id, kind].append(now)

    def clear(self) -> None:
        self._issued.clear()


def limits(*, with_refresh_token: bool) -> dict[str, tuple[int, float]]:
    """:returns: the limits that an answer of the token endpoint counts against."""
    kinds = {"access": ACCESS_TOKENS}
    if with_refresh_token:
        kinds["refresh"] = REFRESH_TOKENS
    return kinds
