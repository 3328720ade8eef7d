"""SQL: the table, the key, the row's lock, connections that die."""

import logging
import math
import re
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from kakao_session import KakaoSession, KakaoWarning, SQLTokenStore, Token, TokenStoreError
from kakao_session.stores.testing import NEW, OLD
from tests.required import on_posix, package
from tests.stores.conftest import error_in_thread, error_of, full_disk, lock
from tests.stores.servers import PASSWORD

SECRETS = [OLD["access_token"], NEW["access_token"], NEW["refresh_token"], PASSWORD]


@pytest.fixture
def new_engine():
    """Makes engines of the test's own."""
    engines = []

    def make(url, **settings):
        engines.append(create_engine(url, **settings))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(url, new_engine):
    return new_engine(url)


@pytest.fixture
def store(engine, key):
    return SQLTokenStore(engine, key)


@pytest.fixture
def postgresql(postgresql_server, new_engine):
    return new_engine(postgresql_server.url)


def shown(error):
    """What a traceback shows, and what it hides."""
    return "".join(traceback.format_exception(error)) + repr(error.__context__)


def place(store):
    """How messages name the row."""
    return repr(store).replace("SQLTokenStore(", "row ").removesuffix(")")


def execute(engine, statement):
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def at_once(work, arguments):
    """Call work with each argument, all at the same time."""
    barrier = threading.Barrier(len(arguments))

    def start(argument):
        barrier.wait()
        return work(argument)

    with ThreadPoolExecutor(len(arguments)) as threads:
        return list(threads.map(start, arguments))


# The key --------------------------------------------------------------------------------------


def test_key__is_any_text_and_only_equal_to_itself(engine):
    alike = ["Kim", "kim", "kim ", " kim", "kím", "KIM"]
    keys = [*alike, "사용자:홍길동", "';--\"`%s :x \\", "가" * 255]
    stores = [SQLTokenStore(engine, key, table="alike") for key in keys]
    for store in stores:
        with store.lock():
            store.save({"access_token": "a", "key": store.key})
    for store in stores:
        assert store.load() == {"access_token": "a", "key": store.key}
        store.delete()
        assert store.load() is None
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alike")) == 0


@pytest.mark.parametrize("key", ["", None, 123456789, b"bytes", "a\0b", "\ud800", "k" * 256])
def test_key__that_does_not_fit_is_refused_at_once(key):
    words = (
        "key must be a string, not empty and without NUL|"
        "key has 256 characters, and 255 fit. Use the user's number|.*surrogates not allowed"
    )
    with pytest.raises(ValueError, match=f"^({words})$") as caught:
        SQLTokenStore(create_engine("sqlite://"), key)
    assert len(str(caught.value)) < 100


def changed_engine(**dialect):
    engine = create_engine("sqlite://")
    vars(engine.dialect).update(dialect)
    return engine


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: "postgresql://user:s3cret-pw@host/db", "not a URL: make one with sqlalchemy."),
        (lambda: make_url("postgresql://user:s3cret-pw@host/db"), "not a URL"),
        (lambda: AsyncEngine(changed_engine(is_async=True)), "not AsyncEngine. Make one with"),
        (lambda: changed_engine(is_async=True), "which is for asyncio"),
        (
            lambda: changed_engine(name="oracle"),
            "an engine for postgresql, mysql, mariadb, sqlite, not oracle.",
        ),
        (lambda: Session(create_engine("sqlite://")), "not Session."),
    ],
)
def test_engine__that_is_not_is_refused_at_once(make, why):
    with pytest.raises((TypeError, ValueError)) as caught:
        SQLTokenStore(make(), "key")
    assert why in str(caught.value)
    assert "s3cret-pw" not in str(caught.value)


# The drivers ----------------------------------------------------------------------------------


def with_driver(url, name):
    """:returns: the URL of the same database for another driver."""
    url = make_url(url).set(drivername=name)
    package({"mysqlconnector": "mysql.connector"}.get(driver := name.partition("+")[2], driver))
    if driver != "pg8000":
        return url
    return url.set(query={"unix_sock": f"{url.query['host']}/.s.PGSQL.5432"})


