"""kauth.kakao.com: the token endpoint, OpenID Connect's documents, and the browser's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request

from kakao_session.emulator.browser_pages import BrowserPages
from kakao_session.emulator.console import check_app, check_secret
from kakao_session.emulator.fingerprint import fingerprint
from kakao_session.emulator.openid import OpenID, discovery
from kakao_session.emulator.refusals import KauthRefusal, as_json
from kakao_session.emulator.services import answers_refusals, current_record
from kakao_session.endpoints import KAKAO, Endpoints

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug import Response

    from kakao_session.emulator.grants import Grants
    from kakao_session.emulator.issues import Issued
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import Users

_LARGEST_FORM = 1024 * 1024


def kauth(
    grants: Grants, users: Users, openid: OpenID, switches: Switches, ports: Callable[[], Endpoints]
) -> Flask:
    """:returns: the application that answers for kauth.kakao.com.

    :param ports: where the hosts are for a client that does not come under Kakao's names.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_FORM
    answers_refusals(app, lambda name: {"error": "invalid_request", "error_description": name})
    app.register_blueprint(BrowserPages(grants, users, switches).blueprint())

    @app.post("/oauth/token")
    def token() -> Response:
        form = request.form
        record = current_record()
        if presented := form.get("refresh_token") or form.get("code"):
            record.sent = fingerprint(presented)
        check_app(form.get("client_id"), switches)
        check_secret(form.get("client_secret"), switches)
        issued = _issue(form.get("grant_type"))
        record.issued = issued.access_token.fingerprint
        record.note = issued.why
        return as_json(issued.answer)

    @app.post("/oauth/tokeninfo")
    def token_info() -> Response:
        claims = openid.claims(request.form.get("id_token"))
        current_record().note = f"id_token good for user {claims['sub']}"
        return as_json(claims)

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Response:
        by_name = f"https://{request.host}" == KAKAO.kauth_url
        return as_json(discovery(KAKAO if by_name else ports()))

    @app.get("/.well-known/jwks.json")
    def keys() -> Response:
        return as_json(openid.keys())

    def _issue(grant_type: str | None) -> Issued:
        form = request.form
        if grant_type == "authorization_code":
            return grants.redeem(
                form.get("code"), form.get("redirect_uri"), form.get("code_verifier")
            )
        if grant_type == "refresh_token":
            return grants.refresh(form.get("refresh_token"))
        raise KauthRefusal("KOE310", "no such grant_type")

    return app
