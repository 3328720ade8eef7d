"""The fixtures ``kakao`` and ``kakao_session``: a local Kakao for each test, one server a run.

>>> def test_bot__survives_expiry(kakao, kakao_session):
...     kakao.advance(hours=7)
...     my_bot.send("hello", session=kakao_session)
...     assert kakao.requests[-1].path == "/v2/api/talk/memo/default/send"

Under pytest-xdist each worker has a server of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kakao_session.emulator.kakao import KakaoEmulator
    from kakao_session.session import KakaoSession


@pytest.fixture(scope="session")
def _kakao_emulator() -> Iterator[KakaoEmulator]:
    from kakao_session.emulator.kakao import KakaoEmulator

    with KakaoEmulator() as emulator:
        yield emulator


@pytest.fixture
def kakao(
    _kakao_emulator: KakaoEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> KakaoEmulator:
    """A local Kakao where nobody has logged in yet.

    The environment leads to it, here and in child processes, so that the code under test may go
    on naming Kakao's real hosts; and it hides the login and secret of whoever runs the tests.
    """
    _kakao_emulator.reset()
    for name, value in _kakao_emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAKAO_REST_API_KEY", _kakao_emulator.app_key)
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", str(tmp_path / "kakao_token.json"))
    monkeypatch.delenv("KAKAO_CLIENT_SECRET", raising=False)
    return _kakao_emulator


@pytest.fixture
def kakao_session(kakao: KakaoEmulator, tmp_path: Path) -> Iterator[KakaoSession]:
    """A session that is logged in at the local Kakao.

    Its token lies in the file that ``KAKAO_SESSION_TOKEN_FILE`` names, as ``kakao-session login``
    leaves it: a bot that is started as a process of its own is logged in too.
    """
    from kakao_session.session import KakaoSession

    token_file = kakao.write_token_file(tmp_path / "kakao_token.json")
    with KakaoSession(kakao.app_key, token_store=token_file) as session:
        session.verify = kakao.ca_file  # send() does not ask the environment
        yield session