@pytest.mark.parametrize(
    ("kind", "driver"),
    [
        ("postgresql", "postgresql+psycopg2"),
        ("postgresql", "postgresql+pg8000"),
        ("mariadb", "mysql+mysqlconnector"),
        ("mariadb", "mariadb+mysqlconnector"),
        ("mariadb", "mariadb+pymysql"),
    ],
)
def test_driver__of_another_kind(new_url, new_engine, key, kind, driver):
    engine = new_engine(with_driver(new_url(kind), driver))
    names = ["김철수", "Kim", "kim"]
    for name in names:
        store = SQLTokenStore(engine, name, table=f"drivers_{key[-12:]}")
        waiting = SQLTokenStore(engine, name, table=f"drivers_{key[-12:]}", lock_timeout=0.1)
        with store.lock():
            error = error_in_thread(lambda waiting=waiting: lock(waiting))
            assert "has held it for more than 0.1 seconds" in str(error)
            store.save(OLD)
            store.save(NEW)
        assert store.load() == NEW
    assert sorted(SQLTokenStore.keys(engine, table=f"drivers_{key[-12:]}")) == sorted(names)
    store.delete()
    assert store.load() is None
    execute(engine, f"DROP TABLE drivers_{key[-12:]}")


# The table ------------------------------------------------------------------------------------


def test_table__made_once_by_all_who_come_first(url, new_engine):
    def save(number):
        SQLTokenStore(new_engine(url), f"user {number}", table="raced_for").save(OLD)

    at_once(save, range(8))
    assert execute(new_engine(url), "SELECT count(*) FROM raced_for") == 8


def test_table__made_once_by_engines_that_begin_by_themselves(tmp_path, new_engine):
    for attempt in range(10):
        engine = begins_by_itself(new_engine(f"sqlite:///{tmp_path / str(attempt)}", pool_size=8))
        at_once(lambda key, engine=engine: SQLTokenStore(engine, key).load(), "abcdefgh")


def test_table__that_was_dropped_is_made_again(store, engine):
    def drop():
        execute(engine, "DROP TABLE kakao_tokens")

    store.save(OLD)
    drop()
    assert store.load() is None
    drop()
    assert list(SQLTokenStore.keys(engine)) == []
    drop()
    with store.lock():
        store.save(OLD)
    drop()
    store.delete()
    store.save(NEW)
    assert store.load() == NEW


def test_table__of_a_database_in_memory_is_made_for_each_thread(new_engine):
    store = SQLTokenStore(new_engine("sqlite://"), "key")
    store.save(OLD)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(store.load).result() is None
        thread.submit(store.save, NEW).result()
    assert store.load() == OLD


def test_table__of_each_tenant(new_engine, tmp_path):
    engine = new_engine("sqlite://", poolclass=StaticPool)
    execute(engine, f"ATTACH DATABASE '{tmp_path / 'tenant.db'}' AS tenant")
    ours = engine.execution_options(schema_translate_map={None: "tenant"})
    SQLTokenStore(engine, "key").save(OLD)
    assert SQLTokenStore(ours, "key").load() is None
    SQLTokenStore(ours, "key").save(NEW)
    assert SQLTokenStore(engine, "key").load() == OLD
    assert execute(engine, "SELECT token FROM tenant.kakao_tokens").find(NEW["access_token"]) > 0


def test_table__made_by_somebody_else(postgresql, new_engine, key):
    execute(postgresql, "CREATE TABLE ready (id varchar(255) PRIMARY KEY, token text NOT NULL)")
    execute(postgresql, "CREATE ROLE guest LOGIN; GRANT ALL ON ready TO guest")
    guest = new_engine(postgresql.url.set(username="guest"))
    SQLTokenStore(guest, key, table="ready").save(OLD)
    assert SQLTokenStore(postgresql, key, table="ready").load() == OLD
    error = str(error_of(SQLTokenStore(guest, key, table="missing").load))
    assert re.search(r"of table missing in .* that the table exists", error)


@pytest.mark.parametrize("grant", ["SELECT", "SELECT, UPDATE (id)"])
def test_table__that_may_not_be_written(postgresql, new_engine, key, grant):
    execute(postgresql, "CREATE TABLE shown (id varchar(255) PRIMARY KEY, token text NOT NULL)")
    execute(postgresql, f"CREATE ROLE reader LOGIN; GRANT {grant} ON shown TO reader")
    try:
        SQLTokenStore(postgresql, key, table="shown").save(OLD)
        store = SQLTokenStore(new_engine(postgresql.url.set(username="reader")), key, table="shown")
        assert store.load() == OLD
        assert "Could not lock row" in str(error_of(lambda: lock(store)))
    finally:
        execute(postgresql, "DROP TABLE shown; DROP ROLE reader")


