"""카카오 로그인 on a web server: FLASK_SECRET_KEY=... flask --app flask_login run -p 8765"""

import requests
from flask import Flask, redirect, render_template_string, request, session
from sqlalchemy import create_engine
from werkzeug import Response

from kakao_session import KakaoAuth, KakaoSession, SQLTokenStore, errors, raise_for_kakao

app = Flask(__name__)
app.config.from_prefixed_env()  # FLASK_DATABASE_URL, FLASK_SESSION_COOKIE_SECURE, ...
engine = create_engine(app.config.get("DATABASE_URL", "sqlite:///users.db"))
http = requests.Session()  # one pool of connections for all users
redirect_uri = app.config.get("REDIRECT_URI", "http://localhost:8765/callback")  # as registered


@app.get("/")
def friends() -> str:
    auth = KakaoAuth(token_store=SQLTokenStore(engine, session.get("user", "nobody")))
    answer = http.get("https://kapi.kakao.com/v1/api/talk/friends", auth=auth, timeout=10)
    raise_for_kakao(answer)
    return render_template_string("Friends here: {{ total_count }}", **answer.json())


@app.get("/callback")
def callback() -> Response:
    kakao = KakaoSession(redirect_uri=redirect_uri, state=session.pop("state", ""))
    token = kakao.fetch_token(authorization_response=request.url)
    session["user"] = str(kakao.token_info()["id"])
    SQLTokenStore(engine, session["user"]).save(token)
    return redirect("/")


@app.errorhandler(errors.LoginRequiredError)  # not yet, cancelled, or over
@app.errorhandler(errors.ScopeRequiredError)  # the user has to agree to more: -402
def ask(error: errors.KakaoError) -> tuple[str, int]:
    kakao = KakaoSession(redirect_uri=redirect_uri, scope=getattr(error, "required_scopes", None))
    url, session["state"] = kakao.authorization_url()
    return render_template_string("<a href='{{ url }}'>Log in with Kakao</a>", url=url), 401
