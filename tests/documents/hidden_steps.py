"""What happens between the blocks of a document: in a browser, on a platform, in time.

A document names a step in a comment that its reader does not see: ``<!-- step: name -->``.
"""

import asyncio
import os
import sys
from types import ModuleType
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
import requests
from cryptography.fernet import Fernet
from redis import Redis
from sqlalchemy import create_engine, text

from kakao_session import EncryptedTokenStore, FileTokenStore, RedisTokenStore, SQLTokenStore
from tests.documents.platforms import run_workflow
from tests.documents.shell import run_script
from tests.required import package

NOT_OURS = {
    *("DjangoTokenStore", "InvalidGrantError", "TokenExpiredError", "TokenUpdated"),
    *("KeyError", "ValueError"),
}
"""Names in documents that look like ours."""

# The login ------------------------------------------------------------------------------------


def nobody_is_logged_in(sandbox):
    sandbox.kakao.unlink()  # so that the user agrees for the first time
    FileTokenStore().delete()
    (sandbox.folder / "kakao_token.json").unlink()
    sandbox.patch.delenv("KAKAO_REST_API_KEY")


def an_old_token_again(sandbox):
    sandbox.kakao.write_token_file(sandbox.folder / "kakao_token.json", hours_ago=7)


def the_user_unlinks(sandbox):
    sandbox.kakao.unlink()


def somebody_logs_in_again(sandbox):
    FileTokenStore("kakao_token.json").save(sandbox.login())


# A web site -----------------------------------------------------------------------------------


def a_web_site(sandbox):
    sandbox.patch.setenv("REDIRECT_URI", "https://example.com/callback")
    sandbox.patch.setenv("FLASK_SECRET_KEY", "signs cookies")


def two_users_log_in(sandbox):
    """One agrees to share friends when asked, one cancels, one forges a callback."""
    app = sandbox.namespace["app"]
    agreeing, cancelling, forging = app.test_client(), app.test_client(), app.test_client()
    assert _visit(agreeing, "/login").status_code == 302
    assert agreeing.get("/").headers["Location"] == "/login?scope=friends"
    assert _visit(agreeing, "/login?scope=friends").headers["Location"] == "/"
    assert agreeing.get("/").get_json()["total_count"] >= 0
    with sandbox.namespace["engine"].connect() as connection:
        assert connection.scalars(text("SELECT id FROM kakao_tokens")).all() == ["123456789"]
    sandbox.kakao.consent = "denied"
    assert _visit(cancelling, "/login").status_code == 401
    assert forging.get("/callback?code=theirs").status_code == 400
    assert forging.get("/").status_code == 401
    sandbox.kakao.consent = "given"
    sandbox.kakao.expire_access_tokens()
    sandbox.kakao.fail_next(503, times=3)
    assert agreeing.get("/").status_code == 502
    sandbox.kakao.unlink()
    assert agreeing.get("/").status_code == 401
    SQLTokenStore(sandbox.namespace["engine"], "123456789").save(sandbox.login())


def _visit(client, path):
    """Follow a login to its end. :returns: what the callback answers."""
    sent_to = client.get(path).headers["Location"]
    with requests.get(sent_to, allow_redirects=False, timeout=20) as kakao:
        back = urlsplit(kakao.headers["Location"])
    return client.get(f"{back.path}?{back.query}")


# Web services --------------------------------------------------------------------------------


def a_fastapi(sandbox):
    package("fastapi")
    sandbox.patch.setenv("REDIRECT_URI", "https://example.com/callback")
    sandbox.patch.setenv("SESSION_SECRET", "signs cookies")


def a_user_of_the_api(sandbox):
    client = _ClientOfAsyncApp(sandbox.namespace["app"])
    for path in ("/me", "/async/me"):
        assert client.get(path).status_code == 401
    assert client.get("/callback?code=theirs").status_code == 400
    assert _visit(client, "/login").headers["Location"] == "/me"
    sandbox.kakao.expire_access_tokens()
    for path in ("/me", "/async/me"):
        assert client.get(path).json()["id"] == 123456789


class _ClientOfAsyncApp:
    def __init__(self, app):
        transport = httpx.ASGITransport(app)
        self.browser = httpx.AsyncClient(transport=transport, base_url="https://example.com")

    def get(self, path):
        return asyncio.run(self.browser.get(path))


def an_admin_key(sandbox):
    sandbox.patch.setenv("KAKAO_ADMIN_KEY", sandbox.kakao.admin_key)
    engine = create_engine(os.environ["DATABASE_URL"])
    for user in ("1", "2", "3"):
        SQLTokenStore(engine, user).save(sandbox.login())
    engine.dispose()


