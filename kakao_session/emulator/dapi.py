"""dapi.kakao.com: search and local, which take the app's REST API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request

from kakao_session.emulator.backend import Backend, current_backend, new_service
from kakao_session.emulator.errors import DapiError, as_json
from kakao_session.emulator.journal import note

if TYPE_CHECKING:
    from werkzeug import Response

views = Blueprint("dapi", __name__)


def dapi(backend: Backend) -> Flask:
    """:returns: the application for dapi.kakao.com."""
    return new_service(backend, views, error_body=_error_body)


@views.before_app_request
def check_key() -> None:
    """:raises DapiError: if the app key is missing or wrong."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "KakaoAK":
        message = "cannot find Authorization : KakaoAK header"
        raise DapiError(401, "AccessDeniedError", message, "no app key was sent")
    if key != current_backend().switches.app_key:
        raise DapiError(401, "AccessDeniedError", "wrong appKey", "not the app key")


@views.get("/v2/search/<kind>")
def search(kind: str) -> Response:
    return _one_document({"title": _query(kind), "url": "https://example.com/"})


@views.get("/v2/local/search/<kind>.json")
def local(kind: str) -> Response:
    return _one_document({"address_name": _query(kind), "x": "126.978652", "y": "37.566826"})


def _query(kind: str) -> str:
    query = request.args.get("query")
    if not query:
        raise DapiError(400, "MissingParameter", "query parameter required", "no query")
    note(f"app key good: one {kind} document")
    return query


def _one_document(document: dict[str, str]) -> Response:
    meta = {"is_end": True, "pageable_count": 1, "total_count": 1}
    return as_json({"documents": [document], "meta": meta})


def _error_body(name: str) -> dict[str, Any]:
    return {"errorType": name.replace(" ", ""), "message": name}
