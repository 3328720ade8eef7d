"""What can't work is refused when it is given, by an error that shows nothing of it."""

import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints
from unittest.mock import MagicMock

import pytest
import requests

import kakao_session
from kakao_session import (
    ConfigurationError,
    EncryptedTokenStore,
    Endpoints,
    FileTokenStore,
    KakaoAuth,
    KakaoSession,
    TokenStoreError,
)

TOKEN = {"access_token": "secret-access", "refresh_token": "secret-refresh"}

both = pytest.mark.parametrize("client", [KakaoSession, KakaoAuth])


class AsyncSavingStore:
    def load(self):
        return None

    async def save(self, token):
        pass

    delete = lock = load


class AsyncStore:
    async def load(self):
        return None

    async def save(self, token):
        pass

    async def delete(self):
        pass

    def lock(self):
        pass


@both
@pytest.mark.parametrize(
    ("store", "message"),
    [
        (TOKEN, "token_store= takes a store, such as FileTokenStore(path), not dict. A token goes"),
        (12345678, "such as FileTokenStore(path), not int.$"),
        (b"kakao_token.json", "such as FileTokenStore(path), not bytes."),
        ("redis://:secret-pw@host/0", "the path of a file, not a URL. For a token in Redis"),
        ("postgresql://user:secret-pw@host/db", "the path of a file, not a URL."),
        (FileTokenStore, "takes a store, not its class. Write FileTokenStore(...)."),
        (AsyncStore(), "Those of AsyncStore are for asyncio, and nothing would be saved."),
        (AsyncSavingStore(), "Those of AsyncSavingStore are for asyncio, and nothing would be"),
    ],
    ids=["dict", "int", "bytes", "redis", "postgresql", "class", "asyncio", "asyncio save"],
)
def test_token_store__that_is_none(client, store, message):
    with pytest.raises(TypeError, match=re.escape(message).replace(r"\$", "$")) as caught:
        client("key", token_store=store)
    assert "secret" not in str(caught.value)
    assert ("token=" in str(caught.value)) is isinstance(store, dict)


async def save(token):
    pass


class AsyncSaver:
    async def __call__(self, token):
        pass


@pytest.mark.parametrize("updater", [save, AsyncSaver()])
def test_token_updater__for_asyncio(updater):
    for take in (
        lambda: KakaoSession("key", token_updater=updater),
        lambda: KakaoAuth("key", token_updater=updater),
        lambda: setattr(KakaoSession("key"), "token_updater", updater),
    ):
        with pytest.raises(TypeError) as caught:
            take()
        assert str(caught.value) == (
            "token_updater= takes an ordinary function. One for asyncio saves nothing."
        )


@pytest.mark.parametrize("updater", ["kakao_token.json", {"access_token": "secret"}, 5])
def test_token_updater__that_is_no_function(updater):
    for take in (
        lambda: KakaoSession("key", token_updater=updater),
        lambda: KakaoAuth("key", token_updater=updater),
        lambda: setattr(KakaoSession("key"), "token_updater", updater),
    ):
        with pytest.raises(TypeError) as caught:
            take()
        assert str(caught.value) == (
            "token_updater= takes a function. The path of a file is token_store=."
        )


@both
def test_token_store__that_is_a_mock_is_not_a_path(client):
    store = MagicMock()
    store.load.return_value = {"access_token": "a"}
    assert isinstance(store, os.PathLike)
    made = client("key", token_store=store)
    auth = made if client is KakaoAuth else made.auth
    auth(requests.Request("GET", "https://kapi.kakao.com/v2/user/me").prepare())
    store.load.assert_called_once()


@pytest.mark.parametrize(
    "public",
    [
        *(getattr(kakao_session, name) for name in kakao_session.__all__),
        *(getattr(kakao_session, f"{kind}TokenStore") for kind in ("SQL", "Redis", "Keyring")),
        kakao_session.EncryptedTokenStore,
    ],
)
def test_annotations__can_be_read(public):
    """Containers for dependencies and runtime checkers of types read them."""
    for function in (getattr(public, "__init__", public), getattr(public, "keys", None)):
        if getattr(function, "__module__", "").startswith("kakao_session"):
            get_type_hints(function)


@both
def test_token_store__whose_methods_are_its_own_attributes(client, tmp_path):
    file = FileTokenStore(tmp_path / "token.json")
    methods = {name: getattr(file, name) for name in ("load", "save", "delete", "lock")}
    client("key", token_store=SimpleNamespace(**methods))


@both
@pytest.mark.parametrize("token", ["secret-access", b"secret-access", ["secret-access"], 5])
def test_token__that_is_not_a_dict(client, token):
    with pytest.raises(ValueError, match=r"^a token is a dict such as \{'access_token': \.\.\.\}$"):
        client("key", token=token)


@both
def test_token_endpoint__that_is_not_https(client):
    endpoints = Endpoints(kauth_url="http://127.0.0.1:8080")
    with pytest.raises(ConfigurationError, match="has to be an https:// URL"):
        client("key", endpoints=endpoints)


@both
@pytest.mark.parametrize(
    "given",
    [
        *("good.json", "./token", "/home/kim/token", "C:\\tokens\\kim", "good.txt"),
        *(Path("good.json"), TOKEN, b"key"),
    ],
)
def test_client_id__that_is_a_path_or_a_token(client, given):
    with pytest.raises(TypeError) as caught:
        client(given)
    assert str(caught.value) == (
        "client_id= takes the REST API key. The path of a token file goes to token_store=, a token "
        "to token=."
    )


@both
@pytest.mark.parametrize("key", ["a" * 32, "key", "", None, "an-app_of 1"])
def test_client_id__of_any_other_kind_is_taken(client, key):
    client(key)


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        (
            "redis://:secret-pw@host",
            TypeError,
            "FileTokenStore takes the path of a file, not a URL. For a token in Redis or in a "
            "database use RedisTokenStore(client, key) or SQLTokenStore(engine, key).",
        ),
        (TOKEN, TypeError, "FileTokenStore takes the path of a file, not a dict."),
        (b"token.json", TypeError, "FileTokenStore takes the path of a file, not a bytes."),
        ("", ValueError, "The path of the token file is empty."),
    ],
)
def test_file_store__path(path, error, message):
    with pytest.raises(error) as caught:
        FileTokenStore(path)
    assert str(caught.value) == message


def test_file_store__variable_that_is_a_url(monkeypatch):
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", "redis://:secret-pw@host")
    with pytest.raises(TokenStoreError) as caught:
        FileTokenStore()
    assert str(caught.value) == ("KAKAO_SESSION_TOKEN_FILE takes the path of a file, not a URL.")


@pytest.mark.parametrize("inner", ["token.json", Path("token.json"), TOKEN, None])
def test_encrypted_store__inner(inner):
    with pytest.raises(TypeError, match=r"EncryptedTokenStore takes a store, such as File"):
        EncryptedTokenStore(inner, "key")
