"""kapi.kakao.com: what an access token opens, and what the admin key opens."""

import hashlib
from urllib.parse import urlencode

import pytest

from tests.emulator.client import TEMPLATE


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_me__by_either_method(kakao, client, method):
    access_token = kakao.login()["access_token"]
    sent = {"params" if method == "GET" else "data": {"property_keys": '["properties.nickname"]'}}
    me = client.call("/v2/user/me", access_token, method, **sent)
    assert list(me.json()) == ["id", "connected_at", "properties"]
    assert "홍길동" in me.text


def test_access_token_info__shows_what_is_left(kakao, client):
    access_token = kakao.login()["access_token"]
    kakao.advance(hours=4)
    info = client.call("/v1/user/access_token_info", access_token).json()
    assert 7190 <= info["expires_in"] <= 7199


def test_scopes__and_their_withdrawal(kakao, client):
    kakao.consent_items = ["friends", "account_email"]
    kakao.openid_connect = True
    access_token = kakao.login(scopes=["talk_message", "friends"])["access_token"]

    def ask(method="GET", path="/v2/user/scopes", **sent):
        return client.call(path, access_token, method, **sent).json()["scopes"]

    def agreed(scopes):
        return {scope["id"]: scope["agreed"] for scope in scopes}

    assert agreed(ask()) == {"friends": True, "account_email": False, "talk_message": True}
    assert {scope["id"]: scope["using"] for scope in ask()} == {
        "friends": True,
        "account_email": True,
        "talk_message": False,
    }
    for scopes in ('["friends", "account_email"]', "friends,account_email"):
        assert list(agreed(ask(params={"scopes": scopes}))) == ["friends", "account_email"]
    revoked = ask("POST", "/v2/user/revoke/scopes", data={"scopes": '["friends"]'})
    assert agreed(revoked) == {"friends": False, "account_email": False, "talk_message": True}
    assert [scope["id"] for scope in revoked if "revocable" in scope] == ["talk_message"]
    assert ask() == revoked
    friends = client.call("/v1/api/talk/friends", access_token)
    assert friends.json()["required_scopes"] == ["friends"]


def test_scopes__that_are_required_stay(kakao, client):
    access_token = kakao.login(scopes=["profile_nickname", "account_email"])["access_token"]

    def revoke(scopes):
        form = {"scopes": scopes}
        response = client.call("/v2/user/revoke/scopes", access_token, "POST", data=form)
        return response.status_code, response.json().get("code")

    answer = client.call("/v2/user/scopes", access_token).json()["scopes"]
    revocable = {scope["id"]: scope["revocable"] for scope in answer if scope["agreed"]}
    assert revocable == {"profile_nickname": False, "account_email": True}
    assert revoke('["account_email", "profile_nickname"]') == (403, -3)
    assert revoke('["account_email", "email"]') == (400, -2)
    assert [user.scopes for user in kakao.users] == [("profile_nickname", "account_email")]
    assert revoke("account_email") == (200, None)
    assert [user.scopes for user in kakao.users] == [("profile_nickname",)]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/user/me?property_keys=[", -2),
        ("/v2/user/me?property_keys=[1]", -2),
        ('/v2/user/me?property_keys=["shoe_size"]', -201),
        ('/v2/user/me?property_keys=["properties.shoe_size"]', -201),
        ('/v2/user/scopes?scopes={"a":1}', -2),
        ("/v2/user/service_terms?tags=[1]", -2),
        ("/v2/user/service_terms?tags=cookies", -2),
        ("/v2/user/service_terms?result=all", -2),
        ("/v1/user/shipping_address?address_id=home", -2),
        ("/v1/user/shipping_address?page_size=1", -2),
    ],
)
def test_argument__malformed(kakao, client, path, code):
    response = client.call(path, kakao.login(scopes=["friends"])["access_token"])
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_service_terms(kakao, client):
    access_token = kakao.login()["access_token"]

    def ask(**query):
        return client.call("/v2/user/service_terms", access_token, params=query).json()

    assert ask()["id"] == 123456789
    terms = {term["tag"]: term for term in ask()["service_terms"]}
    assert {tag: terms[tag]["required"] for tag in terms} == {
        "service_terms": True,
        "marketing": False,
    }
    keys = ["tag", "required", "agreed", "revocable", "agreed_at"]
    assert [list(term) for term in terms.values()] == [keys, keys]
    for tags in ("marketing", '["marketing"]'):
        assert ask(tags=tags)["service_terms"] == [terms["marketing"]]
    both = {"result": "app_service_terms", "tags": "marketing,service_terms"}
    assert ask(**both)["service_terms"] == [*terms.values()]


ADDRESS_FIELDS = [
    *("id", "name", "is_default", "updated_at", "type", "base_address", "detail_address"),
    *("receiver_name", "receiver_phone_number1", "receiver_phone_number2"),
    *("zone_number", "zip_code"),
]


