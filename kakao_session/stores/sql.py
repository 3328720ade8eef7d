"""A token in a row of an SQL table: PostgreSQL, MySQL, MariaDB, SQLite."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from kakao_session.call import at_most
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import (
    IS_FULL,
    LOCK_TIMEOUT,
    TextTokenStore,
    ThreadLocks,
    why_occupied,
)
from kakao_session.stores.lockfile import reason

try:
    from sqlalchemy import URL, Connection, Engine, Select, delete, insert, select, update
    from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
    from sqlalchemy.pool import Pool, StaticPool
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'SQLTokenStore needs SQLAlchemy 2: pip install "kakao-session[sql]", and the driver of '
        "your database",
        name=error.name,
    ) from error

from kakao_session.stores.sql_dialects import DIALECTS, LONGEST_KEY, make_table, table_named

log = logging.getLogger(__name__)

T = TypeVar("T")

TABLE = "kakao_tokens"

_PAGE = 1000

_LONGEST_WAIT = 1_000_000.0

_TRIES = 100
"""Each takes milliseconds. More than one is needed only while others remove the row."""

_NOT_UTF8 = "Could not decode to UTF-8"
"""SQLite's message. After that it quotes the row."""


@dataclass
class _Hold:
    """A connection whose transaction has locked the row, and what the row holds."""

    connection: Connection
    stored: str = field(repr=False)
    is_locked: bool = True


_locks: ThreadLocks[_Hold] = ThreadLocks()

_shared: WeakKeyDictionary[Pool, threading.RLock] = WeakKeyDictionary()
"""By pool, because the copies of an engine share one."""


