"""dapi.kakao.com: search and local, with the app key."""

import pytest

from tests.emulator.client import DAPI

WEB = f"{DAPI}/v2/search/web"


@pytest.mark.parametrize(
    ("url", "field"), [(WEB, "title"), (f"{DAPI}/v2/local/search/keyword.json", "address_name")]
)
def test_search__finds_one_document(kakao, client, url, field):
    headers = {"Authorization": f"KakaoAK {kakao.app_key}"}
    response = client.ask("GET", url, params={"query": "고양이"}, headers=headers).json()
    assert list(response) == ["documents", "meta"]
    assert response["documents"][0][field] == "고양이"


@pytest.mark.parametrize(
    ("header", "query", "status", "error_type"),
    [
        (None, "q", 401, "AccessDeniedError"),
        ("KakaoAK another", "q", 401, "AccessDeniedError"),
        ("Bearer emulator-rest-api-key", "q", 401, "AccessDeniedError"),
        ("KakaoAK emulator-rest-api-key", "", 400, "MissingParameter"),
    ],
)
def test_search__refused(client, header, query, status, error_type):
    headers = {"Authorization": header}
    response = client.ask("GET", WEB, params={"query": query}, headers=headers)
    assert response.status_code == status
    assert list(response.json()) == ["errorType", "message"]
    assert response.json()["errorType"] == error_type


def test_unknown_path__needs_the_key_too(kakao, client):
    headers = {"Authorization": f"KakaoAK {kakao.app_key}"}
    assert client.ask("GET", f"{DAPI}/nothing").status_code == 401
    assert client.ask("GET", f"{DAPI}/nothing", headers=headers).status_code == 404
