"""The control page of the emulator, and the same as JSON.

Tests in any language can drive the emulator with JSON, at the address in KAKAO_EMULATOR_URL::

    curl --json '{"hours": 7}' "$KAKAO_EMULATOR_URL/api/advance"

To change something, POST a JSON object (Content-Type: application/json). You can leave out any
field::

    GET  /                          the page
    GET  /api/state                 clock, switches, users, the newest 100 tokens by fingerprint,
                                    the newest 200 requests and all that failed, with query, form
                                    and json (secrets by fingerprint, too)
    GET  /api/environment           the variables that lead a program here
    POST /api/login                 user, scopes: log a user in; returns the token
    POST /api/user                  user, and any of nickname, email, email_verified, profile_image,
                                    name, ...: change a Kakao account
    POST /api/advance               days, hours, minutes, seconds: move Kakao's clock
    POST /api/expire-access-tokens  let all access tokens expire
    POST /api/revoke-access-tokens  revoke all access tokens
    POST /api/unlink                user: unlink a user from the app
    POST /api/fail-next             kind, times, path, after, json, error_code, headers,
                                    retry_after, seconds: make the next requests fail
    POST /api/clear-failures        stop failing
    POST /api/switches              any of the switches, by name
    POST /api/clear-requests        clear the journal
    POST /api/reset                 back to the start: no users, all switches as they were

Names and meanings are those of kakao_session.emulator.KakaoEmulator. The answer is the new state
(except for login). If a request is wrong, the answer is {"error": "..."}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from flask import Blueprint, Flask, current_app, request
from werkzeug.exceptions import HTTPException, NotFound

from kakao_session.emulator.backend import Backend, current_backend, new_app
from kakao_session.emulator.clock import timestamp
from kakao_session.emulator.errors import as_json
from kakao_session.emulator.pages import page
from kakao_session.emulator.request_fields import masked, request_fields
from kakao_session.emulator.switches import USER_ID, check_type, check_value, values
from kakao_session.emulator.tokens import AccessToken

if TYPE_CHECKING:
    from werkzeug import Response

    from kakao_session.emulator.journal import Record
    from kakao_session.emulator.tokens import Token
    from kakao_session.emulator.users import Account, User

Action = Callable[..., Any]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAME_SITE = {"same-origin", "none"}
_TOKENS = 100
_REQUESTS = 200
_SHOWN_OF_REQUEST = ("service", "method", "host", "path", "status", "sent", "issued", "note")

views = Blueprint("control", __name__)


def control(
    backend: Backend, actions: Iterable[Action], environment: Callable[[], dict[str, str]]
) -> Flask:
    """:returns: the application for the plain port.

    :param actions: the methods that ``POST /api/...`` calls: their names, with dashes, are the
        paths, and their parameters are the fields of the JSON object.
    :param environment: returns the variables that lead a program here.
    """
    app = new_app(backend, views, static_folder="static")
    app.config["ACTIONS"] = {action.__name__.replace("_", "-"): action for action in actions}
    app.config["ENVIRONMENT"] = environment
    return app


@views.before_app_request
def check_origin() -> Response | None:
    """Refuse requests that come from a web page of somebody else's."""
    why = _objection()
    return as_json({"error": why}, 403) if why else None


@views.after_app_request
def add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response


@views.app_errorhandler(HTTPException)
def show_http_error(error: HTTPException) -> Response:
    return as_json({"error": error.description or error.name}, error.code or 500)


@views.app_errorhandler(ValueError)
@views.app_errorhandler(OverflowError)
@views.app_errorhandler(RecursionError)
def show_error(error: Exception) -> Response:
    return as_json({"error": str(error)}, 400)


@views.get("/")
def show_page() -> Response:
    return page("control.html", documentation=__doc__)


@views.get("/api/state")
def show_state() -> Response:
    return as_json(state(current_backend()))


@views.get("/api/environment")
def show_environment() -> Response:
    return as_json(current_app.config["ENVIRONMENT"]())


@views.post("/api/switches")
def set_switches() -> Response:
    wanted, backend = _json_object(), current_backend()
    for name, value in wanted.items():
        check_value(name, value)
    for name, value in wanted.items():
        setattr(backend.switches, name, value)
    return as_json(state(backend))


