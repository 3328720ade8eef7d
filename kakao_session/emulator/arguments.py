"""Arguments of the API that hold JSON in one field."""

from __future__ import annotations

import json
from typing import Any

from kakao_session.emulator.refusals import KapiRefusal


def json_object(name: str, text: str | None) -> dict[str, Any]:
    """:returns: the object in a field.

    :raises KapiRefusal: -2.
    """
    value = _parsed(text)
    if not isinstance(value, dict):
        raise KapiRefusal(400, -2, f"{name} is not valid", f"{name} is not a JSON object")
    return value


def json_strings(name: str, text: str | None) -> list[str]:
    """:returns: the array of strings in a field.

    :raises KapiRefusal: -2.
    """
    value = _parsed(text)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise KapiRefusal(400, -2, f"{name} is not valid", f"{name} is not a JSON array of strings")
    return value


def wanted_strings(name: str, text: str | None) -> list[str] | None:
    """:returns: the array of strings in a field that may be left out; ``None`` where it is.

    :raises KapiRefusal: -2.
    """
    return json_strings(name, text) if text else None


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None
