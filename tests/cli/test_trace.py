"""``--verbose``: what goes over the wire, without secrets; and the timeouts."""

import logging
import re

import pytest
import requests

from kakao_session.cli.trace import TracingAdapter, request_lines, response_lines
from kakao_session.redaction import fingerprint
from tests.cli.conftest import stored


def test_verbose__prints_requests_and_responses(login, kakao, token_file, run, clock):
    kakao.client_secret = "the-client-secret"
    clock.advance(days=45)
    result = run("refresh", "-v", KAKAO_CLIENT_SECRET="the-client-secret")
    assert result.exit_code == 0
    new = stored(token_file)
    key, old = fingerprint(kakao.app_key), fingerprint(login["refresh_token"])
    lines = result.stderr.splitlines()
    assert [line[0] for line in lines] == ["*", ">", ">", "<", "<", "*"]
    assert lines[1:3] == [
        "> POST https://kauth.kakao.com/oauth/token",
        f"> body: grant_type=refresh_token client_id=#{key} refresh_token=#{old} client_secret=...",
    ]
    assert lines[3].startswith("< 200 OK, ")
    assert set(lines[4].split()) == {
        "<",
        "body:",
        f"access_token=#{fingerprint(new['access_token'])}",
        f"refresh_token=#{fingerprint(new['refresh_token'])}",
        "token_type=bearer",
        "expires_in=21599",
        "refresh_token_expires_in=5183999",
    }


def test_verbose__hides_the_values_of_a_call(login, kakao, run):
    options = ["-d", "text=private", "-d", "a=", "-H", "X-A: private"]
    result = run("request", "-v", "POST", "/v2/user/me", *options)
    assert "> POST https://kapi.kakao.com/v2/user/me\n" in result.stderr
    assert f"> Authorization: Bearer #{login.fingerprint}\n" in result.stderr
    assert "> body: text=... a=...\n" in result.stderr
    assert "private" not in result.output
    result = run("request", "-v", "GET", "https://dapi.kakao.com/v2/search/web?query=private")
    assert "> query: query=...\n" in result.stderr
    assert f"> Authorization: KakaoAK #{fingerprint(kakao.app_key)}\n" in result.stderr
    assert "private" not in result.stderr


def test_verbose__hides_what_an_error_repeats(login, kakao, run):
    result = run("refresh", "--verbose", "--client-id", "a-key-that-is-echoed")
    assert "< 401 UNAUTHORIZED" in result.stderr
    assert "error=invalid_client error_description=... error_code=KOE101" in result.stderr
    assert "a-key-that-is-echoed" not in result.output


def test_verbose__names_a_broken_connection(login, kakao, run):
    kakao.fail_next("reset", path="/v2/user/me")
    result = run("request", "-v", "GET", "/v2/user/me")
    assert re.search(r"^< (Connection|Proxy)Error$", result.stderr, re.MULTILINE)


def test_verbose__leaves_the_log_as_it_was(login, run):
    log = logging.getLogger("kakao_session")
    log.setLevel(logging.NOTSET)  # whatever another test has left
    before = log.handlers[:]
    run("refresh", "-v")
    assert run("refresh").stderr == ""
    assert (log.handlers, log.level) == (before, logging.NOTSET)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"a": [1], "b": null}'])
def test_response__of_any_shape(body):
    response = requests.Response()
    response.status_code, response.reason, response._content = 400, "Any", body
    response.url = "https://kauth.kakao.com/oauth/token"
    (head, fields) = response_lines(response, 5)
    assert head == "400 Any, 5 ms"
    assert fields == ("body: a=... b=..." if body.startswith(b"{") else "body: ")


def test_request__of_any_shape():
    request = requests.Request(
        "PUT",
        "https://example.com/path?code=c&x=1",
        headers={"Authorization": b"Basic", "Content-Type": "image/png"},
        data=b"\xff\xfe",
    ).prepare()
    request.url = "https://me:word@example.com/path?code=c&x=1&y="
    assert list(request_lines(request)) == [
        "PUT https://example.com/path",
        f"query: code=#{fingerprint('c')} x=... y=...",
        "Authorization: Basic (empty)",
        "body: 2 characters",
    ]


@pytest.mark.parametrize(("given", "used"), [(None, (5.0, 30.0)), (3, 3)])
@pytest.mark.parametrize("verbose", [True, False])
def test_timeout__is_never_missing(monkeypatch, given, used, verbose):
    seen = []

    def send(_, request, **transport):
        seen.append(transport["timeout"])
        return requests.Response()

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    with requests.Session() as session:
        session.mount("https://", TracingAdapter(verbose))
        session.get("https://example.com/", timeout=given)
    assert seen == [used]


def test_timeout__ends_the_command(login, kakao, run, monkeypatch):
    monkeypatch.setattr("kakao_session.cli.trace.TIMEOUT", (5.0, 0.2))
    kakao.fail_next("hang", path="/v2/user/me")
    assert run("request", "GET", "/v2/user/me").exit_code == 1
