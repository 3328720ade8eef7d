"""Clients for the emulator's tests: plain requests, through the proxy, with Kakao's real names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kakao_session.emulator import KakaoEmulator


@pytest.fixture
def kakao(kakao: KakaoEmulator, monkeypatch: pytest.MonkeyPatch) -> KakaoEmulator:
    """The local Kakao, to which the environment leads as in the plugin's own fixture."""
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    return kakao


@pytest.fixture
def http(kakao: KakaoEmulator) -> Iterator[requests.Session]:
    """A session that knows nothing of the emulator but what stands in the environment."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def refresh(kakao: KakaoEmulator, http: requests.Session) -> Callable[..., requests.Response]:
    """The documented refresh; keywords replace a field of the form, ``None`` leaves it out."""

    def post(refresh_token: str | None, **fields: str | None) -> requests.Response:
        form = {
            "grant_type": "refresh_token",
            "client_id": kakao.app_key,
            "refresh_token": refresh_token,
            **fields,
        }
        return http.post("https://kauth.kakao.com/oauth/token", data=form, timeout=10)

    return post


@pytest.fixture
def me(http: requests.Session) -> Callable[[str], requests.Response]:
    """``/v2/user/me`` with an access token."""

    def get(access_token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        return http.get("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)

    return get
