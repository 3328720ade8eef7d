"""나에게 보내기: send yourself a KakaoTalk message, from a script or from cron."""

import json
import os
import sys

from kakao_session import KakaoSession, raise_for_kakao

kakao = KakaoSession(token_store=os.environ.get("KAKAO_SESSION_TOKEN_FILE", "kakao_token.json"))
template = {
    "object_type": "text",
    "text": sys.argv[1] if len(sys.argv) > 1 else "안녕하세요! kakao-session이 보냅니다.",
    "link": {"web_url": "https://developers.kakao.com"},
}
sent = kakao.post(
    "/v2/api/talk/memo/default/send",
    data={"template_object": json.dumps(template, ensure_ascii=False)},
)
raise_for_kakao(sent)
print("sent")
