import json
import os
from urllib.parse import urlsplit

from authlib.integrations.flask_client import OAuth
from browser import agree
from flask import Flask

REDIRECT_URI = os.environ["REDIRECT_URI"]

app = Flask(__name__)
app.secret_key = "of the cookie"
oauth = OAuth(app)
kakao = oauth.register(
    "kakao",
    client_id=os.environ["KAKAO_REST_API_KEY"],
    client_secret=os.environ["KAKAO_CLIENT_SECRET"],
    server_metadata_url="https://kauth.kakao.com/.well-known/openid-configuration",
    client_kwargs={"scope": "openid", "token_endpoint_auth_method": "client_secret_post"},
)


@app.get("/login")
def login():
    return kakao.authorize_redirect(REDIRECT_URI)


@app.get(urlsplit(REDIRECT_URI).path)
def callback():
    token = kakao.authorize_access_token()
    profile = kakao.userinfo(token=token)
    assert profile["sub"] == token["userinfo"]["sub"]  # the id_token's
    return {"profile": profile["sub"]}


browser = app.test_client()
print(json.dumps(browser.get(agree(browser.get("/login").location)).json))
