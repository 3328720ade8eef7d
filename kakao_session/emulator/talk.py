"""KakaoTalk at kapi.kakao.com: messages to oneself and to friends, images, profile and channels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, request

from kakao_session.emulator.backend import current_backend
from kakao_session.emulator.errors import KapiError, as_json
from kakao_session.emulator.journal import note
from kakao_session.emulator.kapi_arguments import (
    choice,
    json_object,
    malformed,
    names,
    number,
    required,
    strings,
    web_address,
)
from kakao_session.emulator.kapi_authentication import access_token, user_with_scopes
from kakao_session.emulator.notes import Note
from kakao_session.endpoints import KAKAO

if TYPE_CHECKING:
    from werkzeug import Response

    from kakao_session.emulator.users import User

views = Blueprint("talk", __name__)

_MEMO, _FRIENDS_MESSAGE = "/v2/api/talk/memo", "/v1/api/talk/friends/message"
_FRIENDS_SCOPES = ("friends", "talk_message")
_IMAGE_URL = "https://k.kakaocdn.net/dn/emulator"
_REQUIRED_FIELDS = {
    "text": ("text", "link"),
    "feed": ("content",),
    "list": ("header_title", "header_link", "contents"),
    "location": ("content", "address"),
    "commerce": ("content", "commerce"),
    "calendar": ("id_type", "id", "content"),
}
_LONGEST_TEXT = 200
_LARGEST_IMAGE = 5 * 1024 * 1024
_MOST_FRIENDS = 1_000_000
_MOST_RECEIVERS = 5


@views.get("/v1/api/talk/profile")
def profile() -> Response:
    user = access_token().user
    thumbnail, image = user.images
    answer = {"nickName": user.nickname} if "profile_nickname" in user.scopes else {}
    if "profile_image" in user.scopes:
        answer |= {"profileImageURL": image, "thumbnailURL": thumbnail}
    return as_json({**answer, "countryISO": "KR"})


@views.get("/v2/api/talk/channels")
def channels() -> Response:
    """The user has added none of the channels that are asked for."""
    user = access_token().user
    asked = [{"channel_public_id": each, "relation": "NONE"} for each in names("channel_ids")]
    return as_json({"user_id": user.id, "channels": asked})


@views.post(f"{_MEMO}/default/send")
def send_to_me() -> Response:
    user_with_scopes("talk_message", api_type="TALK_MEMO_DEFAULT_SEND")
    _check_template_object()
    return as_json({"result_code": 0})


@views.post(f"{_MEMO}/send")
def send_template_to_me() -> Response:
    user_with_scopes("talk_message", api_type="TALK_MEMO_SEND")
    _check_template_id()
    return as_json({"result_code": 0})


@views.post(f"{_MEMO}/scrap/send")
def send_scrap_to_me() -> Response:
    user_with_scopes("talk_message", api_type="TALK_MEMO_SCRAP_SEND")
    _check_scrap()
    return as_json({"result_code": 0})


@views.post(f"{_FRIENDS_MESSAGE}/default/send")
def send_to_friends() -> Response:
    user = user_with_scopes(*_FRIENDS_SCOPES, api_type="TALK_MESSAGE_DEFAULT_SEND")
    _check_template_object()
    return _delivered(user)


@views.post(f"{_FRIENDS_MESSAGE}/send")
def send_template_to_friends() -> Response:
    user = user_with_scopes(*_FRIENDS_SCOPES, api_type="TALK_MESSAGE_SEND")
    _check_template_id()
    return _delivered(user)


@views.post(f"{_FRIENDS_MESSAGE}/scrap/send")
def send_scrap_to_friends() -> Response:
    user = user_with_scopes(*_FRIENDS_SCOPES, api_type="TALK_MESSAGE_SCRAP_SEND")
    _check_scrap()
    return _delivered(user)


@views.get("/v1/api/talk/friends")
def friends() -> Response:
    user = user_with_scopes("friends", api_type="TALK_FRIENDS")
    found = current_backend().users.friends_of(user)
    choice("friend_order", "favorite", "nickname")
    if choice("order", "asc", "desc") == "desc":
        found.reverse()
    offset = number("offset", 0, most=_MOST_FRIENDS)
    limit = number("limit", 10, least=1, most=100)
    answer: dict[str, Any] = {
        "elements": [_friend(friend) for friend in found[offset : offset + limit]],
        "total_count": len(found),
    }
    if offset:
        answer["before_url"] = _friends_url(max(0, offset - limit), limit)
    is_last = offset + limit >= len(found)
    answer["after_url"] = None if is_last else _friends_url(offset + limit, limit)
    return as_json({**answer, "favorite_count": 0})


@views.post("/v2/api/talk/message/image/upload")
def upload_image() -> Response:
    access_token()
    file = request.files.get("file")
    if file is None:
        raise malformed("file", "a file in a multipart form")
    content = file.read()
    if len(content) > _LARGEST_IMAGE:
        raise KapiError(-602, Note("the image has {size} bytes", size=len(content)))
    return _image(hashlib.sha256(content).hexdigest(), len(content), file.mimetype)


@views.post("/v2/api/talk/message/image/scrap")
def scrap_image() -> Response:
    access_token()
    url = web_address("image_url")
    return _image(hashlib.sha256(url.encode()).hexdigest(), len(url), "image/jpeg")


def _image(digest: str, length: int, content_type: str) -> Response:
    original = {
        "url": f"{_IMAGE_URL}/{digest[:32]}",
        "length": length,
        "content_type": content_type or "application/octet-stream",
        "width": 800,
        "height": 400,
    }
    return as_json({"infos": {"original": original}})


def _friend(friend: User) -> dict[str, Any]:
    thumbnail, _ = friend.images
    return {
        "profile_nickname": friend.nickname,
        "profile_thumbnail_image": thumbnail,
        "id": friend.id,
        "uuid": friend.uuid,
        "favorite": False,
        "allowed_msg": True,
    }


def _friends_url(offset: int, limit: int) -> str:
    kept = {name: request.args[name] for name in ("order", "friend_order") if name in request.args}
    query = urlencode({"offset": offset, "limit": limit, **kept})
    return f"{KAKAO.api_url}/v1/api/talk/friends?{query}"


def _delivered(user: User) -> Response:
    """Send a message to friends. It fails only if it reaches nobody."""
    uuids = strings("receiver_uuids")
    if not 0 < len(uuids) <= _MOST_RECEIVERS:
        raise malformed("receiver_uuids", Note("from 1 to {most} uuids", most=_MOST_RECEIVERS))
    known = {friend.uuid for friend in current_backend().users.friends_of(user)}
    strangers = [uuid for uuid in uuids if uuid not in known]
    if len(strangers) == len(uuids):
        raise KapiError(-502, "no receiver is a friend of the user")
    reached = len(uuids) - len(strangers)
    note("sent to {reached} of {asked} receivers", reached=reached, asked=len(uuids))
    answer: dict[str, Any] = {
        "successful_receiver_uuids": [uuid for uuid in uuids if uuid in known]
    }
    if strangers:
        failure = {**KapiError(-502, "").body, "receiver_uuids": strangers}
        answer["failure_info"] = [failure]
    return as_json(answer)


def _check_template_object() -> None:
    template = json_object("template_object")
    object_type = template.get("object_type")
    fields = _REQUIRED_FIELDS.get(str(object_type))
    if fields is None:
        raise _template_error("object_type is not known")
    if missing := [name for name in fields if name not in template]:
        raise _template_error(Note("{names} missing", names=", ".join(missing)))
    if object_type == "text":
        text, link = template["text"], template["link"]
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT:
            raise _template_error(Note("text must have 1 to {most} characters", most=_LONGEST_TEXT))
        if not isinstance(link, dict):
            raise _template_error("link is not an object")


def _check_template_id() -> None:
    required("template_id")
    _check_registered(number("template_id"))
    _check_template_args()


def _check_scrap() -> None:
    web_address("request_url")
    if request.values.get("template_id"):
        _check_registered(number("template_id"))
    _check_template_args()


def _check_template_args() -> None:
    if request.values.get("template_args"):
        json_object("template_args")


def _check_registered(template_id: int) -> None:
    registered = current_backend().switches.templates
    if registered is not None and template_id not in registered:
        why = Note("template {template} is not registered", template=template_id)
        raise _template_error(why, "template_id")


def _template_error(why: str, name: str = "template_object") -> KapiError:
    return KapiError(-2, why, msg=f"{name} is not valid: {why}")
