import json
import os
from urllib.parse import urlsplit

from browser import agree
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from fastapi_sso.sso.kakao import KakaoSSO

REDIRECT_URI = os.environ["REDIRECT_URI"]

app = FastAPI()
sso = KakaoSSO(
    os.environ["KAKAO_REST_API_KEY"],
    os.environ["KAKAO_CLIENT_SECRET"],
    REDIRECT_URI,
    allow_insecure_http=True,
)


@app.get("/login")
async def login():
    async with sso:
        return await sso.get_login_redirect()


@app.get(urlsplit(REDIRECT_URI).path)
async def callback(request: Request):
    async with sso:
        user = await sso.verify_and_process(request)
    return {"profile": user.display_name}


browser = TestClient(app, base_url="http://localhost", follow_redirects=False)
print(json.dumps(browser.get(agree(browser.get("/login").headers["location"])).json()))
