"""The unlink webhook: called when the user unlinks, and not when the app does."""

from urllib.parse import parse_qs

import pytest

from tests.free_port import free_port


@pytest.fixture
def webhook(kakao, callback):
    """An app's server whose webhook is registered."""
    callback.status = 200
    kakao.unlink_webhook = f"http://127.0.0.1:{callback.server_port}/unlinked?by=kakao"
    return callback


@pytest.mark.parametrize("host", ["127.0.0.1", "app.localhost"])
def test_webhook__when_the_user_unlinks(kakao, http, webhook, host):
    kakao.unlink_webhook = kakao.unlink_webhook.replace("127.0.0.1", host)
    kakao.unlink()
    assert webhook.received == []
    kakao.login(2**60)
    kakao.unlink(2**60)
    [(method, path, form)] = webhook.received
    assert (method, path) == ("POST", "/unlinked?by=kakao")
    assert parse_qs(form.decode()) == {
        "app_id": ["1234"],
        "user_id": [str(2**60)],
        "referrer_type": ["UNLINK_FROM_APPS"],
    }
    assert webhook.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert webhook.headers["Authorization"] == f"KakaoAK {kakao.admin_key}"
    assert webhook.headers["Host"] == f"{host}:{webhook.server_port}"
    kakao.login()
    http.post(f"{kakao.control_url}/api/unlink", json={}, timeout=10)
    assert b"user_id=123456789" in webhook.received[1][2]
    assert kakao.requests == []


def test_webhook__not_for_an_unlink_by_api(kakao, client, webhook):
    client.call("/v1/user/unlink", kakao.login()["access_token"], "POST")
    assert (kakao.users, webhook.received) == ([], [])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://localhost:many/", "Port"),
        ("https://example.com/unlinked", "it is not on this machine"),
        ("http://[", "Invalid IPv6 URL"),
        ("unlinked", "it is not on this machine"),
        ("http://127.0.0.1:{port}/", "refused"),
    ],
)
def test_webhook__that_cannot_be_called(kakao, caplog, url, words):
    kakao.unlink_webhook = url.format(port=free_port())
    kakao.login()
    kakao.unlink()
    assert kakao.users == []
    assert "The unlink webhook was not delivered" in caplog.text
    assert words in caplog.text
    assert kakao.admin_key not in caplog.text


def test_webhook__that_answers_with_an_error(kakao, caplog, webhook):
    webhook.status = 500
    kakao.login()
    kakao.unlink()
    assert len(webhook.received) == 1
    assert "status 500 instead of 200" in caplog.text
