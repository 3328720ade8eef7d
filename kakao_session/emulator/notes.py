"""What the emulator decides, in words that ``emulate`` can translate."""

from __future__ import annotations


class Note(str):
    """What the emulator decided, in English. It keeps its parts, so that it can be translated.

    :param english: the text, with ``{placeholders}`` for the values.
    :param values: their texts may be notes, too.
    """

    english: str
    values: dict[str, object]

    def __new__(cls, english: str, /, **values: object) -> Note:
        note = super().__new__(cls, english.format(**values) if values else english)
        note.english, note.values = english, values
        return note
