"""The language of the command: Korean in a Korean locale, English otherwise.

Messages stand in English where they are used: ``_("Deleted {path}.", path=path)``. Their Korean is
in :mod:`kakao_session.cli.korean`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache
from string import Formatter

from kakao_session.cli.korean import KOREAN

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts (POSIX, 8.2)


def is_korean() -> bool:
    """Whether the locale is ``ko_KR`` or another Korean one."""
    locale = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
    return re.match(r"ko([_.@]|$)", locale, re.IGNORECASE) is not None


def _(english: str, /, **values: object) -> str:
    """:returns: the message in the user's language, with *values* for its ``{placeholders}``."""
    text = KOREAN.get(english, english) if is_korean() else english
    return text.format(**values) if values else text


def mark(english: str) -> str:
    """Mark a message that is looked up later, with ``_(variable)``."""
    return english


def translated(text: str, templates: Iterable[str]) -> str:
    """Translate a message that another part of the package has put together.

    :param templates: English messages with ``{placeholders}``. What the text has in their place is
        translated likewise.
    :returns: the message in the user's language; as it is, if no template fits.
    """
    for template in templates:
        found = _pattern(template).fullmatch(text)
        if found is not None:
            parts = found.groupdict().items()
            return _(template, **{name: translated(part, templates) for name, part in parts})
    return _(text)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    pattern, known = "", set()
    for literal, name, _spec, _conversion in Formatter().parse(template):
        pattern += re.escape(literal)
        if name:
            pattern += f"(?P={name})" if name in known else f"(?P<{name}>.+?)"
            known.add(name)
    return re.compile(pattern, re.DOTALL)


def translated_help(text: str) -> str:
    """Translate a help text, paragraph by paragraph.

    A paragraph that starts with ``\\b`` is printed as it is, except for its first line, the title.
    """
    return "\n\n".join(map(_paragraph, re.split(r"\n{2,}", text.strip("\n"))))


def _paragraph(text: str) -> str:
    if not text.startswith("\b"):
        return _(" ".join(text.split()))
    title, _newline, lines = text.removeprefix("\b\n").partition("\n")
    return f"\b\n{_(title)}\n{lines}"
