"""kapi.kakao.com: the API that takes a user's access token."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from kakao_session.emulator.durations import in_words
from kakao_session.emulator.fingerprint import fingerprint
from kakao_session.emulator.refusals import KapiRefusal, as_json
from kakao_session.emulator.services import answers_refusals, current_record

if TYPE_CHECKING:
    from werkzeug import Response

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.grants import AccessToken, Grants, User
    from kakao_session.emulator.switches import Switches


def kapi(grants: Grants, switches: Switches, clock: Clock) -> Flask:
    """:returns: the application that answers for kapi.kakao.com."""
    app = Flask(f"{__name__}.kapi", static_folder=None)
    answers_refusals(app)

    def bearer() -> AccessToken:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value:
            raise KapiRefusal(401, -401, "no authentication key!", "no access token was sent")
        record = current_record()
        record.sent = fingerprint(value)
        token = grants.holder(value)
        record.note = f"access token good for {in_words(token.expires_at - clock.now())}"
        return token

    @app.get("/v1/user/access_token_info")
    def access_token_info() -> Response:
        token = bearer()
        left = int(token.expires_at - clock.now())
        return as_json({"id": token.user.id, "expires_in": left, "app_id": switches.app_id})

    @app.route("/v2/user/me", methods=["GET", "POST"])
    def me() -> Response:
        return as_json(_profile(bearer().user))

    @app.post("/v2/api/talk/memo/default/send")
    def send_to_me() -> Response:
        _require_scope(bearer().user, "talk_message", "TALK_MEMO_DEFAULT_SEND")
        _check_template(request.form.get("template_object"))
        return as_json({"result_code": 0})

    @app.post("/v1/user/logout")
    def logout() -> Response:
        token = bearer()
        grants.logout(token)
        current_record().note = "access token logged out"
        return as_json({"id": token.user.id})

    @app.post("/v1/user/unlink")
    def unlink() -> Response:
        user = bearer().user
        grants.unlink(user.id)
        current_record().note = "unlinked: every token of the user is dead"
        return as_json({"id": user.id})

    @app.route("/emulator/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def echo() -> Response:
        """No API of Kakao's: takes any body, so that a client's uploads can be tested."""
        bearer()
        body = request.get_data()
        digest = hashlib.sha256(body).hexdigest()
        return as_json({"method": request.method, "length": len(body), "sha256": digest})

    return app


def _profile(user: User) -> dict[str, Any]:
    connected_at = datetime.fromtimestamp(user.connected_at, timezone.utc)
    return {
        "id": user.id,
        "connected_at": f"{connected_at:%Y-%m-%dT%H:%M:%SZ}",
        "properties": {"nickname": user.nickname},
        "kakao_account": {
            "profile_nickname_needs_agreement": False,
            "profile": {"nickname": user.nickname, "is_default_nickname": False},
        },
    }


def _require_scope(user: User, scope: str, api_type: str) -> None:
    if scope not in user.scopes:
        raise KapiRefusal(
            403,
            -402,
            "insufficient scopes.",
            f"the user has not agreed to {scope}",
            api_type=api_type,
            required_scopes=[scope],
            allowed_scopes=sorted(user.scopes),
        )


def _check_template(text: str | None) -> None:
    try:
        template = json.loads(text or "")
    except ValueError:
        template = None
    if not isinstance(template, dict) or "object_type" not in template:
        why = "template_object is not the JSON of a template"
        raise KapiRefusal(400, -2, "template_object is not valid", why)
