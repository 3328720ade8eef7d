"""The API hosts: what a user's token opens at kapi, and the app's key at dapi."""

import hashlib
import json
from urllib.parse import urlencode

import pytest

API = "https://kapi.kakao.com"
MEMO = f"{API}/v2/api/talk/memo/default/send"
TEMPLATE = {"object_type": "text", "text": "안녕", "link": {"web_url": "https://example.com"}}


def bearer(token):
    return {"Authorization": f"Bearer {token['access_token']}"}


def test_me__with_a_good_token(http, kakao):
    token = kakao.login(user=2**60 + 1)
    for response in (
        http.get(f"{API}/v2/user/me", headers=bearer(token), timeout=10),
        http.post(f"{API}/v2/user/me", headers=bearer(token), timeout=10),
    ):
        assert response.status_code == 200
        assert response.json()["id"] == 2**60 + 1
        assert list(response.json()) == ["id", "connected_at", "properties", "kakao_account"]
        assert "홍길동" in response.text


def test_access_token_info__tells_what_is_left(http, kakao):
    token = kakao.login()
    kakao.advance(hours=4)
    response = http.get(f"{API}/v1/user/access_token_info", headers=bearer(token), timeout=10)
    assert list(response.json()) == ["id", "expires_in", "app_id"]
    assert 7190 <= response.json()["expires_in"] <= 7199


@pytest.mark.parametrize(
    ("trouble", "msg"),
    [
        ("revoke_access_tokens", "this access token does not exist"),
        ("expire_access_tokens", "this access token is already expired"),
        ("unlink", "this access token does not exist"),
    ],
)
def test_token__dead(kakao, me, trouble, msg):
    token = kakao.login()
    getattr(kakao, trouble)()
    response = me(token["access_token"])
    assert response.status_code == 401
    assert response.text == f'{{"msg":"{msg}","code":-401}}'
    assert response.headers["WWW-Authenticate"] == "Bearer error=invalid_token"
    assert me(kakao.login()["access_token"]).status_code == 200


def test_token__lives_to_its_last_second(kakao, me):
    token = kakao.login()["access_token"]
    kakao.advance(seconds=21590)
    assert me(token).status_code == 200
    kakao.advance(seconds=9)
    assert me(token).json()["msg"] == "this access token is already expired"


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nobody's", "Basic eDp5"])
def test_token__none(http, header):
    headers = {} if header is None else {"Authorization": header}
    response = http.get(f"{API}/v2/user/me", headers=headers, timeout=10)
    assert response.status_code == 401
    assert response.json()["code"] == -401


def test_refresh_token__opens_nothing(kakao, me):
    assert me(kakao.login()["refresh_token"]).status_code == 401


@pytest.mark.parametrize(("ends", "refresh_status"), [("both", 400), ("access_token", 200)])
def test_logout__ends_the_token(
    http,
    kakao,
    refresh,
    me,
    ends,
    refresh_status,
):
    kakao.logout_ends = ends
    token = kakao.login()
    response = http.post(f"{API}/v1/user/logout", headers=bearer(token), timeout=10)
    assert response.text == '{"id":123456789}'
    assert me(token["access_token"]).status_code == 401
    assert refresh(token["refresh_token"]).status_code == refresh_status


def test_unlink__ends_everything_and_forgets_the_scopes(http, kakao, refresh):
    token, twin = kakao.login(), kakao.login(scopes=["friends"])
    response = http.post(f"{API}/v1/user/unlink", headers=bearer(token), timeout=10)
    assert response.text == '{"id":123456789}'
    assert refresh(twin["refresh_token"]).json()["error_code"] == "KOE322"
    assert kakao.login(scopes=["openid"])["scope"] == "openid"


def test_send_to_me__works(http, kakao):
    form = {"template_object": json.dumps(TEMPLATE)}
    response = http.post(MEMO, data=form, headers=bearer(kakao.login()), timeout=10)
    assert (response.status_code, response.text) == (200, '{"result_code":0}')
    assert kakao.requests[-1].form == [("template_object", form["template_object"])]


