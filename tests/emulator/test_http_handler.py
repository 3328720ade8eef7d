"""Malformed requests: they get an error or a closed connection, and the next client is served."""

import pytest
import requests

from tests.emulator.client import KAUTH, connected, read_all

TOKEN_URL = f"{KAUTH}/oauth/token"
CHUNKED = b"POST /oauth/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def _no_traceback(kakao, capfd, caplog):
    yield
    kakao.body_limit = 1000
    assert requests.get(kakao.endpoints.token_url, timeout=10).status_code == 405
    assert "Traceback" not in capfd.readouterr().err
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("content_type", ["application/json", "", "\xff\xfe"])
def test_body__is_no_form(kakao, client, content_type):
    body = f"grant_type=refresh_token&client_id={kakao.app_key}&refresh_token=x"
    headers = {"Content-Type": content_type}
    response = client.ask("POST", TOKEN_URL, data=body, headers=headers)
    assert (response.status_code, response.json()["error_code"]) == (401, "KOE101")
    assert response.json()["error_description"] == "Not exist client_id [null]"


def test_form__of_garbage(client):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (
        *(b"", b"\xff\xfe\0\x01", b"client_id=%ff%fe&grant_type", b"&&&===&&&", b"a=" * 2000),
        *(b"client_id=\xed\xa0\x80", b"client_id=" + b"x" * 2_000_000),
    ):
        response = client.ask("POST", TOKEN_URL, data=body, headers=headers)
        assert response.status_code in (401, 413), body[:40]
        assert "error" in response.json()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", b"413"),
        (CHUNKED + (b"1f4\r\n" + b"x" * 500 + b"\r\n") * 3, b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
    ],
    ids=["too long", "too many chunks", "negative length", "no length"],
)
def test_body__is_refused_before_it_is_complete(kakao, sent, status):
    kakao.body_limit = 1000
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        connection.sendall(sent)
        assert read_all(connection).startswith(b"HTTP/1.1 " + status + b" ")


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-5\r\nabc\r\n", b"\xff\xff\r\n"])
def test_chunk__malformed(kakao, chunk):
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        connection.sendall(CHUNKED + chunk)
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("head", [b"Content-Length: 10", b"Transfer-Encoding: chunked"])
def test_client__hangs_up_in_the_body(kakao, head):
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        connection.sendall(b"POST /oauth/token HTTP/1.1\r\n" + head + b"\r\n\r\n5\r\n")
    assert requests.get(kakao.endpoints.token_url, timeout=10).status_code == 405
    assert [record.method for record in kakao.requests] == ["GET"]


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT kauth.kakao.com:443 HTTP/1.1\r\nHost: kauth.kakao.com\r\n\r\n",
        b"POST /api/reset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_client__hangs_up_anywhere(kakao, request_):
    for length in range(0, len(request_), 3):
        with connected(kakao, kakao.control_url) as connection:
            connection.sendall(request_[:length])


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /\r\n",
        b"\0\xff\x16\x03\x01 garbage\r\n\r\n",
        b"\0" * 70_000 + b"\r\n\r\n",
        b"CONNECT kauth.kakao.com:443\r\n\r\n",
        b"CONNECT kauth.kakao.com:443 HTTP/1.1\r\n\r\nno TLS at all, but more than a record",
        b"CONNECT [ HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /api/reset HTTP/1.1\r\nContent-Length: 10\r\n\r\n",
    ],
)
def test_garbage(kakao, sent):
    for url in (kakao.proxy_url, kakao.endpoints.kauth_url.replace("https:", "http:")):
        with connected(kakao, url) as connection:
            connection.sendall(sent)
            connection.shutdown(1)
            assert b"Traceback" not in read_all(connection), url


@pytest.mark.parametrize(
    "target", [b"//[", b"/%00%ff%zz", b"https://[/", b"*", b"?", b"/a b", b"/" * 70_000]
)
def test_target__malformed(kakao, target):
    with connected(kakao, kakao.endpoints.api_url) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
        received = read_all(connection)
    assert received.startswith(b"HTTP/1.1 4")
    assert b"Traceback" not in received


@pytest.mark.parametrize(
    ("sent", "arrived", "read"),
    [
        ("name=홍".encode(), "name=%ED%99%8D", {"name": "홍"}),
        ("name=홍".encode("euc-kr"), "name=%C8%AB", {"name": "ȫ"}),
        (b"name=\xff\xfe&%=%zz", "name=%FF%FE&%=%zz", {"name": "\ufffd\ufffd", "%": "%zz"}),
    ],
)
def test_query__of_bytes_that_are_not_escaped(kakao, http, sent, arrived, read):
    with connected(kakao, kakao.endpoints.api_url) as connection:
        connection.sendall(b"GET /v2/user/me?" + sent + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b'"code":-401' in read_all(connection)
    assert kakao.requests[-1].query == arrived
    state = http.get(f"{kakao.control_url}/api/state", timeout=10).json()
    assert state["requests"][0]["query"] == read


def test_target__may_be_the_whole_url(kakao):
    with connected(kakao, kakao.endpoints.api_url) as connection:
        url = b"https://kapi.kakao.com/v2/user/me?a=1"
        connection.sendall(b"GET " + url + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b'"code":-401' in read_all(connection)
    [record] = kakao.requests
    assert (record.path, record.query) == ("/v2/user/me", "a=1")


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 405), ("OPTIONS", 200), ("DELETE", 405), ("PATCH", 405)]
)
def test_method__not_allowed(client, method, status):
    response = client.ask(method, TOKEN_URL)
    assert response.status_code == status
    assert "POST" in response.headers["Allow"]


def test_path__unknown(client):
    response = client.ask("GET", f"{KAUTH}/nothing")
    assert response.status_code == 404
    assert response.json() == {"error": "invalid_request", "error_description": "Not Found"}


@pytest.mark.parametrize("sent", [b"a \t", b" \ta", b"a\r\n b", b"a\r\n\t "])
def test_header__without_spaces_around_and_line_breaks_in_it(kakao, sent):
    token = kakao.login()["access_token"].encode()
    with connected(kakao, kakao.endpoints.api_url) as connection:
        connection.sendall(
            b"GET /v1/user/access_token_info HTTP/1.1\r\nX: " + sent + b"\r\n"
            b"Authorization: Bearer " + token + b" \t\r\nConnection: close\r\n\r\n"
        )
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
    assert kakao.requests[-1].headers["X"] in ("a", "a b")


@pytest.mark.parametrize(
    ("sent", "status", "path"),
    [
        (b"POST /x HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413, "/x"),
        (b"POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400, "/x"),
        (b"PROPFIND /x HTTP/1.1\r\n\r\n", 501, "/x"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, "/"),
        (b"GET /x HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431, "/x"),
    ],
)
def test_refused__is_in_the_journal(kakao, sent, status, path):
    kakao.body_limit = 1000
    with connected(kakao, kakao.endpoints.api_url) as connection:
        connection.sendall(b"GET /before HTTP/1.1\r\nX-Before: 1\r\n\r\n" + sent)
        connection.shutdown(1)
        read_all(connection)
    before, record = kakao.requests
    assert (before.path, record.service, record.path) == ("/before", "kapi", path)
    assert (record.status, record.failed) == (status, True)
    assert record.note
    assert "X-Before" not in record.headers


def test_form__in_the_encoding_of_an_old_console(kakao, client):
    body = f"client_id={kakao.app_key}&grant_type=refresh_token&refresh_token=".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
    response = client.ask("POST", TOKEN_URL, data=body + "홍길동".encode("cp949"), headers=headers)
    assert response.json()["error_code"] == "KOE322"
