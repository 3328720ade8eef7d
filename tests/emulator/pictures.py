"""Takes the pictures of the docs anew: ``python -m tests.emulator.pictures``."""

import os
from pathlib import Path
from urllib.parse import urlencode

import requests

from kakao_session.emulator import KakaoEmulator
from kakao_session.endpoints import KAKAO
from tests.emulator.chromium import chromium

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = {"ko": "ko-KR", "en": "en-US"}


def main():
    """Write each picture in both languages."""
    DOCS.mkdir(exist_ok=True)
    with KakaoEmulator(consent="page", rate_limit=True) as kakao, chromium() as browser:
        for language, locale in LANGUAGES.items():
            kakao.reset()
            page = _opened(browser, kakao, locale, width=520, scale=1.5)
            page.goto(_authorize(kakao))
            page.locator("main").screenshot(path=DOCS / f"consent-{language}.png")
            kakao.clear_requests()
            _some_traffic(kakao)
            page = _opened(browser, kakao, locale, width=1180)
            page.goto(kakao.control_url)
            page.locator("#requests tr").first.wait_for()
            page.screenshot(path=DOCS / f"control-{language}.png", full_page=True)


def _opened(browser, kakao, locale, width, scale=1):
    return browser.new_page(
        locale=locale,
        viewport={"width": width, "height": 700},
        device_scale_factor=scale,
        proxy={"server": kakao.proxy_url},
        ignore_https_errors=True,
    )


def _authorize(kakao):
    query = {
        "client_id": kakao.app_key,
        "redirect_uri": "http://localhost:8765/callback",
        "response_type": "code",
        "scope": "profile_nickname,account_email,talk_message",
    }
    return f"{KAKAO.authorize_url}?{urlencode(query)}"


def _some_traffic(kakao):
    """A bot comes back after seven hours, and once more after its token was withdrawn."""
    os.environ.update(kakao.environment())
    kakao.advance(hours=-7)
    token = kakao.login()
    kakao.login(user=42, scopes=["talk_message", "friends"])
    kakao.advance(hours=7)
    form = {
        "grant_type": "refresh_token",
        "client_id": kakao.app_key,
        "refresh_token": token["refresh_token"],
    }
    with requests.Session() as http:
        for _ in range(2):
            _me(http, token["access_token"])
            answer = http.post("https://kauth.kakao.com/oauth/token", data=form, timeout=10)
            token |= answer.json()
            _me(http, token["access_token"])
            kakao.revoke_access_tokens()
    kakao.fail_next(503)


def _me(http, access_token):
    headers = {"Authorization": f"Bearer {access_token}"}
    http.get("https://kapi.kakao.com/v2/user/me", headers=headers, timeout=10)


if __name__ == "__main__":
    main()
