"""What ``/v2/user/me`` shows: everything the user agreed to, nothing else, as it was set."""

import json

import pytest

EVERYTHING = {
    "profile_nickname": ["profile_nickname_needs_agreement", "profile"],
    "profile_image": ["profile_image_needs_agreement", "profile"],
    "name": ["name_needs_agreement", "name"],
    "account_email": [
        "has_email",
        "email_needs_agreement",
        "is_email_valid",
        "is_email_verified",
        "email",
    ],
    "age_range": ["has_age_range", "age_range_needs_agreement", "age_range"],
    "birthyear": ["has_birthyear", "birthyear_needs_agreement", "birthyear"],
    "birthday": ["has_birthday", "birthday_needs_agreement", "birthday", "birthday_type"],
    "gender": ["has_gender", "gender_needs_agreement", "gender"],
    "phone_number": ["has_phone_number", "phone_number_needs_agreement", "phone_number"],
    "account_ci": ["ci_needs_agreement", "ci", "ci_authenticated_at"],
}


def me_after(kakao, client, scopes, **query):
    access_token = kakao.login(scopes=scopes)["access_token"]
    return client.call("/v2/user/me", access_token, params=query).json()


@pytest.mark.parametrize("scope", EVERYTHING)
def test_item__without_and_with_consent(kakao, client, scope):
    kakao.consent_items = [scope]
    me, item = me_after(kakao, client, []), scope.removeprefix("account_")
    known = {key: value for key, value in me["kakao_account"].items() if key != f"has_{item}"}
    assert known == {f"{item}_needs_agreement": True}
    assert list(me) == ["id", "connected_at", "kakao_account"]
    me = me_after(kakao, client, [scope])
    assert list(me["kakao_account"]) == EVERYTHING[scope]
    assert me["kakao_account"][f"{item}_needs_agreement"] is False
    assert ("properties" in me) is scope.startswith("profile")


def test_item__that_is_not_set_up_is_not_mentioned(kakao, client):
    kakao.consent_items = []
    assert list(me_after(kakao, client, [])) == ["id", "connected_at"]
    assert "ci_needs_agreement" not in me_after(kakao, client, ["profile_nickname"])


def test_user__as_kakao_documents_it(kakao, client):
    me = me_after(kakao, client, [*EVERYTHING, "friends"])
    account = me["kakao_account"]
    image = account["profile"]["profile_image_url"]
    thumbnail = account["profile"]["thumbnail_image_url"]
    assert account["profile"] == {
        "nickname": "홍길동",
        "thumbnail_image_url": thumbnail,
        "profile_image_url": image,
        "is_default_image": False,
        "is_default_nickname": False,
    }
    assert me["properties"] == {
        "nickname": "홍길동",
        "profile_image": image,
        "thumbnail_image": thumbnail,
    }
    assert account["age_range"] == "20~29"
    assert len(account["birthday"]) == 4
    assert account["birthday_type"] == "SOLAR"
    assert account["phone_number"] == "+82 10-1234-5678"
    assert me["for_partner"] == {"uuid": "emulator-123456789"}


def test_set_user__before_and_after_the_login(kakao, client):
    kakao.set_user(42, nickname="성춘향", email="c@example.com", email_verified=False)
    token = kakao.login(42, scopes=["profile_nickname", "profile_image", "account_email"])

    def account():
        return client.me(token["access_token"]).json()["kakao_account"]

    assert account()["profile"]["nickname"] == "성춘향"
    assert (account()["email"], account()["is_email_verified"]) == ("c@example.com", False)
    kakao.set_user(42, profile_image=None, email=None)
    profile = account()["profile"]
    assert profile["is_default_image"] is True
    assert profile["thumbnail_image_url"] == profile["profile_image_url"]
    assert account()["has_email"] is False
    assert "email" not in account()
    assert account()["profile"]["nickname"] == "성춘향"
    kakao.set_user(42, properties={"level": "9"})
    assert client.me(token["access_token"]).json()["properties"]["level"] == "9"


def test_set_user__outlives_the_link_but_not_the_reset(kakao):
    kakao.set_user(nickname="성춘향")
    assert kakao.users == []
    kakao.login()
    kakao.unlink()
    kakao.login()
    assert [user.nickname for user in kakao.users] == ["성춘향"]
    kakao.reset()
    kakao.login()
    assert [user.nickname for user in kakao.users] == ["홍길동"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"shoe_size": 42}, "a user has no 'shoe_size'"),
        ({"nickname": None}, "nickname takes a string"),
        ({"email_verified": "yes"}, "email_verified takes true or false"),
        ({"gender": "other"}, "gender takes 'female' or 'male' or null"),
        ({"properties": {"level": 9}}, "properties takes an object, each value a string"),
    ],
)
def test_set_user__with_an_unknown_field(kakao, fields, words):
    with pytest.raises(ValueError, match=words):
        kakao.set_user(**fields)


@pytest.mark.parametrize(
    ("keys", "sections"),
    [
        (["kakao_account.email"], {"kakao_account": EVERYTHING["account_email"]}),
        (["properties.nickname"], {"properties": ["nickname"]}),
        (["properties.level"], {"properties": ["level"]}),
        (
            ["kakao_account.profile", "properties.profile_image"],
            {
                "properties": ["profile_image"],
                "kakao_account": [
                    "profile_nickname_needs_agreement",
                    "profile_image_needs_agreement",
                    "profile",
                ],
            },
        ),
        (
            ["kakao_account.name", "kakao_account.birthday"],
            {"kakao_account": ["name_needs_agreement", *EVERYTHING["birthday"]]},
        ),
        ([], {}),
    ],
)
def test_property_keys__select(kakao, client, keys, sections):
    kakao.set_user(properties={"level": "9"})
    scopes = ["profile_nickname", "profile_image", "account_email", "birthday"]
    me = me_after(kakao, client, scopes, property_keys=json.dumps(keys))
    assert {name: list(me[name]) for name in me if name not in ("id", "connected_at")} == sections


@pytest.mark.parametrize("key", ["kakao_account.", "kakao_account"])
def test_property_keys__a_whole_section(kakao, client, key):
    whole = me_after(kakao, client, ["account_email"])
    some = me_after(kakao, client, [], property_keys=json.dumps([key]))
    assert some["kakao_account"] == whole["kakao_account"]
    assert "홍길동" not in str(whole)


@pytest.mark.parametrize("keys", ["email", "[1]", '["\\ud800"]', '["properties.\\ud800"]'])
def test_property_keys__that_are_no_strings(kakao, client, keys):
    answer = me_after(kakao, client, [], property_keys=keys)
    assert answer == {"msg": "property_keys is not valid", "code": -2}
