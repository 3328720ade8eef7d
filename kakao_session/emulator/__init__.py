"""A local Kakao: login, API and tokens, over TLS on your own machine.

>>> from kakao_session.emulator import KakaoEmulator
>>> with KakaoEmulator() as kakao:
...     kakao.login()["token_type"]
'bearer'

The emulator imports nothing from the client except ``endpoints``, so that the two can only agree
through Kakao's protocol. Nothing is loaded before you use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kakao_session.emulator.kakao import KakaoEmulator

__all__ = ["KakaoEmulator"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from kakao_session.emulator import kakao
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("kakao_session"):
            raise
        pip = 'pip install "kakao-session[emulator]"'
        message = f"The emulator needs {error.name}. Run: {pip}"
        raise ModuleNotFoundError(message, name=error.name) from error
    return globals().setdefault(name, getattr(kakao, name))
