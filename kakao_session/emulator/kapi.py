"""kapi.kakao.com: the API that takes a user's access token."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from kakao_session.emulator.arguments import json_strings, wanted_strings
from kakao_session.emulator.callers import Callers
from kakao_session.emulator.consent_items import set_up
from kakao_session.emulator.openid import about
from kakao_session.emulator.profile import profile
from kakao_session.emulator.refusals import as_json
from kakao_session.emulator.services import answers_refusals, current_record
from kakao_session.emulator.talk import talk

if TYPE_CHECKING:
    from collections.abc import Collection

    from werkzeug import Response

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.grants import Grants
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User, Users


def kapi(grants: Grants, users: Users, switches: Switches, clock: Clock) -> Flask:
    """:returns: the application that answers for kapi.kakao.com."""
    app = Flask(__name__, static_folder=None)
    answers_refusals(app, lambda name: {"msg": name, "code": -2})
    callers = Callers(grants, users, switches, clock)
    app.register_blueprint(talk(callers, users))

    @app.get("/v1/user/access_token_info")
    def access_token_info() -> Response:
        token = callers.token()
        left = int(token.expires_at - clock.now())
        return as_json({"id": token.user.id, "expires_in": left, "app_id": switches.app_id})

    @app.route("/v2/user/me", methods=["GET", "POST"])
    def me() -> Response:
        user = callers.target()
        keys = wanted_strings("property_keys", request.values.get("property_keys"))
        return as_json(profile(user, keys))

    @app.get("/v1/oidc/userinfo")
    def userinfo() -> Response:
        user = callers.user("openid", api_type="OIDC_USERINFO")
        return as_json({"sub": str(user.id), **about(user)})

    @app.get("/v2/user/scopes")
    def scopes() -> Response:
        user = callers.target()
        return as_json(consent(user, wanted_strings("scopes", request.args.get("scopes"))))

    @app.post("/v2/user/revoke/scopes")
    def revoke_scopes() -> Response:
        user = callers.target()
        revoked = json_strings("scopes", request.form.get("scopes"))
        users.withdraw(user, revoked)
        current_record().note = f"consent withdrawn: {', '.join(revoked)}"
        return as_json(consent(user, revoked))

    @app.post("/v1/user/logout")
    def logout() -> Response:
        if callers.by_admin():
            user = callers.target()
            grants.logout(user.id)
            current_record().note = "every token of the user logged out"
            return as_json({"id": user.id})
        token = callers.token()
        grants.end_login(token)
        current_record().note = "access token logged out"
        return as_json({"id": token.user.id})

    @app.post("/v1/user/unlink")
    def unlink() -> Response:
        user = callers.target()
        grants.unlink(user.id)
        current_record().note = "unlinked: every token of the user is dead"
        return as_json({"id": user.id})

    @app.route("/emulator/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def echo() -> Response:
        """No API of Kakao's: takes any body, so that a client's uploads can be tested."""
        callers.token()
        body = request.get_data()
        digest = hashlib.sha256(body).hexdigest()
        return as_json({"method": request.method, "length": len(body), "sha256": digest})

    def consent(user: User, wanted: Collection[str] | None) -> dict[str, Any]:
        items = [item for item in set_up(switches, user) if wanted is None or item.id in wanted]
        return {"id": user.id, "scopes": [item.of(user) for item in items]}

    return app
