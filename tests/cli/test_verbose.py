"""``--verbose``: what went over the wire, without secrets; and the time-outs of the wire."""

import logging
import re

import pytest
import requests

from kakao_session.cli.wire import Wire, answered, described
from kakao_session.redaction import fingerprint
from tests.cli.conftest import store, stored


def test_verbose__tells_requests_and_answers(login, kakao, token_file, run, clock):
    kakao.client_secret = "the-client-secret"
    clock.advance(days=45)
    result = run("refresh", "-v", KAKAO_CLIENT_SECRET="the-client-secret")
    assert result.exit_code == 0
    new = stored(token_file)
    key, old = fingerprint(kakao.app_key), fingerprint(login["refresh_token"])
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"* took over the access token {login.fingerprint} ")
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
    assert lines[5].startswith("* renewed the access token ")
    assert len(lines) == 6
    for secret in (*(login[name] for name in ("access_token", "refresh_token")), kakao.app_key):
        assert secret not in result.output
    assert "the-client-secret" not in result.output


def test_verbose__tells_of_a_call_what_is_nobodys_business_but_the_wires(login, kakao, run):
    result = run(
        "request",
        "-v",
        "POST",
        "/v2/user/me",
        "-d",
        "text=private",
        "-d",
        "a=",
        "-H",
        "X-A: private",
    )
    assert "> POST https://kapi.kakao.com/v2/user/me\n" in result.stderr
    assert f"> Authorization: Bearer #{login.fingerprint}\n" in result.stderr
    assert "> body: text=... a=...\n" in result.stderr
    assert "private" not in result.output
    result = run("request", "-v", "GET", "https://dapi.kakao.com/v2/search/web?query=private")
    assert "> query: query=...\n" in result.stderr
    assert f"> Authorization: KakaoAK #{fingerprint(kakao.app_key)}\n" in result.stderr
    assert "private" not in result.stderr


def test_verbose__tells_a_refusal_without_what_it_echoes(login, kakao, run):
    result = run("refresh", "--verbose", "--client-id", "a-key-that-is-echoed")
    assert "< 401 UNAUTHORIZED" in result.stderr
    assert "error=invalid_client error_description=... error_code=KOE101" in result.stderr
    assert "a-key-that-is-echoed" not in result.output


def test_verbose__tells_what_broke(login, kakao, run):
    kakao.fail_next("reset", path="/v2/user/me")
    result = run("request", "-v", "GET", "/v2/user/me")
    assert re.search(r"^< (Connection|Proxy)Error$", result.stderr, re.MULTILINE)


def test_verbose__is_not_the_usual_way(login, run):
    before = logging.getLogger("kakao_session").handlers[:]
    run("refresh", "-v")
    assert run("refresh").stderr == ""
    assert logging.getLogger("kakao_session").handlers == before
    assert logging.getLogger("kakao_session").level == logging.NOTSET


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"a": [1], "b": null}'])
def test_answer__of_any_shape(status, body):
    response = requests.Response()
    response.status_code, response.reason, response._content = status, "Any", body
    response.url = "https://kauth.kakao.com/oauth/token"
    (head, fields) = answered(response, 5)
    assert head == f"{status} Any, 5 ms"
    assert fields == ("body: a=... b=..." if body.startswith(b"{") else "body: ")


def test_request__of_any_shape():
    request = requests.Request(
        "PUT",
        "https://example.com/path?code=c&x=1",
        headers={"Authorization": b"Basic", "Content-Type": "image/png"},
        data=b"\xff\xfe",
    ).prepare()
    request.url = "https://me:word@example.com/path?code=c&x=1&y="
    assert list(described(request)) == [
        "PUT https://example.com/path",
        f"query: code=#{fingerprint('c')} x=... y=...",
        "Authorization: Basic (empty)",
        "body: 2 characters",
    ]


@pytest.mark.parametrize(("given", "used"), [(None, (5.0, 30.0)), (3, 3)])
@pytest.mark.parametrize("verbose", [True, False])
def test_wire__never_waits_for_ever(monkeypatch, given, used, verbose):
    seen = []

    def send(_, request, **transport):
        seen.append(transport["timeout"])
        return requests.Response()

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    with requests.Session() as session:
        session.mount("https://", Wire(verbose))
        session.get("https://example.com/", timeout=given)
    assert seen == [used]


def test_login__in_another_place(login, kakao, tmp_path, token_file, run):
    other = tmp_path / "other.json"
    store(other, **login)
    token_file.unlink()
    for arguments in (["status"], ["refresh"], ["request", "GET", "/v2/user/me"], ["logout"]):
        assert run(*arguments).exit_code == 1
        assert run(*arguments, "--token-file", str(other)).exit_code == 0
    assert not other.exists()
