"""The servers that documents talk to."""

import pytest

from kakao_session.emulator import KakaoEmulator
from tests.stores.servers import redis_server

APP_KEY = "YOUR_REST_API_KEY"


@pytest.fixture(scope="module")
def local_kakao():
    with KakaoEmulator(app_key=APP_KEY) as kakao:
        yield kakao


@pytest.fixture(scope="module")
def redis():
    with redis_server() as server:
        yield server


@pytest.fixture
def redis_for(request, monkeypatch):
    """Starts a Redis for a document that uses one."""

    def start(document):
        if "REDIS_URL" in document.read_text(encoding="utf-8"):
            monkeypatch.setenv("REDIS_URL", request.getfixturevalue("redis").url)

    return start
