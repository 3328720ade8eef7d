"""What happens between the blocks of a document: in a browser, on a platform, in time.

A document names a step in a comment that its reader does not see: ``<!-- step: name -->``.
"""

import json
import os
import sys
from types import ModuleType
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.fernet import Fernet
from redis import Redis
from sqlalchemy import create_engine, text

from kakao_session import FileTokenStore, RedisTokenStore, SQLTokenStore
from tests.documents.platforms import run_yaml

NOT_OURS = {"KeyError", "InvalidGrantError", "TokenExpiredError", "TokenUpdated"}
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


# Stores ---------------------------------------------------------------------------------------


def an_encryption_key(sandbox):
    sandbox.patch.setenv("TOKEN_KEY", Fernet.generate_key().decode())


def another_encryption_key(sandbox):
    sandbox.patch.setenv("NEW_TOKEN_KEY", Fernet.generate_key().decode())


def a_plain_token_in_the_database(sandbox):
    sandbox.namespace["store"].inner.save(sandbox.login())


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


def a_token_in_the_environment(sandbox):
    sandbox.patch.setenv("KAKAO_TOKEN", json.dumps(sandbox.login()))


def secrets_of_github(sandbox):
    sandbox.patch.delenv("KAKAO_TOKEN")
    sandbox.patch.delenv("KAKAO_REST_API_KEY")
    sandbox.secret("KAKAO_TOKEN").write_text(json.dumps(sandbox.login()), encoding="utf-8")
    sandbox.secret("KAKAO_REST_API_KEY").write_text(sandbox.kakao.app_key, encoding="utf-8")
    sandbox.secret("SECRETS_WRITER").write_text("a token of GitHub's", encoding="utf-8")


def a_month_passes_at_github(sandbox):
    """The workflow rewrites the secret in the refresh token's last month, and not before."""
    workflow = (sandbox.folder / ".github/workflows/bot.yml").read_text(encoding="utf-8")
    secret = sandbox.secret("KAKAO_TOKEN")
    at_first = secret.read_text(encoding="utf-8")
    sandbox.kakao.advance(days=20)
    run_yaml(workflow, sandbox)
    assert secret.read_text(encoding="utf-8") == at_first
    for _ in range(3):
        sandbox.kakao.advance(days=20)
        run_yaml(workflow, sandbox)
    FileTokenStore().save(sandbox.login())  # for the recipes that follow
    assert json.loads(secret.read_text())["refresh_token"] != json.loads(at_first)["refresh_token"]


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
