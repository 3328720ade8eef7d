"""A token as JSON text: how stores write it, and the one way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kakao_session.errors import KOE
from kakao_session.token import Token


def to_text(
    token: Mapping[str, Any], *, ascii_only: bool = False, indent: int | None = None
) -> str:
    """Write *token* down.

    :param token: the token, as any mapping.
    :param ascii_only: write escapes for whatever is not ASCII, for a place that may know no UTF-8.
    :param indent: spaces for each level, for a person who reads it.
    :returns: a JSON object that has a UTF-8 form, and that :func:`to_token` takes.
    :raises ValueError: it is no token, or something in it is no JSON. The message names a type at
        most, and no value.
    """
    saved = Token(token)
    if not saved:
        raise ValueError("there is no token in it")  # what is stored would be lost for nothing
    try:
        text = json.dumps(saved, ensure_ascii=ascii_only, indent=indent)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the token is no JSON: {error}") from error
    # A lone surrogate has no UTF-8, but its backslash escape is its JSON.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_token(text: str | bytes) -> Token:
    """Read what :func:`to_text` wrote.

    :raises ValueError: it is no token. Neither message nor cause quotes it: it may hold half a one.
    """
    value = _parsed(text)
    if value is _NOT_JSON:
        raise ValueError("not JSON")
    if value is _NOT_UTF8:
        raise ValueError("not UTF-8")
    if not isinstance(value, dict):
        raise ValueError(f"a JSON {type(value).__name__}, not an object")  # noqa: TRY004
    if not value:
        raise ValueError("an empty JSON object")
    try:
        return Token(value)
    except ValueError as error:
        why = str(error)
    raise ValueError(why + _cure(value))


_NOT_JSON = object()
_NOT_UTF8 = object()


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        return _NOT_UTF8
    except (ValueError, RecursionError):
        return _NOT_JSON


def _cure(value: dict[str, Any]) -> str:
    """What to do about an error answer of Kakao's that was saved as a token."""
    code = value.get("error_code")
    remedy = KOE.get(code) if isinstance(code, str) else None
    return f": {remedy.meaning}. {remedy.hint}" if remedy else ""
