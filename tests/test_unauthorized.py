"""A call that Kakao answers with a 401: refreshed and sent again, once, and with the same body."""

import gzip
import io
import json
from datetime import timedelta

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from kakao_session import TemporaryError, Token
from kakao_session.unauthorized import LARGEST_401, REFRESHED_FOR_A_401
from tests.conftest import ME, ME_401, REFRESH, MemoryStore, status, wire

UPLOAD = "/v2/api/talk/memo/default/send"


def test_revoked__three_requests_each_time(kakao, new_session, token):
    session = new_session(token=token)
    for _ in range(5):
        kakao.revoke_access_tokens()
        assert status(session) == 200
    assert wire(kakao) == [ME_401, REFRESH, ME] * 5


def test_second_response__looks_as_after_a_redirect(kakao, new_session, token):
    session = new_session(token=token)
    kakao.revoke_access_tokens()
    seen = []
    response = session.get(
        "/v2/user/me", stream=True, hooks={"response": lambda r, **_: seen.append(r.status_code)}
    )
    assert [first.status_code for first in response.history] == [401]
    assert response.request.headers["Authorization"] == f"Bearer {session.access_token}"
    assert response.history[0].request.headers["Authorization"] == f"Bearer {token['access_token']}"
    assert timedelta(0) < response.elapsed < timedelta(seconds=30)
    assert response.raw.tell() == 0  # still a stream
    assert response.json()["id"]
    assert seen == [200]


def test_token_changed_since__sent_again_with_it(kakao, new_session, token):
    session = new_session(token=token)
    prepared = session.prepare_request(requests.Request("GET", "/v2/user/me"))
    session.refresh_token()
    kakao.previous_access_token = "dies"
    session.refresh_token()
    kakao.clear_requests()
    assert session.send(prepared).status_code == 200
    assert wire(kakao) == [ME_401, ME]


def test_token_changed_since__but_it_is_dead_too(kakao, new_session, store, clock):
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    store.save(Token.from_response(kakao.login(), clock.moment))
    kakao.clear_requests()
    clock.advance(minutes=1)
    kakao.revoke_access_tokens()
    response = session.get("/v2/user/me")
    assert response.status_code == 200
    assert [first.status_code for first in response.history] == [401, 401]
    assert wire(kakao) == [ME_401, ME_401, REFRESH, ME]


@pytest.mark.parametrize("body", [{}, {"code": -401}, {"code": None}, [], "text", None], ids=str)
def test_401__about_the_token(kakao, new_session, token, body):
    kakao.fail_next(401, path="/v2/user/me", json=body)
    assert status(new_session(token=token)) == 200
    assert wire(kakao) == [ME_401, REFRESH, ME]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, -406), (401, -402), (401, -400), (401, 401)]
    + [(other, -401) for other in (400, 402, 403, 500)],
)
def test_error_about_something_else__handed_back(kakao, new_session, token, status, code):
    kakao.fail_next(status, path="/v2/user/me", json={"msg": "no", "code": code})
    response = new_session(token=token).get("/v2/user/me", stream=True)
    assert response.status_code == status
    assert json.loads(b"".join(response.iter_content(8)))["code"] == code  # still a stream
    assert wire(kakao) == [("GET", "/v2/user/me", status)]


def test_401__that_an_adapter_has_read(kakao, new_session, token):
    class Reading(HTTPAdapter):
        def send(self, *arguments, **options):
            response = super().send(*arguments, **options)
            assert response.content
            return response

    kakao.revoke_access_tokens()
    session = new_session(token=token)
    session.mount("https://", Reading())
    assert status(session) == 200


def test_401__when_no_token_can_be_had(kakao, new_session, token, stopwatch):
    session = new_session(token=token)
    kakao.revoke_access_tokens()
    kakao.fail_next(503, times=None)
    with pytest.raises(TemporaryError):
        session.get("/v2/user/me")
    kakao.clear_failures()
    assert status(session) == 200


