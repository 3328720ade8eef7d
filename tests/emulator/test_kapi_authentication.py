"""Who may call kapi: a user's access token, in the header or in the query, or the admin key."""

import pytest

from kakao_session.emulator.tokens import fingerprint


def test_access_token__missing(kakao, client):
    for header in (None, "Bearer", "Bearer nobody's", f"Basic {kakao.login()['access_token']}"):
        response = client.call("/v2/user/me", headers={"Authorization": header})
        assert (response.status_code, response.json()["code"]) == (401, -401), header


def test_access_token__in_the_query(kakao, client):
    access_token = kakao.login()["access_token"]

    def ask(header=None):
        query = {"access_token": access_token}
        return client.call("/v2/user/me", headers={"Authorization": header}, params=query)

    assert ask().json()["id"] == 123456789
    assert kakao.requests[-1].sent == fingerprint(access_token)
    assert access_token not in repr(kakao.requests)
    assert ask("Bearer another").status_code == 401
    kakao.access_token_in_query = False
    assert ask().json()["msg"] == "no authentication key!"


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
    gone = client.call("/v2/user/me", headers=client.as_admin, params=target)
    assert (gone.status_code, gone.json()["code"]) == (400, -101)


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


@pytest.mark.parametrize("path", ["/v1/user/ids", "/v2/app/users"])
def test_admin__is_needed(kakao, client, path):
    assert client.call(path, kakao.login()["access_token"]).json()["code"] == -401
