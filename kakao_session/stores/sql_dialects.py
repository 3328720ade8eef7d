"""What differs between SQL databases: how a transaction waits for a row, and the table's columns.

:mod:`~kakao_session.stores.sql` locks and reads the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    text,
)
from sqlalchemy.dialects.mysql import VARBINARY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine

from kakao_session.stores.base import IS_FULL

LONGEST_KEY = 255

_ROOM = 1 << 16
"""Bytes that SQLite needs for a token: its page, and that page once more in the journal."""


class SQLDialect(Protocol):
    """A kind of database."""

    where_to_look: str
    """Where people can see who holds a lock."""

    def begin(self, connection: Connection, timeout: float) -> None:
        """Begin a transaction that keeps its locks until it ends.

        :param timeout: seconds to wait for a lock.
        """

    def check_room(self, connection: Connection) -> None:
        """:raises OSError: the disk is full, and the database would notice only when it commits."""

    def wait_longer(self, connection: Connection, timeout: float) -> None:
        """Let the rest of the transaction wait this long, if it may have to wait again."""

    def restore(self, connection: Connection) -> None:
        """Undo what :meth:`begin` has changed on the connection, between two transactions."""

    def is_lock_timeout(self, error: DBAPIError) -> bool:
        """Whether the wait for a lock took too long."""

    def is_deadlock(self, error: DBAPIError) -> bool:
        """Whether the database ended one of two transactions that waited for each other."""


class PostgreSQL:
    """PostgreSQL. Its settings end with the transaction."""

    where_to_look = "SELECT * FROM pg_stat_activity WHERE state = 'idle in transaction'"

    # A timeout that ends the transaction would end the lock during a refresh. Not every version
    # has all of these settings.
    _SETTINGS = text(
        "SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN :wait ELSE '0' END, true) "
        "FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout', "
        "'idle_in_transaction_session_timeout', 'transaction_timeout')"
    )

    def begin(self, connection: Connection, timeout: float) -> None:
        # Stricter levels fail where this one waits and then sees what the last holder saved.
        connection.execution_options(isolation_level="READ COMMITTED")
        connection.execute(self._SETTINGS, {"wait": str(max(1, round(timeout * 1000)))})

    def check_room(self, connection: Connection) -> None:
        pass  # its disk is its own affair

    def wait_longer(self, connection: Connection, timeout: float) -> None:
        pass  # it has the row

    def restore(self, connection: Connection) -> None:
        pass

    def is_lock_timeout(self, error: DBAPIError) -> bool:
        return _has_state(error, "55P03")

    def is_deadlock(self, error: DBAPIError) -> bool:
        return _has_state(error, "40P01")


class MySQL:
    """MySQL and MariaDB, with InnoDB."""

    where_to_look = "SELECT * FROM information_schema.innodb_trx"

    def begin(self, connection: Connection, timeout: float) -> None:
        _remember(connection, "SELECT @@SESSION.innodb_lock_wait_timeout")
        self._set_timeout(connection, max(1, math.ceil(timeout)))
        connection.exec_driver_sql("START TRANSACTION")  # an engine may use AUTOCOMMIT

    def check_room(self, connection: Connection) -> None:
        pass  # its disk is its own affair

    def wait_longer(self, connection: Connection, timeout: float) -> None:
        pass  # it has the row

    def restore(self, connection: Connection) -> None:
        _put_back(connection, self._set_timeout)

    def is_lock_timeout(self, error: DBAPIError) -> bool:
        return _has_code(error, 1205)

    def is_deadlock(self, error: DBAPIError) -> bool:
        return _has_code(error, 1213)

    @staticmethod
    def _set_timeout(connection: Connection, seconds: int) -> None:
        connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {int(seconds)}")


class SQLite:
    """SQLite, where a writer locks the whole database."""

    where_to_look = "fuser, with the path of the database"

    def begin(self, connection: Connection, timeout: float) -> None:
        _remember(connection, "PRAGMA busy_timeout")
        self.wait_longer(connection, timeout)
        if getattr(connection.connection.dbapi_connection, "in_transaction", False):
            connection.exec_driver_sql("ROLLBACK")  # an engine that begins by itself
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def check_room(self, connection: Connection) -> None:
        path = connection.exec_driver_sql("PRAGMA database_list").first()[2]  # type: ignore[index]  # there is one
        try:
            if path:
                with TemporaryFile(dir=Path(path).parent) as file:
                    file.write(bytes(_ROOM))
        except OSError as error:
            if error.errno in IS_FULL:
                raise

    def wait_longer(self, connection: Connection, timeout: float) -> None:
        self._set_timeout(connection, max(1, round(timeout * 1000)))  # COMMIT waits for readers

    def restore(self, connection: Connection) -> None:
        _put_back(connection, self._set_timeout)

    def is_lock_timeout(self, error: DBAPIError) -> bool:
        return "database is locked" in str(error.orig)

    def is_deadlock(self, error: DBAPIError) -> bool:
        return False

    @staticmethod
    def _set_timeout(connection: Connection, milliseconds: int) -> None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(milliseconds)}")


_TIMEOUT = "kakao_session.timeout"


def _remember(connection: Connection, query: str) -> None:
    if _TIMEOUT not in connection.info:
        connection.info[_TIMEOUT] = connection.exec_driver_sql(query).scalar()


def _put_back(connection: Connection, set_timeout: Callable[[Connection, int], None]) -> None:
    if not connection.invalidated and _TIMEOUT in connection.info:
        set_timeout(connection, connection.info.pop(_TIMEOUT))


def _has_state(error: DBAPIError, state: str) -> bool:
    states = (getattr(error.orig, "sqlstate", None), getattr(error.orig, "pgcode", None))
    return state in states or state in str(error.orig)


def _has_code(error: DBAPIError, code: int) -> bool:
    return error.orig is not None and error.orig.args[:1] == (code,)


DIALECTS: dict[str, SQLDialect] = {
    "postgresql": PostgreSQL(),
    "mysql": MySQL(),
    "mariadb": MySQL(),
    "sqlite": SQLite(),
}
"""By SQLAlchemy's name."""


