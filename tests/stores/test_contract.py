"""The contract, for each store on its real server."""

from functools import partial

import keyring
import pytest
from cryptography.fernet import Fernet
from keyring.backends.fail import Keyring as NoKeyring
from sqlalchemy import make_url, text

from kakao_session import FileTokenStore, Token
from kakao_session.stores.keyring import KeyringTokenStore
from kakao_session.stores.testing import LeasedTokenStoreContract, TokenStoreContract
from tests.stores import factories

NOWHERE = "/nonexistent-folder/socket"


class RawFile:
    def __init__(self, path):
        self.path = path

    def put(self, text):
        self.path.write_text(text, encoding="utf-8")

    def get(self):
        return self.path.read_text(encoding="utf-8")


class RawKey:
    def __init__(self, url, key):
        self.client = factories.client(url)
        self.key = key

    def put(self, text):
        self.client.set(self.key, text.encode())

    def get(self):
        return self.client.get(self.key).decode()


class RawRow:
    def __init__(self, url, key):
        self.store = factories.sql_store(url, key)

    def put(self, value):
        self.store.save({"access_token": "a"})
        self.execute("UPDATE kakao_tokens SET token = :value WHERE id = :key", value=value)

    def get(self):
        return self.execute("SELECT token AS value FROM kakao_tokens WHERE id = :key").scalar()

    def execute(self, statement, **values):
        with self.store.engine.begin() as connection:
            return connection.execute(text(statement), {"key": self.store.key, **values})


class RawPassword:
    def __init__(self, service, username):
        self.entry = service, username

    def put(self, text):
        keyring.set_password(*self.entry, text)

    def get(self):
        return keyring.get_password(*self.entry)


class RawCiphertext:
    def __init__(self, path, key):
        self.file = FileTokenStore(path)
        self.fernet = Fernet(key)

    def put(self, text):
        ciphertext = self.fernet.encrypt(text.encode()).decode()
        self.file.save(Token({"access_token": ciphertext, "encrypted": "fernet"}))

    def get(self):
        return self.fernet.decrypt(self.file.load()["access_token"]).decode()


class TestFileTokenStore(TokenStoreContract):
    @pytest.fixture
    def new_store(self, tmp_path):
        return partial(FileTokenStore, tmp_path / "token.json")

    @pytest.fixture
    def unreachable_store(self, tmp_path):
        (tmp_path / "file").touch()
        return FileTokenStore(tmp_path / "file" / "token.json")

    @pytest.fixture
    def raw(self, tmp_path):
        return RawFile(tmp_path / "token.json")


class TestRedisTokenStore(LeasedTokenStoreContract):
    lease = factories.LEASE

    @pytest.fixture
    def new_store(self, redis_server, key):
        return partial(factories.redis_store, redis_server.url, key)

    @pytest.fixture
    def unreachable_store(self):
        return factories.redis_store(f"unix://{NOWHERE}", "key")

    @pytest.fixture
    def raw(self, redis_server, key):
        return RawKey(redis_server.url, key)


class SQLTokenStoreContract(TokenStoreContract):
    @pytest.fixture
    def new_store(self, url, key):
        return partial(factories.sql_store, url, key)

    @pytest.fixture
    def unreachable_store(self, url):
        kind = make_url(url).drivername
        missing = {
            "postgresql+psycopg": f"postgresql+psycopg://root:pw@/db?host={NOWHERE}",
            "mysql+pymysql": "mysql+pymysql://root:pw@127.0.0.1:1/db",
            "sqlite": f"sqlite:///{NOWHERE}",
        }
        return factories.sql_store(missing[kind], "key")

    @pytest.fixture
    def raw(self, url, key):
        return RawRow(url, key)


class TestPostgreSQL(SQLTokenStoreContract):
    @pytest.fixture
    def url(self, postgresql_server):
        return postgresql_server.url


class TestMariaDB(SQLTokenStoreContract):
    @pytest.fixture
    def url(self, mariadb_server):
        return mariadb_server.url


class TestSQLite(SQLTokenStoreContract):
    @pytest.fixture
    def url(self, sqlite_url):
        return sqlite_url


@pytest.mark.usefixtures("secret_service")
class TestKeyringTokenStore(TokenStoreContract):
    @pytest.fixture
    def new_store(self, key):
        return partial(KeyringTokenStore, "kakao-session-tests", key)

    @pytest.fixture
    def unreachable_store(self, monkeypatch):
        monkeypatch.setattr("keyring.core._keyring_backend", NoKeyring())
        return KeyringTokenStore("kakao-session-tests", "nobody")

    @pytest.fixture
    def raw(self, key):
        return RawPassword("kakao-session-tests", key)


class TestEncryptedTokenStore(TokenStoreContract):
    key = Fernet.generate_key()

    @pytest.fixture
    def new_store(self, tmp_path):
        return partial(factories.encrypted_store, tmp_path / "token.json", self.key)

    @pytest.fixture
    def unreachable_store(self, tmp_path):
        (tmp_path / "file").touch()
        return factories.encrypted_store(tmp_path / "file" / "token.json", self.key)

    @pytest.fixture
    def raw(self, tmp_path):
        return RawCiphertext(tmp_path / "token.json", self.key)
