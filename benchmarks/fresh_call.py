"""What one call with a fresh token costs: ours beside a bare session and the parent's.

Run it with ``python benchmarks/fresh_call.py``. The answer comes from an adapter in memory, so the
time is what the client spends; the contenders take turns call by call, so that whatever else the
machine does falls on all of them alike. CPU time, median, and the ratio to the bare session.
"""

from __future__ import annotations

import io
import os
import platform
import statistics
import time
from typing import Any

import oauthlib
import requests
import requests_oauthlib

import kakao_session
from kakao_session import KakaoAuth, KakaoSession

CALLS = 4000
URL = "https://kapi.kakao.com/v2/user/me"
TOKEN = {
    "access_token": "a" * 64,
    "refresh_token": "r" * 64,
    "token_type": "bearer",
    "expires_in": 21_599,
    "expires_at": time.time() + 21_599,
}


class InMemory(requests.adapters.BaseAdapter):
    """Answers at once."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, str(request.url)
        response.raw = io.BytesIO(b'{"id":123456789}')
        return response

    def close(self) -> None:
        pass


def bare() -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKEN['access_token']}"
    return session


def plain_auth() -> requests.Session:
    session = requests.Session()
    session.auth = KakaoAuth("key", token=TOKEN)
    return session


CONTENDERS = {
    "requests.Session, fixed header": bare,
    "OAuth2Session": lambda: requests_oauthlib.OAuth2Session("key", token=dict(TOKEN)),
    "KakaoSession": lambda: KakaoSession("key", token=TOKEN),
    "requests.Session with KakaoAuth": plain_auth,
}


def measure(trust_env: bool) -> dict[str, list[float]]:
    sessions = {name: make() for name, make in CONTENDERS.items()}
    spent: dict[str, list[float]] = {name: [] for name in sessions}
    for session in sessions.values():
        session.trust_env = trust_env
        session.mount("https://", InMemory())
        for _ in range(50):
            session.get(URL)
    for _ in range(CALLS):
        for name, session in sessions.items():
            started = time.thread_time_ns()
            session.get(URL)
            spent[name].append((time.thread_time_ns() - started) / 1000)
    return spent


def main() -> None:
    print(
        f"Python {platform.python_version()}, requests {requests.__version__}, "
        f"requests-oauthlib {requests_oauthlib.__version__}, oauthlib {oauthlib.__version__}, "
        f"kakao-session {kakao_session.__version__}; "
        f"{len(os.environ)} environment variables; {CALLS} calls each"
    )
    for trust_env in (True, False):
        print(f"\ntrust_env={trust_env}{'' if trust_env else ' (the environment is not asked)'}")
        spent = measure(trust_env)
        limit = statistics.median(spent["requests.Session, fixed header"])
        for name, times in spent.items():
            median = statistics.median(times)
            low, _, high = statistics.quantiles(times, n=4)
            print(f"  {name:33}{median:8.1f} us   ({low:.1f} to {high:.1f}){median / limit:8.3f}")


if __name__ == "__main__":
    main()