def test_shipping_address__with_and_without_consent(kakao, client):
    def ask(*scopes, **query):
        access_token = kakao.login(scopes=scopes)["access_token"]
        return client.call("/v1/user/shipping_address", access_token, params=query).json()

    assert ask() == {"user_id": 123456789, "shipping_addresses_needs_agreement": True}
    answer = ask("shipping_address")
    assert answer["shipping_addresses_needs_agreement"] is False
    [address] = answer["shipping_addresses"]
    assert list(address) == ADDRESS_FIELDS
    assert address["receiver_name"] == "홍길동"
    updated_at = address["updated_at"]
    assert ask(address_id=address["id"], from_updated_at=0, page_size=2) == answer
    assert ask(from_updated_at=updated_at + 1) == answer
    assert ask(address_id=1)["shipping_addresses"] == []
    assert ask(from_updated_at=updated_at)["shipping_addresses"] == []


def test_user_ids__page_by_page(kakao, client):
    for user in (5, 2**60, 7):
        kakao.login(user)

    def ask(url="https://kapi.kakao.com/v1/user/ids", **query):
        return client.ask("GET", url, headers=client.as_admin, params=query).json()

    assert ask() == {"elements": [5, 7, 2**60], "total_count": 3, "after_url": None}
    assert ask(from_id=7)["elements"] == [7, 2**60]
    assert ask(from_id=6)["elements"] == [7, 2**60]
    assert ask(from_id=6, order="desc")["elements"] == [5]
    assert ask(from_id=2**61)["elements"] == []
    first = ask(limit=1)
    second = ask(first["after_url"])
    third = ask(second["after_url"])
    assert [page["elements"] for page in (first, second, third)] == [[5], [7], [2**60]]
    assert ask(second["before_url"])["elements"] == [5]
    assert "before_url" not in first
    assert third["after_url"] is None
    assert ask(limit=2, order="desc")["elements"] == [2**60, 7]
    assert ask(ask(limit=2, order="desc")["after_url"])["elements"] == [5]


def test_user_ids__malformed_page(client):
    for query in ("limit=0", "limit=101", "limit=x", "order=up", "from_id=-1"):
        response = client.call(f"/v1/user/ids?{query}", headers=client.as_admin)
        assert (response.status_code, response.json()["code"]) == (400, -2), query


def test_app_users__are_those_who_are_linked(kakao, client):
    for user in (5, 7):
        kakao.login(user)
    query = {"target_id_type": "user_id", "target_ids": "[7, 6, 5]"}
    response = client.call("/v2/app/users", headers=client.as_admin, params=query)
    assert [user["id"] for user in response.json()] == [7, 5]
    assert [list(user) for user in response.json()] == [["id", "connected_at"]] * 2
    query["property_keys"] = '["id", "has_signed_up", "kakao_account.email", "properties."]'
    [user, _] = client.call("/v2/app/users", headers=client.as_admin, params=query).json()
    assert list(user["kakao_account"]) == ["has_email", "email_needs_agreement"]
    assert user["properties"] == {"nickname": "홍길동"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *(({"target_ids": ids}, 400) for ids in (None, "5", '["5"]', "[true]", "[" * 5_000, "[]")),
        ({"target_ids": str([5] * 101)}, 400),
        ({"target_ids": str([5] * 100)}, 200),
        ({"target_ids": str([5] * 20), "property_keys": "[]"}, 200),
        ({"target_ids": str([5] * 21), "property_keys": "[]"}, 400),
        ({"target_ids": "[5]", "target_id_type": None}, 400),
        ({"target_ids": "[5]", "target_id_type": "uuid"}, 400),
    ],
)
def test_app_users__malformed_or_too_many_ids(client, query, status):
    query = {"target_id_type": "user_id", **query}
    response = client.call("/v2/app/users", headers=client.as_admin, params=query)
    assert response.status_code == status
    assert status == 200 or response.json()["code"] == -2


def test_unknown_path__says_how_to_stub_it(kakao, client):
    path = "/v2/api/calendar/events"
    access_token = kakao.login()["access_token"]
    assert client.call(path, access_token).status_code == 404
    assert "fail_next(path=..., json=..., times=None)" in kakao.requests[-1].note
    assert client.call("/v2//user/me", access_token).status_code == 404
    kakao.fail_next(path=path, json={"calendars": []}, times=None)
    for _ in range(2):
        response = client.call(path, access_token)
        assert (response.status_code, response.json()) == (200, {"calendars": []})


def chunks():
    yield b"one"
    yield b"\r\n0\r\n\r\n"
    yield bytes(200_000)


@pytest.mark.parametrize(("method", "in_chunks"), [("POST", True), ("PUT", False)])
def test_upload__of_bytes(kakao, client, method, in_chunks):
    access_token = kakao.login()["access_token"]
    body = b"".join(chunks())
    sent = client.call("/emulator/echo", access_token, method, data=chunks() if in_chunks else body)
    digest = hashlib.sha256(body).hexdigest()
    assert sent.json() == {"method": method, "length": len(body), "sha256": digest}
    assert kakao.requests[-1].body == body
    assert ("transfer-encoding" in kakao.requests[-1].headers) is in_chunks


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
