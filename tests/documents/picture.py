"""Draws the README's picture of the command again: ``python -m tests.documents.picture``.

The command really runs. Times and fingerprints, which differ from run to run, are replaced.
"""

import os
import re
import subprocess
import sys
from io import StringIO

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.documents.sandbox import REPOSITORY

PICTURE = REPOSITORY / "docs" / "emulate.svg"
WIDTH = 94
_TYPED = "$ kakao-session emulate -- python examples/renew_token.py"
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_AGE = re.compile(r"\d+ seconds? ago")
_FINGERPRINT = re.compile(r"(?:(?<!\w)|(?<=\dm))[0-9a-f]{8}(?!\w)")  # after a colour, too
_NAMES = ("3f9a1c52", "b80de417", "5c77e2a0")
# A picture must not load a font from elsewhere.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def drawn():
    """:returns: the picture, as SVG."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text(_TYPED, "bold"))
    console.print(Text.from_ansi(_with_fixed_names(_output())))
    return console.export_svg(title="kakao-session", code_format=_FORMAT, unique_id="emulate")


def shown(svg):
    """:returns: the words in a picture."""
    return re.findall(r"<text [^>]*>([^<]*\S)\s*</text>", svg)


def _output():
    command = [sys.executable, "-m", "kakao_session", "emulate", "--"]
    return subprocess.run(
        [*command, sys.executable, "examples/renew_token.py"],
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "TERM": "xterm-256color"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=True,
    ).stdout


def _with_fixed_names(output):
    names = dict(zip(dict.fromkeys(_FINGERPRINT.findall(output)), _NAMES, strict=True))
    output = _FINGERPRINT.sub(lambda found: names[found[0]], output)
    return _AGE.sub("0 seconds ago", _TIME.sub("09:00:00", output))


if __name__ == "__main__":
    PICTURE.write_text(f"{drawn()}\n", encoding="utf-8")
