"""KakaoTalk for the app: a message to oneself, and the friends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from kakao_session.emulator.arguments import json_object
from kakao_session.emulator.refusals import KapiRefusal, as_json

if TYPE_CHECKING:
    from werkzeug import Response

    from kakao_session.emulator.callers import Callers
    from kakao_session.emulator.users import User, Users

_NEEDED = {
    "text": ("text", "link"),
    "feed": ("content",),
    "list": ("header_title", "header_link", "contents"),
    "location": ("content", "address"),
    "commerce": ("content", "commerce"),
    "calendar": ("id_type", "id", "content"),
}
_LONGEST_TEXT = 200
_MOST_DIGITS = 3


def talk(callers: Callers, users: Users) -> Blueprint:
    """:returns: the views, ready to be registered at kapi's application."""
    views = Blueprint("talk", __name__)

    @views.post("/v2/api/talk/memo/default/send")
    def send_to_me() -> Response:
        callers.user("talk_message", api_type="TALK_MEMO_DEFAULT_SEND")
        _check(json_object("template_object", request.form.get("template_object")))
        return as_json({"result_code": 0})

    @views.get("/v1/api/talk/friends")
    def friends() -> Response:
        user = callers.user("friends", api_type="TALK_FRIENDS")
        found = users.friends_of(user)
        offset, limit = _count("offset", 0), _count("limit", 10)
        told = [_friend(friend) for friend in found[offset : offset + limit]]
        return as_json({"elements": told, "total_count": len(found), "favorite_count": 0})

    return views


def _check(template: dict[str, Any]) -> None:
    needed = _NEEDED.get(str(template.get("object_type")))
    if needed is None:
        raise _refused("object_type is not known")
    if missing := [name for name in needed if name not in template]:
        raise _refused(f"{', '.join(missing)} missing")
    if needed == _NEEDED["text"]:
        text, link = template["text"], template["link"]
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT:
            raise _refused(f"text is not of 1 to {_LONGEST_TEXT} characters")
        if not isinstance(link, dict):
            raise _refused("link is no object")


def _refused(why: str) -> KapiRefusal:
    return KapiRefusal(400, -2, f"template_object is not valid: {why}", why)


def _friend(friend: User) -> dict[str, Any]:
    return {
        "profile_nickname": friend.nickname,
        "profile_thumbnail_image": "",
        "id": friend.id,
        "uuid": f"emulator-{friend.id}",
        "favorite": False,
    }


def _count(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise KapiRefusal(400, -2, f"{name} is not valid", f"{name} is no number in reach")
    return int(text)
