"""Migrate from requests-oauthlib: only one name is different in this file.

Replace KakaoSession with OAuth2Session of requests_oauthlib, and you see the old program.
"""

import json
import os
from pathlib import Path
from typing import Any

from kakao_session import KakaoSession

TOKEN_FILE = Path("token.json")
app_key = os.environ["KAKAO_REST_API_KEY"]


def save(token: dict[str, Any]) -> None:
    TOKEN_FILE.write_text(json.dumps(token))


kakao = KakaoSession(
    app_key,
    token=json.loads(TOKEN_FILE.read_text()),
    auto_refresh_url="https://kauth.kakao.com/oauth/token",
    auto_refresh_kwargs={"client_id": app_key},
    token_updater=save,
)
me = kakao.get("https://kapi.kakao.com/v2/user/me")
me.raise_for_status()
print("Hello,", me.json()["properties"]["nickname"])

# Now you can make it shorter:
#
#     kakao = KakaoSession(token_store="token.json")
#     me = kakao.get("/v2/user/me")
