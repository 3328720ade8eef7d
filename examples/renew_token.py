"""Make a call with the login in kakao_token.json, even if the access token has expired."""

import os

from kakao_session import KakaoSession

kakao = KakaoSession(token_store=os.environ.get("KAKAO_SESSION_TOKEN_FILE", "kakao_token.json"))

me = kakao.get("/v2/user/me")
me.raise_for_status()
print("Hello,", me.json()["properties"]["nickname"])
