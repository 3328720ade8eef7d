"""Talk Calendar: the calendars of a user, and new events."""

import json

import pytest

from tests.emulator.client import EVENT

CALENDARS, CREATE = "/v2/api/calendar/calendars", "/v2/api/calendar/create/event"
TIME = json.loads(EVENT)["time"]


@pytest.fixture
def call(kakao, client):
    """Calls kapi for a user who has agreed to Talk Calendar."""
    access_token = kakao.login(scopes=["talk_calendar"])["access_token"]

    def call(method, path, **values):
        return client.call(
            path, access_token, method, **{"params" if method == "GET" else "data": values}
        )

    return call


def test_calendars(call):
    both = call("GET", CALENDARS).json()
    assert [each["id"] for each in both["calendars"]] == ["primary"]
    assert both["subscribe_calendars"] == []
    assert call("GET", CALENDARS, filter="USER,SUBSCRIBE").json() == both
    assert call("GET", CALENDARS, filter="USER").json().keys() == {"calendars"}
    assert call("GET", CALENDARS, filter="SUBSCRIBE").json().keys() == {"subscribe_calendars"}
    assert call("GET", CALENDARS, filter="MINE").json()["code"] == -2


def test_create_event(call):
    first = call("POST", CREATE, event=EVENT)
    assert (first.status_code, [*first.json()]) == (200, ["event_id"])
    event_id = first.json()["event_id"]
    assert call("POST", CREATE, event=EVENT, calendar_id="primary").json() == first.json()
    another = json.dumps({"title": "가" * 50, "time": TIME})
    assert call("POST", CREATE, event=another).json()["event_id"] != event_id


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"event": "[]"},
        {"event": EVENT, "calendar_id": "another"},
        *(
            {"event": json.dumps(event)}
            for event in [
                {"title": "a"},
                {"time": TIME},
                {"title": "", "time": TIME},
                {"title": "가" * 51, "time": TIME},
                {"title": 5, "time": TIME},
                {"title": "half a character \ud800", "time": TIME},
                {"title": "a", "time": {**TIME, "end_at": "\ud800"}},
                {"title": "a", "time": {"start_at": TIME["start_at"]}},
                {"title": "a", "time": {**TIME, "end_at": 5}},
                {"title": "a", "time": "today"},
            ]
        ),
    ],
)
def test_create_event__malformed(call, values):
    response = call("POST", CREATE, **values)
    assert (response.status_code, response.json()["code"]) == (400, -2)


@pytest.mark.parametrize(("method", "path"), [("GET", CALENDARS), ("POST", CREATE)])
def test_calendar__without_consent(kakao, client, method, path):
    response = client.call(path, kakao.login()["access_token"], method)
    assert (response.status_code, response.json()["code"]) == (403, -402)
    assert response.json()["required_scopes"] == ["talk_calendar"]
