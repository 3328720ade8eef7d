"""What is done around a block that a reader does not see: the web's part, the platform's, time's.

A document names one in a comment, ``<!-- play: name -->``, before or after the block.
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
"""Names that look like ours."""

# The login ------------------------------------------------------------------------------------


def nobody_is_logged_in(world):
    FileTokenStore().delete()
    (world.folder / "kakao_token.json").unlink()
    world.patch.delenv("KAKAO_REST_API_KEY")


def an_old_token_again(world):
    world.kakao.write_token_file(world.folder / "kakao_token.json", hours_ago=7)


def the_user_unlinks(world):
    world.kakao.unlink()


def somebody_logs_in_again(world):
    FileTokenStore("kakao_token.json").save(world.login())


# A web site -----------------------------------------------------------------------------------


def a_web_site(world):
    world.patch.setenv("REDIRECT_URI", "https://example.com/callback")
    world.patch.setenv("FLASK_SECRET_KEY", "signs cookies")


def two_users_log_in(world):
    """One agrees to the friends when he is asked, one cancels; a forged callback is refused."""
    app = world.namespace["app"]
    agreeing, cancelling, forging = app.test_client(), app.test_client(), app.test_client()
    assert _visit(agreeing, "/login").status_code == 302
    assert agreeing.get("/").headers["Location"] == "/login?scope=friends"
    assert _visit(agreeing, "/login?scope=friends").headers["Location"] == "/"
    assert agreeing.get("/").get_json()["total_count"] >= 0
    with world.namespace["engine"].connect() as connection:
        assert connection.scalars(text("SELECT id FROM kakao_tokens")).all() == ["123456789"]
    world.kakao.consent = "denied"
    assert _visit(cancelling, "/login").status_code == 401
    assert forging.get("/callback?code=theirs").status_code == 400
    assert forging.get("/").status_code == 401
    world.kakao.consent = "given"
    world.kakao.expire_access_tokens()
    world.kakao.fail_next(503, times=3)
    assert agreeing.get("/").status_code == 502
    world.kakao.unlink()
    assert agreeing.get("/").status_code == 401
    SQLTokenStore(world.namespace["engine"], "123456789").save(world.login())


def _visit(client, path):
    """Follow a login to its end. :returns: what the callback answers."""
    sent_to = client.get(path).headers["Location"]
    with requests.get(sent_to, allow_redirects=False, timeout=20) as kakao:
        back = urlsplit(kakao.headers["Location"])
    return client.get(f"{back.path}?{back.query}")


# Stores ---------------------------------------------------------------------------------------


def an_encryption_key(world):
    world.patch.setenv("TOKEN_KEY", Fernet.generate_key().decode())


def another_encryption_key(world):
    world.patch.setenv("NEW_TOKEN_KEY", Fernet.generate_key().decode())


def a_plain_token_in_the_database(world):
    world.namespace["store"].inner.save(world.login())


def a_login_in_redis(world):
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        RedisTokenStore(client, "kakao:token:bot").save(world.login())


# A proxy --------------------------------------------------------------------------------------


def nothing_leads_to_kakao(world):
    for name in world.kakao.environment():
        world.patch.delenv(name)


def a_company_proxy(world):
    """Variables of the document's own name it, and nothing else does."""
    nothing_leads_to_kakao(world)
    world.patch.setenv("COMPANY_PROXY", world.kakao.proxy_url)
    world.patch.setenv("COMPANY_CA", world.kakao.ca_file)


# Platforms ------------------------------------------------------------------------------------


def a_token_in_the_environment(world):
    world.patch.setenv("KAKAO_TOKEN", json.dumps(world.login()))


def secrets_of_github(world):
    world.patch.delenv("KAKAO_TOKEN")
    world.patch.delenv("KAKAO_REST_API_KEY")
    world.secret("KAKAO_TOKEN").write_text(json.dumps(world.login()), encoding="utf-8")
    world.secret("KAKAO_REST_API_KEY").write_text(world.kakao.app_key, encoding="utf-8")
    world.secret("SECRETS_WRITER").write_text("a token of GitHub's", encoding="utf-8")


def a_month_passes_at_github(world):
    """The secret is rewritten in the refresh token's last month, and in no run before."""
    workflow = (world.folder / ".github/workflows/bot.yml").read_text(encoding="utf-8")
    secret = world.secret("KAKAO_TOKEN")
    at_first = secret.read_text(encoding="utf-8")
    world.kakao.advance(days=20)
    run_yaml(workflow, world)
    assert secret.read_text(encoding="utf-8") == at_first
    for _ in range(3):
        world.kakao.advance(days=20)
        run_yaml(workflow, world)
    FileTokenStore().save(world.login())  # for the recipes that follow
    assert json.loads(secret.read_text())["refresh_token"] != json.loads(at_first)["refresh_token"]


def a_boto3(world):
    """Secrets Manager, as boto3 shows it."""

    class SecretsManager:
        def get_secret_value(self, **named):
            secret = world.secret(named["SecretId"])
            return {"SecretString": secret.read_text(encoding="utf-8")}

        def put_secret_value(self, **named):
            secret = world.secret(named["SecretId"])
            secret.write_text(named["SecretString"], encoding="utf-8")

    clients = {"secretsmanager": SecretsManager()}
    _stand_in(world, "boto3", client=clients.__getitem__)
    world.kakao.write_token_file(world.secret("kakao"))
    world.kakao.expire_access_tokens()


def an_airflow(world):
    """An Airflow that runs a task as soon as a DAG names it."""

    def decorator(**_):
        return lambda function: function

    failed = type("AirflowFailException", (Exception,), {})
    _stand_in(world, "airflow")
    _stand_in(world, "airflow.decorators", dag=decorator, task=decorator)
    _stand_in(world, "airflow.exceptions", AirflowFailException=failed)
    engine = create_engine(os.environ["DATABASE_URL"])
    SQLTokenStore(engine, "bot").save(world.login())
    engine.dispose()


def airflow_has_run_the_task(world):
    assert world.kakao.requests[-1].path == "/v2/api/talk/memo/default/send"
    world.kakao.unlink()
    with pytest.raises(world.namespace["AirflowFailException"], match="KOE322"):
        world.namespace["notify"]("nobody reads this")


def _stand_in(world, name, **content):
    """Put a module there for the time of the document."""
    module = ModuleType(name)
    module.__dict__.update(content)
    world.patch.setitem(sys.modules, name, module)
