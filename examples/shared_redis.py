"""One login for many machines, in Redis: one of them refreshes it, and all use the new token.

$ python shared_redis.py kakao_token.json   # once: moves the login from the file to Redis
$ python shared_redis.py                    # on as many machines as you like
"""

import os
import sys
from pathlib import Path

import redis

from kakao_session import FileTokenStore, KakaoSession, LoginRequiredError, RedisTokenStore

url = os.environ.get("REDIS_URL", "redis://localhost:6379")
client = redis.Redis.from_url(url, socket_timeout=5)
store = RedisTokenStore(client, "kakao:token:bot")

if len(sys.argv) > 1:
    login = FileTokenStore(sys.argv[1]).load()
    if login is None:
        sys.exit(f"There is no login in {sys.argv[1]}.")
    store.save(login)
    Path(sys.argv[1]).unlink()  # a copy stops working when Kakao replaces its refresh token

kakao = KakaoSession(token_store=store)
try:
    me = kakao.get("/v2/user/me", timeout=10)
except LoginRequiredError as error:
    sys.exit(str(error))
me.raise_for_status()
print("Hello,", me.json()["properties"]["nickname"])
