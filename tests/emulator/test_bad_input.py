"""What no client should send: an answer as Kakao gives, or a clean close, and never the end."""

import socket
import ssl
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

TOKEN_URL = "https://kauth.kakao.com/oauth/token"
MEMO = "https://kapi.kakao.com/v2/api/talk/memo/default/send"


@pytest.fixture(autouse=True)
def _still_there(
    kakao,
    capfd,
    caplog,
):
    """Whatever a test has sent: the next client is served, and nobody has seen a traceback."""
    yield
    kakao.body_limit = 1000
    assert requests.get(kakao.endpoints.token_url, timeout=10).status_code == 405
    assert "Traceback" not in capfd.readouterr().err
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@contextmanager
def connected(kakao, url):
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    where = address.hostname, address.port
    with socket.create_connection(where, timeout=10) as plain:
        if address.scheme == "http":
            yield plain
            return
        context = ssl.create_default_context(cafile=kakao.ca_file)
        with context.wrap_socket(plain, server_hostname=address.hostname) as connection:
            yield connection


def said(connection):
    with connection.makefile("rb") as stream:
        return stream.read()


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", "\xff\xfe", "a/b; x"]
)
def test_content_type__that_holds_no_form(http, kakao, content_type):
    body = f"grant_type=refresh_token&client_id={kakao.app_key}&refresh_token=x"
    headers = {"Content-Type": content_type}
    response = http.post(TOKEN_URL, data=body, headers=headers, timeout=10)
    assert (response.status_code, response.json()["error_code"]) == (401, "KOE101")
    assert response.json()["error_description"] == "Not exist client_id [null]"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\0\x01",
        b"client_id=%ff%fe&grant_type",
        b"&&&===&&&",
        b"client_id=\xed\xa0\x80",
        b"a=" * 2000,
    ],
)
def test_form__of_garbage(http, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = http.post(TOKEN_URL, data=body, headers=headers, timeout=10)
    assert response.status_code in (401, 413)
    assert "error" in response.json()


def test_form__larger_than_any_form(http):
    response = http.post(TOKEN_URL, data={"client_id": "x" * 2_000_000}, timeout=10)
    assert response.status_code == 413
    assert "Traceback" not in response.text


def test_body__larger_than_the_limit_is_refused_before_it_is_read(kakao):
    kakao.body_limit = 1000
    head = b"POST /oauth/token HTTP/1.1\r\nHost: kauth.kakao.com\r\nContent-Length: 1001\r\n\r\n"
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        connection.sendall(head)
        assert said(connection).startswith(b"HTTP/1.1 413 ")


def test_body__chunks_without_end(kakao):
    kakao.body_limit = 1000
    head = b"POST /oauth/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        connection.sendall(head + b"1f4\r\n" + b"x" * 500 + b"\r\n")
        connection.sendall((b"1f4\r\n" + b"x" * 500 + b"\r\n") * 2)
        assert said(connection).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-5\r\nabc\r\n", b"\xff\xff\r\n"])
def test_body__in_chunks_that_are_none(kakao, chunk):
    head = b"POST /oauth/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(kakao, kakao.endpoints.kauth_url) as connection:
        connection.sendall(head + chunk)
        assert said(connection) == b""


@pytest.mark.parametrize(
    "template",
    [
        "{",
        "nul",
        "NaN",
        "[]",
        '"text"',
        "[" * 100_000,
        '{"object_type":["text"]}',
        '{"object_type":"text","text":5,"link":{}}',
        '{"object_type":"text","text":"","link":{}}',
        '{"object_type":"text","text":"x","link":[]}',
        '{"object_type":"feed"}',
        '{"object_type":"poem"}',
        '{"object_type":"text","text":"' + "가" * 201 + '","link":{}}',
    ],
)
def test_template__malformed(http, kakao, template):
    headers = {"Authorization": f"Bearer {kakao.login()['access_token']}"}
    response = http.post(MEMO, data={"template_object": template}, headers=headers, timeout=10)
    assert (response.status_code, response.json()["code"]) == (400, -2)


def test_template__of_two_hundred_characters(http, kakao):
    headers = {"Authorization": f"Bearer {kakao.login()['access_token']}"}
    template = '{"object_type":"text","text":"' + "가" * 200 + '","link":{}}'
    response = http.post(MEMO, data={"template_object": template}, headers=headers, timeout=10)
    assert response.json() == {"result_code": 0}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/user/me?property_keys=[", -2),
        ("/v2/user/me?property_keys=[1]", -2),
        ('/v2/user/me?property_keys=["shoe_size"]', -201),
        ('/v2/user/me?property_keys=["properties.shoe_size"]', -201),
        ('/v2/user/scopes?scopes={"a":1}', -2),
        ("/v1/api/talk/friends?offset=-1", -2),
        ("/v1/api/talk/friends?limit=many", -2),
        ("/v1/api/talk/friends?limit=99999999999999999999", -2),
    ],
)
def test_argument__malformed(http, kakao, path, code):
    token = kakao.login(scopes=["friends"])
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    response = http.get(f"https://kapi.kakao.com{path}", headers=headers, timeout=10)
    assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"target_id_type": "user_id"},
        {"target_id_type": "uuid", "target_id": "42"},
        {"target_id_type": "user_id", "target_id": "-1"},
        {"target_id_type": "user_id", "target_id": "9" * 5000},
    ],
)
def test_target__malformed(http, kakao, target):
    url, headers = "https://kapi.kakao.com/v1/user/unlink", {"Authorization": "KakaoAK x"}
    assert http.post(url, data=target, headers=headers, timeout=10).status_code == 401
    headers = {"Authorization": f"KakaoAK {kakao.admin_key}"}
    response = http.post(url, data=target, headers=headers, timeout=10)
    assert (response.status_code, response.json()["code"]) == (400, -2)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\0" * 70_000 + b"\r\n\r\n",
        b"CONNECT\r\n\r\n",
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
def test_plain_port__garbage(kakao, sent):
    with connected(kakao, kakao.proxy_url) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert b"Traceback" not in said(connection)


