"""The contract, for each store on its real server."""

from functools import partial
from types import SimpleNamespace as Raw

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
SERVICE = "kakao-session-tests"


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


@pytest.fixture
def unreachable_file(tmp_path):
    (tmp_path / "file").touch()
    return tmp_path / "file" / "token.json"


class TestFileTokenStore(TokenStoreContract):
    @pytest.fixture
    def new_store(self, tmp_path):
        return partial(FileTokenStore, tmp_path / "token.json")

    @pytest.fixture
    def unreachable_store(self, unreachable_file):
        return FileTokenStore(unreachable_file)

    @pytest.fixture
    def raw(self, tmp_path):
        path = tmp_path / "token.json"
        return Raw(put=path.write_text, get=path.read_text)


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
        client = factories.client(redis_server.url)
        return Raw(put=partial(client.set, key), get=lambda: client.get(key).decode())


class TestSQLTokenStore(TokenStoreContract):
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


@pytest.mark.usefixtures("secret_service")
class TestKeyringTokenStore(TokenStoreContract):
    @pytest.fixture
    def new_store(self, key):
        return partial(KeyringTokenStore, SERVICE, key)

    @pytest.fixture
    def unreachable_store(self, monkeypatch):
        monkeypatch.setattr("keyring.core._keyring_backend", NoKeyring())
        return KeyringTokenStore(SERVICE, "nobody")

    @pytest.fixture
    def raw(self, key):
        put = partial(keyring.set_password, SERVICE, key)
        return Raw(put=put, get=lambda: keyring.get_password(SERVICE, key))


class TestEncryptedTokenStore(TokenStoreContract):
    key = Fernet.generate_key()

    @pytest.fixture
    def new_store(self, tmp_path):
        return partial(factories.encrypted_store, tmp_path / "token.json", self.key)

    @pytest.fixture
    def unreachable_store(self, unreachable_file):
        return factories.encrypted_store(unreachable_file, self.key)

    @pytest.fixture
    def raw(self, tmp_path):
        file, fernet = FileTokenStore(tmp_path / "token.json"), Fernet(self.key)

        def put(text):
            ciphertext = fernet.encrypt(text.encode()).decode()
            file.save(Token({"access_token": ciphertext, "encrypted": "fernet"}))

        return Raw(put=put, get=lambda: fernet.decrypt(file.load()["access_token"]).decode())
