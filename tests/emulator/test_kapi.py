"""kapi.kakao.com: what an access token opens, and what the admin key opens."""

import hashlib
import json
from urllib.parse import urlencode

import pytest

from tests.emulator.client import TEMPLATE

LONG_TEXT = '{"object_type":"text","text":"%s","link":{}}'


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("keys", "sections"),
    [
        (
            ["kakao_account.email"],
            {
                "kakao_account": [
                    "has_email",
                    "email_needs_agreement",
                    "is_email_valid",
                    "is_email_verified",
                    "email",
                ]
            },
        ),
        (["properties.nickname"], {"properties": ["nickname"]}),
        (
            ["kakao_account.profile", "properties.nickname"],
            {
                "properties": ["nickname"],
                "kakao_account": ["profile_nickname_needs_agreement", "profile"],
            },
        ),
        (["kakao_account.name"], {"kakao_account": []}),
        ([], {}),
    ],
)
def test_me__by_property_keys(kakao, client, method, keys, sections):
    access_token = kakao.login(scopes=["account_email"])["access_token"]
    sent = {"params" if method == "GET" else "data": {"property_keys": json.dumps(keys)}}
    me = client.call("/v2/user/me", access_token, method, **sent).json()
    assert {name: list(me[name]) for name in me if name not in ("id", "connected_at")} == sections
    assert list(me) == ["id", "connected_at", *sections]


def test_me__all_of_a_section(kakao, client):
    access_token = kakao.login(scopes=["account_email"])["access_token"]
    response = client.me(access_token)
    assert "홍길동" in response.text
    whole = response.json()
    params = {"property_keys": '["kakao_account."]'}
    some = client.call("/v2/user/me", access_token, params=params).json()
    assert some["kakao_account"] == whole["kakao_account"]
    assert whole["kakao_account"]["email"] == "user123456789@example.com"


def test_me__shows_no_email_without_consent(kakao, client):
    account = client.me(kakao.login()["access_token"]).json()["kakao_account"]
    assert "email" not in account


def test_access_token_info__shows_what_is_left(kakao, client):
    access_token = kakao.login()["access_token"]
    kakao.advance(hours=4)
    info = client.call("/v1/user/access_token_info", access_token).json()
    assert 7190 <= info["expires_in"] <= 7199


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nobody's", "Basic eDp5"])
def test_access_token__missing(client, header):
    response = client.call("/v2/user/me", headers={"Authorization": header})
    assert (response.status_code, response.json()["code"]) == (401, -401)


@pytest.mark.parametrize(
    "template",
    [
        None,
        "{",
        "NaN",
        "[]",
        '"text"',
        "{}",
        "[" * 100_000,
        '{"object_type":["text"]}',
        '{"object_type":"text","text":5,"link":{}}',
        '{"object_type":"text","text":"x","link":[]}',
        '{"object_type":"feed"}',
        '{"object_type":"poem"}',
        LONG_TEXT % "",
        LONG_TEXT % ("가" * 201),
    ],
)
def test_send_to_me__malformed_template(kakao, client, template):
    response = client.send_to_me(kakao.login()["access_token"], template)
    assert (response.status_code, response.json()["code"]) == (400, -2)


def test_send_to_me__longest_text(kakao, client):
    template = LONG_TEXT % ("가" * 200)
    response = client.send_to_me(kakao.login()["access_token"], template)
    assert response.json() == {"result_code": 0}
    assert kakao.requests[-1].form == [("template_object", template)]


def test_friends__are_others_who_share_theirs(kakao, client):
    access_token = kakao.login(scopes=["friends"])["access_token"]
    for user in range(1, 13):
        kakao.login(user, scopes=["friends"] if user > 1 else ["talk_message"])

    def ask(**query):
        return client.call("/v1/api/talk/friends", access_token, params=query).json()

    assert list(ask()) == ["elements", "total_count", "favorite_count"]
    assert [friend["id"] for friend in ask()["elements"]] == list(range(2, 12))
    assert [friend["id"] for friend in ask(offset=9, limit=2)["elements"]] == [11, 12]
    assert ask()["total_count"] == 11
    kakao.unlink(12)
    assert ask()["total_count"] == 10


