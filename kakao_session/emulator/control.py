"""The control page, and the same as JSON, on the emulator's plain loopback port.

A test in any language drives the emulator so, KAKAO_EMULATOR_URL in its environment being the
address::

    curl --json '{"hours": 7}' "$KAKAO_EMULATOR_URL/api/advance"

What changes something is a POST of a JSON object (Content-Type: application/json), whose fields may
be left out::

    GET  /                          the page
    GET  /api/state                 clock, switches, users, tokens by fingerprint, requests
    GET  /api/environment           the variables that lead a program here
    POST /api/login                 user, scopes: log in; answers the token
    POST /api/advance               days, hours, minutes, seconds: move the clock
    POST /api/expire-access-tokens  every access token has reached its end
    POST /api/revoke-access-tokens  every access token is withdrawn
    POST /api/unlink                user: part the user from the app
    POST /api/fail-next             kind, times, path, after, json, error_code, headers,
                                    retry_after, seconds: let the next requests fail
    POST /api/clear-failures        nothing fails any more
    POST /api/switches              any of the switches, by name
    POST /api/clear-requests        forget what has arrived
    POST /api/reset                 nobody has ever been here, every switch as at the start

Names and meanings are those of kakao_session.emulator.KakaoEmulator. The answer is the new state,
but for login; what is wrong with a request is told as {"error": "..."}.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException, NotFound

from kakao_session.emulator.control_guard import objection
from kakao_session.emulator.json_types import fits, in_words
from kakao_session.emulator.pages import page
from kakao_session.emulator.positions import check_position
from kakao_session.emulator.refusals import as_json
from kakao_session.emulator.state import state

if TYPE_CHECKING:
    from werkzeug import Response

    from kakao_session.emulator.kakao import KakaoEmulator

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


_FIELDS: dict[str, dict[str, Any]] = {
    "login": {"user": int, "scopes": Collection[str]},
    "advance": dict.fromkeys(("days", "hours", "minutes", "seconds"), float),
    "expire-access-tokens": {},
    "revoke-access-tokens": {},
    "unlink": {"user": int},
    "fail-next": {
        "kind": int | str | None,
        "times": int | None,
        "path": str,
        "after": bool,
        "json": Any,
        "error_code": str | int | None,
        "headers": Mapping[str, str],
        "retry_after": float | str | None,
        "seconds": float | None,
    },
    "clear-failures": {},
    "clear-requests": {},
    "reset": {},
}


def control(kakao: KakaoEmulator) -> Flask:
    """:returns: the application behind the plain port."""
    app = Flask(__name__)

    @app.before_request
    def guard() -> Response | None:
        port = kakao.control_url.rpartition(":")[2]
        why = objection({f"127.0.0.1:{port}", f"localhost:{port}"})
        return as_json({"error": why}, 403) if why else None

    @app.after_request
    def keep_to_itself(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        return as_json({"error": error.description or error.name}, error.code or 500)

    @app.errorhandler(ValueError)
    @app.errorhandler(OverflowError)
    @app.errorhandler(RecursionError)
    def wrong(error: Exception) -> Response:
        return as_json({"error": str(error)}, 400)

    @app.get("/")
    def show_page() -> Response:
        return page("control.html", documented=__doc__)

    @app.get("/api/state")
    def show() -> Response:
        return as_json(state(kakao))

    @app.get("/api/environment")
    def environment() -> Response:
        return as_json(kakao.environment())

    @app.post("/api/switches")
    def switch() -> Response:
        wanted = _object()
        for name, position in wanted.items():
            check_position(name, position)
        for name, position in wanted.items():
            setattr(kakao, name, position)
        return as_json(state(kakao))

    @app.post("/api/<action>")
    def act(action: str) -> Response:
        if action not in _FIELDS:
            raise NotFound(f"no such action: {action}")
        told = getattr(kakao, action.replace("-", "_"))(**_fields(action))
        return as_json(state(kakao) if told is None else told)

    return app


def _object() -> dict[str, Any]:
    """:raises ValueError: if the body is none."""
    body = request.get_json()
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - it came from outside
    return body


def _fields(action: str) -> dict[str, Any]:
    """:returns: what the action is given.

    :raises ValueError: if it takes no such field, or the field is of another kind.
    """
    given, taken = _object(), _FIELDS[action]
    if isinstance(given.get("user"), str) and given["user"].isdecimal():
        given["user"] = int(given["user"][:40])  # as text, since it can be larger than 2 ** 53
    for name, value in given.items():
        if name not in taken:
            raise ValueError(f"{action} takes no {name!r}")
        if not fits(value, taken[name]):
            raise ValueError(f"{name} takes {in_words(taken[name])}")
    return given
