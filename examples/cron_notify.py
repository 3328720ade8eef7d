"""나에게 보내기 from cron: what comes in on stdin goes out to your own KakaoTalk.

0 9 * * *  df -h / | KAKAO_SESSION_TOKEN_FILE=/home/me/kakao_token.json python cron_notify.py

Silent when all is well; cron mails you what stands on stderr. The login stays alive by itself, as
long as this runs once a month.
"""

import json
import os
import sys

import requests

from kakao_session import KakaoSession, ScopeRequiredError, raise_for_kakao

kakao = KakaoSession(token_store=os.environ.get("KAKAO_SESSION_TOKEN_FILE", "kakao_token.json"))
template = {
    "object_type": "text",
    "text": sys.stdin.read().strip()[:200],  # Kakao takes no more
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
    sys.exit(f"not sent: run `kakao-session login --scope {','.join(error.required_scopes)}`")
except requests.RequestException as error:  # no network, and all of Kakao's errors
    sys.exit(f"not sent: {error}")
