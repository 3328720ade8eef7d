"""Places for tokens as another program sees them."""

import keyring
import keyring.backends.fail
import keyring.backends.SecretService
from cryptography.fernet import Fernet
from sqlalchemy import text

from kakao_session import FileTokenStore, Token
from tests.stores import factories


def no_keychain():
    """What keyring finds on a machine without a keychain."""
    backend = keyring.backends.fail.Keyring
    return backend()


def secret_service_keychain():
    """What keyring finds on a Linux desktop."""
    backend = keyring.backends.SecretService.Keyring
    return backend()


class FileRaw:
    """A file from outside."""

    def __init__(self, path):
        self.path = path

    def put(self, text):
        self.path.write_text(text, encoding="utf-8")

    def get(self):
        return self.path.read_text(encoding="utf-8") if self.path.exists() else None


class RedisRaw:
    """A key from outside."""

    def __init__(self, url, key):
        self.client = factories.client(url)
        self.key = key

    def put(self, text):
        self.client.set(self.key, text.encode())

    def get(self):
        value = self.client.get(self.key)
        return None if value is None else value.decode()


class SQLRaw:
    """A row from outside."""

    def __init__(self, url, key, table="kakao_tokens"):
        self.engine = factories.engine(url)
        self.key = key
        self.table = table

    def put(self, value):
        factories.sql_store(str(self.url), self.key, table=self.table).save(
            Token({"access_token": "a"})
        )
        statement = text(f"UPDATE {self.table} SET token = :value WHERE id = :key")
        with self.engine.begin() as connection:
            connection.execute(statement, {"value": value, "key": self.key})

    def get(self):
        statement = text(f"SELECT token FROM {self.table} WHERE id = :key")
        with self.engine.connect() as connection:
            return connection.scalar(statement, {"key": self.key})

    @property
    def url(self):
        return self.engine.url.render_as_string(hide_password=False)


class KeyringRaw:
    """An entry of the keychain from outside."""

    def __init__(self, service, username):
        self.service = service
        self.username = username

    def put(self, text):
        keyring.set_password(self.service, self.username, text)

    def get(self):
        return keyring.get_password(self.service, self.username)


class EncryptedRaw:
    """What is inside the ciphertext."""

    def __init__(self, path, key):
        self.inner = FileTokenStore(path)
        self.fernet = Fernet(key)

    def put(self, text):
        ciphertext = self.fernet.encrypt(text.encode()).decode()
        self.inner.save(Token({"access_token": ciphertext, "encrypted": "fernet"}))

    def get(self):
        sealed = self.inner.load()
        return None if sealed is None else self.fernet.decrypt(sealed["access_token"]).decode()