class SQLTokenStore(TextTokenStore):
    """Keeps a token as JSON in a row of a table. The lock of the row is its lock.

    If the table is missing, it is made when it is first needed: ``id VARCHAR(255) PRIMARY KEY`` (in
    MySQL ``VARBINARY(1020)``) and ``token TEXT NOT NULL``.

    A refresh takes a connection from the engine's pool until the new token is saved. Refreshes of
    two users do not wait for each other if the pool has a connection for each. But SQLite can't
    lock rows: there one user refreshes at a time, and others wait before they write to the
    database. If the holder of a lock is killed, the row is free at once. If all threads share one
    connection (``StaticPool``), they take turns, so loading waits for another thread's refresh too.

    :param engine: an engine of SQLAlchemy for PostgreSQL, MySQL, MariaDB or SQLite.
    :param key: the row's ``id``, at most 255 characters.
    :param table: the table's name.
    :param lock_timeout: seconds to wait for the lock.
    :raises TypeError: *engine* is a URL, an engine for asyncio, a session, a connection ...
    :raises ValueError: the key does not fit, or it is another kind of database.

    >>> engine = create_engine(os.environ["DATABASE_URL"])
    >>> kakao = KakaoSession(token_store=SQLTokenStore(engine, "123456789"))
    """

    _json: ClassVar[dict[str, Any]] = {"ascii_only": True}  # the database may have any encoding

    @without_inner_frames
    def __init__(
        self,
        engine: Engine,
        key: str,
        *,
        table: str = TABLE,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        _check_engine(engine)
        _check_key(key)
        self.engine = engine
        self.key = key
        self.lock_timeout = lock_timeout
        self._table = table_named(table)
        self._dialect = DIALECTS[engine.dialect.name]
        self._row = (engine, table, key)
        self._failures = (SQLAlchemyError, engine.dialect.loaded_dbapi.Error, OSError)

    @classmethod
    def keys(cls, engine: Engine, *, table: str = TABLE) -> Iterator[str]:
        """The keys of all logins in a table, for a job that visits each of them.

        The keys are read in pages, and no connection is open between two pages. So the job may take
        hours, and need not hold all keys in memory. It may miss logins that are new.

        :param engine: see :class:`SQLTokenStore`, likewise *table*.
        :returns: the keys, in the order of the database.
        :raises TokenStoreError: the database can't be reached.

        >>> for user in SQLTokenStore.keys(engine):
        ...     KakaoAuth(token_store=SQLTokenStore(engine, user)).keep_alive()
        """
        return cls(engine, "*", table=table)._keys()

    def _keys(self) -> Iterator[str]:
        ids, token = self._table.c.id, self._table.c.token
        page = select(ids).where(token != "").order_by(ids).limit(_PAGE)
        query = page
        while True:
            with self._guarded("read"), self._connected("read") as connection:
                keys = self._twice(connection, partial(_all, connection, query))
            yield from keys
            if len(keys) < _PAGE:
                return
            query = page.where(ids > keys[-1])

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the row, and check that it can be written. The next save or delete ends the lock.

        :raises TokenStoreError: the database can't be reached, or the wait took too long.
        """
        with self._locked(only=self):
            yield

    def _read(self) -> str | None:
        hold = _locks.get(self._row)
        if hold is not None:
            return hold.stored or None
        query = select(self._table.c.token).where(self._table.c.id == self.key)
        with self._connected("read") as connection:

            def read() -> str | None:
                connection.rollback()
                stored: str | None = connection.scalar(query)
                return stored

            return self._twice(connection, read) or None

    def _write(self, text: str) -> None:
        with self._locked() as hold:
            self._replace(hold, text)

    def _remove(self) -> None:
        with self._locked() as hold:
            self._replace(hold, "")

    @contextmanager
    def _locked(self, *, only: object = None) -> Iterator[_Hold]:
        hold = _locks.get(self._row, only=only, name=self._place)
        if hold is not None:
            yield hold
            return
        with self._connected("lock") as connection:
            try:
                with self._guarded("lock"):
                    hold = _Hold(connection, self._lock_row(connection))
                with _locks.holding(self._row, self, hold):
                    yield hold
            finally:
                self._let_go(connection)

    def _let_go(self, connection: Connection) -> None:
        try:
            connection.rollback()
            self._dialect.restore(connection)
        except DBAPIError as error:
            log.info("the connection that locked %r had ended (%s)", self, _name(error))
            connection.invalidate()

    # Connections ----------------------------------------------------------------------------

    @contextmanager
    def _connected(self, verb: str) -> Iterator[Connection]:
        """A connection whose log and errors show no token.

        :param verb: what it is for, if it can't be made.
        """
        quiet: Any = self.engine.execution_options()  # a copy; the program's engine stays as it is
        quiet.hide_parameters = True
        quiet.logger = _LogWithoutRows(self.engine.logger, {})
        with self._taking_turns(verb):
            connection: Connection | None = None
            try:
                with self._guarded(verb):
                    connection = quiet.connect()
                    self._make_table(connection)
                yield connection
            finally:
                if connection is not None:
                    connection.close()

    @contextmanager
    def _taking_turns(self, verb: str) -> Iterator[None]:
        """Let one thread at a time use a connection that all threads share: closing it ends the
        transaction of any of them."""
        if not isinstance(self.engine.pool, StaticPool):
            yield
            return
        lock = _shared.setdefault(self.engine.pool, threading.RLock())
        if not lock.acquire(timeout=self._wait):
            raise self._error(verb, self._why_occupied())
        try:
            yield
        finally:
            lock.release()

    def _make_table(self, connection: Connection, *, again: bool = False) -> bool:
        begin = partial(self._dialect.begin, connection, self._wait)
        was_missing = make_table(self._table, self.engine, connection, begin, again=again)
        self._dialect.restore(connection)
        return was_missing

    def _twice(self, connection: Connection, work: Callable[[], T]) -> T:
        """Do something twice, if the connection had died or the table was dropped. The pool has
        then replaced all its connections, or the table is made again."""
        try:
            return work()
        except DBAPIError as error:
            if not error.connection_invalidated:
                was_locked = self._dialect.is_lock_timeout(error)
                if was_locked or not self._make_table(connection, again=True):
                    raise
        return work()

    @property
    def _wait(self) -> float:
        """How many seconds to wait for a lock now. No database can wait for ever."""
        return min(at_most(self.lock_timeout), _LONGEST_WAIT)

    # The row --------------------------------------------------------------------------------

    @without_inner_frames
    def _lock_row(self, connection: Connection) -> str:
        """Begin a transaction that has locked the row.

        :returns: what the row holds; empty if it was missing.
        """
        return self._twice(connection, lambda: self._lock_or_insert(connection))

    def _lock_or_insert(self, connection: Connection) -> str:
        for _ in range(_TRIES):
            connection.rollback()
            try:
                stored = self._lock_if_there(connection)
                if stored is not None:
                    return stored
                connection.rollback()
                self._insert_empty(connection)
            except DBAPIError as error:
                if not self._dialect.is_deadlock(error):
                    raise
        raise self._error("lock", "it vanishes as soon as it is made. Find out who removes it")

    def _lock_if_there(self, connection: Connection) -> str | None:
        self._dialect.begin(connection, self._wait)
        row = self._table.c
        query = select(row.token).where(row.id == self.key).with_for_update()
        stored: str | None = connection.scalar(query)
        probe = update(self._table).where(row.id == self.key).values(token=row.token)
        connection.execute(probe)
        self._dialect.check_room(connection)
        return stored

    def _insert_empty(self, connection: Connection) -> None:
        # In a transaction of its own: others can only lock a row that they can see.
        try:
            connection.execute(insert(self._table).values(id=self.key, token=""))
            connection.commit()
        except IntegrityError:
            connection.rollback()  # somebody was faster

    def _replace(self, hold: _Hold, text: str) -> None:
        """Write *text* instead of what the holder has seen. If it is empty, delete the row."""
        if hold.is_locked:
            hold.is_locked = False
            try:
                self._update(hold, text)
            except DBAPIError as error:
                _raise_unless_it_died(error)
            else:
                return
        # The lock has ended, with an earlier save or with its connection.
        stored = self._lock_row(hold.connection)
        if stored not in (hold.stored, text):
            lost = "the database ended the lock, and another program"
            if stored:
                why = f"{lost} saved another token. The next call will use that one"
            else:
                why = f"{lost} deleted the token. The new one was not saved"
            raise self._error("save" if text else "delete", why)
        self._update(hold, text)

    def _update(self, hold: _Hold, text: str) -> None:
        self._dialect.wait_longer(hold.connection, self._wait)
        statement = update(self._table).values(token=text) if text else delete(self._table)
        hold.connection.execute(statement.where(self._table.c.id == self.key))
        hold.connection.commit()
        hold.stored = text

    # Messages -------------------------------------------------------------------------------

    def _why(self, error: Exception) -> str:
        if isinstance(error, DataError | IntegrityError):
            return f"{_name(error)}. Check the columns of the table"
        if isinstance(error, DBAPIError) and self._dialect.is_lock_timeout(error):
            return self._why_occupied()
        if _NOT_UTF8 in str(error):
            return self._no_token("not UTF-8")
        if getattr(error, "errno", None) in IS_FULL:
            return reason(error)
        return (
            f"{_name(error)}. Check that the database is running, that this program has access, "
            "and that the table exists"
        )

    def _quotes(self, error: Exception) -> bool:
        # PostgreSQL quotes a row that it refuses, and not every driver calls that a DataError.
        is_about_the_row = (getattr(error, "statement", None) or "").startswith("UPDATE")
        return (
            is_about_the_row
            or isinstance(error, DataError | IntegrityError)
            or _NOT_UTF8 in str(error)
        )

    def _why_occupied(self) -> str:
        remedy = f"Find the one that hangs ({self._dialect.where_to_look}), end it and try again"
        return why_occupied("another program or thread", "it", self.lock_timeout, remedy)

    @property
    def _place(self) -> str:
        return f"row {self._in_words}"

    @property
    def _in_words(self) -> str:
        url = self.engine.url  # without its user, password and query
        host = f"{url.host or ''}:{url.port}" if url.port else url.host or ""
        return (
            f"{self.key!r} of table {self._table.name} in "
            f"{self.engine.dialect.name}://{host}/{url.database or ''}"
        )

    def __repr__(self) -> str:
        return f"SQLTokenStore({self._in_words})"


def _check_engine(engine: Any) -> None:
    """:raises TypeError: it is not an engine. The message does not show it."""
    make_one = 'sqlalchemy.create_engine("postgresql+psycopg://...")'
    if isinstance(engine, str | URL):
        raise TypeError(f"SQLTokenStore takes an engine, not a URL: make one with {make_one}.")
    if not isinstance(engine, Engine):
        raise TypeError(
            f"SQLTokenStore takes an engine of SQLAlchemy, not {type(engine).__name__}. Make one "
            f"with {make_one}; a session has one in session.get_bind()."
        )
    if engine.dialect.is_async:
        raise TypeError(
            f"SQLTokenStore takes an engine with an ordinary driver, not {engine.dialect.driver}, "
            f"which is for asyncio. Make one with {make_one}."
        )
    if engine.dialect.name not in DIALECTS:
        known = ", ".join(DIALECTS)
        raise ValueError(f"SQLTokenStore takes an engine for {known}, not {engine.dialect.name}.")


def _check_key(key: str) -> None:
    if not isinstance(key, str) or not key or "\0" in key:
        raise ValueError("key must be a string, not empty and without NUL")
    if len(key) > LONGEST_KEY:
        raise ValueError(
            f"key has {len(key):,} characters, and {LONGEST_KEY} fit. Use the user's number"
        )
    key.encode()  # no database takes a lone surrogate


def _all(connection: Connection, query: Select[Any]) -> Sequence[str]:
    return connection.scalars(query).all()


def _raise_unless_it_died(error: DBAPIError) -> None:
    if not error.connection_invalidated:
        raise error


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


if TYPE_CHECKING:
    _LoggerAdapter = logging.LoggerAdapter[Any]  # can't be subscripted before Python 3.11
else:
    _LoggerAdapter = logging.LoggerAdapter


class _LogWithoutRows(_LoggerAdapter):
    """The log of an engine, which shows rows at level DEBUG."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # the name that logging gives it
        return level > logging.DEBUG and super().isEnabledFor(level)
