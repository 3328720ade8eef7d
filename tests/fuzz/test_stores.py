"""Whatever a store holds: a token that calls can use, or an error that names the place."""

import json
from contextlib import suppress

import pytest
import requests
from cryptography.fernet import Fernet
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from kakao_session import (
    EncryptedTokenStore,
    FileTokenStore,
    KakaoSession,
    KeyringTokenStore,
    Token,
    TokenStoreError,
)
from tests.fuzz.harness import Network, bounded, fuzz
from tests.fuzz.strategies import (
    ANY_TEXT,
    BYTES,
    JSON_TEXTS,
    SECRET,
    TOO_LATE_FOR_A_CALENDAR,
    TOO_LONG_FOR_A_FLOAT,
)
from tests.stores import factories
from tests.stores.keychain import Keychain

PLACE = "the-place"
KEY = Fernet.generate_key()


def check(store):
    """Load what is there, make a call with it, and save it again."""
    with bounded():
        try:
            token = store.load()
        except TokenStoreError as error:
            assert PLACE in str(error)
            assert SECRET not in f"{error} {error.__cause__!r}"
            return
        if token is None:
            return
        assert token.fingerprint
        assert isinstance(token.scopes, frozenset)
        with KakaoSession("key", token=token) as kakao, suppress(requests.RequestException):
            kakao.mount("https://", Network(400, b"{}"))
            kakao.get("/v2/user/me")
        with suppress(TokenStoreError), store.lock():  # it can be larger then
            store.save(token)
        assert store.load() == token or "nan" in repr(dict(token)).lower()


def storable(value):
    """Text as the drivers of databases take it."""
    return value.encode("utf-8", "replace").decode()


@pytest.fixture
def file(tmp_path):
    return FileTokenStore(tmp_path / PLACE)


@fuzz
@given(BYTES)
@example(TOO_LONG_FOR_A_FLOAT)
@example(TOO_LATE_FOR_A_CALENDAR)
def test_file(file, content):
    file.path.write_bytes(content)
    check(file)
    with suppress(TokenStoreError):
        file.load()
        return
    assert file.path.read_bytes() == content


@fuzz
@given(BYTES, st.booleans())
def test_encrypted(file, content, is_ciphertext):
    sealed = Fernet(KEY).encrypt(content).decode() if is_ciphertext else content.hex()
    file.path.write_text(json.dumps({"access_token": sealed or "x", "encrypted": "fernet"}))
    check(EncryptedTokenStore(file, KEY))


@fuzz
@given(BYTES)
def test_encrypted__over_another_file(file, content):
    file.path.write_bytes(content)
    check(EncryptedTokenStore(file, KEY))


@fuzz
@given(value=BYTES)
@pytest.mark.parametrize("decode_responses", [False, True])
def test_redis(redis_server, value, decode_responses):
    factories.client(redis_server.url).set(PLACE, value)
    check(factories.redis_store(redis_server.url, PLACE, decode_responses=decode_responses))


@fuzz
@given(BYTES | ANY_TEXT.map(storable) | st.integers(-(2**63), 2**63 - 1) | st.floats())
@example(b'\xff{"access_token": "opaque-secret"}')
def test_sqlite(sqlite_url, value):
    """A column of SQLite takes a value of any type, and text of any bytes."""
    store = factories.sql_store(sqlite_url, PLACE)
    with suppress(TokenStoreError):
        store.load()  # makes the table
    for form in (":value", "CAST(:value AS TEXT)"):
        with store.engine.begin() as connection:
            statement = text(f"REPLACE INTO kakao_tokens VALUES (:key, coalesce({form}, ''))")
            connection.execute(statement, {"key": PLACE, "value": value})
        check(store)


@fuzz
@given(JSON_TEXTS.map(storable))
def test_postgresql(postgresql_server, value):
    store = factories.sql_store(postgresql_server.url, PLACE)
    store.save(Token(access_token="a"))
    with store.engine.begin() as connection:
        statement = text("UPDATE kakao_tokens SET token = :value WHERE id = :key")
        connection.execute(statement, {"value": value.replace("\0", "?"), "key": PLACE})
    check(store)


@fuzz
@given(JSON_TEXTS | ANY_TEXT)
def test_keyring(monkeypatch, tmp_path, value):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    keychain = Keychain()
    monkeypatch.setattr("keyring.core._keyring_backend", keychain)
    keychain.entries["kakao-session", PLACE] = value
    check(KeyringTokenStore(username=PLACE))
