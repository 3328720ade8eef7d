"""The servers, each started for the first test that needs it, and what several tests do."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import keyring
import pytest
from keyring.backends.SecretService import Keyring as SecretService

pytest.register_assert_rewrite("kakao_session.stores.testing")

from kakao_session import FileTokenStore, TokenStoreError  # noqa: E402  # after the line above
from tests.stores import factories, servers  # noqa: E402


@pytest.fixture
def key():
    """A key that no other test uses."""
    return f"user-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'tokens.db'}"


@pytest.fixture
def new_url(request):
    """:returns: a function that finds the URL of a database, by its kind."""

    def find(kind):
        name = "sqlite_url" if kind == "sqlite" else f"{kind}_server"
        return getattr(found := request.getfixturevalue(name), "url", found)

    return find


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def url(request, new_url):
    """The URL of a database, of each kind."""
    return new_url(request.param)


@pytest.fixture
def new_store(kind, new_url, key, tmp_path):
    """Makes stores of the parameter ``kind``, all for one user."""
    if kind == "file":
        return partial(FileTokenStore, tmp_path / "token.json")
    if kind == "redis":
        return partial(factories.redis_store, new_url(kind), key, lease=30)
    return partial(factories.sql_store, new_url(kind), key)


@pytest.fixture(scope="session", autouse=True)
def _connections():
    yield
    factories.close_all()


@pytest.fixture(scope="session")
def mariadb_server():
    with servers.mariadb_server() as server:
        yield server


@pytest.fixture(scope="session")
def secret_service():
    """An unlocked keychain for keyring, in this process and in those that it starts."""
    with servers.secret_service() as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
        before = keyring.get_keyring()
        keyring.set_keyring(SecretService())
        yield
        keyring.set_keyring(before)


def lock(store):
    with store.lock():
        pytest.fail("a refresh token might be spent here")


def error_of(work):
    """:returns: the error that *work* ends with."""
    with pytest.raises(TokenStoreError) as caught:
        work()
    return caught.value


def error_in_thread(work):
    """:returns: the error that *work* ends with in another thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(error_of, work).result()


def names(folder):
    return {path.name for path in folder.iterdir()}


@contextmanager
def full_disk(room=100):
    """As on a full disk, a file can be made, but what goes into it has no room."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def as_user(user):
    """Be another user inside, as root can; another thread, too."""
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