def test_cookies__of_the_401_go_along_with_the_second_request(kakao, new_session, token):
    session = new_session(token=token)
    kakao.fail_next(
        401, path="/v2/user/me", json={"code": -401}, headers={"Set-Cookie": "node=7; Path=/"}
    )
    assert status(session) == 200
    first, _, second = kakao.requests
    assert "Cookie" not in first.headers
    assert second.headers["Cookie"] == "node=7"
    assert session.cookies["node"] == "7"


def test_request_prepared_by_hand__is_sent_again_without_cookies(kakao, new_auth, token, me_url):
    kakao.revoke_access_tokens()
    request = requests.PreparedRequest()
    request.prepare_method("GET")
    request.prepare_url(me_url, None)
    request.prepare_headers({})
    request.prepare_body(None, None)
    request.prepare_auth(new_auth(token=token))
    with requests.Session() as session:
        session.verify = kakao.ca_file
        assert session.send(request).status_code == 200
    assert wire(kakao) == [ME_401, REFRESH, ME]


# A new token that is rejected too ---------------------------------------------------------------


@pytest.fixture
def ip_mismatched(kakao):
    """Kakao rejects every token, because the server's address is not registered."""
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=None)


@pytest.mark.usefixtures("ip_mismatched")
def test_rejected_too__one_refresh_for_ten_calls(kakao, new_session, token, clock):
    session = new_session(token=token)
    for number in range(10):
        response = session.get("/v2/user/me")
        assert response.status_code == 401
        assert "ip mismatched" in response.json()["msg"]
        assert len(response.history) == (1 if number == 0 else 0)
    assert wire(kakao) == [ME_401, REFRESH, *[ME_401] * 10]

    clock.advance(seconds=59)
    session.get("/v2/user/me")
    assert len(kakao.token_requests) == 1
    clock.advance(seconds=1)
    session.get("/v2/user/me")
    assert len(kakao.token_requests) == 2


@pytest.mark.usefixtures("ip_mismatched")
def test_rejected_too__one_refresh_for_all_who_share_the_store(kakao, new_session, store):
    sessions = [new_session(token_store=store) for _ in range(4)]
    for session in sessions:
        session.ensure_active_token()
    assert {status(session) for session in sessions * 3} == {401}
    assert len(kakao.token_requests) == 1


@pytest.mark.usefixtures("ip_mismatched")
def test_rejected_too__one_refresh_for_processes_that_share_the_store(kakao, new_session, store):
    one, other = new_session(token_store=store), new_session(token_store=store)
    assert other.authorized
    one.get("/v2/user/me")
    REFRESHED_FOR_A_401.stop(f"Bearer {one.access_token}")  # another process does not know of it
    assert [status(other) for _ in range(2)] == [401, 401]
    assert len(kakao.token_requests) == 1


@pytest.mark.usefixtures("ip_mismatched")
@pytest.mark.parametrize("is_stored", [True, False])
def test_rejected_too__one_refresh_for_a_new_auth_each_call(
    kakao, new_auth, clock, token, store, me_url, is_stored
):
    login = {"token_store": store} if is_stored else {"token": token}

    def call(times):
        for _ in range(times):
            assert requests.get(me_url, auth=new_auth(**login)).status_code == 401

    call(3)
    assert len(kakao.token_requests) == 1
    clock.advance(seconds=59)

    call(2)
    assert len(kakao.token_requests) == 1
    clock.advance(seconds=1)
    call(2)
    assert len(kakao.token_requests) == 2


def test_rejected_too__but_it_works_for_others_who_share_the_store(kakao, new_session, token):
    store = MemoryStore(token)
    first, second = new_session(token_store=store), new_session(token_store=store)
    assert second.get("/v2/user/me").status_code == 200
    kakao.previous_access_token = "dies"
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=2)
    assert first.get("/v2/user/me").status_code == 401
    assert second.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == 1