def kakao_calls_the_webhook(sandbox):
    client, engine = sandbox.namespace["app"].test_client(), sandbox.namespace["engine"]
    right = {"Authorization": f"KakaoAK {sandbox.kakao.admin_key}"}
    fields = {"app_id": "1234", "referrer_type": "UNLINK_FROM_APPS"}
    for wrong in ({}, {"Authorization": "KakaoAK "}, {"Authorization": "KakaoAK \xe9"}):
        form = {**fields, "user_id": "1"}
        assert client.post("/unlinked", data=form, headers=wrong).status_code == 401
    for method, user in (("POST", "1"), ("GET", "2"), ("GET", "9")):
        where = {"data" if method == "POST" else "query_string": {**fields, "user_id": user}}
        answer = client.open("/unlinked", method=method, headers=right, **where)
        assert answer.status_code == 200
    assert list(SQLTokenStore.keys(engine)) == ["123456789", "3"]


def openid_connect_is_on(sandbox):
    sandbox.kakao.openid_connect = True


def the_user_logs_in_with_openid(sandbox):
    sandbox.kakao.openid_connect = True
    with requests.get(sandbox.namespace["url"], allow_redirects=False, timeout=20) as kakao:
        sandbox.namespace["callback_url"] = kakao.headers["Location"]


def nobody_else_is_verified(sandbox):
    verified, nonce = sandbox.namespace["verified"], sandbox.namespace["nonce"]
    id_token = sandbox.namespace["token"]["id_token"]
    head, payload, signature = id_token.split(".")
    unsigned = jwt.encode(jwt.decode(id_token, options={"verify_signature": False}), None, "none")
    for forged in (f"{head}.{payload}.{signature[::-1]}", unsigned):
        with pytest.raises(jwt.PyJWTError):
            verified(forged, nonce)
    with pytest.raises(jwt.InvalidTokenError, match="another login"):
        verified(id_token, "another nonce")
    sandbox.patch.setenv("KAKAO_REST_API_KEY", "another app")
    with pytest.raises(jwt.InvalidAudienceError):
        verified(id_token, nonce)


# Stores ---------------------------------------------------------------------------------------


def an_encryption_key(sandbox):
    sandbox.patch.setenv("TOKEN_KEY", Fernet.generate_key().decode())


def another_encryption_key(sandbox):
    sandbox.patch.setenv("NEW_TOKEN_KEY", Fernet.generate_key().decode())


def a_plain_token_in_the_database(sandbox):
    engine = create_engine(os.environ["DATABASE_URL"])
    SQLTokenStore(engine, "123456789").save(sandbox.login())
    engine.dispose()


def a_login_in_redis(sandbox):
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        RedisTokenStore(client, "kakao:token:bot").save(sandbox.login())


# A proxy --------------------------------------------------------------------------------------


def nothing_leads_to_kakao(sandbox):
    for name in sandbox.kakao.environment():
        sandbox.patch.delenv(name)


def a_company_proxy(sandbox):
    """Only the document's own variables lead to the proxy."""
    nothing_leads_to_kakao(sandbox)
    sandbox.patch.setenv("COMPANY_PROXY", sandbox.kakao.proxy_url)
    sandbox.patch.setenv("COMPANY_CA", sandbox.kakao.ca_file)


# Platforms ------------------------------------------------------------------------------------


def a_refresh_token_in_the_environment(sandbox):
    _set_from_secret(sandbox, "KAKAO_REFRESH_TOKEN")


def no_token_file_yet(sandbox):
    (sandbox.folder / "kakao_token.json").unlink()


def the_key_is_in_the_environment(sandbox):
    _set_from_secret(sandbox, "KAKAO_SESSION_TOKEN_KEY")


def _set_from_secret(sandbox, name):
    sandbox.patch.setenv(name, sandbox.secret(name).read_text(encoding="utf-8"))


def the_shortest_start_works_for_a_month(sandbox):
    sandbox.kakao.advance(days=29)
    assert "KakaoWarning" not in run_script("python start.py")
    sandbox.kakao.advance(days=2)
    assert "KakaoWarning: Kakao replaced the refresh token" in run_script("python start.py")
    with pytest.raises(AssertionError, match="KOE322"):
        run_script("python start.py")
    FileTokenStore().save(sandbox.login())  # for the recipes that follow


