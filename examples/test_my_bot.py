"""Tests of a bot, with the emulator: pip install pytest "kakao-session[emulator]"; pytest

`kakao` is the emulator. `kakao_session` is logged in there. No request leaves the machine.
"""

import json

import pytest

from kakao_session import KakaoSession, LoginRequiredError, ScopeRequiredError, raise_for_kakao
from kakao_session.emulator import KakaoEmulator


def send(session: KakaoSession, text: str) -> None:  # the bot
    template = {"object_type": "text", "text": text, "link": {"web_url": "https://example.com"}}
    form = {"template_object": json.dumps(template)}
    raise_for_kakao(session.post("/v2/api/talk/memo/default/send", data=form))


def test_bot__sends(kakao: KakaoEmulator, kakao_session: KakaoSession) -> None:
    send(kakao_session, "안녕")
    assert "안녕" in json.loads(dict(kakao.requests[-1].form)["template_object"])["text"]


def test_bot__a_day_later(kakao: KakaoEmulator, kakao_session: KakaoSession) -> None:
    kakao.advance(days=1)
    send(kakao_session, "good morning")
    assert len(kakao.token_requests) == 1  # the token was refreshed once


def test_bot__user_has_unlinked(kakao: KakaoEmulator, kakao_session: KakaoSession) -> None:
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        send(kakao_session, "is anyone there?")


def test_bot__consent_is_missing(kakao: KakaoEmulator, kakao_session: KakaoSession) -> None:
    kakao.fail_next(path="/v2/api/talk/memo/default/send", error_code=-402)
    with pytest.raises(ScopeRequiredError):
        send(kakao_session, "may I?")
