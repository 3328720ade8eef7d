"""The contract, for each store on its real server."""

from functools import partial

import pytest
from cryptography.fernet import Fernet

from kakao_session.stores.file import FileTokenStore
from kakao_session.stores.keyring import KeyringTokenStore
from kakao_session.stores.testing import LeasedTokenStoreContract, TokenStoreContract
from tests.stores import factories, raw_access

NOWHERE = "/nonexistent-folder/socket"


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
        return raw_access.FileRaw(tmp_path / "token.json")


class TestRedisTokenStore(LeasedTokenStoreContract):
    lease = factories.LEASE

    @pytest.fixture(params=[False, True], ids=["bytes", "decode_responses"])
    def new_store(self, request, redis_server, key):
        return partial(factories.redis_store, redis_server.url, key, decode_responses=request.param)

    @pytest.fixture
    def unreachable_store(self):
        return factories.redis_store(f"unix://{NOWHERE}", "key")

    @pytest.fixture
    def raw(self, redis_server, key):
        return raw_access.RedisRaw(redis_server.url, key)


class TestPostgreSQL(TokenStoreContract):
    @pytest.fixture
    def new_store(self, postgresql_server, key):
        return partial(factories.sql_store, postgresql_server.url, key)

    @pytest.fixture
    def unreachable_store(self):
        return factories.sql_store(f"postgresql+psycopg://root:pw@/db?host={NOWHERE}", "key")

    @pytest.fixture
    def raw(self, postgresql_server, key):
        return raw_access.SQLRaw(postgresql_server.url, key)


class TestMariaDB(TokenStoreContract):
    @pytest.fixture
    def new_store(self, mariadb_server, key):
        return partial(factories.sql_store, mariadb_server.url, key)

    @pytest.fixture
    def unreachable_store(self):
        return factories.sql_store("mysql+pymysql://root:pw@127.0.0.1:1/db", "key")

    @pytest.fixture
    def raw(self, mariadb_server, key):
        return raw_access.SQLRaw(mariadb_server.url, key)


class TestSQLite(TokenStoreContract):
    @pytest.fixture
    def new_store(self, sqlite_url, key):
        return partial(factories.sql_store, sqlite_url, key)

    @pytest.fixture
    def unreachable_store(self):
        return factories.sql_store(f"sqlite:///{NOWHERE}", "key")

    @pytest.fixture
    def raw(self, sqlite_url, key):
        return raw_access.SQLRaw(sqlite_url, key)


@pytest.mark.usefixtures("secret_service")
class TestKeyringTokenStore(TokenStoreContract):
    @pytest.fixture
    def new_store(self, key):
        return partial(KeyringTokenStore, "kakao-session-tests", key)

    @pytest.fixture
    def unreachable_store(self, monkeypatch):
        monkeypatch.setattr("keyring.core._keyring_backend", raw_access.no_keychain())
        return KeyringTokenStore("kakao-session-tests", "nobody")

    @pytest.fixture
    def raw(self, key):
        return raw_access.KeyringRaw("kakao-session-tests", key)


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
        return raw_access.EncryptedRaw(tmp_path / "token.json", self.key)
