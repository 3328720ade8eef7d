"""사용자 정보 가져오기: show who is logged in, and what they agreed to share.

$ kakao-session login --token-file kakao_token.json --scope account_email
$ python user_info.py
"""

import os
import sys

import requests

from kakao_session import KakaoSession, raise_for_kakao

kakao = KakaoSession(token_store=os.environ.get("KAKAO_SESSION_TOKEN_FILE", "kakao_token.json"))
try:
    answer = kakao.get("/v2/user/me", timeout=10)
    raise_for_kakao(answer)
except requests.RequestException as error:  # errors of kakao-session too
    sys.exit(str(error))  # the message says what to do

me = answer.json()
account = me.get("kakao_account", {})
print("id:", me["id"])
print("nickname:", account.get("profile", {}).get("nickname", "not agreed to"))
print("e-mail:", account.get("email", "not agreed to"))
