"""Talk Calendar at kapi.kakao.com: the calendars of a user, and new events."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from kakao_session.emulator.errors import as_json
from kakao_session.emulator.kapi_arguments import choice, json_object, malformed
from kakao_session.emulator.kapi_authentication import user_with_scopes
from kakao_session.emulator.notes import Note
from kakao_session.emulator.switches import is_text

if TYPE_CHECKING:
    from werkzeug import Response

views = Blueprint("talk_calendar", __name__)

_PRIMARY = {"id": "primary", "name": "내 캘린더", "color": "BLUE"}
_LONGEST_TITLE = 50


@views.get("/v2/api/calendar/calendars")
def calendars() -> Response:
    user_with_scopes("talk_calendar", api_type="CALENDAR_GET_CALENDARS")
    asked = request.args.get("filter", "ALL").split(",")
    if not {"ALL", "USER", "SUBSCRIBE"}.issuperset(asked):
        raise malformed("filter", Note("one of {choices}", choices="ALL, USER, SUBSCRIBE"))
    answer: dict[str, Any] = {}
    if {"ALL", "USER"}.intersection(asked):
        answer["calendars"] = [_PRIMARY]
    if {"ALL", "SUBSCRIBE"}.intersection(asked):
        answer["subscribe_calendars"] = []
    return as_json(answer)


@views.post("/v2/api/calendar/create/event")
def create_event() -> Response:
    user = user_with_scopes("talk_calendar", api_type="CALENDAR_CREATE_EVENT")
    choice("calendar_id", "primary")
    event = json_object("event")
    title, time = event.get("title", ""), event.get("time")
    if not is_text(title) or not 0 < len(title) <= _LONGEST_TITLE:
        raise malformed(
            "event.title", Note("a text of 1 to {most} characters", most=_LONGEST_TITLE)
        )
    if not isinstance(time, dict) or not all(
        is_text(time.get(name)) for name in ("start_at", "end_at")
    ):
        raise malformed("event.time", "an object with start_at and end_at")
    made_of = f"{user.id} {title} {time['start_at']} {time['end_at']}"
    return as_json({"event_id": hashlib.sha256(made_of.encode()).hexdigest()[:24]})
