"""The API hosts: what a user's token opens at kapi, and the app's key at dapi."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    import requests

    from kakao_session.emulator import KakaoEmulator

API = "https://kapi.kakao.com"
MEMO = f"{API}/v2/api/talk/memo/default/send"
TEMPLATE = {"object_type": "text", "text": "안녕", "link": {"web_url": "https://example.com"}}


def bearer(token: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['access_token']}"}


def test_me__with_a_good_token(http: requests.Session, kakao: KakaoEmulator) -> None:
    token = kakao.login(user=2**60 + 1)
    for response in (
        http.get(f"{API}/v2/user/me", headers=bearer(token), timeout=10),
        http.post(f"{API}/v2/user/me", headers=bearer(token), timeout=10),
    ):
        assert response.status_code == 200
        assert response.json()["id"] == 2**60 + 1
        assert list(response.json()) == ["id", "connected_at", "properties", "kakao_account"]
        assert "홍길동" in response.text


def test_access_token_info__tells_what_is_left(
    http: requests.Session, kakao: KakaoEmulator
) -> None:
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
def test_token__dead(
    kakao: KakaoEmulator, me: Callable[[str], requests.Response], trouble: str, msg: str
) -> None:
    token = kakao.login()
    getattr(kakao, trouble)()
    response = me(token["access_token"])
    assert response.status_code == 401
    assert response.text == f'{{"msg":"{msg}","code":-401}}'
    assert response.headers["WWW-Authenticate"] == "Bearer error=invalid_token"
    assert me(kakao.login()["access_token"]).status_code == 200


def test_token__lives_to_its_last_second(
    kakao: KakaoEmulator, me: Callable[[str], requests.Response]
) -> None:
    token = kakao.login()["access_token"]
    kakao.advance(seconds=21590)
    assert me(token).status_code == 200
    kakao.advance(seconds=9)
    assert me(token).json()["msg"] == "this access token is already expired"


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nobody's", "Basic eDp5"])
def test_token__none(http: requests.Session, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = http.get(f"{API}/v2/user/me", headers=headers, timeout=10)
    assert response.status_code == 401
    assert response.json()["code"] == -401


def test_refresh_token__opens_nothing(
    kakao: KakaoEmulator, me: Callable[[str], requests.Response]
) -> None:
    assert me(kakao.login()["refresh_token"]).status_code == 401


@pytest.mark.parametrize(("ends", "refresh_status"), [("both", 400), ("access_token", 200)])
def test_logout__ends_the_token(
    http: requests.Session,
    kakao: KakaoEmulator,
    refresh: Callable[..., requests.Response],
    me: Callable[[str], requests.Response],
    ends: Any,
    refresh_status: int,
) -> None:
    kakao.logout_ends = ends
    token = kakao.login()
    response = http.post(f"{API}/v1/user/logout", headers=bearer(token), timeout=10)
    assert response.text == '{"id":123456789}'
    assert me(token["access_token"]).status_code == 401
    assert refresh(token["refresh_token"]).status_code == refresh_status


def test_unlink__ends_everything_and_forgets_the_scopes(
    http: requests.Session, kakao: KakaoEmulator, refresh: Callable[..., requests.Response]
) -> None:
    token, twin = kakao.login(), kakao.login(scopes=["friends"])
    response = http.post(f"{API}/v1/user/unlink", headers=bearer(token), timeout=10)
    assert response.text == '{"id":123456789}'
    assert refresh(twin["refresh_token"]).json()["error_code"] == "KOE322"
    assert kakao.login(scopes=["openid"])["scope"] == "openid"


def test_send_to_me__works(http: requests.Session, kakao: KakaoEmulator) -> None:
    form = {"template_object": json.dumps(TEMPLATE)}
    response = http.post(MEMO, data=form, headers=bearer(kakao.login()), timeout=10)
    assert (response.status_code, response.text) == (200, '{"result_code":0}')
    assert kakao.requests[-1].form == [("template_object", form["template_object"])]


def test_send_to_me__without_consent(http: requests.Session, kakao: KakaoEmulator) -> None:
    token = kakao.login(scopes=["profile_nickname", "account_email"])
    form = {"template_object": json.dumps(TEMPLATE)}
    response = http.post(MEMO, data=form, headers=bearer(token), timeout=10)
    assert response.status_code == 403
    assert list(response.json().items()) == [
        ("msg", "insufficient scopes."),
        ("code", -402),
        ("api_type", "TALK_MEMO_DEFAULT_SEND"),
        ("required_scopes", ["talk_message"]),
        ("allowed_scopes", ["account_email", "profile_nickname"]),
    ]


@pytest.mark.parametrize("template", [None, "", "{", "[]", "{}", '"text"'])
def test_send_to_me__bad_template(
    http: requests.Session, kakao: KakaoEmulator, template: str | None
) -> None:
    form = {"template_object": template}
    response = http.post(MEMO, data=form, headers=bearer(kakao.login()), timeout=10)
    assert (response.status_code, response.json()["code"]) == (400, -2)


def chunks() -> Iterator[bytes]:
    yield b"one"
    yield b"\r\n0\r\n\r\n"
    yield bytes(200_000)


def test_upload__in_chunks(http: requests.Session, kakao: KakaoEmulator) -> None:
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


def test_upload__of_a_file(http: requests.Session, kakao: KakaoEmulator, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\0\xff" * 1_500_000)
    with path.open("rb") as file:
        response = http.put(
            f"{API}/emulator/echo", data=file, headers=bearer(kakao.login()), timeout=10
        )
    assert response.json()["length"] == 3_000_000
    assert kakao.requests[-1].body == path.read_bytes()


def test_upload__a_form_in_chunks(http: requests.Session, kakao: KakaoEmulator) -> None:
    headers = {**bearer(kakao.login()), "Content-Type": "application/x-www-form-urlencoded"}
    body = (part for part in (b"template_object=%7B%22object", b"_type%22%3A%22text%22%7D"))
    assert http.post(MEMO, data=body, headers=headers, timeout=10).json() == {"result_code": 0}


def test_upload__too_large(http: requests.Session, kakao: KakaoEmulator) -> None:
    kakao.body_limit = 1000
    url, headers = f"{API}/emulator/echo", bearer(kakao.login())
    assert http.post(url, data=bytes(1000), headers=headers, timeout=10).status_code == 200
    assert http.post(url, data=bytes(1001), headers=headers, timeout=10).status_code == 413


def test_search__needs_the_app_key_alone(http: requests.Session, kakao: KakaoEmulator) -> None:
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
def test_search__refused(
    http: requests.Session, header: str | None, query: str, status: int, error_type: str
) -> None:
    url = "https://dapi.kakao.com/v2/search/web"
    headers = {} if header is None else {"Authorization": header}
    response = http.get(url, params={"query": query}, headers=headers, timeout=10)
    assert response.status_code == status
    assert list(response.json()) == ["errorType", "message"]
    assert response.json()["errorType"] == error_type