@pytest.mark.usefixtures("ip_mismatched")
def test_rejected_too__by_an_answer_that_takes_longer_than_the_cooldown(
    kakao, new_session, token, clock
):
    spans = iter([0, 61, 0])

    class Slow(HTTPAdapter):
        def send(self, *args, **kwargs):
            clock.advance(seconds=next(spans))
            return super().send(*args, **kwargs)

    session = new_session(token=token)
    session.mount(kakao.endpoints.api_url, Slow())
    assert [status(session) for _ in range(2)] == [401, 401]
    assert len(kakao.token_requests) == 1


def test_rejected_too__and_accepted_within_the_minute(kakao, new_session, token):
    session = new_session(token=token)
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=2)
    assert [status(session) for _ in range(2)] == [401, 200]
    assert len(kakao.token_requests) == 1


def test_refreshed_long_ago_and_good_since__is_refreshed_again(kakao, new_session, clock, store):
    one, two = new_session(token_store=store), new_session(token_store=store)
    assert two.authorized
    kakao.revoke_access_tokens()
    one.post(UPLOAD, data=in_chunks())  # which can't be sent again, and so proves nothing
    assert status(one) == 200
    clock.advance(hours=1)
    kakao.revoke_access_tokens()
    kakao.clear_requests()
    assert status(two) == 200
    assert wire(kakao) == [ME_401, ME_401, REFRESH, ME]


def test_second_answer_lost__refreshed_again_after_the_cooldown(kakao, new_session, token, clock):
    session = new_session(token=token)
    kakao.fail_next(401, path="/v2/user/me", json={"code": -401})
    kakao.fail_next("reset", path="/v2/user/me")
    with pytest.raises(requests.ConnectionError):
        session.get("/v2/user/me")
    clock.advance(seconds=60)
    kakao.revoke_access_tokens()
    assert status(session) == 200


def test_second_401_about_something_else__ends_the_cooldown(kakao, new_session, token):
    session = new_session(token=token)
    kakao.fail_next(401, path="/v2/user/me", json={"code": -401})
    kakao.fail_next(401, path="/v2/user/me", json={"code": -406})
    assert status(session) == 401
    kakao.revoke_access_tokens()
    assert status(session) == 200


# Bodies of requests ---------------------------------------------------------------------------


def in_chunks():
    yield b"ab"
    yield b"cd"


@pytest.mark.parametrize(
    "kwargs",
    [
        {"data": b"abcd"},
        {"data": "abcd"},
        {"data": bytearray(b"abcd")},
        {"data": memoryview(b"abcd")},
        {"files": {"f": ("n", b"abcd")}},
    ],
    ids=["bytes", "str", "bytearray", "memoryview", "multipart"],
)
def test_body__sent_again_whole(kakao, new_session, token, kwargs):
    kakao.revoke_access_tokens()
    new_session(token=token).post(UPLOAD, **kwargs)
    first, _, second = kakao.requests
    assert first.body == second.body != b""
    assert first.headers["Content-Length"] == second.headers["Content-Length"]


def test_file__rewound_to_where_it_stood(kakao, new_session, token, tmp_path):
    content = b"head" + b"x" * 300_000
    (tmp_path / "upload").write_bytes(content)
    kakao.revoke_access_tokens()
    with (tmp_path / "upload").open("rb") as body:
        body.seek(4)
        new_session(token=token).post(UPLOAD, data=body)
    first, _, second = kakao.requests
    assert first.body == second.body == content[4:]


class Pipe(io.BytesIO):
    def tell(self):
        raise OSError("a pipe")


