"""What the three services have in common: the record to note in, errors in Kakao's own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request
from werkzeug.exceptions import HTTPException

from kakao_session.emulator.refusals import Refusal, as_json

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug import Response

    from kakao_session.emulator.journal import Record


RECORD = "kakao_session.record"


def current_record() -> Record:
    """:returns: the record of the request that is being answered."""
    record: Record = request.environ[RECORD]
    return record


def answers_refusals(app: Flask) -> None:
    """Let a :class:`Refusal` raised in a view become the answer and the note in the log."""

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        current_record().note = refusal.why
        return as_json(refusal.body, refusal.status, refusal.headers)

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> Response:
        status = error.code or 500
        current_record().note = f"{error.name}: nothing that the emulator imitates"
        return as_json({"msg": error.name, "code": -2}, status)
