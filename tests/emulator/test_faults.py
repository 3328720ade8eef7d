"""The failures that a test can order, as a client sees them."""

import socket
import time

import pytest
import requests

from kakao_session.emulator import KakaoEmulator
from tests.emulator.client import KAPI, KAUTH, connected, read_all

TOKEN_URL = f"{KAUTH}/oauth/token"


def test_status__as_a_page_and_then_as_usual(kakao, client):
    refresh_token = kakao.login()["refresh_token"]
    kakao.fail_next(503, times=2, retry_after=1)
    for _ in range(2):
        response = client.refresh(refresh_token)
        assert response.status_code == 503
        assert response.headers["Content-Type"].startswith("text/html")
        assert response.headers["Retry-After"] == "1"
    assert client.refresh(refresh_token).status_code == 200
    assert [record.status for record in kakao.token_requests] == [503, 503, 200]


def test_json__as_given(kakao, client):
    kakao.fail_next(json={"token_type": "bearer"})
    kakao.fail_next(502, json=["no", "object"])
    first, second = client.refresh("r"), client.refresh("r")
    assert (first.status_code, first.json()) == (200, {"token_type": "bearer"})
    assert (second.status_code, second.json()) == (502, ["no", "object"])


def test_answer__of_another_kind(kakao, client):
    for kind in ("html", "garbage"):
        kakao.fail_next(kind)
        response = client.refresh("r")
        assert response.status_code == 200, kind
        with pytest.raises(requests.JSONDecodeError):
            response.json()


@pytest.mark.parametrize("kind", ["reset", "close", "truncated"])
def test_answer__missing_or_incomplete(kakao, client, kind):
    refresh_token = kakao.login()["refresh_token"]
    kakao.fail_next(kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.refresh(refresh_token)
    assert client.refresh(refresh_token).status_code == 200


def ask(connection):
    connection.sendall(b"POST /oauth/token HTTP/1.1\r\nContent-Length: 0\r\n\r\n")


def read_below_tls(connection):
    while socket.socket.recv(connection, 65_536):
        pass


def test_close__is_no_reset(kakao):
    kakao.fail_next("close")
    kakao.fail_next("reset")
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        ask(connection)
        read_below_tls(connection)
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        ask(connection)
        with pytest.raises(ConnectionResetError):
            read_below_tls(connection)


def test_after__kakao_has_acted(kakao, client):
    kakao.refresh_token_renewal = "always"
    refresh_token = kakao.login()["refresh_token"]
    kakao.fail_next("reset")
    kakao.fail_next("reset", after=True)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            client.refresh(refresh_token)
    assert client.refresh(refresh_token).json()["error_code"] == "KOE322"
    before, after, _ = kakao.token_requests
    assert (before.issued is None, after.issued is None) == (True, False)


def test_hang__holds_for_the_given_time(kakao, client):
    kakao.fail_next("hang", seconds=0.2)
    started = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        client.refresh("r")
    assert 0.2 <= time.monotonic() - started < 5


def test_hang__outlasts_a_time_out(kakao, http):
    kakao.fail_next("hang")
    with pytest.raises(requests.ReadTimeout):
        http.post(TOKEN_URL, timeout=0.2)
    [record] = kakao.requests
    assert (record.status, record.note) == (None, "made to fail: hang")


def test_hang__ends_when_failures_are_cleared(kakao):
    kakao.fail_next("hang")
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        ask(connection)
        while not [record for record in kakao.requests if record.note == "made to fail: hang"]:
            time.sleep(0.01)
        kakao.clear_failures()
        assert read_all(connection) == b""


def test_hang__does_not_hold_up_the_stop():
    with KakaoEmulator() as kakao, requests.Session() as http:
        http.verify = kakao.ca_file
        kakao.fail_next("hang")
        with pytest.raises(requests.ReadTimeout):
            http.post(kakao.endpoints.token_url, timeout=0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 2


def test_times__none_lasts_until_cleared(kakao, client):
    access_token = kakao.login()["access_token"]
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=None)
    for _ in range(3):
        assert client.me(access_token).json()["msg"].startswith("ip mismatched! callerIp=")
    kakao.clear_failures()
    assert client.me(access_token).status_code == 200


def test_headers__of_a_redirect(kakao, http):
    location = f"{KAPI}/v1/user/access_token_info"
    kakao.fail_next(302, path="/v2/user/me", headers={"Location": location, "X": "한글"})
    headers = {"Authorization": f"Bearer {kakao.login()['access_token']}"}
    assert "app_id" in http.get(f"{KAPI}/v2/user/me", headers=headers, timeout=10).json()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "explode"}, "kind is a status or one of reset, close"),
        ({"kind": 199}, "a status is a number from 200 to 599"),
        ({"kind": 600}, "a status is a number from 200 to 599"),
        ({"times": 0}, "times is a number from 1, or None for all requests"),
        ({"error_code": "KOE999"}, "'KOE999' is not one of Kakao's documented errors"),
        ({"error_code": -99999}, "-99999 is not one of Kakao's documented errors"),
        ({"kind": "reset", "error_code": "KOE237"}, "kind='reset' and error_code do not fit"),
        ({"json": "\ud800"}, "surrogates"),
        ({"headers": {"X": "a\r\nb"}}, "newline"),
    ],
)
def test_fail_next__wrong_arguments(kakao, fault, message):
    with pytest.raises(ValueError, match=message):
        kakao.fail_next(**fault)
    assert kakao.failures == []


def test_latency__is_the_token_endpoints(kakao, client):
    access_token = kakao.login()["access_token"]
    kakao.latency = 60
    assert client.me(access_token).status_code == 200
    with pytest.raises(requests.ReadTimeout):
        client.http.post(TOKEN_URL, timeout=0.2)