@pytest.mark.parametrize(
    ("driver", "name"),
    [("psycopg", "CheckViolation"), ("psycopg2", "CheckViolation"), ("pg8000", "ProgrammingError")],
)
def test_table__that_refuses_the_token(postgresql_server, new_engine, key, driver, name):
    engine = new_engine(with_driver(postgresql_server.url, f"postgresql+{driver}"))
    execute(engine, "DROP TABLE IF EXISTS narrow")
    execute(
        engine,
        "CREATE TABLE narrow (id varchar(255) PRIMARY KEY, "
        "token text NOT NULL CHECK (length(token) < 50))",
    )
    error = shown(error_of(lambda: SQLTokenStore(engine, key, table="narrow").save(NEW)))
    assert re.search(rf"Could not save .*: {name}\. Check ", error)
    assert not any(secret in error for secret in [*SECRETS, "Failing row"])


def test_row__that_sqlite_can_not_decode(sqlite_url, new_engine):
    store = SQLTokenStore(new_engine(sqlite_url), "key")
    store.save(OLD)
    execute(store.engine, "UPDATE kakao_tokens SET token = CAST(x'ff' || token AS TEXT)")
    for use in (store.load, lambda: store.save(NEW), store.delete):
        error = error_of(use)
        assert "it holds no token (not UTF-8)" in str(error)
        assert not any(secret in shown(error) for secret in SECRETS)


