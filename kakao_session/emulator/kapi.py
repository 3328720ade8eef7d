"""kapi.kakao.com: the API for a user's access token."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, request

from kakao_session.emulator import talk
from kakao_session.emulator.backend import Backend, current_backend, new_service
from kakao_session.emulator.clock import timestamp
from kakao_session.emulator.console import consent_items
from kakao_session.emulator.errors import as_json
from kakao_session.emulator.journal import note
from kakao_session.emulator.kapi_arguments import (
    number,
    optional_strings,
    strings,
    whole_numbers,
)
from kakao_session.emulator.kapi_authentication import (
    access_token,
    check_admin,
    is_admin,
    target_user,
    user_with_scopes,
)
from kakao_session.emulator.user_info import claims, user_me

if TYPE_CHECKING:
    from collections.abc import Collection

    from werkzeug import Response

    from kakao_session.emulator.users import User

views = Blueprint("kapi", __name__)


def kapi(backend: Backend) -> Flask:
    """:returns: the application for kapi.kakao.com."""
    return new_service(backend, views, talk.views, error_body=_error_body)


@views.get("/v1/user/access_token_info")
def access_token_info() -> Response:
    token, kakao = access_token(), current_backend()
    left = int(token.expires_at - kakao.clock.now())
    return as_json({"id": token.user.id, "expires_in": left, "app_id": kakao.switches.app_id})


@views.route("/v2/user/me", methods=["GET", "POST"])
def me() -> Response:
    user = target_user()
    keys = optional_strings("property_keys")
    return as_json(user_me(user, current_backend().switches.consent_items, keys))


@views.get("/v1/oidc/userinfo")
def userinfo() -> Response:
    user = user_with_scopes("openid", api_type="OIDC_USERINFO")
    answer: dict[str, Any] = {"sub": str(user.id), **claims(user)}
    if "email" in answer:
        answer["email_verified"] = user.account["email_verified"]
    return as_json(answer)


@views.get("/v2/user/scopes")
def scopes() -> Response:
    user = target_user()
    return as_json(_consent(user, optional_strings("scopes")))


@views.post("/v2/user/revoke/scopes")
def revoke_scopes() -> Response:
    user = target_user()
    revoked = strings("scopes")
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


@views.get("/v2/user/service_terms")
def service_terms() -> Response:
    user = target_user()
    wanted = optional_strings("tags")
    agreed_at = timestamp(user.connected_at)
    terms = [
        {"tag": tag, "required": required, "agreed": True, "revocable": not required}
        for tag, required in _SERVICE_TERMS.items()
        if wanted is None or tag in wanted
    ]
    return as_json(
        {"id": user.id, "service_terms": [{**term, "agreed_at": agreed_at} for term in terms]}
    )


@views.get("/v1/user/shipping_address")
def shipping_address() -> Response:
    user = target_user()
    agreed = "shipping_address" in user.scopes
    answer = {"user_id": user.id, "shipping_addresses_needs_agreement": not agreed}
    return as_json({**answer, "shipping_addresses": [_address(user)]} if agreed else answer)


@views.get("/v1/user/ids")
def user_ids() -> Response:
    check_admin()
    descending = request.args.get("order") == "desc"
    ids = sorted((user.id for user in current_backend().users.all()), reverse=descending)
    total, first = len(ids), number("from_id", 0)
    if first:
        ids = ids[ids.index(first) :] if first in ids else []
    return as_json({"elements": ids[: number("limit", 100, most=100)], "total_count": total})


@views.get("/v2/app/users")
def app_users() -> Response:
    check_admin()
    kakao, keys = current_backend(), optional_strings("property_keys")
    linked = filter(None, map(kakao.users.find, whole_numbers("target_ids")))
    return as_json([user_me(user, kakao.switches.consent_items, keys) for user in linked])


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


_SERVICE_TERMS = {"service_terms": True, "marketing": False}  # tag: whether it is required


def _address(user: User) -> dict[str, Any]:
    account = user.account
    return {
        "id": user.id,
        "name": "집",
        "is_default": True,
        "updated_at": int(user.connected_at),
        "type": "NEW",
        "base_address": "제주특별자치도 제주시 첨단로 242",
        "detail_address": "1층",
        "receiver_name": account["name"] or user.nickname,
        "receiver_phone_number1": "010-1234-5678",
        "zone_number": "63309",
        "zip_code": "690-140",
    }


def _error_body(name: str) -> dict[str, Any]:
    return {"msg": name, "code": -2}
