"""kapi.kakao.com: the API for a user's access token."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request

from kakao_session.emulator.backend import Backend, current_backend, new_service
from kakao_session.emulator.console import consent_items
from kakao_session.emulator.errors import KapiError, as_json
from kakao_session.emulator.journal import note
from kakao_session.emulator.kapi_authentication import (
    access_token,
    is_admin,
    target_user,
    user_with_scopes,
)
from kakao_session.emulator.openid import about
from kakao_session.emulator.users import profile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from werkzeug import Response

    from kakao_session.emulator.users import User

views = Blueprint("kapi", __name__)


def kapi(backend: Backend) -> Flask:
    """:returns: the application for kapi.kakao.com."""
    return new_service(backend, views, error_body=lambda name: {"msg": name, "code": -2})


@views.get("/v1/user/access_token_info")
def access_token_info() -> Response:
    token, kakao = access_token(), current_backend()
    left = int(token.expires_at - kakao.clock.now())
    return as_json({"id": token.user.id, "expires_in": left, "app_id": kakao.switches.app_id})


@views.route("/v2/user/me", methods=["GET", "POST"])
def me() -> Response:
    user = target_user()
    return as_json(profile(user, _optional_strings("property_keys", request.values)))


@views.get("/v1/oidc/userinfo")
def userinfo() -> Response:
    user = user_with_scopes("openid", api_type="OIDC_USERINFO")
    return as_json({"sub": str(user.id), **about(user)})


@views.get("/v2/user/scopes")
def scopes() -> Response:
    user = target_user()
    return as_json(_consent(user, _optional_strings("scopes", request.args)))


@views.post("/v2/user/revoke/scopes")
def revoke_scopes() -> Response:
    user = target_user()
    revoked = _strings("scopes", request.form)
    current_backend().users.withdraw(user, revoked)
    note(f"consent withdrawn: {', '.join(revoked)}")
    return as_json(_consent(user, revoked))


@views.post("/v1/user/logout")
def logout() -> Response:
    issuer = current_backend().issuer
    if is_admin():
        user = target_user()
        issuer.logout(user.id)
        note("every token of the user logged out")
        return as_json({"id": user.id})
    token = access_token()
    issuer.end_login(token)
    note("access token logged out")
    return as_json({"id": token.user.id})


@views.post("/v1/user/unlink")
def unlink() -> Response:
    user = target_user()
    current_backend().issuer.unlink(user.id)
    note("unlinked: every token of the user is dead")
    return as_json({"id": user.id})


@views.post("/v2/api/talk/memo/default/send")
def send_to_me() -> Response:
    user_with_scopes("talk_message", api_type="TALK_MEMO_DEFAULT_SEND")
    _check_template(_object("template_object", request.form))
    return as_json({"result_code": 0})


@views.get("/v1/api/talk/friends")
def friends() -> Response:
    user = user_with_scopes("friends", api_type="TALK_FRIENDS")
    found = current_backend().users.friends_of(user)
    offset, limit = _count("offset", 0), _count("limit", 10)
    elements = [_friend(friend) for friend in found[offset : offset + limit]]
    return as_json({"elements": elements, "total_count": len(found), "favorite_count": 0})


@views.route("/emulator/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def echo() -> Response:
    """Not an API of Kakao's: takes any body, to test a client's uploads."""
    access_token()
    body = request.get_data()
    digest = hashlib.sha256(body).hexdigest()
    return as_json({"method": request.method, "length": len(body), "sha256": digest})


def _consent(user: User, wanted: Collection[str] | None) -> dict[str, Any]:
    items = consent_items(current_backend().switches, user)
    return {
        "id": user.id,
        "scopes": [item.of(user) for item in items if wanted is None or item.scope in wanted],
    }


def _friend(friend: User) -> dict[str, Any]:
    return {
        "profile_nickname": friend.nickname,
        "profile_thumbnail_image": "",
        "id": friend.id,
        "uuid": f"emulator-{friend.id}",
        "favorite": False,
    }


_REQUIRED_FIELDS = {
    "text": ("text", "link"),
    "feed": ("content",),
    "list": ("header_title", "header_link", "contents"),
    "location": ("content", "address"),
    "commerce": ("content", "commerce"),
    "calendar": ("id_type", "id", "content"),
}
_LONGEST_TEXT = 200


def _check_template(template: dict[str, Any]) -> None:
    object_type = template.get("object_type")
    required = _REQUIRED_FIELDS.get(str(object_type))
    if required is None:
        raise _template_error("object_type is not known")
    if missing := [name for name in required if name not in template]:
        raise _template_error(f"{', '.join(missing)} missing")
    if object_type == "text":
        text, link = template["text"], template["link"]
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT:
            raise _template_error(f"text is not of 1 to {_LONGEST_TEXT} characters")
        if not isinstance(link, dict):
            raise _template_error("link is no object")


def _template_error(why: str) -> KapiError:
    return KapiError(-2, why, msg=f"template_object is not valid: {why}")


_MOST_DIGITS = 3


def _count(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise KapiError(-2, f"{name} is no number in reach", msg=f"{name} is not valid")
    return int(text)


def _object(name: str, fields: Mapping[str, str]) -> dict[str, Any]:
    value = _from_json(fields.get(name))
    if not isinstance(value, dict):
        raise KapiError(-2, f"{name} is not a JSON object", msg=f"{name} is not valid")
    return value


def _strings(name: str, fields: Mapping[str, str]) -> list[str]:
    value = _from_json(fields.get(name))
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise KapiError(-2, f"{name} is not a JSON array of strings", msg=f"{name} is not valid")
    return value


def _optional_strings(name: str, fields: Mapping[str, str]) -> list[str] | None:
    return _strings(name, fields) if fields.get(name) else None


def _from_json(text: str | None) -> Any:
    """:returns: the value; ``None`` if the text is not JSON."""
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None
