"""Clients for the emulator's tests: plain requests, through the proxy, with Kakao's real names."""

import pytest
import requests


@pytest.fixture
def kakao(kakao, monkeypatch):
    """The local Kakao, to which the environment leads as in the plugin's own fixture."""
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    return kakao


@pytest.fixture
def http(kakao):
    """A session that knows nothing of the emulator but what stands in the environment."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def refresh(kakao, http):
    """The documented refresh; keywords replace a field of the form, ``None`` leaves it out."""

    def post(refresh_token, **fields):
        form = {
            "grant_type": "refresh_token",
            "client_id": kakao.app_key,
            "refresh_token": refresh_token,
            **fields,
        }
        return http.post("https://kauth.kakao.com/oauth/token", data=form, timeout=10)

    return post


@pytest.fixture
def me(http):
    """``/v2/user/me`` with an access token."""

    def get(access_token):
        headers = {"Authorization": f"Bearer {access_token}"}
        return http.get("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)

    return get