def a_repository_at_github(sandbox):
    """And a clone of it in the reader's folder."""
    for name in ("KAKAO_REFRESH_TOKEN", "KAKAO_SESSION_TOKEN_KEY", "KAKAO_REST_API_KEY"):
        sandbox.patch.delenv(name)
    sandbox.github = {"repository": f"{sandbox.folder}/github.git", "ref_name": "main"}
    run_script("""
        git config --global user.name reader
        git config --global user.email reader@example.com
        git config --global core.hooksPath "$HOME/hooks"
        git init --quiet --bare --initial-branch=main github.git
        git init --quiet --initial-branch=main
        git remote add origin github.git
        git commit --quiet --allow-empty -m Start
        git push --quiet --set-upstream origin main
    """)


def forty_five_days_at_github(sandbox):
    kakao, workflow = sandbox.kakao, sandbox.folder / ".github/workflows/bot.yml"
    started_by = run_script("git rev-parse HEAD")
    for day in (0, 15, 30, 45):
        # The run before was under way when this one was triggered.
        sandbox.github["sha"], started_by = started_by, run_script("git rev-parse origin/main")
        if day == 15:
            _somebody_pushes_before_the_workflow_does(sandbox.folder / "hooks")
        if day == 30:  # Kakao replaces the refresh token, and then the bot fails
            kakao.fail_next(401, path="/v2/user/me", json={"code": -401})
            kakao.fail_next(error_code=-10, path="/v2/user/me")
            with pytest.raises(AssertionError, match="400 Client Error"):
                run_workflow(workflow, sandbox)
        else:
            run_workflow(workflow, sandbox)
        run_script("git pull --quiet")
        kakao.advance(days=15)
    _check_the_login_of(sandbox)
    FileTokenStore().save(sandbox.login())  # for the recipes that follow


def _somebody_pushes_before_the_workflow_does(hooks):
    hooks.mkdir()
    hook = hooks / "pre-push"
    hook.write_text("""#!/bin/sh
        rm "$0"
        unset $(git rev-parse --local-env-vars)
        cd "$HOME" && git commit --quiet --allow-empty -m "Somebody's" && git push --quiet
    """)
    hook.chmod(0o755)


def _check_the_login_of(sandbox):
    key = sandbox.secret("KAKAO_SESSION_TOKEN_KEY").read_text(encoding="utf-8")
    stored = EncryptedTokenStore(FileTokenStore("kakao_token.json"), key).load()
    assert not sandbox.kakao.find(stored["refresh_token"]).ended
    subjects = run_script("git log --format=%s").splitlines()
    assert subjects.count("Save the Kakao login") == 3
    assert "Somebody's" in subjects
    assert ".lock" not in run_script("git ls-files; git status --short")
    history = run_script("git log --patch")
    for secret in (key, *(token.value for token in sandbox.kakao.tokens)):
        assert secret not in history


def a_boto3(sandbox):
    """A stand-in for boto3, with Secrets Manager."""

    class SecretsManager:
        def get_secret_value(self, **named):
            secret = sandbox.secret(named["SecretId"])
            return {"SecretString": secret.read_text(encoding="utf-8")}

        def put_secret_value(self, **named):
            secret = sandbox.secret(named["SecretId"])
            secret.write_text(named["SecretString"], encoding="utf-8")

    clients = {"secretsmanager": SecretsManager()}
    _stand_in(sandbox, "boto3", client=clients.__getitem__)
    sandbox.kakao.write_token_file(sandbox.secret("kakao"))
    sandbox.kakao.expire_access_tokens()


def an_airflow(sandbox):
    """A stand-in for Airflow that runs a task as soon as a DAG names it."""

    def decorator(**_):
        return lambda function: function

    failed = type("AirflowFailException", (Exception,), {})
    _stand_in(sandbox, "airflow")
    _stand_in(sandbox, "airflow.decorators", dag=decorator, task=decorator)
    _stand_in(sandbox, "airflow.exceptions", AirflowFailException=failed)
    engine = create_engine(os.environ["DATABASE_URL"])
    SQLTokenStore(engine, "bot").save(sandbox.login())
    engine.dispose()


def airflow_has_run_the_task(sandbox):
    assert sandbox.kakao.requests[-1].path == "/v2/api/talk/memo/default/send"
    sandbox.kakao.unlink()
    with pytest.raises(sandbox.namespace["AirflowFailException"], match="KOE322"):
        sandbox.namespace["notify"]("nobody reads this")


def _stand_in(sandbox, name, **content):
    """Let a document import a module that is not installed."""
    module = ModuleType(name)
    module.__dict__.update(content)
    sandbox.patch.setitem(sys.modules, name, module)
