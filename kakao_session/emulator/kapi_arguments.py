"""The arguments of a call to kapi, from the query and the form. Anything malformed is a -2."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from kakao_session.emulator.errors import KapiError
from kakao_session.emulator.notes import Note
from kakao_session.emulator.switches import is_text

_MOST_DIGITS = 19


def required(name: str) -> str:
    """:returns: an argument that must not be missing or empty."""
    value: str = request.values.get(name, "")
    if not value:
        raise KapiError(-2, Note("{name} is missing", name=name), msg=f"{name} is required")
    return value


def number(
    name: str, default: int | None = None, *, least: int = 0, most: int = 10**_MOST_DIGITS
) -> int:
    """:returns: a whole number from ``least`` to ``most``; ``default`` if there is none."""
    text = request.values.get(name, "")
    if name not in request.values and default is not None:
        return default
    if not text.isdecimal() or len(text) > _MOST_DIGITS or not least <= int(text) <= most:
        raise malformed(name, "a whole number in range")
    return int(text)


def choice(name: str, *choices: str) -> str:
    """:returns: one of the choices; the first if the argument is missing."""
    value: str = request.values.get(name, choices[0])
    if value not in choices:
        raise malformed(name, Note("one of {choices}", choices=", ".join(choices)))
    return value


def web_address(name: str) -> str:
    """:returns: a URL, which must not be missing."""
    url = required(name)
    if not url.startswith(("http://", "https://")):
        raise malformed(name, "a URL")
    return url


def json_object(name: str) -> dict[str, Any]:
    """:returns: a JSON object that stands in one field."""
    value = _from_json(request.values.get(name))
    if not isinstance(value, dict):
        raise malformed(name, "a JSON object")
    return value


def strings(name: str) -> list[str]:
    """:returns: a JSON array of strings that stands in one field."""
    value = _from_json(request.values.get(name))
    if not isinstance(value, list) or not all(map(is_text, value)):
        raise malformed(name, "a JSON array of strings")
    return value


def optional_strings(name: str) -> list[str] | None:
    """:returns: as :func:`strings`; ``None`` if the field is missing or empty."""
    return strings(name) if request.values.get(name) else None


def names(name: str) -> list[str]:
    """:returns: as :func:`strings`. Kakao takes some names with commas between them as well."""
    text: str = request.values.get(name, "")
    if text.startswith(("[", "{")):
        return strings(name)
    return [each.strip() for each in text.split(",") if each.strip()]


def whole_numbers(name: str, *, most: int) -> list[int]:
    """:returns: a JSON array of 1 to ``most`` whole numbers that stands in one field."""
    value = _from_json(request.values.get(name))
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise malformed(name, "a JSON array of numbers")
    if not 0 < len(value) <= most:
        raise malformed(name, Note("from 1 to {most} numbers", most=most))
    return value


def malformed(name: str, expected: str) -> KapiError:
    why = Note("{name} is not {expected}", name=name, expected=Note(expected))
    return KapiError(-2, why, msg=f"{name} is not valid")


def _from_json(text: str | None) -> Any:
    """:returns: the value; ``None`` if the text is not JSON."""
    try:
        return json.loads(text or "", parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")  # Python reads and writes NaN, nobody else does
