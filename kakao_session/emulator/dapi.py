"""dapi.kakao.com: search, for which the app's key is enough."""

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
    app = Flask(f"{__name__}.dapi", static_folder=None)
    answers_refusals(app)

    @app.get("/v2/search/<kind>")
    def search(kind: str) -> Response:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "KakaoAK":
            message = "cannot find Authorization : KakaoAK header"
            raise DapiRefusal(401, _DENIED, message, "no app key was sent")
        if key != switches.app_key:
            raise DapiRefusal(401, _DENIED, "wrong appKey", "not the app key")
        if not request.args.get("query"):
            message = "query parameter required"
            raise DapiRefusal(400, "MissingParameter", message, "no query")
        current_record().note = f"app key good: one {kind} document"
        document = {"title": request.args["query"], "url": "https://example.com/"}
        meta = {"is_end": True, "pageable_count": 1, "total_count": 1}
        return as_json({"documents": [document], "meta": meta})

    return app