@on_posix
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_full_disk__of_sqlite(kakao, new_session, token, clock, sqlite_url, new_engine, mode):
    engine = new_engine(sqlite_url)
    execute(engine, f"PRAGMA journal_mode = {mode}")
    store = SQLTokenStore(engine, "key")
    store.save(token)
    session = new_session(token_store=store)
    clock.advance(days=40)  # Kakao would replace the refresh token now
    with full_disk(), pytest.raises(TokenStoreError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == (
        f"Could not lock {place(store)}: File too large. Raise the limit of this user for the size "
        "of files (ulimit -f)."
    )
    assert kakao.requests == []
    assert session.get("/v2/user/me").status_code == 200
    assert store.load() == session.token != token
    clock.advance(hours=7)
    with full_disk(), pytest.warns(KakaoWarning, match="could not be saved"):
        assert session.get("/v2/user/me").status_code == 200


def test_table__that_refuses_every_row(engine):
    execute(
        engine,
        "CREATE TABLE strict (id varchar(255) PRIMARY KEY, token text, more text NOT NULL CHECK "
        "(more <> ''))",
    )
    store = SQLTokenStore(engine, "key", table="strict")
    error = str(error_of(lambda: store.save(NEW)))
    if engine.dialect.name == "mysql":  # it knows what is missing
        assert error.startswith(f"Could not lock {place(store)}: OperationalError. Check ")
    else:
        why = "it vanishes as soon as it is made. Find out who removes it"
        assert error == f"Could not lock {place(store)}: {why}."


def test_keys__of_a_table_with_other_columns(engine):
    execute(engine, "CREATE TABLE odd (number integer)")
    error = str(error_of(lambda: list(SQLTokenStore.keys(engine, table="odd"))))
    assert error.startswith(f"Could not read row '*' of table odd in {engine.dialect.name}://")


def test_save__is_ascii(store, engine):
    store.save(Token({"access_token": "a", "별명": "홍길동"}))
    assert execute(engine, "SELECT token FROM kakao_tokens").isascii()


# The lock -------------------------------------------------------------------------------------


def test_lock_wait__ends_and_says_where_to_look(store, engine, key):
    waiting = SQLTokenStore(engine, key, lock_timeout=1)
    started = time.monotonic()
    with store.lock():
        error = error_in_thread(lambda: lock(waiting))
    assert 0.9 < time.monotonic() - started < 10
    assert re.fullmatch(
        rf"Could not lock row '{key}' of table kakao_tokens in {engine.dialect.name}://.*: another "
        r"program or thread has held it for more than 1 seconds\. Find the one that hangs "
        r"\(.*(pg_stat_activity|innodb_trx|fuser).*\), end it and try again\.",
        str(error),
    )
    assert PASSWORD not in shown(error)
    assert error.__cause__ is not None


def test_lock__of_another_store_in_this_thread(store, engine, key):
    with store.lock():
        with store.lock():  # again with the same one
            store.load()
        assert str(error_of(lambda: lock(SQLTokenStore(engine, key)))) == (
            f"Could not lock {place(store)}: this thread has locked it with another store. Use one "
            "store for both."
        )


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_lock__of_two_users(new_url, new_engine, key, kind):
    engine = new_engine(new_url(kind), pool_size=10)
    users = [SQLTokenStore(engine, f"{key} {number}", lock_timeout=1) for number in range(8)]
    for token in (OLD, NEW):  # new users, then known ones
        with ExitStack() as stack:
            for user in users:
                stack.enter_context(user.lock())
            for user in users:
                user.save(token)
        assert all(user.load() == token for user in users)


def test_lock_wait__without_an_end(engine, key):
    store = SQLTokenStore(engine, key, lock_timeout=math.inf)
    with store.lock():
        store.save(NEW)
    assert store.load() == NEW


def test_lock__first_of_a_new_user(engine, key):
    def lock_and_delete(_):
        store = SQLTokenStore(engine, key, lock_timeout=20)
        for _ in range(5):
            with store.lock():
                inside.append(key)
                assert len(inside) == 1
                inside.pop()
                store.delete()

    inside = []
    at_once(lock_and_delete, range(6))


ISOLATION = [
    *(("postgresql", level) for level in ("AUTOCOMMIT", "REPEATABLE READ", "SERIALIZABLE")),
    *(("mariadb", level) for level in ("AUTOCOMMIT", "READ COMMITTED", "SERIALIZABLE")),
    *(("sqlite", level) for level in ("AUTOCOMMIT", "READ UNCOMMITTED")),
]


@pytest.mark.parametrize(("kind", "level"), ISOLATION)
def test_lock__whatever_the_engines_isolation(new_url, new_engine, key, kind, level):
    engine = new_engine(new_url(kind), isolation_level=level)
    with engine.connect() as connection:
        before = connection.get_isolation_level()
    count_in_threads(engine, key)
    with engine.connect() as connection:
        assert connection.get_isolation_level() == before


def begins_by_itself(engine):
    """Let an engine of SQLite begin transactions, as SQLAlchemy documents it."""
    event.listen(
        engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None)
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


@pytest.mark.parametrize("how", ["begin event", "autocommit=False"])
def test_lock__sqlite_engine_that_begins_by_itself(sqlite_url, new_engine, key, how):
    settings = {}
    if how == "autocommit=False" and sys.version_info >= (3, 12):
        settings = {"connect_args": {"autocommit": False}}
    engine = new_engine(sqlite_url, **settings)
    count_in_threads(begins_by_itself(engine) if how == "begin event" else engine, key)


def test_save__in_sqlite_waits_for_a_reader(kakao, token, clock, sqlite_url, new_engine):
    """Longer than the call that refreshes may take: the token would be in memory only."""
    kakao.refresh_token_renewal = "always"
    store = SQLTokenStore(new_engine(sqlite_url), "key")
    store.save(token)
    session = KakaoSession(kakao.app_key, token_store=store, endpoints=kakao.endpoints)
    session.verify = kakao.ca_file
    assert session.authorized
    clock.advance(hours=7)
    with new_engine(sqlite_url).connect() as reader, ThreadPoolExecutor(1) as thread:
        reader.exec_driver_sql("BEGIN")
        assert reader.scalar(text("SELECT id FROM kakao_tokens")) == "key"  # and has a lock
        call = thread.submit(session.get, "/v2/user/me", timeout=0.5)
        assert wait([call], timeout=1).not_done
        reader.rollback()
        assert call.result(10).status_code == 200
    assert store.load() == session.token


@pytest.fixture
def shared(new_engine):
    """An engine whose threads share one connection, as a database in memory needs it."""
    settings = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    return new_engine("sqlite://", **settings)


def test_lock__of_threads_that_share_a_connection(shared, key):
    count_in_threads(shared, key)
    # A copy of the engine has the same connection.
    store = SQLTokenStore(shared, key)
    copy = SQLTokenStore(shared.execution_options(echo=False), "another key")
    other = threading.Thread(target=lambda: copy.save(OLD) if copy.load() is None else None)
    with store.lock():
        other.start()
        other.join(0.2)
        assert other.is_alive()
        store.save(OLD)
        assert SQLTokenStore(shared, key).load() == OLD
        store.save(NEW)
    other.join()
    assert (store.load(), copy.load()) == (NEW, OLD)


def test_lock_wait__for_a_shared_connection_ends(shared, key):
    waiting, store = SQLTokenStore(shared, key, lock_timeout=0.2), SQLTokenStore(shared, key)
    with store.lock():
        for work, verb in ((waiting.load, "read"), (waiting.delete, "lock")):
            assert str(error_in_thread(work)) == (
                f"Could not {verb} {place(store)}: another program or thread has held it for more "
                "than 0.2 seconds. Find the one that hangs (fuser, with the path of the database), "
                "end it and try again."
            )
        store.save(NEW)
    assert waiting.load() == NEW


def count_in_threads(engine, key):
    """Let three threads count to 15 together: one at a time, and each sees the last number."""

    def count(_):
        store = SQLTokenStore(engine, key)
        for _ in range(5):
            with store.lock():
                token = store.load() or Token(OLD)
                time.sleep(0.005)
                store.save(Token({**token, "count": token.get("count", 0) + 1}))

    at_once(count, range(3))
    assert SQLTokenStore(engine, key).load() == {**OLD, "count": 15}


def test_lock__leaves_no_setting_on_the_connection(url, new_engine, key):
    engine = new_engine(url, pool_size=1, max_overflow=0, pool_timeout=1)
    questions = {
        "postgresql": ["SHOW lock_timeout", "SHOW statement_timeout", "SHOW transaction_isolation"],
        "mysql": ["SELECT @@innodb_lock_wait_timeout", "SELECT @@tx_isolation"],
        "sqlite": ["PRAGMA busy_timeout"],
    }[engine.dialect.name]
    before = [execute(engine, question) for question in questions]
    assert SQLTokenStore(engine, key, table="not_yet_there", lock_timeout=7).load() is None
    assert [execute(engine, question) for question in questions] == before
    store = SQLTokenStore(engine, key, lock_timeout=7)
    with store.lock():
        store.load()
        store.save(OLD)
        store.save(NEW)
    assert store.load() == NEW
    with pytest.raises(ZeroDivisionError), store.lock():
        raise ZeroDivisionError
    assert [execute(engine, question) for question in questions] == before


@pytest.mark.parametrize(
    "setting", ["statement_timeout=300", "idle_in_transaction_session_timeout=300"]
)
def test_lock__outlasts_the_servers_timeouts(postgresql_server, new_engine, key, setting):
    options = {"options": f"-c {setting}"}
    engine = new_engine(postgresql_server.url, connect_args=options)
    store = SQLTokenStore(engine, key)
    store.save(OLD)

    def wait_and_load():
        other = SQLTokenStore(engine, key)
        with other.lock():
            return other.load()

    with ThreadPoolExecutor(1) as thread:
        with store.lock():
            waiting = thread.submit(wait_and_load)
            time.sleep(0.7)
            assert not waiting.done()
            store.save(NEW)
        assert waiting.result() == NEW


def test_pool__has_no_connection_left(url, new_engine, key):
    engine = new_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with engine.connect():
        error = error_of(SQLTokenStore(engine, key).load)
    assert "Could not read" in str(error)
    assert "QueuePool limit" in shown(error)


# Connections that die -------------------------------------------------------------------------


def kill_connections(engine, others_of):
    """End every connection of an engine, as a restart or a timeout of the server does."""
    if engine.dialect.name == "postgresql":
        execute(
            others_of,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'victim'",
        )
    else:
        with others_of.connect() as connection:
            mine = connection.exec_driver_sql("SELECT connection_id()").scalar()
            listed = connection.exec_driver_sql("SHOW PROCESSLIST").all()
            for number in {row[0] for row in listed if row[1] == "root"} - {mine}:
                connection.exec_driver_sql(f"KILL {number}")
    time.sleep(0.1)


@pytest.fixture(params=["postgresql", "mariadb"])
def victim(request, new_url, new_engine, key):
    """A store with a token in it, whose connections can be killed."""
    name = {"application_name": "victim"} if request.param == "postgresql" else {}
    store = SQLTokenStore(new_engine(new_url(request.param), connect_args=name), key)
    store.save(OLD)
    return store


@pytest.fixture
def other(victim, new_engine, key):
    """Another program's store for the same row."""
    return SQLTokenStore(new_engine(victim.engine.url), key)


def test_connection__died_in_the_pool(victim, other):
    kill_connections(victim.engine, other.engine)
    assert victim.load() == OLD
    kill_connections(victim.engine, other.engine)
    with victim.lock():
        victim.save(NEW)
    assert victim.load() == NEW


@pytest.mark.parametrize("saves", [True, False])
def test_connection__died_in_the_lock(victim, other, saves, caplog):
    with caplog.at_level(logging.INFO, "kakao_session"), victim.lock():
        kill_connections(victim.engine, other.engine)
        if saves:
            victim.save(NEW)
    assert other.load() == (NEW if saves else OLD)
    name = "AdminShutdown" if victim.engine.dialect.name == "postgresql" else "OperationalError"
    ended = f"the connection that locked {victim!r} had ended ({name})"
    assert caplog.messages == ([] if saves else [ended])


@pytest.mark.parametrize(
    ("change", "why", "left"),
    [
        (
            lambda other: other.save(NEW),
            "saved another token. The next call will use that one",
            NEW,
        ),
        (lambda other: other.delete(), "deleted the token. The new one was not saved", None),
    ],
    ids=["saved", "deleted"],
)
def test_connection__died_in_the_lock_and_another_program_was_faster(
    victim, other, change, why, left
):
    with victim.lock():
        kill_connections(victim.engine, other.engine)
        change(other)
        error = error_of(lambda: victim.save(Token({**OLD, "access_token": "late"})))
    assert str(error) == (
        f"Could not save {place(victim)}: the database ended the lock, and another program {why}."
    )
    assert other.load() == left


def test_connection__died_in_the_lock_and_another_program_was_faster_than_a_delete(victim, other):
    with victim.lock():
        kill_connections(victim.engine, other.engine)
        other.save(NEW)
        error = error_of(victim.delete)
    assert str(error) == (
        f"Could not delete {place(victim)}: the database ended the lock, and another program saved "
        "another token. The next call will use that one."
    )
    assert other.load() == NEW


# What is never shown --------------------------------------------------------------------------


def test_log__shows_no_token(url, new_engine, key, caplog):
    engine = new_engine(url, echo="debug")
    caplog.set_level(logging.DEBUG)
    store = SQLTokenStore(engine, key)
    store.save(OLD)
    with store.lock():
        store.load()
        store.save(NEW)
    store.load()
    assert "UPDATE kakao_tokens" in caplog.text
    assert not any(secret in caplog.text for secret in SECRETS)
    assert not engine.hide_parameters


def test_password__is_never_shown():
    engine = create_engine(f"postgresql+psycopg://someone:{PASSWORD}@127.0.0.1:1/db?password=again")
    store = SQLTokenStore(engine, "user 1")
    assert place(store) == "row 'user 1' of table kakao_tokens in postgresql://127.0.0.1:1/db"
    for verb, work in (
        ("read", store.load),
        ("read", lambda: list(SQLTokenStore.keys(engine))),
        ("lock", lambda: lock(store)),
        ("lock", store.delete),
    ):
        error = error_of(work)
        assert str(error).replace("'*'", "'user 1'") == (
            f"Could not {verb} {place(store)}: OperationalError. Check that the database is "
            "running, that this program has access, and that the table exists."
        )
        assert PASSWORD not in shown(error)
        assert "again" not in shown(error)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite://", "sqlite:///"),
        ("sqlite:////home/kim/tokens.db", "sqlite:////home/kim/tokens.db"),
        ("postgresql+psycopg://kim:pw@db.example.com/app", "postgresql://db.example.com/app"),
        ("mysql+pymysql://kim:pw@:3307/app", "mysql://:3307/app"),
        ("mysql+pymysql://kim:pw@db", "mysql://db/"),
    ],
)
def test_repr__names_the_database_without_user_and_password(url, shown):
    store = SQLTokenStore(create_engine(url), "key")
    assert repr(store) == f"SQLTokenStore('key' of table kakao_tokens in {shown})"


def test_commit__whose_answer_is_lost_is_not_another_programs(store, monkeypatch):
    def commit(self):
        really_commit(self)
        if lost:
            lost.clear()
            self.invalidate()
            raise OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)

    lost, really_commit = [], Connection.commit
    store.save(OLD)
    monkeypatch.setattr(Connection, "commit", commit)
    with store.lock():
        lost.append("the next")
        store.save(NEW)
    assert lost == []
    assert store.load() == NEW
