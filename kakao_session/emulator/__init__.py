"""A local Kakao: the login, the API and their tokens, on loopback and over TLS.

>>> from kakao_session.emulator import KakaoEmulator
>>> with KakaoEmulator() as kakao:
...     kakao.login()["token_type"]
'bearer'

The client and the emulator agree through Kakao's protocol alone: nothing of the client is imported
here but ``endpoints``, and nothing at all before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kakao_session.emulator.kakao import KakaoEmulator

__all__ = ["KakaoEmulator"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kakao_session.emulator import kakao

    return globals().setdefault(name, getattr(kakao, name))
