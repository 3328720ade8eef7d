"""What dapi.kakao.com finds: one document for each endpoint, with every field that Kakao has.

``{query}`` stands for what was searched for, ``{code}`` and ``{category}`` for the group of places.
The place is Kakao's office on Jeju.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of dapi.

    :param documents: what it always finds.
    :param required: the arguments that must not be missing.
    :param numbers: the arguments that have to be numbers.
    :param limits: the largest value of other arguments; the smallest is 1.
    :param choices: what an argument may be, of those that are a choice.
    :param counts: further fields of ``meta``; ``None`` if it only has ``total_count``.
    """

    documents: tuple[Document, ...]
    required: tuple[str, ...] = ("query",)
    numbers: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)
    counts: Mapping[str, Any] | None = field(default_factory=dict)

    def meta(self, found: int) -> dict[str, Any]:
        """:returns: the field ``meta`` of the answer."""
        if self.counts is None:
            return {"total_count": found}
        pages = {"total_count": found, "pageable_count": found, "is_end": True}
        return {**pages, **self.counts}


# code: name, of the groups of places
CATEGORIES = {
    "MT1": "대형마트",
    "CS2": "편의점",
    "PS3": "어린이집,유치원",
    "SC4": "학교",
    "AC5": "학원",
    "PK6": "주차장",
    "OL7": "주유소,충전소",
    "SW8": "지하철역",
    "BK9": "은행",
    "CT1": "문화시설",
    "AG2": "중개업소",
    "PO3": "공공기관",
    "AT4": "관광명소",
    "AD5": "숙박",
    "FD6": "음식점",
    "CE7": "카페",
    "HP8": "병원",
    "PM9": "약국",
}
_X, _Y = "126.570667", "33.450701"
_REGION = {
    "region_1depth_name": "제주특별자치도",
    "region_2depth_name": "제주시",
    "region_3depth_name": "영평동",
}
_OLD_ADDRESS = "제주특별자치도 제주시 영평동 2181"
_NEW_ADDRESS = "제주특별자치도 제주시 첨단로 242"
_OLD = {
    "address_name": _OLD_ADDRESS,
    **_REGION,
    "mountain_yn": "N",
    "main_address_no": "2181",
    "sub_address_no": "",
}
_NEW = {
    "address_name": _NEW_ADDRESS,
    **_REGION,
    "road_name": "첨단로",
    "underground_yn": "N",
    "main_building_no": "242",
    "sub_building_no": "",
    "building_name": "카카오",
    "zone_no": "63309",
}
_PLACE = {
    "id": "7978506",
    "place_name": "{query}",
    "category_name": "음식점 > 카페",
    "category_group_code": "{code}",
    "category_group_name": "{category}",
    "phone": "064-123-4567",
    "address_name": _OLD_ADDRESS,
    "road_address_name": _NEW_ADDRESS,
    "x": _X,
    "y": _Y,
    "place_url": "http://place.map.kakao.com/7978506",
    "distance": "418",
}
_ADDRESS = {
    "address_name": "{query}",
    "address_type": "ROAD_ADDR",
    "x": _X,
    "y": _Y,
    "address": {
        **_OLD,
        "region_3depth_h_name": "아라동",
        "h_code": "5011060000",
        "b_code": "5011012300",
        "x": _X,
        "y": _Y,
    },
    "road_address": {**_NEW, "x": _X, "y": _Y},
}


def _region(region_type: str, code: str, name: str) -> Document:
    return {
        "region_type": region_type,
        "code": code,
        "address_name": f"제주특별자치도 제주시 {name}",
        **_REGION,
        "region_3depth_name": name,
        "region_4depth_name": "",
        "x": float(_X),
        "y": float(_Y),
    }


