"""kapi.kakao.com: the API for a user's access token."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, request

from kakao_session.emulator import talk, talk_calendar
from kakao_session.emulator.backend import Backend, current_backend, new_service
from kakao_session.emulator.clock import timestamp
from kakao_session.emulator.console import consent_items, is_required
from kakao_session.emulator.errors import KapiError, as_json
from kakao_session.emulator.journal import note
from kakao_session.emulator.kapi_arguments import (
    choice,
    malformed,
    names,
    number,
    optional_strings,
    whole_numbers,
)
from kakao_session.emulator.kapi_authentication import (
    access_token,
    check_admin,
    is_admin,
    target_user,
    user_with_scopes,
)
from kakao_session.emulator.notes import Note
from kakao_session.emulator.user_info import oidc_userinfo, user_me
from kakao_session.endpoints import KAKAO

if TYPE_CHECKING:
    from collections.abc import Collection

    from werkzeug import Response

    from kakao_session.emulator.users import User

_SERVICE_TERMS = {"service_terms": True, "marketing": False}  # tag: whether it is required

views = Blueprint("kapi", __name__)


def kapi(backend: Backend) -> Flask:
    """:returns: the application for kapi.kakao.com."""
    return new_service(backend, views, talk.views, talk_calendar.views, error_body=_error_body)


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
    return as_json(oidc_userinfo(user))


@views.get("/v2/user/scopes")
def scopes() -> Response:
    user = target_user()
    return as_json(_consent(user, names("scopes")))


@views.post("/v2/user/revoke/scopes")
def revoke_scopes() -> Response:
    user, kakao, revoked = target_user(), current_backend(), names("scopes")
    known = {item.scope for item in consent_items(kakao.switches, user)}
    if not revoked or not known.issuperset(revoked):
        raise malformed("scopes", "a list of the app's consent items")
    if required := [scope for scope in revoked if is_required(scope, kakao.switches)]:
        why = Note("[{scopes}] is required, so it is not revocable", scopes=", ".join(required))
        raise KapiError(-3, why, msg=why)
    kakao.users.withdraw(user, revoked)
    note("consent withdrawn: {scopes}", scopes=", ".join(revoked))
    return as_json(_consent(user, ()))


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
    user, wanted = target_user(), names("tags") or _SERVICE_TERMS
    choice("result", "agreed_service_terms", "app_service_terms")  # the same: all are agreed to
    if not _SERVICE_TERMS.keys() >= {*wanted}:
        raise malformed("tags", "a list of the app's service terms")
    agreed_at = timestamp(user.connected_at)
    terms = [
        {"tag": tag, "required": required, "agreed": True, "revocable": not required}
        for tag, required in _SERVICE_TERMS.items()
        if tag in wanted
    ]
    return as_json(
        {"id": user.id, "service_terms": [{**term, "agreed_at": agreed_at} for term in terms]}
    )


@views.get("/v1/user/shipping_address")
def shipping_address() -> Response:
    user = target_user()
    address, agreed = _address(user), "shipping_address" in user.scopes
    wanted = number("address_id", address["id"]) == address["id"]
    before = number("from_updated_at", 0)
    number("page_size", 10, least=2)
    found = [address] if wanted and (not before or address["updated_at"] < before) else []
    answer = {"user_id": user.id, "shipping_addresses_needs_agreement": not agreed}
    return as_json({**answer, "shipping_addresses": found} if agreed else answer)


@views.get("/v1/user/ids")
def user_ids() -> Response:
    check_admin()
    order, limit = choice("order", "asc", "desc"), number("limit", 100, least=1, most=100)
    descending = order == "desc"
    ids = sorted((user.id for user in current_backend().users.all()), reverse=descending)
    first = number("from_id", ids[0] if ids else 0)
    before = [each for each in ids if (each > first if descending else each < first)]
    found, after = ids[len(before) :][:limit], ids[len(before) + limit :]
    answer: dict[str, Any] = {"elements": found, "total_count": len(ids)}
    if before:
        opposite = "asc" if descending else "desc"
        answer["before_url"] = _ids_url(limit=limit, order=opposite, from_id=before[-1])
    after_url = _ids_url(limit=limit, order=order, from_id=after[0]) if after else None
    return as_json({**answer, "after_url": after_url})


@views.get("/v2/app/users")
def app_users() -> Response:
    """Without ``property_keys``, only the ids."""
    check_admin()
    kakao, keys = current_backend(), optional_strings("property_keys")
    if request.args.get("target_id_type") != "user_id":
        raise malformed("target_id_type", "user_id")
    ids = whole_numbers("target_ids", most=100 if keys is None else 20)
    linked = filter(None, map(kakao.users.find, ids))
    return as_json([user_me(user, kakao.switches.consent_items, keys or ()) for user in linked])


@views.route("/emulator/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def echo() -> Response:
    """Not an API of Kakao's: takes any body, to test a client's uploads."""
    access_token()
    body = request.get_data()
    digest = hashlib.sha256(body).hexdigest()
    return as_json({"method": request.method, "length": len(body), "sha256": digest})


def _consent(user: User, wanted: Collection[str]) -> dict[str, Any]:
    """:returns: the wanted consent items; all of them if none are named."""
    switches = current_backend().switches
    items = consent_items(switches, user)
    return {
        "id": user.id,
        "scopes": [item.of(user, switches) for item in items if not wanted or item.scope in wanted],
    }


def _ids_url(**query: str | int) -> str:
    return f"{KAKAO.api_url}/v1/user/ids?{urlencode(query)}"


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
        "receiver_phone_number2": "",
        "zone_number": "63309",
        "zip_code": "690-140",
    }


def _error_body(name: str) -> dict[str, Any]:
    return {"msg": name, "code": -2}
