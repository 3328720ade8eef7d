"""The fenced blocks of a document, and the hidden steps between them."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

_NAME = re.compile(r"# (?P<name>[\w./-]+)\n")
_STEP = re.compile(r"<!-- step: (?P<name>\w+) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    :param line: the line of the document at which the text begins, counted from 1.
    """

    document: Path
    line: int
    language: str
    text: str

    @property
    def file_name(self):
        """The name of the file, if the first line has one: ``# bot.py``."""
        named = _NAME.match(self.text)
        name = named["name"] if named else ""
        return name if "." in name or name == "Dockerfile" else None

    def __str__(self):
        return f"{self.document.name}:{self.line} ({self.language})"


@dataclass(frozen=True)
class Step:
    """A hidden step: something that the reader does not see, see :mod:`.hidden_steps`."""

    name: str


def read(document):
    """:returns: the blocks and hidden steps of a document, in order."""
    for token in MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8")):
        if token.type == "fence":
            yield Block(document, token.map[0] + 2, token.info.strip(), token.content)
        elif token.type == "code_block":
            raise AssertionError(f"{document.name}: an indented block has no language; fence it")
        elif token.type == "html_block":
            yield from (Step(step["name"]) for step in _STEP.finditer(token.content))


def inline_code(document):
    """:returns: the texts between single backticks."""
    markdown = MarkdownIt("commonmark").enable("table")
    for token in markdown.parse(document.read_text(encoding="utf-8")):
        for child in token.children or ():
            if child.type == "code_inline":
                yield child.content