_WHEN = "2026-01-02T03:04:05.000+09:00"
_PAGE = {
    "title": "{query}",
    "contents": "{query}에 대한 글",
    "url": "https://example.com/",
    "datetime": _WHEN,
}
_THUMBNAIL = "https://example.com/thumbnail.jpg"
_IMAGE = {
    "collection": "blog",
    "thumbnail_url": _THUMBNAIL,
    "image_url": "https://example.com/image.jpg",
    "width": 800,
    "height": 600,
    "display_sitename": "{query}",
    "doc_url": "https://example.com/",
    "datetime": _WHEN,
}
_VIDEO = {
    "title": "{query}",
    "url": "https://example.com/",
    "datetime": _WHEN,
    "play_time": 185,
    "thumbnail": _THUMBNAIL,
    "author": "홍길동",
}
_BOOK = {
    "title": "{query}",
    "contents": "{query}에 대한 책",
    "url": "https://example.com/",
    "isbn": "8900000000 9788900000008",
    "datetime": _WHEN,
    "authors": ["홍길동"],
    "publisher": "출판사",
    "translators": [],
    "price": 15000,
    "sale_price": 13500,
    "thumbnail": _THUMBNAIL,
    "status": "정상판매",
}

_COORDINATES = ("x", "y")
_SEARCH_LIMITS = {"page": 50, "size": 50}
_LOCAL_LIMITS = {"page": 45, "size": 15, "radius": 20_000}
_LOCAL_CHOICES = {"category_group_code": CATEGORIES, "sort": ("accuracy", "distance")}
_SEARCH_CHOICES = {"sort": ("accuracy", "recency")}
_SAME_NAME = {"same_name": {"region": [], "keyword": "", "selected_region": ""}}

# By path, without .json
ENDPOINTS = {
    "v2/local/search/keyword": Endpoint(
        (_PLACE,),
        numbers=_COORDINATES,
        limits=_LOCAL_LIMITS,
        choices=_LOCAL_CHOICES,
        counts=_SAME_NAME,
    ),
    "v2/local/search/category": Endpoint(
        ({**_PLACE, "place_name": "카카오 카페"},),
        required=("category_group_code",),
        numbers=_COORDINATES,
        limits=_LOCAL_LIMITS,
        choices=_LOCAL_CHOICES,
        counts={"same_name": None},
    ),
    "v2/local/search/address": Endpoint(
        (_ADDRESS,),
        limits={"page": 45, "size": 30},
        choices={"analyze_type": ("similar", "exact")},
    ),
    "v2/local/geo/coord2address": Endpoint(
        ({"road_address": _NEW, "address": {**_OLD, "zip_code": ""}},),
        required=_COORDINATES,
        numbers=_COORDINATES,
        counts=None,
    ),
    "v2/local/geo/coord2regioncode": Endpoint(
        (_region("B", "5011012300", "영평동"), _region("H", "5011060000", "아라동")),
        required=_COORDINATES,
        numbers=_COORDINATES,
        counts=None,
    ),
    "v2/local/geo/transcoord": Endpoint(
        ({"x": float(_X), "y": float(_Y)},),
        required=_COORDINATES,
        numbers=_COORDINATES,
        counts=None,
    ),
    "v2/search/web": Endpoint((_PAGE,), limits=_SEARCH_LIMITS, choices=_SEARCH_CHOICES),
    "v2/search/blog": Endpoint(
        ({**_PAGE, "blogname": "블로그", "thumbnail": _THUMBNAIL},),
        limits=_SEARCH_LIMITS,
        choices=_SEARCH_CHOICES,
    ),
    "v2/search/cafe": Endpoint(
        ({**_PAGE, "cafename": "카페", "thumbnail": _THUMBNAIL},),
        limits=_SEARCH_LIMITS,
        choices=_SEARCH_CHOICES,
    ),
    "v2/search/image": Endpoint(
        (_IMAGE,), limits={"page": 50, "size": 80}, choices=_SEARCH_CHOICES
    ),
    "v2/search/vclip": Endpoint(
        (_VIDEO,), limits={"page": 15, "size": 30}, choices=_SEARCH_CHOICES
    ),
    "v3/search/book": Endpoint(
        (_BOOK,),
        limits=_SEARCH_LIMITS,
        choices={
            "sort": ("accuracy", "latest"),
            "target": ("title", "isbn", "publisher", "person"),
        },
    ),
}
