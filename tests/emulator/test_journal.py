"""The request log, the reset between tests, and the environment."""

import json
import subprocess
import sys
import time

import pytest

from kakao_session.emulator import KakaoEmulator
from kakao_session.emulator.clock import in_words
from kakao_session.emulator.tokens import fingerprint


def test_record__holds_what_was_sent(kakao, http):
    fields = [("b", "2"), ("a", "1"), ("b", ""), ("한", "글 &")]
    http.post(
        "https://kauth.kakao.com/oauth/token?x=%201&y",
        data=fields,
        headers={"X-One": "1"},
        timeout=10,
    )
    [record] = kakao.requests
    assert (record.service, record.host, record.method) == ("kauth", "kauth.kakao.com", "POST")
    assert (record.path, record.query, record.status) == ("/oauth/token", "x=%201&y", 401)
    assert record.form == fields
    assert record.body == b"b=2&a=1&b=&%ED%95%9C=%EA%B8%80+%26"
    assert record.headers["x-one"] == "1"
    assert abs(record.time - kakao.now()) < 10


def test_record__names_tokens_and_shows_none(
    kakao,
    refresh,
    me,
):
    token = kakao.login()
    new = refresh(token["refresh_token"]).json()
    me(new["access_token"])
    renewal, call = kakao.requests
    assert renewal.sent == fingerprint(token["refresh_token"])
    assert renewal.issued == call.sent == fingerprint(new["access_token"])
    assert renewal.note == "new access token for 6 hours; refresh token stays (60 days left)"
    assert call.note == "access token good for 6 hours"
    shown = repr(kakao.requests)
    for secret in (token["refresh_token"], new["access_token"]):
        assert secret not in shown


def test_note__says_why_a_token_was_refused(
    kakao,
    refresh,
    me,
):
    kakao.refresh_token_renewal = "always"
    token = kakao.login()
    kakao.advance(hours=7)
    me(token["access_token"])
    refresh(token["refresh_token"])
    refresh(token["refresh_token"])
    assert [record.note for record in kakao.requests] == [
        "-401: access token ended 1 hour ago",
        "new access token for 6 hours; new refresh token, the old one died (60 days left)",
        "KOE322: refresh token was replaced by a newer one",
    ]


def test_token_requests__are_those_of_the_token_endpoint(
    kakao,
    refresh,
    me,
):
    me("t")
    refresh("r")
    assert [record.path for record in kakao.token_requests] == ["/oauth/token"]
    kakao.clear_requests()
    assert kakao.requests == []


def test_reset__forgets_everything(
    kakao,
    refresh,
    me,
):
    token = kakao.login()
    now = kakao.now()
    kakao.advance(days=1)
    kakao.client_secret = "emulator-secret"
    kakao.latency = 60
    kakao.fail_next(503, times=None)
    me(token["access_token"])
    kakao.reset()
    assert kakao.requests == []
    assert kakao.now() - now < 60
    assert kakao.find(token["access_token"]) is None
    assert refresh(token["refresh_token"]).json()["error_code"] == "KOE322"


def test_switches__are_keywords():
    kakao = KakaoEmulator(access_lifetime=60, client_secret="emulator-secret")
    kakao.access_lifetime = 1
    kakao.reset()
    assert (kakao.access_lifetime, kakao.client_secret) == (60, "emulator-secret")
    assert kakao.login()["expires_in"] == 60
    with pytest.raises(TypeError):
        KakaoEmulator(acces_lifetime=60)


def test_environment__leads_every_client_here(kakao):
    environment = kakao.environment()
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        assert environment[name] == environment[name.lower()] == kakao.proxy_url
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        assert environment[name] == kakao.ca_file
    assert environment["NODE_USE_ENV_PROXY"] == "1"
    assert "kakao" not in environment["NO_PROXY"]


def test_token_file__is_as_a_login_leaves_it(kakao, tmp_path):
    path = kakao.write_token_file(tmp_path / "token.json", hours_ago=7)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert list(written) == [*kakao.login(), "app_key"]
    assert abs(time.time() - path.stat().st_mtime - 7 * 3600) < 60
    access, refresh = (kakao.find(written[name]) for name in ("access_token", "refresh_token"))
    assert access
    assert refresh
    assert -3600 - 60 < access.expires_at - kakao.now() < -3600 + 60
    assert {access, refresh} <= {*kakao.tokens}
    assert [user.id for user in kakao.users] == [123456789]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (3599, "1 hour"),
        (5400, "2 hours"),
        (21599, "6 hours"),
        (86_400, "1 day"),
        (5183999, "60 days"),
    ],
)
def test_duration__in_words(seconds, words):
    assert in_words(seconds) == words


def test_plugin__costs_a_suite_nothing():
    program = (
        "import sys, kakao_session.emulator.pytest_plugin\n"
        "print({'flask', 'werkzeug', 'trustme', 'requests'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "set()\n"
