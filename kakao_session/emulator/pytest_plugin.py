"""The fixtures ``kakao`` and ``kakao_session``: a local Kakao that starts anew for each test.

>>> def test_bot__survives_expiry(kakao, kakao_session):
...     kakao.advance(hours=7)
...     my_bot.send("hello", session=kakao_session)
...     assert kakao.requests[-1].path == "/v2/api/talk/memo/default/send"

One server runs for the whole test run, or for each worker of pytest-xdist.
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
    try:
        from kakao_session.emulator import KakaoEmulator
    except ModuleNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    emulator = KakaoEmulator()
    yield emulator
    emulator.stop()


@pytest.fixture
def kakao(
    _kakao_emulator: KakaoEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> KakaoEmulator:
    """A :class:`KakaoEmulator` for this test. Nobody has logged in there yet.

    Environment variables lead your code and its child processes to it, so that they can go on
    using Kakao's real host names. The test does not see your own login, client secret and token
    key.
    """
    _kakao_emulator.start()  # not earlier: pytest would keep an error of the session's fixture
    _kakao_emulator.reset()
    for name, value in _kakao_emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAKAO_REST_API_KEY", _kakao_emulator.app_key)
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", str(tmp_path / "kakao_token.json"))
    for name in ("KAKAO_CLIENT_SECRET", "KAKAO_SESSION_TOKEN_KEY"):
        monkeypatch.delenv(name, raising=False)
    return _kakao_emulator


@pytest.fixture
def kakao_session(kakao: KakaoEmulator, tmp_path: Path) -> Iterator[KakaoSession]:
    """A :class:`KakaoSession` that is logged in at ``kakao``.

    It keeps its token in the file that ``KAKAO_SESSION_TOKEN_FILE`` names. So a bot that makes its
    own session, or runs as another process, is logged in too.
    """
    from kakao_session.session import KakaoSession

    token_file = kakao.write_token_file(tmp_path / "kakao_token.json")
    with KakaoSession(kakao.app_key, token_store=token_file) as session:
        session.verify = kakao.ca_file  # send() does not read the environment
        yield session
