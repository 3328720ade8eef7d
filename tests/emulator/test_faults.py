"""What can be made to go wrong, as a client sees it."""

import time

import pytest
import requests

from kakao_session.emulator import KakaoEmulator


def test_status__page_and_then_well_again(kakao, refresh):
    token = kakao.login()["refresh_token"]
    kakao.fail_next(503, times=2, retry_after=1)
    for _ in range(2):
        response = refresh(token)
        assert response.status_code == 503
        assert response.headers["Content-Type"].startswith("text/html")
        assert response.headers["Retry-After"] == "1"
    assert refresh(token).status_code == 200
    assert [record.status for record in kakao.token_requests] == [503, 503, 200]


def test_json__as_given(kakao, refresh):
    kakao.fail_next(json={"token_type": "bearer"})
    kakao.fail_next(502, json=["no", "object"])
    assert (refresh("r").status_code, refresh("r").status_code) == (200, 502)


def test_error_code__as_documented(kakao, refresh):
    kakao.fail_next(error_code="KOE237")
    response = refresh(kakao.login()["refresh_token"])
    assert (response.status_code, response.json()["error_code"]) == (429, "KOE237")


@pytest.mark.parametrize(("code", "status"), [(-10, 400), (-9798, 503), (-406, 401), (-5, 403)])
def test_error_code__of_the_api(kakao, me, code, status):
    kakao.fail_next(error_code=code, path="/v2/user/me")
    response = me(kakao.login()["access_token"])
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("kind", ["html", "garbage"])
def test_answer__of_another_kind(kakao, refresh, kind):
    kakao.fail_next(kind)
    response = refresh("r")
    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


@pytest.mark.parametrize("kind", ["reset", "close", "truncated"])
def test_answer__none_or_half(kakao, refresh, kind):
    token = kakao.login()["refresh_token"]
    kakao.fail_next(kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        refresh(token)
    assert refresh(token).status_code == 200


def test_after__kakao_has_acted(kakao, refresh):
    kakao.refresh_token_renewal = "always"
    token = kakao.login()["refresh_token"]
    kakao.fail_next("reset")
    kakao.fail_next("reset", after=True)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            refresh(token)
    assert refresh(token).json()["error_code"] == "KOE322"
    before, after, _ = kakao.token_requests
    assert (before.issued is None, after.issued is None) == (True, False)


def test_hang__holds_for_the_given_time(kakao, refresh):
    kakao.fail_next("hang", seconds=0.2)
    started = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        refresh("r")
    assert 0.2 <= time.monotonic() - started < 5


def test_hang__outlasts_a_time_out(kakao, http):
    kakao.fail_next("hang")
    with pytest.raises(requests.ReadTimeout):
        http.post("https://kauth.kakao.com/oauth/token", timeout=0.2)
    [record] = kakao.requests
    assert (record.status, record.note) == (None, "made to fail: hang")


def test_hang__does_not_hold_up_the_stop():
    with KakaoEmulator() as kakao, requests.Session() as http:
        http.verify = kakao.ca_file
        kakao.fail_next("hang")
        with pytest.raises(requests.ReadTimeout):
            http.post(kakao.endpoints.token_url, timeout=0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 2


def test_ip_mismatched__lasts_until_cleared(kakao, me):
    token = kakao.login()["access_token"]
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=None)
    for _ in range(3):
        response = me(token)
        assert response.status_code == 401
        assert response.json()["code"] == -401
        assert response.json()["msg"].startswith("ip mismatched! callerIp=")
    kakao.clear_failures()
    assert me(token).status_code == 200


def test_redirect__with_headers_of_its_own(kakao, me):
    location = "https://kapi.kakao.com/v1/user/access_token_info"
    kakao.fail_next(302, path="/v2/user/me", headers={"Location": location})
    assert "app_id" in me(kakao.login()["access_token"]).json()


def test_kind__unknown(kakao):
    with pytest.raises(ValueError, match="kind is a status or one of reset, close"):
        kakao.fail_next("explode")


@pytest.mark.parametrize("times", [0, -1])
def test_times__none_at_all(kakao, times):
    with pytest.raises(ValueError, match="times is a number from 1, or None for all requests"):
        kakao.fail_next(503, times=times)
    assert kakao.failures == []


def test_latency__is_the_token_endpoints(kakao, http, me):
    token = kakao.login()
    kakao.latency = 60
    assert me(token["access_token"]).status_code == 200
    with pytest.raises(requests.ReadTimeout):
        http.post("https://kauth.kakao.com/oauth/token", timeout=0.2)
