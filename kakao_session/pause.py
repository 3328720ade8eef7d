"""Pauses: what has just been tried for a token is not tried again at once.

They count for every session and auth of the process that has the token: a server makes a
``KakaoAuth`` for each call, and what one of them has learned, the next one must not pay for again.
"""

from __future__ import annotations

from kakao_session.secret import fingerprint
from kakao_session.token import now

_MANY = 1024
"""Of so many pauses, those that are over are forgotten."""


class Pause:
    """A pause of some seconds for each token, named by the header that carries it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun: dict[str, float] = {}

    def begin(self, authorization: str) -> None:
        """Let the pause of a token begin now."""
        if len(self._begun) >= _MANY:
            for name, since in list(self._begun.items()):
                if not self.is_within(since):
                    self._begun.pop(name, None)
        self._begun[fingerprint(authorization)] = now()

    def end(self, authorization: str) -> None:
        """Let there be no pause for a token."""
        self._begun.pop(fingerprint(authorization), None)

    def is_on(self, authorization: str) -> bool:
        """Whether a token has its pause now."""
        since = self._begun.get(fingerprint(authorization))
        return since is not None and self.is_within(since)

    def is_within(self, since: float) -> bool:
        """Whether a pause that began at *since* is not over yet."""
        # A clock that has been set back ends every pause, lest one last for hours.
        return 0.0 <= now() - since < self.seconds
