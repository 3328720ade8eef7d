"""A clock that is wrong by decades: calls go on, and a login outlives the day it is put right."""

import pytest

from kakao_session import FileTokenStore, LoginRequiredError, Token
from tests.conftest import ME, ME_401, REFRESH, wire

BOARD_WITHOUT_A_BATTERY = 100.0
"""Seconds after 1970 began."""
IN_2106 = 2.0**32
"""Where an unsigned 32-bit clock overflows."""


@pytest.fixture(params=[BOARD_WITHOUT_A_BATTERY, IN_2106], ids=["1970", "2106"])
def wrong(request):
    return request.param


def test_login__outlives_the_correction(
    kakao,
    new_session,
    token,
    clock,
    tmp_path,
    wrong,
):
    kakao.refresh_token_renewal = "always"
    right = clock.moment
    place = tmp_path / "token.json"
    clock.moment = wrong
    FileTokenStore(place).save(Token.from_response(kakao.login(), clock.moment))
    session = new_session(token_store=place)
    assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    assert session.get("/v2/user/me").status_code == 200
    clock.moment = right
    assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    assert new_session(token_store=place).get("/v2/user/me").status_code == 200


def test_file_of_a_right_clock__is_used_under_a_wrong_one(
    kakao, new_session, token, clock, tmp_path
):
    FileTokenStore(tmp_path / "token.json").save(token)
    clock.moment = BOARD_WITHOUT_A_BATTERY
    session = new_session(token_store=tmp_path / "token.json")
    assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    assert session.get("/v2/user/me").status_code == 200
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME, ME_401, REFRESH, ME, ME]


def test_file_of_a_right_clock__waits_until_a_clock_that_is_ahead_is_right(
    kakao, new_session, token, clock, tmp_path
):
    right = clock.moment
    place = tmp_path / "token.json"
    FileTokenStore(place).save(token)
    before = place.read_bytes()
    clock.moment = IN_2106
    session = new_session(token_store=place)
    for _ in range(2):
        with pytest.raises(LoginRequiredError, match="has run out"):
            session.get("/v2/user/me")
    assert wire(kakao) == []
    assert place.read_bytes() == before
    clock.moment = right
    assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME, ME_401, REFRESH, ME]
