"""The stores and servers of tests/stores, for the tests of this folder."""

from tests.stores.conftest import (  # noqa: F401  # fixtures
    _connections,
    key,
    mariadb_server,
    new_store,
    postgresql_server,
    redis_server,
)
