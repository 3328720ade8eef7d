"""A pytest plugin that puts one of our classes where a suite expects the original.

The environment variable ``KAKAO_SESSION_REPLACES`` says which, see ``REPLACEMENTS``.
"""

import os
import time

import requests
import requests_oauthlib

from kakao_session import KakaoAuth, KakaoSession

Session = requests.Session


def new_token():
    return {
        "access_token": "access-token",
        "refresh_token": "refresh-token",
        "expires_in": 21_599,
        "expires_at": time.time() + 21_599,
    }


class SessionWithToken(KakaoSession):
    def __init__(self):
        super().__init__("app-key", token=new_token())


class SessionWithAuth(Session):
    def __init__(self):
        super().__init__()
        self.auth = KakaoAuth("app-key", token=new_token())


class SessionForItsHost(KakaoSession):
    """The suite of requests-oauthlib sends its token to i.b."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, api_hosts=["i.b"], **kwargs)


REPLACEMENTS = {
    "requests.Session by KakaoSession": KakaoSession,
    "requests.Session by KakaoSession with a token": SessionWithToken,
    "requests.Session by a session with KakaoAuth": SessionWithAuth,
    "OAuth2Session by KakaoSession": SessionForItsHost,
}

_replaced = os.environ["KAKAO_SESSION_REPLACES"]
if _replaced.startswith("requests"):
    setattr(requests, "Session", REPLACEMENTS[_replaced])  # noqa: B010  # not to mypy's taste
    setattr(requests.sessions, "Session", REPLACEMENTS[_replaced])  # noqa: B010  # likewise
else:
    setattr(requests_oauthlib, "OAuth2Session", REPLACEMENTS[_replaced])  # noqa: B010  # likewise
