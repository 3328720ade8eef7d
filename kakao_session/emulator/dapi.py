"""dapi.kakao.com: search and local, for which the app's key is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request

from kakao_session.emulator.refusals import DapiRefusal, as_json
from kakao_session.emulator.services import answers_refusals, current_record

if TYPE_CHECKING:
    from werkzeug import Response

    from kakao_session.emulator.switches import Switches

_DENIED = "AccessDeniedError"


def dapi(switches: Switches) -> Flask:
    """:returns: the application that answers for dapi.kakao.com."""
    app = Flask(__name__, static_folder=None)
    answers_refusals(app, lambda name: {"errorType": name.replace(" ", ""), "message": name})

    @app.before_request
    def check_key() -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "KakaoAK":
            message = "cannot find Authorization : KakaoAK header"
            raise DapiRefusal(401, _DENIED, message, "no app key was sent")
        if key != switches.app_key:
            raise DapiRefusal(401, _DENIED, "wrong appKey", "not the app key")

    @app.get("/v2/search/<kind>")
    def search(kind: str) -> Response:
        query = _query(kind)
        return _one({"title": query, "url": "https://example.com/"})

    @app.get("/v2/local/search/<kind>.json")
    def local(kind: str) -> Response:
        query = _query(kind)
        return _one({"address_name": query, "x": "126.978652", "y": "37.566826"})

    return app


def _query(kind: str) -> str:
    query = request.args.get("query")
    if not query:
        raise DapiRefusal(400, "MissingParameter", "query parameter required", "no query")
    current_record().note = f"app key good: one {kind} document"
    return query


def _one(document: dict[str, str]) -> Response:
    meta = {"is_end": True, "pageable_count": 1, "total_count": 1}
    return as_json({"documents": [document], "meta": meta})
