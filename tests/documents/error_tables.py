"""Writes the tables of error codes again: ``python -m tests.documents.error_tables``."""

import re

from kakao_session.cli.korean import KOREAN
from kakao_session.errors import API, API_MESSAGES, KOE
from tests.documents.sandbox import REPOSITORY

_ENGLISH = REPOSITORY / "docs" / "errors.md"
_KOREAN = REPOSITORY / "docs" / "ko" / "errors.md"

_TITLES = {
    _ENGLISH: {
        "koe": ("code", "it means", "do", "error"),
        "api": ("code", "what it means, or what to do"),
        "messages": ("the message contains", "what to do"),
    },
    _KOREAN: {
        "koe": ("코드", "뜻", "해결 방법", "오류"),
        "api": ("코드", "뜻이나 해결 방법"),
        "messages": ("메시지에 있는 문구", "해결 방법"),
    },
}
"""The titles of the columns of each table, by the name in its marks."""

DOCUMENTS = list(_TITLES)
"""Each page with tables."""


def with_tables(document):
    """:returns: the document with what :mod:`kakao_session.errors` has now."""
    text = document.read_text(encoding="utf-8")
    rows = _rows(KOREAN.__getitem__ if document == _KOREAN else str)
    for name, titles in _TITLES[document].items():
        lines = [_line(titles), "|---" * len(titles) + "|", *map(_line, rows[name])]
        table = "\n".join(["", *lines, "", ""])
        place = rf"(?<=<!-- {name}: begin -->\n).*(?=<!-- {name}: end -->)"
        text = re.sub(place, lambda _, table=table: table, text, flags=re.DOTALL)
    return text


def _rows(translated):
    """:returns: the rows of each table, whose sentences *translated* puts into the language."""
    return {
        "koe": [
            (code, translated(koe.meaning), translated(koe.hint), f"`{koe.kind.__name__}`")
            for code, koe in KOE.items()
        ],
        "api": [(code, translated(hint)) for code, hint in API.items()],
        "messages": [(f"`{words}`", translated(hint)) for words, hint in API_MESSAGES.items()],
    }


def _line(cells):
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    for page in DOCUMENTS:
        page.write_text(with_tables(page), encoding="utf-8")
