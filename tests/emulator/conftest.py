"""Clients for the emulator's tests, which reach it through the environment alone."""

import pytest
import requests

from tests.emulator.client import Client


@pytest.fixture
def kakao(kakao, monkeypatch):
    """A local Kakao to which the environment leads, as the plugin's fixture does it."""
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    return kakao


@pytest.fixture
def http(kakao):
    with requests.Session() as session:
        yield session


@pytest.fixture
def client(kakao, http):
    return Client(http, kakao.app_key, kakao.admin_key)
