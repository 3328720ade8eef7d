"""사용자 정보 가져오기: who is logged in, and what they have agreed to tell.

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
except requests.RequestException as error:  # Kakao's errors are among them
    sys.exit(str(error))  # says what to do: log in again, correct the app key, wait, ...

me = answer.json()
account = me.get("kakao_account", {})
print("id:", me["id"])
print("nickname:", account.get("profile", {}).get("nickname", "not agreed to"))
print("e-mail:", account.get("email", "not agreed to"))
