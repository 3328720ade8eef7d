"""Codes and tokens: how long they live, and what ends them."""

import pytest

from tests.emulator.client import REDIRECT_URI


def test_code__expires(kakao, client):
    early, late = client.code(), client.code()
    kakao.advance(minutes=10, seconds=-5)
    assert client.redeem(early).status_code == 200
    kakao.advance(seconds=5)
    assert client.redeem(late).json()["error_code"] == "KOE320"


def test_scope__is_everything_the_user_has_ever_agreed_to(kakao, client):
    kakao.login(scopes=["friends"])
    token = client.login("talk_message,profile_nickname")
    assert token["scope"] == "friends profile_nickname talk_message"


@pytest.mark.parametrize(("seconds", "is_new"), [(-5, False), (0, True)])
def test_refresh_token__is_replaced_in_its_last_month(kakao, client, seconds, is_new):
    kakao.refresh_lifetime = 60 * 86_400
    old = kakao.login()["refresh_token"]
    kakao.advance(days=30, seconds=seconds)
    new = client.refresh(old).json().get("refresh_token")
    assert (new is not None) is is_new
    assert client.refresh(old).status_code == (400 if is_new else 200)
    assert client.refresh(new or old).status_code == 200


@pytest.mark.parametrize(("renewal", "days", "is_new"), [("always", 1, True), ("never", 59, False)])
def test_refresh_token_renewal__switch(kakao, client, renewal, days, is_new):
    kakao.refresh_token_renewal = renewal
    token = kakao.login()
    kakao.advance(days=days)
    assert ("refresh_token" in client.refresh(token["refresh_token"]).json()) is is_new


@pytest.mark.parametrize(("value", "status"), [("lives", 200), ("dies", 401)])
def test_previous_access_token__switch(kakao, client, value, status):
    kakao.previous_access_token = value
    token, other = kakao.login(), kakao.login()
    new = client.refresh(token["refresh_token"]).json()
    assert client.me(token["access_token"]).status_code == status
    assert client.me(new["access_token"]).status_code == 200
    assert client.me(other["access_token"]).status_code == 200


@pytest.mark.parametrize(("value", "status"), [("both", 400), ("access_token", 200)])
def test_logout_ends__switch(kakao, client, value, status):
    kakao.logout_ends = value
    token, other = kakao.login(), kakao.login()
    client.call("/v1/user/logout", token["access_token"], "POST")
    assert client.me(token["access_token"]).status_code == 401
    assert client.refresh(token["refresh_token"]).status_code == status
    assert client.refresh(other["refresh_token"]).status_code == 200


def test_unlink__ends_all_logins_of_one_user(kakao, client):
    token, twin, other = kakao.login(), kakao.login(scopes=["friends"]), kakao.login(user=2**60)
    code = client.code()
    client.call("/v1/user/unlink", token["access_token"], "POST")
    assert client.refresh(twin["refresh_token"]).json()["error_code"] == "KOE322"
    assert client.redeem(code).json()["error_code"] == "KOE320"
    assert client.refresh(other["refresh_token"]).status_code == 200
    assert kakao.login(scopes=["name"])["scope"] == "name"


def test_access_token__lives_to_its_last_second(kakao, client):
    access_token = kakao.login()["access_token"]
    kakao.advance(seconds=21590)
    assert client.me(access_token).status_code == 200
    kakao.advance(seconds=9)
    assert client.me(access_token).json()["msg"] == "this access token is already expired"


def test_tokens__open_only_their_own_door(kakao, client):
    token = kakao.login()
    assert client.me(token["refresh_token"]).status_code == 401
    assert client.refresh(token["access_token"]).json()["error_code"] == "KOE322"
    assert client.redeem(token["refresh_token"]).json()["error_code"] == "KOE320"


def test_rate_limit__thirty_refresh_tokens_in_an_hour(kakao, client):
    kakao.rate_limit, kakao.refresh_token_renewal = True, "always"
    refresh_token = kakao.login()["refresh_token"]
    for _ in range(30):
        kakao.advance(minutes=1)
        refresh_token = client.refresh(refresh_token).json()["refresh_token"]
    assert client.refresh(refresh_token).json()["error_code"] == "KOE237"
    assert client.refresh(kakao.login(user=2)["refresh_token"]).status_code == 200
    kakao.advance(minutes=31)
    assert client.refresh(refresh_token).status_code == 200


def test_redirect_uri__note_says_what_is_wrong(kakao, client):
    code = client.code()
    for uri, why in ((None, "no redirect_uri was sent"), ("http://h/", "not the same")):
        assert client.redeem(code, redirect_uri=uri).json()["error_code"] == "KOE303"
        had = f"the authorization request had {REDIRECT_URI}"
        assert kakao.requests[-1].note == f"KOE303: {why}; {had}"
    assert client.redeem(code).status_code == 200


def test_redirect_uri__missing_is_accepted_if_switched(kakao, client):
    kakao.missing_redirect_uri = "accepted"
    other = client.redeem(client.code(), redirect_uri="http://h/")
    assert other.json()["error_code"] == "KOE303"
    assert client.redeem(client.code(), redirect_uri=None).status_code == 200
