"""The language in which the command speaks: Korean in a Korean locale, else English."""

from __future__ import annotations

import os
import re

from kakao_session.cli.messages import MESSAGES

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts (POSIX, 8.2)


def is_korean() -> bool:
    """Whether the locale is ``ko_KR`` or another of Korea's."""
    locale = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
    return re.match(r"ko([_.@]|$)", locale, re.IGNORECASE) is not None


def choose(english: str, korean: str) -> str:
    """:returns: the one that the person reads."""
    return korean if is_korean() else english


def say(message: str, /, **values: object) -> str:
    """:returns: the sentence of that name in the person's language, *values* put in."""
    return choose(*MESSAGES[message]).format(**values)
