"""What the three services have in common: the record to note in, errors in Kakao's own shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.exceptions import HTTPException

from kakao_session.emulator.refusals import Refusal, as_json

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug import Response

    from kakao_session.emulator.journal import Record

Shape = Callable[[str], dict[str, Any]]

RECORD = "kakao_session.record"


def current_record() -> Record:
    """:returns: the record of the request that is being answered."""
    record: Record = request.environ[RECORD]
    return record


def answers_refusals(app: Flask, shape: Shape) -> None:
    """Let a :class:`Refusal` raised in a view become the answer and the note in the log.

    :param shape: the body of an error that Kakao has no code for, an unknown path, say.
    """

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        current_record().note = refusal.why
        return as_json(refusal.body, refusal.status, refusal.headers)

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> Response:
        status = error.code or 500
        why = ": nothing that the emulator imitates" if status in (404, 405) else ""
        current_record().note = f"{error.name}{why}"
        headers = {"Allow": ", ".join(_allowed(error))} if status == 405 else None
        return as_json(shape(error.name), status, headers)


def _allowed(error: HTTPException) -> list[str]:
    return sorted(getattr(error, "valid_methods", None) or [])