# The table ------------------------------------------------------------------------------------


class _Key(TypeDecorator[str]):
    """A key that is equal only to itself: for MySQL's text, ``Kim`` and ``kim `` are the same."""

    impl = String(LONGEST_KEY)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return VARBINARY(4 * LONGEST_KEY) if _is_mysql(dialect) else self.impl_instance

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        return value.encode() if value is not None and _is_mysql(dialect) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value.decode() if isinstance(value, bytes) else value


def _is_mysql(dialect: Dialect) -> bool:
    return dialect.name in ("mysql", "mariadb")


@lru_cache
def table_named(name: str) -> Table:
    """The table for SQLAlchemy."""
    return Table(
        name,
        MetaData(),
        Column("id", _Key(), primary_key=True),
        Column("token", Text(), nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )


_made: WeakKeyDictionary[Engine, set[str]] = WeakKeyDictionary()


def make_table(
    table: Table,
    engine: Engine,
    connection: Connection,
    begin: Callable[[], None],
    *,
    again: bool = False,
) -> bool:
    """Make the table if it is missing. Each engine's database is asked once.

    :param engine: the program's own, which lives as long as its pool.
    :param begin: begins a transaction that may write.
    :param again: ask the database in any case: the table may have been dropped.
    :returns: whether it was missing.
    """
    made = _made.setdefault(engine, set())
    if table.name in made and not again:
        return False
    schema = connection.get_execution_options().get("schema_translate_map", {}).get(None)
    connection.rollback()
    is_missing = not inspect(connection).has_table(table.name, schema=schema)
    connection.rollback()
    if is_missing:
        begin()
        try:
            table.create(connection, checkfirst=True)
        except DBAPIError:
            connection.rollback()
            table.create(connection, checkfirst=True)  # another process may have made it just now
        connection.commit()
    made.add(table.name)
    return is_missing
