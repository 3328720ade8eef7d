"""Fixtures that the fuzz tests take from other folders, and waits that take no time."""

import time

import pytest
import requests

from tests.cli.conftest import run, token_file  # noqa: F401  # fixtures
from tests.stores.conftest import (  # noqa: F401
    _connections,
    sqlite_url,
)


@pytest.fixture
def http(kakao, monkeypatch):
    """A session that reaches the emulator through the environment alone."""
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    with requests.Session() as session:
        yield session


@pytest.fixture
def no_waits(monkeypatch):
    """The pauses before another token request take no time, and none would take long."""

    def sleep(seconds):
        assert 0 <= seconds <= 10

    monkeypatch.setattr(time, "sleep", sleep)
