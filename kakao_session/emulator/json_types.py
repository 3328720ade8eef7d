"""Whether a value that came as JSON is of the kind that an annotation says."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args, get_origin

_WORDS = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_LARGEST = 2**63


def fits(value: Any, hint: Any) -> bool:
    """:returns: whether the value is of the kind."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in inner)
    if origin is Collection:
        return isinstance(value, list) and all(fits(each, inner[0]) for each in value)
    if origin is Mapping:
        return isinstance(value, dict) and all(fits(each, inner[1]) for each in value.values())
    if inner:
        return any(fits(value, each) for each in inner)
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    if hint is int:
        return type(value) is int and abs(value) < _LARGEST
    return hint is Any or type(value) is hint


def in_words(hint: Any) -> str:
    """:returns: the kind as a person says it."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(repr(each) for each in inner)
    if origin is Collection:
        return f"a list, each {in_words(inner[0])}"
    if origin is Mapping:
        return f"an object, each value {in_words(inner[1])}"
    if inner:
        return " or ".join(in_words(each) for each in inner)
    return _WORDS[hint]