@pytest.mark.parametrize("body", [in_chunks, lambda: Pipe(b"abcd")], ids=["generator", "pipe"])
def test_body_that_can_be_read_once__never_sent_twice(kakao, new_session, token, body):
    session = new_session(token=token)
    kakao.revoke_access_tokens()
    response = session.post(UPLOAD, data=body())
    assert response.status_code == 401
    assert response.json()["code"] == -401
    assert wire(kakao) == [("POST", UPLOAD, 401), REFRESH]
    assert kakao.requests[0].body == b"abcd"
    assert session.post(UPLOAD, data=body()).status_code != 401


# Bodies of 401s -------------------------------------------------------------------------------


class Answering401(BaseAdapter):
    """Answers with a 401 and a body of its own, as urllib3 does."""

    def __init__(self, body, headers):
        super().__init__()
        self.body, self.headers = body, headers

    def send(self, request, **_):
        options = {"preload_content": False, "decode_content": False}
        self.raw = HTTPResponse(io.BytesIO(self.body), self.headers, 401, **options)
        return HTTPAdapter().build_response(request, self.raw)

    def close(self):
        pass


@pytest.mark.parametrize(("raw", "content"), [(io.BytesIO(), False), (None, b'{"code": -401}')])
def test_adapter_without_a_connection__gets_its_401_back(kakao, new_session, token, raw, content):
    class Stub(Answering401):
        def send(self, request, **_):
            response = requests.Response()
            response.status_code, response.request = 401, request
            response.raw, response._content = raw, content
            return response

    session = new_session(token=token)
    session.mount(kakao.endpoints.api_url, Stub(b"", {}))
    assert status(session) == 401
    assert wire(kakao) == [REFRESH]


def test_body_of_a_401__that_can_not_be_read(kakao, new_session, token):
    kakao.fail_next(401, path="/v2/user/me", headers={"Content-Encoding": "gzip"}, times=2)
    response = new_session(token=token).get("/v2/user/me", stream=True)
    assert response.status_code == 401
    assert wire(kakao) == [ME_401, REFRESH, ME_401]


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("beyond", [0, 1])
def test_body_of_a_401__is_read_up_to_1_mib(kakao, new_session, token, declared, beyond):
    assert LARGEST_401 == 1 << 20
    frame = '{"code": -401, "x": ""}'
    body = frame.replace('""', f'"{"x" * (LARGEST_401 - len(frame) + beyond)}"').encode()
    adapter = Answering401(body, {"Content-Length": str(len(body))} if declared else {})
    session = new_session(token=token)
    session.mount(kakao.endpoints.api_url, adapter)
    response = session.get("/v2/user/me", stream=True)
    response = [*response.history, response][0]
    assert response.status_code == 401
    assert len(kakao.token_requests) == (0 if beyond else 1)
    assert adapter.raw.tell() <= (0 if declared and beyond else LARGEST_401 + 4096)
    if not beyond:
        assert response.json()["code"] == -401
    else:
        assert response.content == (body if declared else body[:LARGEST_401])
        assert b"".join(response.iter_content(LARGEST_401)) == response.content


def test_body_of_a_401__that_swells(kakao, new_session, token):
    bomb = gzip.compress(b"x" * (8 << 20))
    session = new_session(token=token)
    session.mount(kakao.endpoints.api_url, Answering401(bomb, {"Content-Encoding": "gzip"}))
    assert len(session.get("/v2/user/me").content) == LARGEST_401
    assert kakao.token_requests == []


def test_401__of_an_accepted_token_when_the_clock_shows_the_same_time_again(
    kakao, new_session, token, clock
):
    """The cooldown of a new token ends when it is accepted, even while the clock is set back."""
    store = MemoryStore(token)
    first, second = new_session(token_store=store), new_session(token_store=store)
    for session in (first, second):
        assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    assert first.post("/v2/user/me", data=in_chunks()).status_code == 401  # can't be sent again
    clock.moment -= 7200
    assert second.get("/v2/user/me").status_code == 200  # with the new token
    clock.moment += 7200
    kakao.revoke_access_tokens()
    kakao.clear_requests()
    assert second.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME_401, REFRESH, ME]