@views.post("/api/user")
def set_user() -> Response:
    fields, backend = _json_object(), current_backend()
    user = fields.pop("user", USER_ID)
    check_type("user", user, int)
    backend.users.set_account(user, cast("Account", fields))
    return as_json(state(backend))


@views.post("/api/<name>")
def act(name: str) -> Response:
    """Call an action with the fields of the JSON object."""
    action = current_app.config["ACTIONS"].get(name)
    if action is None:
        raise NotFound(f"no such action: {name}")
    result = action(**_arguments(name, action))
    return as_json(state(current_backend()) if result is None else result)


def _json_object() -> dict[str, Any]:
    """:raises ValueError: if the body is something else."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - it came from outside
    if isinstance(body.get("user"), str) and body["user"].isdecimal():
        body["user"] = int(body["user"][:40])  # as text, since it can be larger than 2 ** 53
    return body


def _arguments(name: str, action: Action) -> dict[str, Any]:
    """:returns: the arguments for an action, checked against its annotations.

    :raises ValueError: if there is no such parameter, or its type is another.
    """
    given, hints = _json_object(), get_type_hints(action)
    hints.pop("return", None)
    for field, value in given.items():
        if field not in hints:
            raise ValueError(f"{name} takes no {field!r}")
        check_type(field, value, hints[field])
    return given


def _objection() -> str | None:
    """:returns: why a request is refused; ``None`` if it is not.

    A page of somebody else's can reach the port through a host name that it points to 127.0.0.1
    (then the ``Host`` header has that name), or with a form or script that sends cross-site
    requests (then ``Origin`` and ``Sec-Fetch-Site`` tell; and it can't send JSON without asking).
    """
    port = request.environ["SERVER_PORT"]
    if request.headers.get("Host", "").lower() not in {f"127.0.0.1:{port}", f"localhost:{port}"}:
        return "the Host header does not name this port on loopback"
    if request.headers.get("Sec-Fetch-Site", "none") not in _SAME_SITE and not _follows_a_link():
        return "the request comes from another site's page"
    if request.method in ("GET", "HEAD"):
        return None
    if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return "the request comes from another site's page"
    if request.mimetype != "application/json":
        return "a request that changes something must be application/json"
    return None


def _follows_a_link() -> bool:
    """A link to the page is harmless: it changes nothing, and the other page can't read it."""
    navigating = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return request.method == "GET" and request.path == "/" and navigating


def state(backend: Backend) -> dict[str, Any]:
    """:returns: the answer of ``/api/state``: no secrets, the newest tokens and requests first."""
    now = backend.clock.now()
    requests, tokens = backend.journal.records(), backend.issuer.tokens()
    return {
        "now": timestamp(now),
        "app_key": backend.switches.app_key,
        "switches": {
            name: sorted(value) if isinstance(value, (set, frozenset)) else value
            for name, value in values(backend.switches).items()
            if not name.endswith(("_key", "_secret"))
        },
        "failures": backend.faults.pending(),
        "users": [_user(user) for user in backend.users.all()],
        "tokens": [_token(token, now) for token in reversed(tokens[-_TOKENS:])],
        "requests_in_all": len(requests),
        "requests": [
            _request(record, backend)
            for number, record in enumerate(reversed(requests))
            if number < _REQUESTS or record.failed
        ],
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),  # as text, because JavaScript rounds numbers above 2 ** 53
        "nickname": user.nickname,
        "connected_at": timestamp(user.connected_at),
        "scopes": sorted(user.scopes),
    }


def _token(token: Token, now: float) -> dict[str, Any]:
    return {
        "fingerprint": token.fingerprint,
        "kind": "access" if isinstance(token, AccessToken) else "refresh",
        "user": str(token.user.id),
        "expires_in": round(token.expires_at - now),
        "ended": token.ended,
        "alive": token.ended is None and token.expires_at > now,
    }


def _request(record: Record, backend: Backend) -> dict[str, Any]:
    shown = {name: getattr(record, name) for name in _SHOWN_OF_REQUEST}
    keys = {backend.switches.admin_key, backend.switches.client_secret}

    def is_secret(value: str) -> bool:
        return value in keys or backend.issuer.find(value) is not None

    shown["path"] = masked(record.path, is_secret)
    return {"time": timestamp(record.time), **shown, **request_fields(record, is_secret)}
