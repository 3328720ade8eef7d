"""examples/django_store.py keeps the contract of stores, on PostgreSQL."""

import shutil
import sys
from functools import partial, partialmethod
from pathlib import Path

import pytest
from sqlalchemy import make_url

from kakao_session import TokenStoreError
from kakao_session.stores.testing import TokenStoreContract
from tests.required import package

EXAMPLE = Path(__file__).parents[2] / "examples" / "django_store.py"


def django_store(url, user):
    """:returns: a store in the database at *url*. A new process sets Django up first."""
    import django
    from django.conf import settings

    if not settings.configured:
        address = make_url(url)
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": address.database}
        database |= {"USER": address.username, "HOST": address.query["host"]}
        databases = {"default": database, "nowhere": {**database, "HOST": "/nonexistent"}}
        settings.configure(DATABASES=databases, INSTALLED_APPS=["kakao_logins"])
        django.setup()
    from kakao_logins.models import DjangoTokenStore

    return DjangoTokenStore(user)


@pytest.fixture(scope="module")
def database(postgresql_server, tmp_path_factory):
    """A site with the example in one of its apps, and the table in the database."""
    package("django")
    site = tmp_path_factory.mktemp("site")
    app = site / "kakao_logins"
    app.mkdir()
    (app / "__init__.py").touch()
    shutil.copy(EXAMPLE, app / "models.py")
    sys.path.append(str(site))
    django_store(postgresql_server.url, "nobody")
    from django.db import connection
    from kakao_logins.models import KakaoLogin

    with connection.schema_editor() as editor:
        editor.create_model(KakaoLogin)
    yield postgresql_server.url
    connection.close()
    sys.path.remove(str(site))


@pytest.fixture(autouse=True)
def _close_connections(monkeypatch):
    """Let each thread of the test close its connection, as Django does after a request."""
    import threading

    from django.db import connections

    run = threading.Thread.run

    def run_and_close(thread):
        try:
            run(thread)
        finally:
            connections.close_all()

    monkeypatch.setattr(threading.Thread, "run", run_and_close)


class Row:
    def __init__(self, user):
        from kakao_logins.models import KakaoLogin

        self.user, self.logins = user, KakaoLogin.objects

    def put(self, text):
        self.logins.update_or_create(user=self.user, defaults={"token": text})

    def get(self):
        return self.logins.get(user=self.user).token


class TestDjangoTokenStore(TokenStoreContract):
    @pytest.fixture
    def new_store(self, database, key):
        return partial(django_store, database, key)

    @pytest.fixture
    def unreachable_store(self, new_store, monkeypatch):
        store = new_store()
        from kakao_logins.models import KakaoLogin

        monkeypatch.setattr(KakaoLogin, "objects", KakaoLogin.objects.db_manager("nowhere"))
        monkeypatch.setattr(KakaoLogin, "save", partialmethod(KakaoLogin.save, using="nowhere"))
        return store

    @pytest.fixture
    def raw(self, database, key):
        return Row(key)


def test_in_a_transaction__works_until_a_refresh_and_sends_none(
    database, key, new_session, kakao, clock, token
):
    from django.db import transaction

    store = django_store(database, key)
    store.save(token)
    with transaction.atomic():
        session = new_session(token_store=store)
        assert session.get("/v2/user/me").status_code == 200
        clock.advance(hours=7)
        kakao.clear_requests()
        with pytest.raises(TokenStoreError, match="this thread is in a transaction"):
            session.get("/v2/user/me")
        assert kakao.requests == []
    assert session.get("/v2/user/me").status_code == 200
