"""A server that calls Kakao for many users: one pooled session, all logins in one SQL table.

$ python many_users.py user-1 user-2 user-3

RedisTokenStore(redis.Redis(), f"kakao:token:{user}") works instead of SQLTokenStore too.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import create_engine

from kakao_session import KakaoAuth, LoginRequiredError, SQLTokenStore, raise_for_kakao

THREADS = 16

# A refresh uses one connection, so the pool has one for each thread.
engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///users.db"), pool_size=THREADS)
http = requests.Session()
http.mount("https://", HTTPAdapter(pool_maxsize=THREADS))


def greet(user: str) -> str:
    auth = KakaoAuth(token_store=SQLTokenStore(engine, user))  # cheap: make one for each call
    try:
        me = http.get("https://kapi.kakao.com/v2/user/me", auth=auth, timeout=10)
    except LoginRequiredError:
        return f"{user} has to log in"
    raise_for_kakao(me)
    return f"{user} is {me.json()['properties']['nickname']}"


with ThreadPoolExecutor(THREADS) as threads:
    for greeting in threads.map(greet, sys.argv[1:]):
        print(greeting)
