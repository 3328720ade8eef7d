"""``--verbose``: requests and responses on stderr. Secrets by short names, other values hidden."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from kakao_session.cli import output
from kakao_session.cli.expiry import short_name
from kakao_session.endpoints import KAKAO
from kakao_session.errors import json_object
from kakao_session.token_endpoint import TIMEOUT

_SECRETS = {"access_token", "refresh_token", "id_token", "code", "code_verifier", "client_id"}
_HARMLESS = {
    "grant_type", "redirect_uri", "token_type", "expires_in", "refresh_token_expires_in", "scope",
    "error", "error_code",
}  # fmt: skip


@contextmanager
def library_log(wanted: bool) -> Iterator[None]:
    """Print the library's log in the block, if that is wanted."""
    log, handler = logging.getLogger("kakao_session"), _Printer()
    level = log.level
    if wanted:
        log.setLevel(logging.INFO)
        log.addHandler(handler)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


class TracingAdapter(HTTPAdapter):
    """Sends as requests does, but never without a timeout.

    :param verbose: print each request and its response.
    """

    def __init__(self, verbose: bool) -> None:
        super().__init__()
        self.verbose = verbose

    def send(self, request: PreparedRequest, *args: Any, **transport: Any) -> Response:
        """Send a request."""
        transport["timeout"] = transport.get("timeout") or TIMEOUT
        if not self.verbose:
            return super().send(request, *args, **transport)
        _print_lines(">", request_lines(request))
        started = time.perf_counter()
        try:
            response = super().send(request, *args, **transport)
        except OSError as error:
            _print_lines("<", [type(error).__name__])
            raise
        milliseconds = round((time.perf_counter() - started) * 1000)
        _print_lines("<", response_lines(response, milliseconds))
        return response


def request_lines(request: PreparedRequest) -> Iterable[str]:
    """:returns: lines about a request."""
    url = urlsplit(request.url or "")
    query = _fields(dict(parse_qsl(url.query, keep_blank_values=True)))
    yield f"{request.method} {url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    if query:
        yield f"query: {query}"
    scheme, _, credential = _text(request.headers.get("Authorization", "")).partition(" ")
    if scheme:
        yield f"Authorization: {scheme} {_name(credential)}"
    if request.body:
        yield f"body: {_body(request)}"


def response_lines(response: Response, milliseconds: int) -> Iterable[str]:
    """:returns: lines about a response."""
    yield f"{response.status_code} {response.reason}, {milliseconds} ms"
    if (response.url or "").startswith(KAKAO.kauth_url):
        yield f"body: {_fields(json_object(response))}"


def _body(request: PreparedRequest) -> str:
    if "urlencoded" in _text(request.headers.get("Content-Type", "")):
        return _fields(dict(parse_qsl(_text(request.body), keep_blank_values=True)))
    return f"{len(_text(request.body))} characters"


def _fields(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_shown(name, str(value))}" for name, value in values.items())


def _shown(name: str, value: str) -> str:
    if name in _HARMLESS:
        return value
    return _name(value) if name in _SECRETS else "..."


def _name(secret: str) -> str:
    return short_name(secret) if secret else "(empty)"


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _print_lines(mark: str, lines: Iterable[str]) -> None:
    for line in lines:
        output.note(f"{mark} {line}")


class _Printer(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        output.note(f"* {record.getMessage()}")
