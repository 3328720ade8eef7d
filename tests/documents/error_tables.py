"""Writes the tables of error codes again: ``python -m tests.documents.error_tables``."""

import re

from kakao_session.errors import API, API_MESSAGES, KOE
from tests.documents.sandbox import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "errors.md"

_TABLES = {
    "koe": (
        ("code", "it means", "do", "error"),
        [(code, koe.meaning, koe.hint, f"`{koe.kind.__name__}`") for code, koe in KOE.items()],
    ),
    "api": (("code", "what it means, or what to do"), API.items()),
    "messages": (
        ("the message contains", "what to do"),
        [(f"`{words}`", hint) for words, hint in API_MESSAGES.items()],
    ),
}
"""The head and the rows of each table, by the name in its marks."""


def with_tables(text):
    """:returns: the document with what :mod:`kakao_session.errors` has now."""
    for name, (head, rows) in _TABLES.items():
        lines = [_row(head), "|---" * len(head) + "|", *map(_row, rows)]
        table = "\n".join(["", *lines, "", ""])
        place = rf"(?<=<!-- {name}: begin -->\n).*(?=<!-- {name}: end -->)"
        text = re.sub(place, lambda _, table=table: table, text, flags=re.DOTALL)
    return text


def _row(cells):
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
