"""Clients for inputs to the emulator, which reach it through the environment alone."""

import pytest
import requests


@pytest.fixture
def http(kakao, monkeypatch):
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    with requests.Session() as session:
        yield session
