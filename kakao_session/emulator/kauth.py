"""kauth.kakao.com: the token endpoint, OpenID Connect's documents, and the browser's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request

from kakao_session.emulator import authorize
from kakao_session.emulator.backend import Backend, current_backend, new_service
from kakao_session.emulator.console import check_app, check_secret
from kakao_session.emulator.errors import KauthError, as_json
from kakao_session.emulator.journal import current_record, note
from kakao_session.emulator.openid import discovery
from kakao_session.emulator.tokens import fingerprint
from kakao_session.endpoints import KAKAO

if TYPE_CHECKING:
    from werkzeug import Response

    from kakao_session.emulator.tokens import TokenResponse

_LARGEST_FORM = 1024 * 1024

views = Blueprint("kauth", __name__)


def kauth(backend: Backend) -> Flask:
    """:returns: the application for kauth.kakao.com."""
    app = new_service(backend, views, authorize.views, error_body=_error_body)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_FORM
    return app


@views.post("/oauth/token")
def token() -> Response:
    """The token endpoint, which checks the client before it looks at the grant."""
    form, switches, record = request.form, current_backend().switches, current_record.get()
    if presented := form.get("refresh_token") or form.get("code"):
        record.sent = fingerprint(presented)
    check_app(form.get("client_id"), switches)
    check_secret(form.get("client_secret"), switches)
    response = _exchange(form.get("grant_type"))
    record.issued = response.access_token.fingerprint
    record.note = response.note
    return as_json(response.body)


def _exchange(grant_type: str | None) -> TokenResponse:
    form, issuer = request.form, current_backend().issuer
    if grant_type == "authorization_code":
        return issuer.redeem(form.get("code"), form.get("redirect_uri"), form.get("code_verifier"))
    if grant_type == "refresh_token":
        return issuer.refresh(form.get("refresh_token"))
    raise KauthError("KOE310", "no such grant_type")


@views.post("/oauth/tokeninfo")
def token_info() -> Response:
    """The claims of an ``id_token``."""
    claims = current_backend().openid.claims(request.form.get("id_token"))
    note("id_token good for user {user}", user=claims["sub"])
    return as_json(claims)


@views.get("/.well-known/openid-configuration")
def configuration() -> Response:
    """The discovery document. A client that came by port is not sent to Kakao's real hosts."""
    by_name = f"https://{request.host.lower()}" == KAKAO.kauth_url
    return as_json(discovery(KAKAO if by_name else current_backend().endpoints()))


@views.get("/.well-known/jwks.json")
def keys() -> Response:
    """The public key of the signatures."""
    return as_json(current_backend().openid.keys())


def _error_body(name: str) -> dict[str, Any]:
    return {"error": "invalid_request", "error_description": name}
