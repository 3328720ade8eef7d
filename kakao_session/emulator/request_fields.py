"""What a request sent, for ``/api/state``: query, form and JSON, with secrets as fingerprints."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from kakao_session.emulator.tokens import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kakao_session.emulator.journal import Record

_SECRETS = {
    *("access_token", "refresh_token", "id_token", "code", "code_verifier", "client_secret"),
    *("token", "password"),
}
_LARGEST_BODY = 64 * 1024
_LONG_WORD = re.compile(r"[\w-]{32,}")  # as tokens are


def request_fields(record: Record, is_secret: Callable[[str], bool]) -> dict[str, Any]:
    """:returns: ``query`` and ``form``, as objects, and ``json``, which is ``None`` if the body is
    something else. A body above 64 KiB is not shown.

    :param is_secret: whether a value is a secret, in whatever field it is.
    """

    def shown(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {masked(key, is_secret): shown(key, each) for key, each in value.items()}
        if isinstance(value, list):
            return [shown(name, each) for each in value]
        if not isinstance(value, str):
            is_json = not isinstance(value, float) or isfinite(value)
            return value if is_json else str(value)
        secret = value and (name in _SECRETS or is_secret(value))
        return fingerprint(_text(value)) if secret else masked(value, is_secret)

    small = len(record.body) <= _LARGEST_BODY
    return {
        "query": shown("", _object(parse_qsl(record.query, keep_blank_values=True))),
        "form": shown("", _object(record.form if small else [])),
        "json": shown("", _json(record) if small else None),
    }


def masked(text: str, is_secret: Callable[[str], bool]) -> str:
    """:returns: a text with fingerprints instead of the tokens in it."""

    def word(match: re.Match[str]) -> str:
        return fingerprint(match[0]) if is_secret(match[0]) else match[0]

    return _LONG_WORD.sub(word, _text(text))


def _object(fields: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """:returns: the fields by name; a name that comes more than once has a list."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    return {name: each[0] if len(each) == 1 else each for name, each in values.items()}


def _json(record: Record) -> Any:
    if "json" not in record.headers.get("Content-Type", ""):
        return None
    try:
        return json.loads(record.body)
    except (ValueError, RecursionError):
        return None


def _text(value: str) -> str:
    """:returns: the text without what UTF-8 can't hold."""
    return value.encode("utf-8", "replace").decode()
