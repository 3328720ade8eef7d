import asyncio
import json
import os
from urllib.parse import parse_qs, urlsplit

from browser import agree
from httpx_oauth.clients.kakao import KakaoOAuth2

REDIRECT_URI = os.environ["REDIRECT_URI"]


async def main():
    kakao = KakaoOAuth2(os.environ["KAKAO_REST_API_KEY"], os.environ["KAKAO_CLIENT_SECRET"])
    answer = agree(await kakao.get_authorization_url(REDIRECT_URI))
    [code] = parse_qs(urlsplit(answer).query)["code"]
    token = await kakao.get_access_token(code, REDIRECT_URI)
    user_id, _email = await kakao.get_id_email(token["access_token"])
    renewed = await kakao.refresh_token(token["refresh_token"])
    print(json.dumps({"profile": user_id, "refresh": "access_token" in renewed}))


asyncio.run(main())
