"""Writes the table of KOE codes again: ``python -m tests.documents.koe_table``."""

import re

from kakao_session.errors import KOE
from tests.documents.sandbox import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "errors.md"
_PLACE = re.compile(r"(?<=<!-- koe: begin -->\n).*(?=<!-- koe: end -->)", re.DOTALL)


def with_table(text):
    """:returns: the document with the codes that :data:`kakao_session.errors.KOE` has now."""
    rows = (
        f"| {code} | {koe.meaning} | {koe.hint} | `{koe.kind.__name__}` |"
        for code, koe in KOE.items()
    )
    lines = ["", "| code | it means | do | error |", "|---|---|---|---|", *rows, "", ""]
    return _PLACE.sub(lambda _: "\n".join(lines), text)


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
