"""Places for tokens as another program sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keyring
import keyring.backends.fail
import keyring.backends.SecretService
from cryptography.fernet import Fernet
from sqlalchemy import text

from kakao_session import FileTokenStore, Token
from tests.stores import places


def no_keychain() -> Any:
    """What keyring finds on a machine without a keychain."""
    backend: Any = keyring.backends.fail.Keyring
    return backend()


def secret_service_keychain() -> Any:
    """What keyring finds on a Linux desktop."""
    backend: Any = keyring.backends.SecretService.Keyring
    return backend()


class FileRaw:
    """A file from outside."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")

    def get(self) -> str | None:
        return self.path.read_text(encoding="utf-8") if self.path.exists() else None


class RedisRaw:
    """A key from outside."""

    def __init__(self, url: str, key: str) -> None:
        self.client = places.client(url)
        self.key = key

    def put(self, text: str) -> None:
        self.client.set(self.key, text.encode())

    def get(self) -> str | None:
        value = self.client.get(self.key)
        return None if value is None else value.decode()


class SQLRaw:
    """A row from outside."""

    def __init__(self, url: str, key: str, table: str = "kakao_tokens") -> None:
        self.engine = places.engine(url)
        self.key = key
        self.table = table

    def put(self, value: str) -> None:
        places.sql_store(str(self.url), self.key, table=self.table).save(
            Token({"access_token": "a"})
        )
        statement = text(f"UPDATE {self.table} SET token = :value WHERE id = :key")
        with self.engine.begin() as connection:
            connection.execute(statement, {"value": value, "key": self.key})

    def get(self) -> str | None:
        statement = text(f"SELECT token FROM {self.table} WHERE id = :key")
        with self.engine.connect() as connection:
            value: str | None = connection.scalar(statement, {"key": self.key})
            return value

    @property
    def url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)


class KeyringRaw:
    """An entry of the keychain from outside."""

    def __init__(self, service: str, username: str) -> None:
        self.service = service
        self.username = username

    def put(self, text: str) -> None:
        keyring.set_password(self.service, self.username, text)

    def get(self) -> str | None:
        return keyring.get_password(self.service, self.username)


class EncryptedRaw:
    """What is inside the ciphertext."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.inner = FileTokenStore(path)
        self.fernet = Fernet(key)

    def put(self, text: str) -> None:
        ciphertext = self.fernet.encrypt(text.encode()).decode()
        self.inner.save(Token({"access_token": ciphertext, "encrypted": "fernet"}))

    def get(self) -> str | None:
        sealed = self.inner.load()
        return None if sealed is None else self.fernet.decrypt(sealed["access_token"]).decode()
