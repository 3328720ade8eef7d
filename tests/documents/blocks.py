"""What a document asks its reader to run: its fenced blocks, in order."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

_NAME = re.compile(r"# (?P<name>[\w./-]+)\n")
_PLAY = re.compile(r"<!-- play: (?P<name>\w+) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    :param line: of the document, from 1, at which the text begins.
    """

    document: Path
    line: int
    language: str
    text: str

    @property
    def file_name(self):
        """Under which name the reader saves it, as its first line says; ``None`` if he does not."""
        named = _NAME.match(self.text)
        name = named["name"] if named else ""
        return name if "." in name or name == "Dockerfile" else None

    def __str__(self):
        return f"{self.document.name}:{self.line} ({self.language})"


@dataclass(frozen=True)
class Play:
    """Something that is not for the reader: what comes before a block, or what is done with it."""

    name: str


def read(document):
    """:returns: the blocks and plays of a document, in order."""
    for token in MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8")):
        if token.type == "fence":
            assert token.map is not None
            yield Block(document, token.map[0] + 2, token.info.strip(), token.content)
        elif token.type == "code_block":
            raise AssertionError(f"{document.name}: an indented block, of no language: fence it")
        elif token.type == "html_block":
            yield from (Play(play["name"]) for play in _PLAY.finditer(token.content))


def inline_code(document):
    """:returns: what stands between single backticks."""
    markdown = MarkdownIt("commonmark").enable("table")
    for token in markdown.parse(document.read_text(encoding="utf-8")):
        for child in token.children or ():
            if child.type == "code_inline":
                yield child.content
