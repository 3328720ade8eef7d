"""A proxy that nobody trusts: it may refuse to carry anything, and learns nothing."""

import pytest
import requests

from kakao_session import FileTokenStore, KakaoSession, TemporaryError


@pytest.fixture
def session(kakao, monkeypatch, tmp_path, token):
    """A session with Kakao's real names, all of which the proxy takes for its own."""
    monkeypatch.setenv("HTTPS_PROXY", kakao.proxy_url)
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    return KakaoSession(kakao.app_key, token_store=store)


def test_proxy__without_a_trusted_certificate(session, kakao, monkeypatch, token):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(requests.exceptions.SSLError):
        session.get("/v2/user/me")
    with pytest.raises(requests.exceptions.SSLError):
        session.get("https://dapi.kakao.com/v2/search/web")
    with pytest.raises(TemporaryError, match="login is kept"):
        session.refresh_token()
    assert kakao.requests == []
    assert session.token == token


def test_proxy__with_a_trusted_certificate(session, kakao):
    """Who installs its authority on the machine sees everything; ``emulate`` lives on that."""
    assert session.get("/v2/user/me").status_code == 200
    assert [record.host for record in kakao.requests] == ["kapi.kakao.com"]
