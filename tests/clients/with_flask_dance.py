import json
import os

from browser import agree
from flask import Flask
from flask_dance.consumer import OAuth2ConsumerBlueprint

key, secret = os.environ["KAKAO_REST_API_KEY"], os.environ["KAKAO_CLIENT_SECRET"]
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # for http://localhost

app = Flask(__name__)
app.secret_key = "of the cookie"
kakao = OAuth2ConsumerBlueprint(
    "kakao",
    __name__,
    client_id=key,
    client_secret=secret,
    base_url="https://kapi.kakao.com",
    authorization_url="https://kauth.kakao.com/oauth/authorize",
    token_url="https://kauth.kakao.com/oauth/token",
    token_url_params={"include_client_id": True},
    auto_refresh_url="https://kauth.kakao.com/oauth/token",
    auto_refresh_kwargs={"client_id": key, "client_secret": secret},
    authorized_url="/callback",
)
app.register_blueprint(kakao)


@app.get("/")
def index():
    me = kakao.session.get("/v2/user/me").json()
    before = kakao.token["access_token"]
    kakao.token = {**kakao.token, "expires_in": -1}
    kakao.session.get("/v2/user/me")
    unlinked = kakao.session.post("/v1/user/unlink").json()
    refreshed = kakao.token["access_token"] != before
    return {"profile": me["id"], "refresh": refreshed, "unlink": unlinked}


browser = app.test_client()
base = os.environ["REDIRECT_URI"].removesuffix("/callback")
browser.get(agree(browser.get("/kakao", base_url=base).location))
print(json.dumps(browser.get("/", base_url=base).json))
