"""Cooldowns: what was just tried for a token is not tried again at once.

A cooldown applies to the whole process. A server makes a new ``KakaoAuth`` for each call, and one
of them must not repeat what another has just tried in vain.
"""

from __future__ import annotations

from contextlib import suppress

from kakao_session.redaction import fingerprint
from kakao_session.token import now

_MANY = 1024
"""When there are this many, those that are over are forgotten."""


class Cooldown:
    """A waiting time for each token. A token is named by the header that carries it.

    :param seconds: how long it lasts.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._started: dict[str, float] = {}

    def start(self, authorization: str) -> None:
        """Start the cooldown of a token now."""
        if len(self._started) >= _MANY:
            with suppress(RuntimeError):  # another thread was here: then the next one does it
                for name, moment in list(self._started.items()):
                    if not self.lasts_since(moment):
                        self._started.pop(name, None)
        self._started[fingerprint(authorization)] = now()

    def stop(self, authorization: str) -> None:
        """End the cooldown of a token."""
        self._started.pop(fingerprint(authorization), None)

    def is_on(self, authorization: str) -> bool:
        """Whether a token is cooling down now."""
        moment = self._started.get(fingerprint(authorization))
        return moment is not None and self.lasts_since(moment)

    def lasts_since(self, moment: float) -> bool:
        """Whether a cooldown that started at *moment* is still on."""
        # If the clock was set back, every cooldown ends. Otherwise one could last for hours.
        return 0.0 <= now() - moment < self.seconds
