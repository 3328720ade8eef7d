"""The journal: what arrived, and why it was answered as it was."""

from kakao_session.emulator.tokens import fingerprint
from tests.emulator.client import KAUTH


def test_record__has_what_was_sent(kakao, client):
    fields = [("b", "2"), ("a", "1"), ("b", ""), ("한", "글 &")]
    url = f"{KAUTH}/oauth/token?x=%201&y"
    client.ask("POST", url, data=fields, headers={"X-One": "1"})
    [record] = kakao.requests
    assert (record.service, record.host, record.method) == ("kauth", "kauth.kakao.com", "POST")
    assert (record.path, record.query, record.status) == ("/oauth/token", "x=%201&y", 401)
    assert record.form == fields
    assert record.body == b"b=2&a=1&b=&%ED%95%9C=%EA%B8%80+%26"
    assert record.headers["x-one"] == "1"
    assert abs(record.time - kakao.now()) < 10


def test_form__of_every_kind_that_kakao_reads(kakao, client):
    headers = {"Content-Type": "Application/X-WWW-Form-Urlencoded"}
    client.ask("POST", f"{KAUTH}/oauth/token", data=b"a=1", headers=headers)
    files = {"grant_type": (None, "refresh_token"), "file": ("a.png", b"\x89PNG", "image/png")}
    client.ask("POST", f"{KAUTH}/oauth/token", files=files)
    first, second = kakao.requests
    assert first.form == [("a", "1")]
    assert second.form == [("grant_type", "refresh_token")]
    assert second.status == first.status == 401


def test_record__names_tokens_by_fingerprint(kakao, client):
    token = kakao.login()
    new = client.refresh(token["refresh_token"]).json()
    client.me(new["access_token"])
    refresh, call = kakao.requests
    assert refresh.sent == fingerprint(token["refresh_token"])
    assert refresh.issued == call.sent == fingerprint(new["access_token"])
    shown = repr(kakao.requests)
    for secret in (token["refresh_token"], new["access_token"]):
        assert secret not in shown


def test_note__says_what_was_decided_and_why(kakao, client):
    token = kakao.login()
    client.me(token["access_token"])
    client.refresh(token["refresh_token"])
    kakao.refresh_token_renewal = "always"
    kakao.advance(hours=7)
    client.me(token["access_token"])
    client.refresh(token["refresh_token"])
    client.refresh(token["refresh_token"])
    assert [record.note for record in kakao.requests] == [
        "access token good for 6 hours",
        "new access token for 6 hours; refresh token stays (60 days left)",
        "-401: access token expired 1 hour ago",
        "new access token for 6 hours; new refresh token, the old one died (60 days left)",
        "KOE322: refresh token was replaced by a newer one",
    ]
