import contextlib
import io
import json
import os

from browser import agree
from PyKakao import Message

kakao = Message(os.environ["KAKAO_REST_API_KEY"], os.environ["REDIRECT_URI"])
url = kakao.get_url_for_generating_code()
with contextlib.redirect_stdout(io.StringIO()) as printed:
    kakao.set_access_token(kakao.get_access_token_by_redirected_url(agree(url)))
    link = {"web_url": "https://kakao.com"}
    kakao.send_message_to_me("text", text="hello", link=link, button_title="open")
print(json.dumps({"message": "메시지 전송 성공" in printed.getvalue()}))