@pytest.mark.parametrize(
    "target", [b"//[", b"/%00%ff%zz", b"https://[/", b"*", b"?", b"/\xff", b"/a b", b"/" * 70_000]
)
def test_target__garbage(kakao, target):
    with connected(kakao, kakao.endpoints.api_url) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = said(connection)
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"Traceback" not in answer


def test_target__may_be_the_whole_url(kakao):
    with connected(kakao, kakao.endpoints.api_url) as connection:
        url = b"https://kapi.kakao.com/v2/user/me?a=1"
        connection.sendall(b"GET " + url + b" HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b'"code":-401' in said(connection)
    [record] = kakao.requests
    assert (record.path, record.query) == ("/v2/user/me", "a=1")


@pytest.mark.parametrize("url", ["proxy_url", "control_url"])
def test_client__hangs_up_at_every_byte(kakao, url):
    requests_ = {
        "proxy_url": b"CONNECT kauth.kakao.com:443 HTTP/1.1\r\nHost: kauth.kakao.com\r\n\r\n",
        "control_url": b"POST /api/reset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    }
    for length in range(0, len(requests_[url]), 3):
        with connected(kakao, getattr(kakao, url)) as connection:
            connection.sendall(requests_[url][:length])


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 405), ("OPTIONS", 200), ("DELETE", 405), ("PATCH", 405)]
)
def test_method__that_is_not_taken(http, method, status):
    response = http.request(method, TOKEN_URL, timeout=10)
    assert response.status_code == status
    assert "POST" in response.headers["Allow"]


def test_fault__with_what_no_answer_can_hold(kakao, refresh):
    faults = [
        {"json": "\ud800"},
        {"headers": {"X": "a\r\nb"}},
        {"error_code": "KOE999"},
        {"error_code": -99999},
        {"kind": 99},
        {"kind": 600},
    ]
    for fault in faults:
        with pytest.raises(ValueError, match=r"."):
            kakao.fail_next(**fault)
    kakao.fail_next(503, headers={"X": "한글"})
    assert refresh("r").status_code == 503
    assert refresh("r").status_code == 400


def test_clock__stays_within_the_calendar(kakao):
    for days in (10_000_000, -100_000):
        with pytest.raises(ValueError, match="1970"):
            kakao.advance(days=days)
    assert abs(kakao.now() - kakao.requests[-1].time if kakao.requests else 0) < 60
