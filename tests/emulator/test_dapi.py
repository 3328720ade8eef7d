"""dapi.kakao.com: search and local, with the app key."""

import pytest

from tests.emulator.client import DAPI

WEB = f"{DAPI}/v2/search/web"
PLACE = (
    "id place_name category_name category_group_code category_group_name phone address_name "
    "road_address_name x y place_url distance"
)
REGIONS = "region_1depth_name region_2depth_name region_3depth_name"
HERE = {"x": "126.57", "y": "33.45"}
CAT = {"query": "고양이"}

# path, arguments, fields of a document
ENDPOINTS = (
    ("v2/local/search/keyword", CAT, PLACE),
    ("v2/local/search/category", {"category_group_code": "CE7", **HERE, "radius": "500"}, PLACE),
    ("v2/local/search/address", CAT, "address_name address_type x y address road_address"),
    ("v2/local/geo/coord2address", HERE, "road_address address"),
    (
        "v2/local/geo/coord2regioncode",
        HERE,
        f"region_type code address_name {REGIONS} region_4depth_name x y",
    ),
    ("v2/local/geo/transcoord", {**HERE, "output_coord": "TM"}, "x y"),
    ("v2/search/web", CAT, "title contents url datetime"),
    ("v2/search/blog", CAT, "title contents url datetime blogname thumbnail"),
    ("v2/search/cafe", CAT, "title contents url datetime cafename thumbnail"),
    (
        "v2/search/image",
        CAT,
        "collection thumbnail_url image_url width height display_sitename doc_url datetime",
    ),
    ("v2/search/vclip", CAT, "title url datetime play_time thumbnail author"),
    (
        "v3/search/book",
        CAT,
        "title contents url isbn datetime authors publisher translators price sale_price "
        "thumbnail status",
    ),
)
REQUIRED = {"query", "category_group_code"}


@pytest.fixture
def ask(kakao, client):
    def ask(path, **query):
        headers = {"Authorization": f"KakaoAK {kakao.app_key}"}
        return client.ask("GET", f"{DAPI}/{path}", params=query, headers=headers)

    return ask


@pytest.mark.parametrize(
    ("path", "arguments", "fields"), ENDPOINTS, ids=[path for path, *_ in ENDPOINTS]
)
def test_endpoint__finds_whole_documents_and_needs_its_arguments(ask, path, arguments, fields):
    response = ask(f"{path}.json", **arguments).json()
    assert list(response) == ["documents", "meta"]
    assert {tuple(document) for document in response["documents"]} == {tuple(fields.split())}
    assert response["meta"]["total_count"] == len(response["documents"])
    assert ("is_end" in response["meta"]) is ("geo" not in path)
    assert ask(path, **arguments).json() == response
    for name in {*arguments} & (REQUIRED | {*HERE} if "geo" in path else REQUIRED):
        less = {key: value for key, value in arguments.items() if key != name}
        response = ask(path, **less)
        assert (response.status_code, response.json()["errorType"]) == (400, "MissingParameter")
        assert response.json()["message"] == f"{name} parameter required"


def test_document__repeats_the_query(ask):
    for path, field in (
        ("v2/search/web", "title"),
        ("v2/local/search/keyword", "place_name"),
        ("v2/local/search/address", "address_name"),
    ):
        assert ask(path, query="고양이 {}").json()["documents"][0][field] == "고양이 {}"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("v2/search/web", {"page": "0"}),
        ("v2/search/web", {"page": "51"}),
        ("v2/search/web", {"size": "many"}),
        ("v2/search/image", {"size": "81"}),
        ("v2/local/search/keyword", {"size": "16"}),
        ("v2/local/search/keyword", {"page": "9" * 5000}),
        ("v2/local/search/keyword", {"radius": "20001"}),
        ("v2/local/search/keyword", {"x": "east"}),
        ("v2/local/search/keyword", {"x": "nan"}),
        ("v2/local/search/keyword", {"category_group_code": "CAFE"}),
        ("v2/local/search/category", {"category_group_code": "CE7", "sort": "recency"}),
        ("v2/local/search/address", {"analyze_type": "some"}),
        ("v2/search/web", {"sort": "distance"}),
        ("v3/search/book", {"sort": "recency"}),
        ("v3/search/book", {"target": "price"}),
    ],
)
def test_argument__out_of_range(ask, path, query):
    response = ask(path, query="고양이", **query)
    assert (response.status_code, response.json()["errorType"]) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("v2/search/web", {"page": "50", "size": "50", "sort": "recency"}),
        ("v2/search/image", {"size": "80", "sort": ""}),
        ("v2/local/search/address", {"analyze_type": "exact"}),
        ("v3/search/book", {"sort": "latest", "target": "isbn"}),
    ],
)
def test_argument__at_the_limit(ask, path, query):
    assert ask(path, query="고양이", **query).status_code == 200


@pytest.mark.parametrize("path", ["v2/local/search/keyword", "v2/local/search/category"])
def test_place__is_of_the_group_that_was_asked_for(ask, path):
    [place] = ask(path, query="고양이", category_group_code="PM9").json()["documents"]
    assert (place["category_group_code"], place["category_group_name"]) == ("PM9", "약국")
    [place] = ask("v2/local/search/keyword", query="{code}").json()["documents"]
    assert (place["place_name"], place["category_group_name"]) == ("{code}", "카페")


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


def test_unknown_path__needs_the_key_too(kakao, client, ask):
    assert client.ask("GET", f"{DAPI}/nothing").status_code == 401
    assert ask("nothing").status_code == 404
    assert "fail_next" in kakao.requests[-1].note
