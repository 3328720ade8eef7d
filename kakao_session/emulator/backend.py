"""What Kakao's services share: their state, and the form in which they answer errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from werkzeug.exceptions import HTTPException

from kakao_session.emulator.errors import ServiceError, as_json
from kakao_session.emulator.journal import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Blueprint
    from werkzeug import Response

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.faults import Faults
    from kakao_session.emulator.journal import Journal
    from kakao_session.emulator.openid import OpenID
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.token_issuer import TokenIssuer
    from kakao_session.emulator.users import Users
    from kakao_session.endpoints import Endpoints

_EXTENSION = "kakao_emulator"
_NOT_HERE = (
    "{name}: the emulator does not have it; fail_next(path=..., json=..., times=None) is a stub"
)


@dataclass(frozen=True)
class Backend:
    """The state of an emulator.

    :param endpoints: where clients find the three hosts if they don't use Kakao's names.
    """

    switches: Switches
    clock: Clock
    users: Users
    issuer: TokenIssuer
    openid: OpenID
    journal: Journal
    faults: Faults
    endpoints: Callable[[], Endpoints]


def current_backend() -> Backend:
    """:returns: the state of the emulator that answers the current request."""
    backend: Backend = current_app.extensions[_EXTENSION]
    return backend


def new_app(backend: Backend, *views: Blueprint, static_folder: str | None = None) -> Flask:
    """:returns: a Flask application whose views get the state from :func:`current_backend`."""
    app = Flask(__name__, static_folder=static_folder)
    app.extensions[_EXTENSION] = backend
    app.url_map.merge_slashes = False  # Kakao does not redirect from //
    for blueprint in views:
        app.register_blueprint(blueprint)
    return app


def new_service(
    backend: Backend, *views: Blueprint, error_body: Callable[[str], dict[str, Any]]
) -> Flask:
    """:returns: the application of one of Kakao's hosts, which answers errors as Kakao does.

    :param error_body: the body of an error without a code of Kakao's, such as an unknown path.
    """
    app = new_app(backend, *views)
    app.register_error_handler(ServiceError, _answer_error)
    app.register_error_handler(HTTPException, partial(_answer_http_error, error_body))
    return app


def _answer_error(error: ServiceError) -> Response:
    note(error.why)
    return error.response()


def _answer_http_error(
    error_body: Callable[[str], dict[str, Any]], error: HTTPException
) -> Response:
    status = error.code or 500
    note(_NOT_HERE if status in (404, 405) else "{name}", name=error.name)
    methods = sorted(getattr(error, "valid_methods", None) or [])
    headers = {"Allow": ", ".join(methods)} if status == 405 else None
    return as_json(error_body(error.name), status, headers)
