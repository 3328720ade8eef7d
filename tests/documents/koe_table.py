"""Writes the tables of KOE codes again: ``python -m tests.documents.koe_table``."""

import re

from kakao_session.cli.korean import KOREAN
from kakao_session.errors import KOE
from tests.documents.sandbox import REPOSITORY

DOCUMENTS = {
    REPOSITORY / "docs" / "errors.md": ("| code | it means | do | error |", str),
    REPOSITORY / "docs" / "ko" / "errors.md": (
        "| 코드 | 뜻 | 해결 방법 | 오류 |",
        KOREAN.__getitem__,
    ),
}
"""Each page with a table: the titles of its columns, and what translates a text."""

_PLACE = re.compile(r"(?<=<!-- koe: begin -->\n).*(?=<!-- koe: end -->)", re.DOTALL)


def with_table(document):
    """:returns: the document with the codes that :data:`kakao_session.errors.KOE` has now."""
    titles, translated = DOCUMENTS[document]
    rows = (
        f"| {code} | {translated(koe.meaning)} | {translated(koe.hint)} | `{koe.kind.__name__}` |"
        for code, koe in KOE.items()
    )
    lines = ["", titles, "|---|---|---|---|", *rows, "", ""]
    return _PLACE.sub(lambda _: "\n".join(lines), document.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for page in DOCUMENTS:
        page.write_text(with_table(page), encoding="utf-8")
