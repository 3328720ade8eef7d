"""KakaoTalk: messages to oneself and to friends, the friends, and images."""

import json

import pytest

from tests.emulator.client import TEMPLATE

MEMO = "/v2/api/talk/memo"
TO_FRIENDS = "/v1/api/talk/friends/message"
LONG_TEXT = '{"object_type":"text","text":"%s","link":{}}'
FRIENDS = ["emulator-1000000001", "emulator-1000000002"]


@pytest.fixture
def post(kakao, client):
    """Posts a form for a user who has agreed to everything that messages need."""
    access_token = kakao.login(scopes=["talk_message", "friends"])["access_token"]

    def post(path, **form):
        return client.call(path, access_token, "POST", data=form)

    return post


@pytest.mark.parametrize(
    "template",
    [
        *("{", "NaN", "[]", "[" * 100_000, '{"object_type":["text"]}'),
        *('{"object_type":"feed"}', '{"object_type":"poem"}'),
        '{"object_type":"text","text":5,"link":{}}',
        '{"object_type":"text","text":"x","link":{},"v":Infinity}',
        '{"object_type":"text","text":"x","link":[]}',
        *(LONG_TEXT % text for text in ("", "가" * 201)),
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


def test_channels__the_user_has_added_none(kakao, client):
    access_token = kakao.login()["access_token"]

    def ask(**query):
        return client.call("/v2/api/talk/channels", access_token, params=query).json()

    assert ask() == {"user_id": 123456789, "channels": []}
    assert ask(channel_ids="_a,_b")["channels"] == [
        {"channel_public_id": "_a", "relation": "NONE"},
        {"channel_public_id": "_b", "relation": "NONE"},
    ]


GOOD = {
    "default/send": {"template_object": TEMPLATE},
    "send": {"template_id": "77", "template_args": '{"name": "홍길동"}'},
    "scrap/send": {"request_url": "https://example.com/", "template_id": "77"},
}
BAD = [
    ("default/send", {}),
    ("default/send", {"template_object": "{}"}),
    ("send", {}),
    ("send", {"template_id": "x"}),
    ("send", {"template_id": "1", "template_args": "[]"}),
    ("scrap/send", {}),
    ("scrap/send", {"request_url": "example.com"}),
    ("scrap/send", {"request_url": "http://h/", "template_id": "x"}),
]


@pytest.mark.parametrize("kind", GOOD)
def test_message__to_oneself_and_to_friends(post, kind):
    assert post(f"{MEMO}/{kind}", **GOOD[kind]).json() == {"result_code": 0}
    receivers = {"receiver_uuids": json.dumps(FRIENDS)}
    sent = post(f"{TO_FRIENDS}/{kind}", **GOOD[kind], **receivers).json()
    assert sent == {"successful_receiver_uuids": FRIENDS}


@pytest.mark.parametrize(("kind", "form"), BAD)
def test_message__malformed(post, kind, form):
    receivers = {"receiver_uuids": json.dumps(FRIENDS)}
    for path in (MEMO, TO_FRIENDS):
        response = post(f"{path}/{kind}", **form, **receivers)
        assert (response.status_code, response.json()["code"]) == (400, -2)


def test_message__with_arguments_in_the_url(post):
    url = f"{MEMO}/send?template_id=77&template_args="
    assert post(f"{url}{{}}").status_code == 200
    assert post(f"{url}[]").json()["code"] == -2


@pytest.mark.parametrize("kind", GOOD)
def test_message__needs_consent(kakao, client, kind):
    access_token = kakao.login(scopes=["friends"])["access_token"]
    for path, scopes in ((MEMO, ["talk_message"]), (TO_FRIENDS, ["friends", "talk_message"])):
        refused = client.call(f"{path}/{kind}", access_token, "POST", data=GOOD[kind])
        assert (refused.status_code, refused.json()["required_scopes"]) == (403, scopes)


def test_template__that_is_not_registered(kakao, post):
    kakao.templates = [77]
    assert post(f"{MEMO}/send", template_id="77").status_code == 200
    assert post(f"{MEMO}/send", template_id="78").json()["code"] == -2
    assert post(f"{MEMO}/scrap/send", request_url="https://h/", template_id="78").status_code == 400


def test_friends__two_and_those_who_share_theirs(kakao, client):
    access_token = kakao.login(scopes=["friends"])["access_token"]

    def ask(**query):
        return client.call("/v1/api/talk/friends", access_token, params=query).json()

    assert [friend["uuid"] for friend in ask()["elements"]] == FRIENDS
    assert {"profile_nickname", "profile_thumbnail_image", "favorite"} <= {*ask()["elements"][0]}
    assert list(ask()) == ["elements", "total_count", "after_url", "favorite_count"]
    for user in range(1, 13):
        kakao.login(user, scopes=["friends"] if user > 1 else ["talk_message"])
    assert ask()["total_count"] == 13
    assert [friend["id"] for friend in ask(offset=11, limit=2)["elements"]] == [11, 12]
    assert ask()["after_url"].endswith("/v1/api/talk/friends?offset=10&limit=10")
    assert ask(offset=10)["before_url"].endswith("?offset=0&limit=10")
    assert ask(offset=3)["after_url"] is None
    newest_first = ask(order="desc", friend_order="nickname", limit=1)
    assert [friend["id"] for friend in newest_first["elements"]] == [12]
    assert newest_first["after_url"].endswith("limit=1&order=desc&friend_order=nickname")
    kakao.unlink(12)
    assert ask()["total_count"] == 12
    # One of the two may log in, too.
    access_token = kakao.login(1_000_000_001, scopes=["friends"])["access_token"]
    assert [friend["uuid"] for friend in ask(limit=2)["elements"]] == [
        FRIENDS[1],
        "emulator-123456789",
    ]
    access_token = kakao.login(2, scopes=["friends"])["access_token"]
    uuids = [friend["uuid"] for friend in ask(limit=100)["elements"]]
    assert len(uuids) == len({*uuids})


def test_friends__malformed_page(kakao, client):
    access_token = kakao.login(scopes=["friends"])["access_token"]
    for query in (
        "offset=-1",
        "limit=many",
        "limit=0",
        "limit=101",
        "order=up",
        "friend_order=age",
    ):
        response = client.call(f"/v1/api/talk/friends?{query}", access_token)
        assert (response.status_code, response.json()["code"]) == (400, -2), query


def test_message__to_a_stranger(post):
    def send(*uuids):
        return post(f"{TO_FRIENDS}/send", template_id="1", receiver_uuids=json.dumps(uuids))

    assert send(FRIENDS[0], "x").json() == {
        "successful_receiver_uuids": [FRIENDS[0]],
        "failure_info": [
            {
                "msg": "the receiver is not a friend of the user",
                "code": -502,
                "receiver_uuids": ["x"],
            }
        ],
    }
    assert (send("x").status_code, send("x").json()["code"]) == (400, -502)


@pytest.mark.parametrize("uuids", ["", "[]", "{}", "[1]", json.dumps(["a"] * 6)])
def test_message__malformed_receivers(post, uuids):
    response = post(f"{TO_FRIENDS}/send", template_id="1", receiver_uuids=uuids)
    assert (response.status_code, response.json()["code"]) == (400, -2)


def test_profile__shows_what_the_user_agreed_to(kakao, client):
    def ask(*scopes):
        access_token = kakao.login(scopes=scopes)["access_token"]
        return client.call("/v1/api/talk/profile", access_token).json()

    assert ask() == {"countryISO": "KR"}
    answer = ask("profile_nickname", "profile_image")
    assert list(answer) == ["nickName", "profileImageURL", "thumbnailURL", "countryISO"]
    assert answer["nickName"] == "홍길동"


def test_image__upload_and_scrap(kakao, client):
    access_token = kakao.login()["access_token"]
    path = "/v2/api/talk/message/image"

    def upload(size):
        files = {"file": ("cat.png", bytes(size), "image/png")}
        return client.call(f"{path}/upload", access_token, "POST", files=files)

    original = upload(1000).json()["infos"]["original"]
    assert original["url"].startswith("https://")
    assert (original["length"], original["content_type"]) == (1000, "image/png")
    assert upload(5 * 1024 * 1024).status_code == 200
    assert upload(5 * 1024 * 1024 + 1).json()["code"] == -602
    form = {"image_url": "https://example.com/cat.png"}
    scraped = client.call(f"{path}/scrap", access_token, "POST", data=form).json()
    assert scraped["infos"]["original"]["url"] != original["url"]
    for action in ("upload", "scrap"):
        form = {"image_url": "cat.png"}
        response = client.call(f"{path}/{action}", access_token, "POST", data=form)
        assert (response.status_code, response.json()["code"]) == (400, -2)
