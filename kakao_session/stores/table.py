"""The table that holds the tokens: its columns, and how it comes into being."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
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
)
from sqlalchemy.dialects.mysql import VARBINARY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine

LONGEST_KEY = 255

_made: WeakKeyDictionary[Engine, set[str]] = WeakKeyDictionary()


class _Key(TypeDecorator[str]):
    """A key that only itself is equal to: to MySQL's text, ``Kim`` and ``kim `` are the same."""

    impl = String(LONGEST_KEY)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return VARBINARY(4 * LONGEST_KEY) if _is_mysql(dialect) else self.impl_instance

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        return value.encode() if value is not None and _is_mysql(dialect) else value


def _is_mysql(dialect: Dialect) -> bool:
    return dialect.name in ("mysql", "mariadb")


@lru_cache
def table_named(name: str) -> Table:
    """The table as SQLAlchemy sees it."""
    return Table(
        name,
        MetaData(),
        Column("id", _Key(), primary_key=True),
        Column("token", Text(), nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )


def make_if_missing(
    table: Table, engine: Engine, connection: Connection, begin: Callable[[], None]
) -> None:
    """Make the table if the database has none; it is asked once for each engine.

    :param engine: the program's own, which lives as long as its pool.
    :param begin: begins a transaction, in SQLite one that may write.
    """
    made = _made.setdefault(engine, set())
    if table.name in made:
        return
    is_missing = not inspect(connection).has_table(table.name)
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