def test_send_to_me__without_consent(http, kakao):
    token = kakao.login(scopes=["profile_nickname", "account_email"])
    form = {"template_object": json.dumps(TEMPLATE)}
    response = http.post(MEMO, data=form, headers=bearer(token), timeout=10)
    assert response.status_code == 403
    assert list(response.json().items()) == [
        ("msg", "insufficient scopes."),
        ("code", -402),
        ("api_type", "TALK_MEMO_DEFAULT_SEND"),
        ("required_scopes", ["talk_message"]),
        ("allowed_scopes", ["profile_nickname", "account_email"]),
    ]


@pytest.mark.parametrize("template", [None, "", "{", "[]", "{}", '"text"'])
def test_send_to_me__bad_template(http, kakao, template):
    form = {"template_object": template}
    response = http.post(MEMO, data=form, headers=bearer(kakao.login()), timeout=10)
    assert (response.status_code, response.json()["code"]) == (400, -2)


def chunks():
    yield b"one"
    yield b"\r\n0\r\n\r\n"
    yield bytes(200_000)


def test_upload__in_chunks(http, kakao):
    response = http.post(
        f"{API}/emulator/echo", data=chunks(), headers=bearer(kakao.login()), timeout=10
    )
    body = b"".join(chunks())
    assert response.json() == {
        "method": "POST",
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    assert kakao.requests[-1].body == body
    assert kakao.requests[-1].headers["transfer-encoding"] == "chunked"


def test_upload__of_a_file(http, kakao, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\0\xff" * 1_500_000)
    with path.open("rb") as file:
        response = http.put(
            f"{API}/emulator/echo", data=file, headers=bearer(kakao.login()), timeout=10
        )
    assert response.json()["length"] == 3_000_000
    assert kakao.requests[-1].body == path.read_bytes()


def test_upload__a_form_in_chunks(http, kakao):
    headers = {**bearer(kakao.login()), "Content-Type": "application/x-www-form-urlencoded"}
    form = urlencode({"template_object": json.dumps(TEMPLATE)}).encode()
    body = (part for part in (form[:30], form[30:]))
    assert http.post(MEMO, data=body, headers=headers, timeout=10).json() == {"result_code": 0}


def test_upload__too_large(http, kakao):
    kakao.body_limit = 1000
    url, headers = f"{API}/emulator/echo", bearer(kakao.login())
    assert http.post(url, data=bytes(1000), headers=headers, timeout=10).status_code == 200
    assert http.post(url, data=bytes(1001), headers=headers, timeout=10).status_code == 413


def test_search__needs_the_app_key_alone(http, kakao):
    url = "https://dapi.kakao.com/v2/search/web"
    headers = {"Authorization": f"KakaoAK {kakao.app_key}"}
    response = http.get(url, params={"query": "고양이"}, headers=headers, timeout=10)
    assert response.status_code == 200
    assert list(response.json()) == ["documents", "meta"]


@pytest.mark.parametrize(
    ("header", "query", "status", "error_type"),
    [
        (None, "q", 401, "AccessDeniedError"),
        ("KakaoAK another", "q", 401, "AccessDeniedError"),
        ("KakaoAK emulator-rest-api-key", "", 400, "MissingParameter"),
    ],
)
def test_search__refused(http, header, query, status, error_type):
    url = "https://dapi.kakao.com/v2/search/web"
    headers = {} if header is None else {"Authorization": header}
    response = http.get(url, params={"query": query}, headers=headers, timeout=10)
    assert response.status_code == status
    assert list(response.json()) == ["errorType", "message"]
    assert response.json()["errorType"] == error_type


def admin(kakao):
    return {"Authorization": f"KakaoAK {kakao.admin_key}"}


def target(user=123456789):
    return {"target_id_type": "user_id", "target_id": str(user)}


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["kakao_account.email"], {"kakao_account": ["has_email", "email_needs_agreement"]}),
        (["properties.nickname"], {"properties": ["nickname"]}),
        (["kakao_account.profile"], {"kakao_account": ["profile_nickname_needs_agreement"]}),
        (["kakao_account."], {"kakao_account": ["profile_nickname_needs_agreement", "profile"]}),
        (
            ["kakao_account.profile", "properties.nickname"],
            {"properties": ["nickname"], "kakao_account": ["profile"]},
        ),
        (["kakao_account.name"], {"kakao_account": []}),
        ([], {}),
    ],
)
def test_me__by_property_keys(http, kakao, keys, told):
    headers = bearer(kakao.login(scopes=["account_email"]))
    form = {"property_keys": json.dumps(keys)}
    answers = (
        http.get(f"{API}/v2/user/me", params=form, headers=headers, timeout=10).json(),
        http.post(f"{API}/v2/user/me", data=form, headers=headers, timeout=10).json(),
    )
    assert answers[0] == answers[1]
    assert list(answers[0]) == ["id", "connected_at", *told]
    for section, fields in told.items():
        assert {*fields} <= {*answers[0][section]}
        assert bool(fields) is bool(answers[0][section])
        wanted = {"kakao_account.email", "kakao_account."} & {*keys}
        assert ("email" in answers[0][section]) is bool(wanted)


