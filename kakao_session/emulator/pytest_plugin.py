"""The ``kakao`` fixture: a local Kakao for each test, on one server for the whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kakao_session.emulator.kakao import KakaoEmulator


@pytest.fixture(scope="session")
def _kakao_emulator() -> Iterator[KakaoEmulator]:
    from kakao_session.emulator.kakao import KakaoEmulator

    with KakaoEmulator() as emulator:
        yield emulator


@pytest.fixture
def kakao(_kakao_emulator: KakaoEmulator, monkeypatch: pytest.MonkeyPatch) -> KakaoEmulator:
    """A local Kakao where nobody has logged in yet.

    The environment leads to it, so that code under test may go on naming Kakao's real hosts.
    """
    _kakao_emulator.reset()
    for name, value in _kakao_emulator.environment().items():
        monkeypatch.setenv(name, value)
    return _kakao_emulator
