"""What the person sees: results on stdout, trouble on stderr, never cut, never a control code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from kakao_session.cli.language import say

_LABEL_WIDTH = 16


def stdout() -> Console:
    """:returns: the console of what this process prints."""
    return _console(sys.stdout)


def tell(text: str = "", style: str = "") -> None:
    """Print a line for the person."""
    _print(stdout(), text, style)


def tell_whole(text: str) -> None:
    """Print a line that is to be copied: nothing breaks it, however narrow the terminal."""
    stdout().print(printable(text), soft_wrap=True)


def tell_json_or_text(text: str) -> None:
    """Print the body of an answer, as a person reads it."""
    stdout().print(JSONHighlighter()(printable(text)), soft_wrap=True)


def tell_pair(label: str, value: str, style: str = "") -> None:
    """Print one of several lines that have a label each."""
    space = " " * (_LABEL_WIDTH - cell_len(label))
    text = Text.assemble((label, "dim"), space, (printable(value), style))
    stdout().print(text, soft_wrap=True)


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Show that something is waited for, and what; on no terminal, one line."""
    console = stdout()
    if not console.is_terminal:
        tell(text)
        yield
        return
    with console.status(text):
        yield


def somebody_answers() -> bool:
    """Whether there is a terminal at which questions can be asked."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):  # closed
        return False


def warn(text: str) -> None:
    """Print what went wrong on the way; the command goes on."""
    _print(_console(sys.stderr), text, "yellow")


def note(text: str) -> None:
    """Print what a person who looks for a fault wants to see, at any moment."""
    # Where both are the terminal: the console that knows where its spinner stands.
    both = stdout().is_terminal and sys.stderr.isatty()
    _print(stdout() if both else _console(sys.stderr), text, "dim")


def complain(text: str) -> None:
    """Print why the command failed."""
    _print(_console(sys.stderr), say("error", message=text), "red")


def printable(text: str) -> str:
    """:returns: *text* without what a terminal would obey, since it may come from anywhere."""
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in text)


def prepare() -> None:
    """Make sure that printing fails for no reason but the device: whatever the encoding lacks
    becomes a ``?``, and what is printed to a closed stream is lost."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _print(console: Console, text: str, style: str) -> None:
    console.print(printable(text), style=style or None, soft_wrap=not console.is_terminal)


@lru_cache(maxsize=2)
def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False, markup=False, emoji=False)