def test_me__tells_the_email_with_consent_alone(http, kakao):
    def account(token):
        answer = http.get(f"{API}/v2/user/me", headers=bearer(token), timeout=10)
        return answer.json()["kakao_account"]

    assert "email" not in account(kakao.login())
    assert account(kakao.login(scopes=["account_email"]))["email"] == "user123456789@example.com"


def test_friends__are_who_else_has_agreed(http, kakao):
    token = kakao.login(scopes=["friends"])
    for user in range(1, 13):
        kakao.login(user, scopes=["friends"] if user > 1 else ["talk_message"])

    def ask(**query):
        url = f"{API}/v1/api/talk/friends"
        return http.get(url, params=query, headers=bearer(token), timeout=10).json()

    assert list(ask()) == ["elements", "total_count", "favorite_count"]
    assert [friend["id"] for friend in ask()["elements"]] == list(range(2, 12))
    assert [friend["id"] for friend in ask(offset=9, limit=2)["elements"]] == [11, 12]
    assert ask()["total_count"] == 11
    kakao.unlink(12)
    assert ask()["total_count"] == 10


def test_scopes__and_their_withdrawal(http, kakao):
    kakao.consent_items = ["friends", "account_email"]
    token = kakao.login(scopes=["openid", "talk_message", "friends"])

    def agreed():
        answer = http.get(f"{API}/v2/user/scopes", headers=bearer(token), timeout=10).json()
        return {scope["id"]: scope["agreed"] for scope in answer["scopes"]}

    assert agreed() == {"friends": True, "account_email": False, "talk_message": True}
    url, form = f"{API}/v2/user/revoke/scopes", {"scopes": '["friends"]'}
    answer = http.post(url, data=form, headers=bearer(token), timeout=10).json()
    assert [(scope["id"], scope["agreed"]) for scope in answer["scopes"]] == [("friends", False)]
    assert "revocable" not in answer["scopes"][0]
    assert agreed()["friends"] is False
    friends = http.get(f"{API}/v1/api/talk/friends", headers=bearer(token), timeout=10)
    assert friends.json()["required_scopes"] == ["friends"]


def test_admin__acts_for_a_user(http, kakao, refresh):
    token, other = kakao.login(user=42), kakao.login()
    me = http.get(f"{API}/v2/user/me", params=target(42), headers=admin(kakao), timeout=10)
    assert me.json()["id"] == 42
    for path in ("logout", "unlink"):
        url = f"{API}/v1/user/{path}"
        answer = http.post(url, data=target(42), headers=admin(kakao), timeout=10)
        assert answer.json() == {"id": 42}
        assert refresh(token["refresh_token"]).json()["error_code"] == "KOE322"
        assert refresh(other["refresh_token"]).status_code == 200
    gone = http.post(url, data=target(42), headers=admin(kakao), timeout=10)
    assert (gone.status_code, gone.json()["code"]) == (400, -101)


def test_local__search(http, kakao):
    url = "https://dapi.kakao.com/v2/local/search/keyword.json"
    headers = {"Authorization": f"KakaoAK {kakao.app_key}"}
    answer = http.get(url, params={"query": "카카오"}, headers=headers, timeout=10).json()
    assert answer["documents"][0]["address_name"] == "카카오"
    assert http.get(url, headers=headers, timeout=10).json()["errorType"] == "MissingParameter"