def test_scopes__and_their_withdrawal(kakao, client):
    kakao.consent_items = ["friends", "account_email"]
    access_token = kakao.login(scopes=["openid", "talk_message", "friends"])["access_token"]

    def agreed():
        answer = client.call("/v2/user/scopes", access_token).json()
        return {scope["id"]: scope["agreed"] for scope in answer["scopes"]}

    assert agreed() == {"friends": True, "account_email": False, "talk_message": True}
    form = {"scopes": '["friends"]'}
    [scope] = client.call("/v2/user/revoke/scopes", access_token, "POST", data=form).json()[
        "scopes"
    ]
    assert (scope["id"], scope["agreed"], "revocable" in scope) == ("friends", False, False)
    assert agreed()["friends"] is False
    friends = client.call("/v1/api/talk/friends", access_token)
    assert friends.json()["required_scopes"] == ["friends"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/user/me?property_keys=[", -2),
        ("/v2/user/me?property_keys=[1]", -2),
        ('/v2/user/me?property_keys=["shoe_size"]', -201),
        ('/v2/user/me?property_keys=["properties.shoe_size"]', -201),
        ('/v2/user/scopes?scopes={"a":1}', -2),
        ("/v1/api/talk/friends?offset=-1", -2),
        ("/v1/api/talk/friends?limit=many", -2),
        ("/v1/api/talk/friends?limit=99999999999999999999", -2),
    ],
)
def test_argument__malformed(kakao, client, path, code):
    response = client.call(path, kakao.login(scopes=["friends"])["access_token"])
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_admin__acts_for_a_user(kakao, client):
    token, other = kakao.login(user=42), kakao.login()
    target = {"target_id_type": "user_id", "target_id": "42"}
    me = client.call("/v2/user/me", headers=client.as_admin, params=target)
    assert me.json()["id"] == 42
    for path in ("/v1/user/logout", "/v1/user/unlink"):
        done = client.call(path, method="POST", headers=client.as_admin, data=target)
        assert done.json() == {"id": 42}
        assert client.refresh(token["refresh_token"]).json()["error_code"] == "KOE322"
        assert client.refresh(other["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"target_id_type": "user_id"},
        {"target_id_type": "uuid", "target_id": "42"},
        {"target_id_type": "user_id", "target_id": "-1"},
        {"target_id_type": "user_id", "target_id": "9" * 5000},
    ],
)
def test_admin__malformed_target(client, target):
    for headers, status, code in (
        ({"Authorization": "KakaoAK x"}, 401, -401),
        (client.as_admin, 400, -2),
    ):
        response = client.call("/v1/user/unlink", method="POST", headers=headers, data=target)
        assert (response.status_code, response.json()["code"]) == (status, code)


def chunks():
    yield b"one"
    yield b"\r\n0\r\n\r\n"
    yield bytes(200_000)


def test_upload__in_chunks(kakao, client):
    access_token = kakao.login()["access_token"]
    body = b"".join(chunks())
    assert client.call("/emulator/echo", access_token, "POST", data=chunks()).json() == {
        "method": "POST",
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    assert kakao.requests[-1].body == body
    assert kakao.requests[-1].headers["transfer-encoding"] == "chunked"


def test_upload__of_a_file(kakao, client, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\0\xff" * 1_500_000)
    with path.open("rb") as file:
        response = client.call("/emulator/echo", kakao.login()["access_token"], "PUT", data=file)
    assert response.json()["length"] == 3_000_000
    assert kakao.requests[-1].body == path.read_bytes()


def test_upload__a_form_in_chunks(kakao, client):
    form = urlencode({"template_object": TEMPLATE}).encode()
    response = client.call(
        "/v2/api/talk/memo/default/send",
        kakao.login()["access_token"],
        "POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        data=(part for part in (form[:30], form[30:])),
    )
    assert response.json() == {"result_code": 0}


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
def test_upload__body_limit(kakao, client, size, status):
    kakao.body_limit = 1000
    upload = client.call("/emulator/echo", kakao.login()["access_token"], "POST", data=bytes(size))
    assert upload.status_code == status
