"""What is peculiar to each kind of SQL database when a row is locked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError


class Database(Protocol):
    """A kind of database: how a transaction that waits for a lock begins and what ends the wait."""

    where_to_look: str
    """Where a person sees who holds a lock."""

    def begin(self, connection: Connection, patience: float) -> None:
        """Begin a transaction whose locks nothing but its end takes away.

        :param patience: seconds to wait for a lock.
        """

    def restore(self, connection: Connection) -> None:
        """Undo, between transactions, what :meth:`begin` changed on the connection."""

    def is_impatience(self, error: DBAPIError) -> bool:
        """Whether the wait for a lock took too long."""

    def is_deadlock(self, error: DBAPIError) -> bool:
        """Whether the transaction was ended because another and it waited for each other."""


class PostgreSQL:
    """PostgreSQL. Settings last as long as the transaction."""

    where_to_look = "SELECT * FROM pg_stat_activity WHERE state = 'idle in transaction'"

    # A time-out that ended the transaction would end the lock in the middle of a renewal. Not every
    # version knows them all.
    _SETTINGS = text(
        "SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN :wait ELSE '0' END, true) "
        "FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout', "
        "'idle_in_transaction_session_timeout', 'transaction_timeout')"
    )

    def begin(self, connection: Connection, patience: float) -> None:
        # A stricter level would fail where this one waits and then sees what the last holder saved.
        connection.execution_options(isolation_level="READ COMMITTED")
        connection.execute(self._SETTINGS, {"wait": str(max(1, round(patience * 1000)))})

    def restore(self, connection: Connection) -> None:
        pass

    def is_impatience(self, error: DBAPIError) -> bool:
        return _has_state(error, "55P03")

    def is_deadlock(self, error: DBAPIError) -> bool:
        return _has_state(error, "40P01")


class MySQL:
    """MySQL and MariaDB, with InnoDB."""

    where_to_look = "SELECT * FROM information_schema.innodb_trx"

    def begin(self, connection: Connection, patience: float) -> None:
        _remember(connection, "SELECT @@SESSION.innodb_lock_wait_timeout")
        self._wait(connection, max(1, math.ceil(patience)))
        connection.exec_driver_sql("START TRANSACTION")  # an engine may be made to commit by itself

    def restore(self, connection: Connection) -> None:
        _put_back(connection, self._wait)

    def is_impatience(self, error: DBAPIError) -> bool:
        return _has_code(error, 1205)

    def is_deadlock(self, error: DBAPIError) -> bool:
        return _has_code(error, 1213)

    @staticmethod
    def _wait(connection: Connection, seconds: int) -> None:
        connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {int(seconds)}")


class SQLite:
    """SQLite: who writes has the whole database."""

    where_to_look = "fuser, with the path of the database"

    def begin(self, connection: Connection, patience: float) -> None:
        _remember(connection, "PRAGMA busy_timeout")
        self._wait(connection, max(1, round(patience * 1000)))
        if getattr(connection.connection.dbapi_connection, "in_transaction", False):
            connection.exec_driver_sql("ROLLBACK")  # an engine made to begin by itself
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def restore(self, connection: Connection) -> None:
        _put_back(connection, self._wait)

    def is_impatience(self, error: DBAPIError) -> bool:
        return "database is locked" in str(error.orig)

    def is_deadlock(self, error: DBAPIError) -> bool:
        return False

    @staticmethod
    def _wait(connection: Connection, milliseconds: int) -> None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(milliseconds)}")


_WAIT = "kakao_session.wait"


def _remember(connection: Connection, query: str) -> None:
    if _WAIT not in connection.info:
        connection.info[_WAIT] = connection.exec_driver_sql(query).scalar()


def _put_back(connection: Connection, wait: Callable[[Connection, int], None]) -> None:
    if not connection.invalidated and _WAIT in connection.info:
        wait(connection, connection.info.pop(_WAIT))


def _has_state(error: DBAPIError, state: str) -> bool:
    states = (getattr(error.orig, "sqlstate", None), getattr(error.orig, "pgcode", None))
    return state in states or state in str(error.orig)


def _has_code(error: DBAPIError, code: int) -> bool:
    return error.orig is not None and error.orig.args[:1] == (code,)


DATABASES: dict[str, Database] = {
    "postgresql": PostgreSQL(),
    "mysql": MySQL(),
    "mariadb": MySQL(),
    "sqlite": SQLite(),
}
"""By the name of SQLAlchemy's dialect."""
