"""What the user sees: results on stdout, warnings and errors on stderr.

Control characters are escaped: they may come from a file or from the network. A line with spaces
that must not be broken (``\\N{NO-BREAK SPACE}``), as in a date, is broken elsewhere.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import TextIO
from unicodedata import east_asian_width

import click

from kakao_session.cli.i18n import _

_LABEL_WIDTH = 16
_HARMLESS = "\n\t\N{ZERO WIDTH JOINER}"
_NO_BREAK = "\N{NO-BREAK SPACE}"


def say(text: str = "", color: str | None = None, *, bold: bool = False) -> None:
    """Print a result."""
    _print(text, color, bold=bold)


def say_pair(label: str, value: str, color: str | None = None) -> None:
    """Print a line of a table: its label and its value."""
    space = " " * (_LABEL_WIDTH - _width(label))
    value = click.style(_fitted(value, _LABEL_WIDTH), fg=color, bold=color is not None)
    click.echo(f"{click.style(label, dim=True)}{space}{value}", color=_colors())


def note(text: str) -> None:
    """Print a detail for ``--verbose``."""
    _print(text, dim=True, err=True)


def warn(text: str) -> None:
    """Print what went wrong although the command goes on, or why it stops."""
    _print(text, "yellow", err=True)


def error(text: str) -> None:
    """Print why the command failed."""
    _print(_("Error: {message}", message=text), "red", err=True)


def printable(text: str) -> str:
    """:returns: *text* with an escape, such as ``\\x1b``, for each character that a terminal would
    obey.
    """
    return "".join(
        each if each.isprintable() or each in _HARMLESS else each.encode("unicode_escape").decode()
        for each in text
    )


def is_interactive() -> bool:
    """Whether there is a terminal to ask questions at."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):  # closed
        return False


def is_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def prepare() -> None:
    """Print ``?`` for characters that the encoding lacks, and nothing to a closed stream."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def keep_together(text: str) -> str:
    """:returns: *text*, which is not broken at the end of a line when it is printed."""
    return text.replace(" ", _NO_BREAK)


def discard(stream: TextIO) -> None:
    """Drop what could not be written. Python would try again at its end, and print a traceback."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _print(
    text: str, color: str | None = None, *, bold: bool = False, dim: bool = False, err: bool = False
) -> None:
    styled = click.style(_fitted(text), fg=color, bold=bold or None, dim=dim or None)
    click.echo(styled, err=err, color=_colors())


def _colors() -> bool | None:
    """:returns: ``None`` to let click decide: colors on a terminal only."""
    no_colors = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if no_colors else None


def _fitted(text: str, indent: int = 0) -> str:
    """:returns: *text* as it is printed: if it has parts to keep together, broken between them."""
    if _NO_BREAK not in text:
        return printable(text)
    lines, width = [""], shutil.get_terminal_size().columns - indent if is_terminal() else 10_000
    for word in text.split(" "):
        if lines[-1] and _width(f"{lines[-1]} {word}") > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return printable(f"\n{' ' * indent}".join(lines).replace(_NO_BREAK, " "))


def _width(text: str) -> int:
    """:returns: how many columns *text* takes on a terminal."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
