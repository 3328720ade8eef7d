"""A cron job as a whole process: it starts, makes one call over TLS, and ends."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Login
from benchmarks.kakao import running_kakao
from benchmarks.table import Table, pairs
from benchmarks.turns import Samples

_KAKAO_SESSION = """
import sys
from kakao_session import Endpoints, KakaoSession
_, key, secret, kauth, api, dapi = sys.argv
kakao = KakaoSession(
    key, client_secret=secret, token_store="token.json", endpoints=Endpoints(kauth, api, dapi)
)
kakao.get("/v2/user/me").raise_for_status()
"""

_KAKAO_AUTH = """
import sys
import requests
from kakao_session import Endpoints, KakaoAuth
_, key, secret, kauth, api, dapi = sys.argv
auth = KakaoAuth(
    key, client_secret=secret, token_store="token.json", endpoints=Endpoints(kauth, api, dapi)
)
requests.get(api + "/v2/user/me", auth=auth).raise_for_status()
"""

_PARENT = """
import json, sys
from requests_oauthlib import OAuth2Session
_, key, secret, kauth, api, dapi = sys.argv

def save(token):
    with open("token.json", "w") as file:
        json.dump(token, file)

with open("token.json") as file:
    token = json.load(file)
kakao = OAuth2Session(
    key,
    token=token,
    auto_refresh_url=kauth + "/oauth/token",
    auto_refresh_kwargs={"client_id": key, "client_secret": secret},
    token_updater=save,
)
kakao.get(api + "/v2/user/me").raise_for_status()
"""

_BARE = """
import json, sys
import requests
_, key, secret, kauth, api, dapi = sys.argv
with open("token.json") as file:
    token = json.load(file)
headers = {"Authorization": "Bearer " + token["access_token"]}
requests.get(api + "/v2/user/me", headers=headers).raise_for_status()
"""

_TUTORIAL = """
import json, sys
import requests
_, key, secret, kauth, api, dapi = sys.argv
with open("token.json", "r") as file:
    token = json.load(file)
form = {
    "grant_type": "refresh_token",
    "client_id": key,
    "client_secret": secret,
    "refresh_token": token["refresh_token"],
}
answer = requests.post(kauth + "/oauth/token", data=form)
token["access_token"] = answer.json()["access_token"]
token["app_key"] = key
with open("token.json", "w") as file:
    json.dump(token, file)
headers = {"Authorization": "Bearer " + token["access_token"]}
requests.get(api + "/v2/user/me", headers=headers).raise_for_status()
"""


@dataclass(frozen=True)
class _Script:
    """A program, and whether the token that it finds has reached its end."""

    source: str
    expired: bool = False


_SCRIPTS = {
    "requests.get, a header": _Script(_BARE),
    "the same, and import oauthlib.oauth2": _Script(f"import oauthlib.oauth2\n{_BARE}"),
    "requests.get, auth=KakaoAuth(token_store=path)": _Script(_KAKAO_AUTH),
    "OAuth2Session": _Script(_PARENT),
    "KakaoSession(token_store=path)": _Script(_KAKAO_SESSION),
    "expired: the tutorial's script": _Script(_TUTORIAL, expired=True),
    "expired: the same, and import requests_oauthlib": _Script(
        f"import requests_oauthlib\n{_TUTORIAL}", expired=True
    ),
    "expired: KakaoSession(token_store=path)": _Script(_KAKAO_SESSION, expired=True),
}
_REFERENCES: dict[str, tuple[str, float | None]] = {
    "the same, and import oauthlib.oauth2": ("requests.get, a header", None),
    "requests.get, auth=KakaoAuth(token_store=path)": ("requests.get, a header", 1.15),
    "KakaoSession(token_store=path)": ("OAuth2Session", 1.05),
    "expired: the same, and import requests_oauthlib": ("expired: the tutorial's script", None),
    "expired: KakaoSession(token_store=path)": ("expired: the tutorial's script", 1.25),
}


def measure(quick: bool) -> list[Table]:
    """:returns: one table."""
    samples: Samples = {name: [] for name in _SCRIPTS}
    turns = list(_SCRIPTS.items())
    with running_kakao() as kakao, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(3 if quick else 60):
            random.Random(number).shuffle(turns)
            for title, script in turns:
                seconds = _seconds(script, kakao.login, folder)
                if number:  # the first leaves the bytecode
                    samples[title].append(seconds)
    note = (
        "CPU time of the process, including the kernel: Python starts, imports, reads the token "
        "from a file, makes one call over TLS on loopback, and ends. An expired token is refreshed "
        "first, and saved. The tutorial's script refreshes at every start, writes the file in "
        "place and never saves a new refresh token. `TokenEndpointError` is an `OAuth2Error` and "
        "`KakaoSession` an `OAuth2Session`, so ours import those packages. The rows *the same* "
        "show what these imports cost. A ratio is the median of the ratios of all turns, with its "
        "quartiles."
    )
    return [pairs("A cron job, as a whole process", note, "ms", samples, _REFERENCES)]


def _seconds(script: _Script, new_login: Callable[[], Any], folder: Path) -> float:
    """:returns: the CPU seconds of one run."""
    login: Login = new_login()
    if script.expired:
        login = login.ending_in(-1)
    (folder / "token.json").write_text(json.dumps(login.token), encoding="utf-8")
    kakao = login.endpoints
    arguments = [*login.app.values(), kakao.kauth_url, kakao.api_url, kakao.dapi_url]
    environment = {
        **os.environ,
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    before = _children()
    subprocess.run(
        [sys.executable, "-c", script.source, *arguments], cwd=folder, env=environment, check=True
    )
    return _children() - before


def _children() -> float:
    """:returns: the CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
