"""A token in a row of an SQL table: PostgreSQL, MySQL, MariaDB, SQLite."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kakao_session.call import at_most, longest
from kakao_session.errors import TokenStoreError
from kakao_session.redaction import without_inner_frames, without_words
from kakao_session.stores.base import LEFT_ALONE, LOCK_TIMEOUT
from kakao_session.stores.holds import Holds
from kakao_session.stores.text import to_text, to_token
from kakao_session.token import Token

try:
    from sqlalchemy import URL, Connection, Engine, delete, insert, select, update
    from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
    from sqlalchemy.pool import Pool, StaticPool
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "SQLTokenStore needs SQLAlchemy 2: pip install 'kakao-session[sql]', and the driver of "
        "your database",
        name=error.name,
    ) from error

from kakao_session.stores.databases import DATABASES
from kakao_session.stores.table import LONGEST_KEY, make_if_missing, table_named

log = logging.getLogger(__name__)

TABLE = "kakao_tokens"


class SQLTokenStore:
    """Keeps a token in one row of a table, as JSON; the lock of the row is the lock.

    The table is made when it is first needed, if it is not there: ``id VARCHAR(255) PRIMARY KEY``
    (in MySQL ``VARBINARY(1020)``) and ``token TEXT NOT NULL``.

    Who renews holds a connection of the engine's pool until the new token is saved. The renewals of
    two users never wait for each other, as long as the pool has a connection for each; but SQLite
    has no rows to lock: there one user renews at a time, and whoever else writes to that database
    waits meanwhile. A killed holder frees the row at once. Where all threads share one connection
    (``StaticPool``), one of them uses it at a time: there a load waits, too, while another renews.

    :param engine: an engine of SQLAlchemy for PostgreSQL, MySQL, MariaDB or SQLite.
    :param key: the row's ``id``, at most 255 characters.
    :param table: the table's name.
    :param lock_timeout: seconds to wait for the lock.
    :raises TypeError: *engine* is a URL, an engine for asyncio, a session, a connection ...
    :raises ValueError: the key does not fit, or it is another kind of database.
    """

    def __init__(
        self,
        engine: Engine,
        key: str,
        *,
        table: str = TABLE,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        _check_engine(engine)
        self.engine = engine
        self.key = _fitting(key)
        self.lock_timeout = lock_timeout
        self._table = table_named(table)
        self._database = DATABASES[engine.dialect.name]
        self._row = (engine, table, key)

    @without_inner_frames
    def load(self) -> Token | None:
        """Read the row.

        :returns: the token; ``None`` if there is no row.
        :raises TokenStoreError: the database is out of reach, or the row holds no token and stays
            as it is.
        """
        hold = _held.mine(self._row)
        stored = self._read() if hold is None else hold.stored
        if not stored:
            return None
        try:
            return to_token(stored)
        except ValueError as error:
            raise self._error(f"holds no token ({error})", LEFT_ALONE) from None

    @without_inner_frames
    def save(self, token: Mapping[str, Any]) -> None:
        """Write the row and commit. Inside :meth:`lock`, that ends the lock.

        :param token: the token, as any mapping.
        :raises TokenStoreError: it could not be written, or the database had let go of the lock and
            somebody else's token is there now; that one stays.
        """
        try:
            text = to_text(token, ascii_only=True)  # the database may have any encoding
        except ValueError as error:
            raise self._error("can't be written", str(error)) from error
        with self._locked() as hold, self._guarded("can't be written"):
            self._replace(hold, text)

    @without_inner_frames
    def delete(self) -> None:
        """Remove the row and commit. Inside :meth:`lock`, that ends the lock.

        :raises TokenStoreError: it could not be removed.
        """
        with self._locked() as hold, self._guarded("can't be removed"):
            self._replace(hold, "")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the row, after making sure that it can be written.

        :raises TokenStoreError: the database is out of reach, or the wait took too long.
        """
        _held.check(self._row, self, self._error)
        with self._locked():
            yield

    @contextmanager
    def _locked(self) -> Iterator[_Hold]:
        hold = _held.mine(self._row)
        if hold is not None:
            yield hold
            return
        connected = self._connected()
        with self._guarded("can't be locked"):
            connection = connected.__enter__()
        try:
            with self._guarded("can't be locked"):
                hold = _Hold(connection, self._row_locked(connection))
            with _held.entered(self._row, self, hold):
                yield hold
        finally:
            try:
                self._let_go(connection)
            finally:
                connected.__exit__(None, None, None)

    def _let_go(self, connection: Connection) -> None:
        try:
            connection.rollback()
            self._database.restore(connection)
        except DBAPIError as error:
            log.info("the connection that locked %r had ended (%s)", self, _name(error))
            connection.invalidate()

    # On a connection ------------------------------------------------------------------------

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        quiet: Any = self.engine.execution_options()
        # On this copy alone: neither log nor error shows a token.
        quiet.hide_parameters = True
        quiet.logger = _LogWithoutRows(self.engine.logger, {})
        with self._alone(), quiet.connect() as connection:
            begin = partial(self._database.begin, connection, at_most(self.lock_timeout))
            make_if_missing(self._table, self.engine, connection, begin)
            self._database.restore(connection)
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads off a connection that all of them share: who gives it back ends the
        transaction, whosever it is."""
        if not isinstance(self.engine.pool, StaticPool):
            yield
            return
        lock = _shared.setdefault(self.engine.pool, threading.RLock())
        if not lock.acquire(timeout=at_most(self.lock_timeout)):
            raise self._impatience()
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> str | None:
        query = select(self._table.c.token).where(self._table.c.id == self.key)
        with self._guarded("can't be read"), self._connected() as connection:
            try:
                stored: str | None = connection.scalar(query)
            except DBAPIError as error:
                _raise_unless_it_had_died(error)
                connection.rollback()
                stored = connection.scalar(query)
            return stored

    def _row_locked(self, connection: Connection) -> str:
        """Begin a transaction that has the row to itself.

        :returns: what the row holds; empty if there was none.
        """
        try:
            return self._begun(connection)
        except DBAPIError as error:
            _raise_unless_it_had_died(error)
            return self._begun(connection)

    def _begun(self, connection: Connection) -> str:
        for _ in range(_TRIES):
            connection.rollback()
            try:
                stored = self._locked_now(connection)
                if stored is not None:
                    return stored
                connection.rollback()
                self._insert_empty(connection)
            except DBAPIError as error:
                if not self._database.is_deadlock(error):
                    raise
        raise self._error("can't be locked", "It vanishes whenever it is made. Look who removes it")

    def _locked_now(self, connection: Connection) -> str | None:
        self._database.begin(connection, at_most(self.lock_timeout))
        row = self._table.c
        query = select(row.token).where(row.id == self.key).with_for_update()
        stored: str | None = connection.scalar(query)
        probe = update(self._table).where(row.id == self.key).values(token=row.token)
        connection.execute(probe)
        return stored

    def _insert_empty(self, connection: Connection) -> None:
        # Others can lock a row that they can see, so this is no part of the lock's transaction.
        try:
            connection.execute(insert(self._table).values(id=self.key, token=""))
            connection.commit()
        except IntegrityError:
            connection.rollback()  # somebody was quicker

    def _replace(self, hold: _Hold, text: str) -> None:
        """Put *text*, or nothing if it is empty, in the place of what the holder has seen."""
        if hold.is_locked:
            hold.is_locked = False
            try:
                self._write(hold, text)
            except DBAPIError as error:
                _raise_unless_it_had_died(error)
            else:
                return
        # The lock has ended, with an earlier save or with its connection.
        stored = self._row_locked(hold.connection)
        if stored not in (hold.stored, text):
            raise self._error(
                "was changed by somebody else" if stored else "was removed by somebody else",
                "The database had let go of the lock. "
                + (
                    "The other token was left there, and the next call takes it over"
                    if stored
                    else "The token was not saved"
                ),
            )
        self._write(hold, text)

    def _write(self, hold: _Hold, text: str) -> None:
        mine = self._table.c.id == self.key
        statement = update(self._table).values(token=text) if text else delete(self._table)
        hold.connection.execute(statement.where(mine))
        hold.connection.commit()
        hold.stored = text

    # In words -------------------------------------------------------------------------------

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError) as error:
            name = _name(error)
            without_words(error)
            raise self._error(f"{what} ({name})", "Look at the table's columns") from None
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
            if isinstance(error, DBAPIError) and self._database.is_impatience(error):
                raise self._impatience() from error
            if "Could not decode to UTF-8" in str(error):  # SQLite quotes the row after that
                without_words(error)
                raise self._error("holds no token (not UTF-8)", LEFT_ALONE) from None
            raise self._error(
                f"{what} ({_name(error)})",
                "Look whether the database runs, lets this program in and has the table",
            ) from error

    def _impatience(self) -> TokenStoreError:
        return self._error(
            "is locked",
            f"another program or thread has held it for more than {longest(self.lock_timeout):g} "
            f"seconds. Look for one that hangs ({self._database.where_to_look}), end it and try "
            "again",
        )

    def _error(self, what: str, remedy: str) -> TokenStoreError:
        return TokenStoreError(f"Row {self._place} {what}: {remedy}.")

    @property
    def _place(self) -> str:
        url = self.engine.url  # without its user, password and query
        host = f"{url.host or ''}:{url.port}" if url.port else url.host or ""
        return (
            f"{self.key!r} of table {self._table.name} in "
            f"{self.engine.dialect.name}://{host}/{url.database or ''}"
        )

    def __repr__(self) -> str:
        return f"SQLTokenStore({self._place})"


_shared: WeakKeyDictionary[Pool, threading.RLock] = WeakKeyDictionary()
"""By pool, since the copies of an engine have one between them."""

_TRIES = 100
"""Each takes milliseconds, and more than one is needed only while somebody removes the row."""


@dataclass
class _Hold:
    """A connection whose transaction has locked the row, and what the row holds."""

    connection: Connection
    stored: str
    is_locked: bool = True


_held: Holds[_Hold] = Holds()


def _check_engine(engine: Any) -> None:
    """:raises TypeError: it is no engine. The message shows none of it."""
    makes_one = 'sqlalchemy.create_engine("postgresql+psycopg://...")'
    if isinstance(engine, str | URL):
        raise TypeError(f"SQLTokenStore takes an engine, not a URL: make one with {makes_one}.")
    if not isinstance(engine, Engine):
        raise TypeError(
            f"SQLTokenStore takes an engine of SQLAlchemy, not {type(engine).__name__}. Make one "
            f"with {makes_one}; from a session, take session.get_bind()."
        )
    if engine.dialect.is_async:
        raise TypeError(
            f"SQLTokenStore takes an engine with an ordinary driver, not {engine.dialect.driver}, "
            f"which is for asyncio. Make one with {makes_one}."
        )
    if engine.dialect.name not in DATABASES:
        known = ", ".join(DATABASES)
        raise ValueError(f"SQLTokenStore takes an engine for {known}: not {engine.dialect.name}")


def _fitting(key: str) -> str:
    if not isinstance(key, str) or not key or "\0" in key:
        raise ValueError("key is a string, neither empty nor with a NUL in it")
    if len(key) > LONGEST_KEY:
        raise ValueError(
            f"key has {len(key):,} characters, and {LONGEST_KEY} fit. Use the user's number"
        )
    key.encode()  # a lone surrogate fits into no database
    return key


def _raise_unless_it_had_died(error: DBAPIError) -> None:
    """Let the error of a dead connection pass: all that the pool has are replaced with it."""
    if not error.connection_invalidated:
        raise error


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


if TYPE_CHECKING:
    _LoggerAdapter = logging.LoggerAdapter[Any]  # not to be subscripted before Python 3.11
else:
    _LoggerAdapter = logging.LoggerAdapter


class _LogWithoutRows(_LoggerAdapter):
    """The log of an engine, which shows rows at level DEBUG."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # the name that logging gives it
        return level > logging.DEBUG and super().isEnabledFor(level)
