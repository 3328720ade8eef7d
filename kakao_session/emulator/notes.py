"""What the emulator decides, in words that ``emulate`` can translate."""

from __future__ import annotations


class Note(str):
    """What the emulator decided, in English. It keeps its parts, so that it can be translated.

    :param english: the text, with ``{placeholders}`` for the values; or a note, which stays.
    :param values: those that are notes are translated, too.
    """

    english: str
    values: dict[str, object]

    def __new__(cls, english: str, /, **values: object) -> Note:
        if isinstance(english, Note):
            return english
        note = super().__new__(cls, english.format(**values) if values else english)
        note.english, note.values = english, values
        return note
