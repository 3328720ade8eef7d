"""The stores and servers of tests/stores, and a folder in memory."""

import tempfile
from pathlib import Path

import pytest

from tests.stores.conftest import (  # noqa: F401  # fixtures
    _connections,
    key,
    mariadb_server,
    new_store,
    new_url,
    sqlite_url,
)

MEMORY = Path("/dev/shm")


@pytest.fixture
def memory_path():
    """A temporary folder where fsync takes no time, if the system has one."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)
