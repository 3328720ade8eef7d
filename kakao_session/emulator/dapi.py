"""dapi.kakao.com: search and local, which take the app's REST API key."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request
from werkzeug.exceptions import NotFound

from kakao_session.emulator.backend import Backend, current_backend, new_service
from kakao_session.emulator.dapi_documents import CATEGORIES, ENDPOINTS, Endpoint
from kakao_session.emulator.errors import DapiError, as_json
from kakao_session.emulator.journal import note
from kakao_session.emulator.notes import Note

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


@views.get("/<path:path>")
def search(path: str) -> Response:
    """One answer for each endpoint, with or without ``.json``."""
    endpoint = ENDPOINTS.get(path.removesuffix(".json"))
    if endpoint is None:
        raise NotFound
    _check_arguments(endpoint)
    documents = [
        {field: _filled(value) for field, value in document.items()}
        for document in endpoint.documents
    ]
    note("app key good: {count} documents that are always the same", count=len(documents))
    return as_json({"documents": documents, "meta": endpoint.meta(len(documents))})


def _check_arguments(endpoint: Endpoint) -> None:
    for name in endpoint.required:
        if not request.args.get(name):
            message = f"{name} parameter required"
            raise DapiError(400, "MissingParameter", message, Note("no {name}", name=name))
    for name in endpoint.numbers:
        if name in request.args and not _is_number(request.args[name]):
            message = f"{name} is not a number"
            raise DapiError(400, "InvalidArgument", message, Note("wrong {name}", name=name))
    for name, most in endpoint.limits.items():
        if (text := request.args.get(name)) is None:
            continue
        if not text.isdecimal() or len(text) > len(str(most)) or not 1 <= int(text) <= most:
            message = Note("{name} is not from 1 to {most}", name=name, most=most)
            raise DapiError(400, "InvalidArgument", message, message)
    for name, choices in endpoint.choices.items():
        if request.args.get(name) and request.args[name] not in choices:
            message = Note("{name} is not one of {choices}", name=name, choices=", ".join(choices))
            raise DapiError(400, "InvalidArgument", message, message)


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _filled(value: Any) -> Any:
    """:returns: a value of a document, where some words stand for what was searched for."""
    if isinstance(value, dict):
        return {name: _filled(each) for name, each in value.items()}
    if isinstance(value, str):
        code = request.args.get("category_group_code") or "CE7"
        value = value.replace("{code}", code).replace("{category}", CATEGORIES.get(code, ""))
        return value.replace("{query}", request.args.get("query", ""))
    return value


def _error_body(name: str) -> dict[str, Any]:
    return {"errorType": name.replace(" ", ""), "message": name}
