"""나에게 보내기 from cron: send the text on stdin to yourself in KakaoTalk.

0 9 * * *  df -h / | KAKAO_SESSION_TOKEN_FILE=~/kakao_token.json ~/.venv/bin/python ~/cron_notify.py

It prints nothing if it works. cron mails you the errors from stderr. The login does not end if this
runs at least every four weeks, better every week. Once a month is not enough.
"""

import json
import os
import sys

import requests

from kakao_session import KakaoSession, ScopeRequiredError, raise_for_kakao

text = sys.stdin.buffer.read().decode(errors="replace").strip()
token_file = os.environ.get("KAKAO_SESSION_TOKEN_FILE", "kakao_token.json")
kakao = KakaoSession(token_store=token_file)
template = {
    "object_type": "text",
    "text": text[:200],  # Kakao's limit
    "link": {"web_url": "https://developers.kakao.com"},
}
try:
    sent = kakao.post(
        "/v2/api/talk/memo/default/send",
        data={"template_object": json.dumps(template, ensure_ascii=False)},
        timeout=10,
    )
    raise_for_kakao(sent)
except ScopeRequiredError as error:
    scopes = ",".join(error.required_scopes)
    sys.exit(f"not sent: run `kakao-session login --token-file {token_file} --scope {scopes}`")
except requests.RequestException as error:  # no network, or an error of kakao-session
    sys.exit(f"not sent: {error}")
