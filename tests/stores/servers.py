"""Real servers for the tests, each in a folder of its own, on a socket in that folder."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis
from redis.sentinel import Sentinel
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.free_port import free_port
from tests.required import missing


class Server:
    """A program that runs until it is stopped, and can be started again.

    :param is_ready: whether it answers.
    :param user: who runs it, if this is root: some servers refuse to run as root.
    :param ending: the signal that ends it.
    :param typed: what it reads from its standard input.
    :param environment: more variables for it.
    """

    def __init__(
        self,
        folder,
        command,
        is_ready,
        *,
        user=None,
        ending=signal.SIGTERM,
        typed=b"",
        environment=None,
    ):
        self.folder = folder
        self.command = command
        self.is_ready = is_ready
        self.user = user
        self.ending = ending
        self.typed = typed
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    def start(self):
        """Start it, and wait until it is ready."""
        log = self.folder / f"{Path(self.command[0]).name}.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=self.environment,
                **_as_user(self.user),
            )
        with self.process.stdin as stdin:
            stdin.write(self.typed)
        _wait_until(lambda: self.process.poll() is not None or self.is_ready(), log)
        if self.process.poll() is not None:
            pytest.fail(f"{self.command[0]} does not run:\n{log.read_text()}")

    def stop(self):
        """End it, if it runs."""
        if self.process is not None:
            self.process.send_signal(self.ending)
            self.process.wait(30)
            self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class RedisServer(Server):
    """A Redis that keeps its data when it is stopped.

    :param options: more of its options.
    """

    def __init__(self, folder, *options):
        socket = folder / "socket"
        self.url = f"unix://{socket}"
        command = [_program("redis-server"), "--port", "0", "--unixsocket", socket, "--dir", folder]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always", *options]
        super().__init__(folder, command, self._pings)

    def _pings(self):
        with redis.Redis.from_url(self.url, retry=None) as client:
            try:
                return client.ping()
            except redis.ConnectionError:
                return False


class SQLServer(Server):
    """A database server.

    :param url: for SQLAlchemy, with a password that the server does not ask for.
    """

    def __init__(self, folder, command, url, socket, user, ending=signal.SIGTERM):
        self.url = url
        self.socket = socket
        super().__init__(folder, command, self._selects, user=user, ending=ending)

    def _selects(self):
        if not self.socket.is_socket():
            return False
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return bool(connection.scalar(text("SELECT 1")))
        except DBAPIError:
            return False
        finally:
            engine.dispose()


PASSWORD = "the-database-password"


@contextmanager
def redis_server(*options):
    with _folder() as folder, RedisServer(folder, *options) as server:
        yield server


@contextmanager
def redis_cluster():
    """:returns: a client of a cluster with one node."""
    port = str(free_port())
    options = ["--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes"]
    with redis_server(*options, "--cluster-port", str(free_port())) as server:
        with redis.Redis.from_url(server.url) as node:
            node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            _wait_until(lambda: node.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
        with redis.RedisCluster(host="127.0.0.1", port=int(port)) as client:
            yield client


@contextmanager
def redis_sentinel():
    """:returns: a client that a sentinel has told where the master is."""
    port, master = free_port(), free_port()
    with redis_server("--port", str(master), "--bind", "127.0.0.1"), _folder() as folder:
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\nsentinel monitor the-master 127.0.0.1 {master} 1\n"
        )

        def knows_the_master():
            try:
                return sentinel.discover_master("the-master")
            except redis.RedisError:
                return False

        sentinel = Sentinel([("127.0.0.1", port)], socket_timeout=5)
        command = [_program("redis-server"), config, "--sentinel"]
        with Server(folder, command, knows_the_master), sentinel.master_for("the-master") as client:
            yield client
        sentinel.sentinels[0].close()


@contextmanager
def postgresql_server():
    postgres, initdb = _program("postgres"), _program("initdb")
    with _folder("postgres") as folder:
        data = folder / "data"
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username=root"]
        _run([initdb, *options, f"--pgdata={data}"], "postgres")
        command = [postgres, "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
        command += ["-c", "fsync=off", "-c", "max_connections=200"]
        url = f"postgresql+psycopg://root:{PASSWORD}@/postgres?host={folder}"
        # SIGTERM would let it wait until its clients are gone.
        socket = folder / ".s.PGSQL.5432"
        with SQLServer(folder, command, url, socket, "postgres", signal.SIGINT) as server:
            yield server


@contextmanager
def mariadb_server():
    with _folder() as folder:
        data, socket = folder / "data", folder / "socket"
        (data / "tests").mkdir(parents=True)  # a folder in there is a database
        command = [_program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--socket={socket}"]
        command += ["--skip-networking", "--skip-grant-tables", "--max-connections=200"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--user=root"]
        # In a folder that servers share, one that starts removes the tables of the others.
        command += [f"--tmpdir={folder}"]
        url = f"mysql+pymysql://root:{PASSWORD}@localhost/tests?unix_socket={socket}"
        with SQLServer(folder, command, url, socket, "root") as server:
            yield server


@contextmanager
def secret_service():
    """An unlocked keychain. :returns: the variables of programs that use it."""
    bus, keychain = _program("dbus-daemon"), _program("gnome-keyring-daemon")
    with _folder() as folder, ExitStack() as stack:
        folder.chmod(0o700)
        socket = folder / "bus"
        environment = {
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={socket}",
        }
        command = [bus, "--session", "--nofork", "--nopidfile", f"--address=unix:path={socket}"]
        stack.enter_context(Server(folder, command, socket.is_socket, environment=environment))
        command = [keychain, "--foreground", "--unlock", "--components=secrets"]
        ready = (folder / "data" / "keyrings" / "login.keyring").exists
        server = Server(folder, command, ready, typed=b"open sesame", environment=environment)
        stack.enter_context(server)
        yield environment


def _wait_until(is_so, log=None):
    deadline = time.monotonic() + 60
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"not ready after a minute: {log.read_text() if log else ''}")
        time.sleep(0.02)


def _program(name):
    """The path of a server, wherever Debian puts it."""
    folders = [*map(str, Path("/usr/lib/postgresql").glob("*/bin")), "/usr/sbin", "/usr/local/sbin"]
    return (
        shutil.which(name)
        or shutil.which(name, path=os.pathsep.join(folders))
        or missing(f"no {name} here")
    )


def _as_user(user):
    if user in (None, "root") or os.geteuid() != 0:
        return {}
    return {"user": user, "group": user, "extra_groups": []}


def _run(command, user=None):
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        check=False,
        **_as_user(user),
    )
    if done.returncode:
        pytest.fail(f"{command[0]} failed:\n{done.stdout.decode()}")


@contextmanager
def _folder(user=None):
    """A folder with a short path, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="kakao-", ignore_cleanup_errors=True) as name:
        if user is not None and _as_user(user):
            shutil.chown(name, user, user)
        yield Path(name)
