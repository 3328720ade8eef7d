"""The arguments of ``kakao-session request``: what they have to look like, and what they amount to.

What a person has typed there may be a secret, so no message repeats it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import click
from requests import Request

from kakao_session.cli.language import say
from kakao_session.endpoints import KAKAO

Pairs = list[tuple[str, str]]

_IN_THE_QUERY = {"GET", "DELETE", "HEAD"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_TOKEN_ENDPOINT = urlsplit(KAKAO.token_url)

Callback = Callable[[click.Context, click.Parameter, Any], Any]


def pairs(mark: str, shape: str) -> Callback:
    """:returns: a callback that splits each value of an option in two."""

    def split(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> Pairs:
        found = []
        for value in values:
            name, separator, rest = value.partition(mark)
            if not separator or not name.strip():
                raise click.BadParameter(say("odd_pair", shape=shape))
            _check_text(value)
            found.append((name, rest))
        return found

    return split


def address(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """:returns: a path of the Kakao API, or a URL.

    :raises BadParameter: it is neither, or answers with tokens.
    """
    _check_text(value)
    try:
        parts = urlsplit(value)
        request = Request("GET", f"{KAKAO.api_url}{value}" if value.startswith("/") else value)
        sent = request.prepare().url or ""
    except ValueError as error:  # requests' errors about addresses are such, too
        raise click.BadParameter(say("odd_url")) from error
    if not value.startswith("/") and not (parts.scheme == "https" and parts.hostname):
        raise click.BadParameter(say("odd_url"))
    if is_at_kauth(sent) and _names(urlsplit(sent).path) == _names(_TOKEN_ENDPOINT.path):
        raise click.BadParameter(say("request_token_endpoint"))
    return value


def is_at_kauth(url: str) -> bool:
    """Whether a URL is one of Kakao Login's, which hands out tokens."""
    return (urlsplit(url).hostname or "").rstrip(".") == _TOKEN_ENDPOINT.hostname


def _names(path: str) -> list[str]:
    return [name for name in unquote(path).split("/") if name]


def headers_of(given: Pairs) -> dict[str, bytes]:
    """:returns: what requests takes as headers.

    :raises UsageError: one can't be sent.
    """
    for name, value in given:
        if not _HEADER_NAME.fullmatch(name.strip()) or set(value) & set("\r\n"):
            raise click.UsageError(say("odd_pair", shape="NAME:VALUE"))
    return {name.strip(): value.strip().encode() for name, value in given}


def content_of(method: str, fields: Pairs, as_json: bool) -> dict[str, Any]:
    """:returns: where requests is to put the fields."""
    if not fields:
        return {}
    if as_json:
        return {"json": {name: _parsed(value) for name, value in fields}}
    return {"params" if method in _IN_THE_QUERY else "data": fields}


def _check_text(value: str) -> None:
    """:raises BadParameter: it holds bytes that are no UTF-8, as a shell can pass them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise click.BadParameter(say("odd_text")) from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
