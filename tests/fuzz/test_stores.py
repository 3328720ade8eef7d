"""Whatever a store holds: a token comes out of it, or an error that names the place."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from kakao_session import (
    EncryptedTokenStore,
    FileTokenStore,
    KeyringTokenStore,
    Token,
    TokenStoreError,
)
from kakao_session.token import Bearer
from tests.fuzz.strategies import ANY_TEXT, BODIES, TEXTS, bounded, fuzz
from tests.stores import factories
from tests.stores.keychain import Keychain

KEY = Fernet.generate_key()
PLACE = "the-place"


def check(store):
    """Load what is there, and write it back."""
    try:
        token = store.load()
    except TokenStoreError as error:
        assert PLACE in str(error)
        assert "opaque-token" not in str(error)
        assert "opaque-token" not in repr(error.__cause__)
    else:
        if token is None:
            return
        Bearer.of(token, 60, 300).is_fresh()
        with store.lock():
            store.save(token)
        assert store.load() == token or "nan" in repr(dict(token)).lower()


@pytest.fixture(params=[False, True], ids=["bytes", "text"])
def redis_store(request, redis_server):
    return factories.redis_store(redis_server.url, PLACE, decode_responses=request.param)


@fuzz
@given(BODIES)
def test_redis(redis_store, redis_server, value):
    factories.client(redis_server.url).set(PLACE, value)
    with bounded():
        check(redis_store)


@fuzz
@given(BODIES | ANY_TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats())
@example(b'\xff{"access_token": "opaque-token"}')
def test_sqlite(sqlite_url, value):
    """A column of SQLite takes a value of any type, and text of any bytes."""
    store = factories.sql_store(sqlite_url, PLACE)
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()  # what the driver takes
    with suppress(TokenStoreError):
        store.load()  # makes the table
    for form in (":value", "CAST(:value AS TEXT)"):
        with store.engine.begin() as connection:
            statement = text(f"REPLACE INTO kakao_tokens VALUES (:key, coalesce({form}, ''))")
            connection.execute(statement, {"key": PLACE, "value": value})
        with bounded():
            check(store)


@fuzz
@given(TEXTS)
def test_postgresql(postgresql_server, value):
    store = factories.sql_store(postgresql_server.url, PLACE)
    store.save(Token({"access_token": "a"}))
    with store.engine.begin() as connection:
        statement = text("UPDATE kakao_tokens SET token = :value WHERE id = :key")
        storable = value.encode("utf-8", "replace").decode().replace("\0", "?")
        connection.execute(statement, {"value": storable, "key": PLACE})
    with bounded():
        check(store)


@pytest.fixture
def keychain(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    keychain = Keychain()
    monkeypatch.setattr("keyring.core._keyring_backend", keychain)
    return keychain


@fuzz
@given(TEXTS | ANY_TEXT)
def test_keyring(keychain, value):
    keychain.entries["kakao-session", PLACE] = value
    with bounded():
        check(KeyringTokenStore(username=PLACE))


@fuzz
@given(BODIES, st.booleans())
def test_encrypted(content, is_ciphertext):
    with tempfile.TemporaryDirectory() as folder, bounded():
        file = FileTokenStore(Path(folder, PLACE))
        sealed = Fernet(KEY).encrypt(content).decode() if is_ciphertext else content.hex()
        file.path.write_text(json.dumps({"access_token": sealed or "x", "encrypted": "fernet"}))
        check(EncryptedTokenStore(file, KEY))


@fuzz
@given(BODIES)
def test_encrypted__in_a_file_of_somebody_else(content):
    with tempfile.TemporaryDirectory() as folder, bounded():
        file = FileTokenStore(Path(folder, PLACE))
        file.path.write_bytes(content)
        check(EncryptedTokenStore(file, KEY))
