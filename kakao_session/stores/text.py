"""A token as JSON text: how stores write it, and the one way back."""

from __future__ import annotations

import json
from typing import Any

from kakao_session.secret import Secret, without_frames
from kakao_session.token import Token


def to_text(token: Token, *, ascii_only: bool = False, indent: int | None = None) -> Secret:
    """Write *token* down.

    :param ascii_only: write escapes for whatever is not ASCII, for a place that may know no UTF-8.
    :param indent: spaces for each level, for a person who reads it.
    :returns: a JSON object that has a UTF-8 form.
    :raises ValueError: something in the token is no JSON. The message names its type alone.
    """
    try:
        text = json.dumps(token, ensure_ascii=ascii_only, indent=indent)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the token is no JSON: {error}") from without_frames(error)
    # A lone surrogate has no UTF-8, but its backslash escape is its JSON.
    return Secret(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def to_token(text: str | bytes) -> Token:
    """Read what :func:`to_text` wrote.

    :raises ValueError: it is no token. Neither message nor cause quotes it: it may hold half a one.
    """
    value = _parsed(text)
    if value is _NOT_JSON:
        raise ValueError("not JSON")
    if not isinstance(value, dict):
        raise ValueError(f"a JSON {type(value).__name__}, not an object")  # noqa: TRY004
    if not value:
        raise ValueError("an empty JSON object")
    return Token(value)


_NOT_JSON = object()


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOT_JSON
