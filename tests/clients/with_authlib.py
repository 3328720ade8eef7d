import json
import os

from authlib.integrations.requests_client import OAuth2Session
from browser import agree

TOKEN_URL = "https://kauth.kakao.com/oauth/token"

kakao = OAuth2Session(
    os.environ["KAKAO_REST_API_KEY"],
    os.environ["KAKAO_CLIENT_SECRET"],
    redirect_uri=os.environ["REDIRECT_URI"],
    token_endpoint_auth_method="client_secret_post",
)
url, state = kakao.create_authorization_url("https://kauth.kakao.com/oauth/authorize")
kakao.fetch_token(TOKEN_URL, authorization_response=agree(url), state=state)
me = kakao.get("https://kapi.kakao.com/v2/user/me").json()
renewed = kakao.refresh_token(TOKEN_URL)
unlinked = kakao.post("https://kapi.kakao.com/v1/user/unlink").json()
print(json.dumps({"profile": me["id"], "refresh": "access_token" in renewed, "unlink": unlinked}))
