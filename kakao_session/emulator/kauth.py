"""kauth.kakao.com: the authorization page and the token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from flask import Flask, request
from werkzeug import Response

from kakao_session.emulator.fingerprint import fingerprint
from kakao_session.emulator.refusals import KAUTH_ERRORS, KauthRefusal, Refusal, as_json
from kakao_session.emulator.services import answers_refusals, current_record
from kakao_session.emulator.switches import USER_ID, Switches

if TYPE_CHECKING:
    from kakao_session.emulator.grants import Grants, Issued


def kauth(grants: Grants, switches: Switches) -> Flask:
    """:returns: the application that answers for kauth.kakao.com."""
    app = Flask(f"{__name__}.kauth", static_folder=None)
    answers_refusals(app)

    @app.get("/oauth/authorize")
    def authorize() -> Response:
        query = request.args
        try:
            _check_app(query.get("client_id"), switches)
            _check_redirect_uri(query.get("redirect_uri"), switches)
        except Refusal as refusal:
            return _page(refusal)
        state = {"state": query["state"]} if "state" in query else {}
        redirect_uri = query["redirect_uri"]
        if query.get("response_type") != "code":
            return _back(redirect_uri, error="unsupported_response_type", **state)
        if switches.consent == "denied":
            current_record().note = "the user cancelled"
            description = "User denied access"
            return _back(
                redirect_uri, error="access_denied", error_description=description, **state
            )
        scopes = query.get("scope", "").replace(",", " ").split()
        code = grants.new_code(USER_ID, scopes, redirect_uri, query.get("code_challenge"))
        current_record().note = f"the user agreed: code for {urlsplit(redirect_uri).netloc}"
        return _back(redirect_uri, code=code.value, **state)

    @app.post("/oauth/token")
    def token() -> Response:
        form = request.form
        record = current_record()
        if presented := form.get("refresh_token") or form.get("code"):
            record.sent = fingerprint(presented)
        _check_app(form.get("client_id"), switches)
        _check_secret(form.get("client_secret"), switches)
        issued = _issue(form.get("grant_type"))
        record.issued = issued.access_token.fingerprint
        record.note = issued.why
        return as_json(issued.answer)

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


def _check_app(client_id: str | None, switches: Switches) -> None:
    if client_id != switches.app_key:
        echo = "null" if client_id is None else client_id
        why = "client_id is not the app key" if client_id else "the form has no client_id"
        raise KauthRefusal("KOE101", why, description=f"Not exist client_id [{echo}]")


def _check_secret(client_secret: str | None, switches: Switches) -> None:
    if switches.client_secret is not None and client_secret != switches.client_secret:
        raise KauthRefusal("KOE010", "client_secret is wrong" if client_secret else "no secret")


def _check_redirect_uri(redirect_uri: str | None, switches: Switches) -> None:
    registered = switches.redirect_uris
    if not redirect_uri or (registered is not None and redirect_uri not in registered):
        raise KauthRefusal("KOE006", "redirect_uri is not registered")


def _back(redirect_uri: str, **answer: str) -> Response:
    return Response(
        status=302, headers={"Location": f"{redirect_uri}?{urlencode(answer, quote_via=quote)}"}
    )


def _page(refusal: Refusal) -> Response:
    """What is wrong with the app is shown to the person and never told to the redirect URI."""
    current_record().note = refusal.why
    code = refusal.body["error_code"]
    title = f"{KAUTH_ERRORS[code][1]} ({code})"
    html = f"<!doctype html><title>{title}</title><h1>{title}</h1>\n"
    return Response(html, refusal.status, content_type="text/html;charset=UTF-8")
