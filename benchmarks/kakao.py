"""The local Kakao in a process of its own, so that what it spends is not counted as a client's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import Any

from benchmarks.contenders import LIFE, Login
from kakao_session import Endpoints, Token
from kakao_session.emulator import KakaoEmulator

SECRET = "the-client-secret"


class _Kakao:
    """What is asked of it, in its process."""

    def __init__(self) -> None:
        self._emulator = KakaoEmulator(client_secret=SECRET).start()

    def ca_file(self) -> str:
        return self._emulator.ca_file

    def login(self) -> Login:
        endpoints = Endpoints(**vars(self._emulator.endpoints))
        login = Login(self._emulator.login(), endpoints, self._emulator.app_key, SECRET)
        return login.ending_in(LIFE)

    def environment(self) -> dict[str, str]:
        """:returns: the variables that lead a program to it, with the app's key and secret."""
        app = {"KAKAO_REST_API_KEY": self._emulator.app_key, "KAKAO_CLIENT_SECRET": SECRET}
        return {**self._emulator.environment(), **app}

    def log_in(self, users: Sequence[int], days_ago: float) -> list[Token]:
        """:returns: the tokens of users who logged in some days ago."""
        self._emulator.advance(days=-days_ago)
        now = self._emulator.now()
        tokens = [Token.from_response(self._emulator.login(user), now) for user in users]
        self._emulator.advance(days=days_ago)
        return tokens

    def unlink(self, users: Sequence[int]) -> None:
        for user in users:
            self._emulator.unlink(user)

    def accepts(self, refresh_tokens: Sequence[str]) -> list[bool]:
        """:returns: of each, whether a refresh with it succeeds."""
        found = map(self._emulator.find, refresh_tokens)
        return [token is not None and not token.ended for token in found]

    def switch(self, **positions: Any) -> None:
        for name, position in positions.items():
            setattr(self._emulator, name, position)

    def revoke(self) -> None:
        self._emulator.revoke_access_tokens()

    def refreshes(self) -> int:
        """:returns: how many tokens were asked for since the last question."""
        count = self.refreshes_so_far()
        self._emulator.clear_requests()
        return count

    def refreshes_so_far(self) -> int:
        return len(self._emulator.token_requests)

    def stop(self) -> None:
        self._emulator.stop()


class Kakao(BaseManager):
    """The process. :meth:`_Kakao` is what its ``kakao()`` answers to."""


Kakao.register("kakao", _Kakao)


@contextmanager
def running_kakao() -> Iterator[Any]:
    """Start it, and let the environment of this process and its children trust it."""
    before = dict(os.environ)
    with Kakao(ctx=get_context("spawn")) as manager:
        kakao = manager.kakao()  # type: ignore[attr-defined]  # registered above
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = kakao.ca_file()
        try:
            yield kakao
        finally:
            os.environ.clear()
            os.environ.update(before)
            kakao.stop()
