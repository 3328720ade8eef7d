"""What every test stands on: a local Kakao, a clock that can be moved, a clean environment."""

import importlib.util
import os
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from kakao_session import FileTokenStore, KakaoAuth, KakaoSession, Token
from kakao_session.emulator import KakaoEmulator
from tests.stores import servers

ABOUT = "kakao-session: all tests, against a local Kakao on 127.0.0.1; nothing leaves this machine."
"""The first line of a run of all tests."""

LIFE = 21_599
"""How long an access token lives, in seconds."""

REDIRECT_URI = "http://localhost:8765/callback"

FOREIGN = [
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "NODE_OPTIONS", "KAKAO_EMULATOR_URL"),
    *("JAVA_TOOL_OPTIONS", "WGETRC", "PHP_INI_SCAN_DIR"),
    *("KAKAO_REST_API_KEY", "KAKAO_CLIENT_SECRET"),
    *("KAKAO_SESSION_TOKEN_FILE", "KAKAO_SESSION_TOKEN_KEY"),
    *("OAUTHLIB_RELAX_TOKEN_SCOPE", "OAUTHLIB_INSECURE_TRANSPORT"),
    "PYTHONDONTWRITEBYTECODE",  # every Python that a test starts would compile all packages anew
]
"""Variables of the developer's that would change what the tests do."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# Kakao and its clients ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def running_kakao():
    with KakaoEmulator() as kakao:
        yield kakao


@pytest.fixture
def kakao(running_kakao, monkeypatch):
    """A local Kakao that nobody has talked to yet, and that everybody trusts."""
    running_kakao.reset()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", running_kakao.ca_file)
    return running_kakao


class Clock:
    """The client's clock, and Kakao's with it. It stands still unless it is moved."""

    def __init__(self, kakao):
        self.moment = float(int(time.time()))
        self._kakao = kakao

    def time(self):
        return self.moment

    def advance(self, **span):
        """Let time pass for everybody."""
        before = self._kakao.now()
        self._kakao.advance(**span)
        self.moment += round(self._kakao.now() - before)


@pytest.fixture
def clock(kakao, monkeypatch):
    clock = Clock(kakao)
    monkeypatch.setattr("kakao_session.token.time", clock)
    return clock


class Stopwatch:
    """How long a thread has waited. It stands still unless the thread sleeps."""

    def __init__(self):
        self.moment = 1000.0
        self.naps = []

    def monotonic(self):
        return self.moment

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.moment += seconds


@pytest.fixture
def stopwatch(monkeypatch):
    """Replaces time.sleep and time.monotonic in the thread of the test: it never really waits."""
    stopwatch, test_thread = Stopwatch(), threading.get_ident()

    def only_here(fake, real):
        def call(*arguments):
            return (fake if threading.get_ident() == test_thread else real)(*arguments)

        return call

    monkeypatch.setattr(time, "sleep", only_here(stopwatch.sleep, time.sleep))
    monkeypatch.setattr(time, "monotonic", only_here(stopwatch.monotonic, time.monotonic))
    return stopwatch


@pytest.fixture
def token(kakao, clock):
    """A login that is a moment old."""
    return Token.from_response(kakao.login(), clock.moment)


@pytest.fixture
def store(token, tmp_path):
    """A token file with the login in it."""
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    return store


@pytest.fixture
def new_session(kakao):
    """Makes sessions that talk to the local Kakao."""
    sessions = []

    def make(client_id=kakao.app_key, **kwargs):
        kwargs.setdefault("endpoints", kakao.endpoints)
        sessions.append(session := KakaoSession(client_id, **kwargs))
        session.verify = kakao.ca_file  # send() does not ask the environment
        return session

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def new_auth(kakao):
    """Makes auths that talk to the local Kakao."""

    def make(client_id=kakao.app_key, **kwargs):
        kwargs.setdefault("endpoints", kakao.endpoints)
        return KakaoAuth(client_id, **kwargs)

    return make


@pytest.fixture
def me_url(kakao):
    """The whole URL of user/me, for those who have no session of ours."""
    return f"{kakao.endpoints.api_url}/v2/user/me"


@pytest.fixture(scope="session")
def redis_server():
    """A Redis that all tests of this process share."""
    with servers.redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL that all tests of this process share."""
    with servers.postgresql_server() as server:
        yield server


@pytest.fixture
def public_path():
    """A temporary folder that other users of the machine may enter.

    pytest closes its own to them whenever it starts, and some tests start it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


def wire(kakao):
    """What went over the wire: method, path and status of each request, in order."""
    return [(record.method, record.path, record.status) for record in kakao.requests]


ME = ("GET", "/v2/user/me", 200)
ME_401 = ("GET", "/v2/user/me", 401)
REFRESH = ("POST", "/oauth/token", 200)


def status(session):
    return session.get("/v2/user/me").status_code


def query(url):
    return dict(parse_qsl(urlsplit(url).query))


def agree(url):
    """Agree to a login as a browser does. :returns: where Kakao sends the browser."""
    answer = requests.get(url, allow_redirects=False)
    assert answer.status_code == 302
    return answer.headers["Location"]


# Helpers --------------------------------------------------------------------------------------


class Watching(HTTPAdapter):
    """An adapter that notes with which options it sends each request.

    :param overridden: options that it sends the request with instead.
    """

    def __init__(self, **overridden):
        super().__init__()
        self.overridden = overridden
        self.sent = []

    def send(self, request, **options):
        self.sent.append(dict(options))
        return super().send(request, **{**options, **self.overridden})


class MemoryStore:
    """A store that can be made to fail.

    :ivar fails: what fails, of ``load``, ``save``, ``delete``, ``lock`` and ``unlock``.
    :ivar log: what was done.
    """

    def __init__(self, token=None):
        self.token = token
        self.fails = set()
        self.log = []

    def _do(self, deed):
        self.log.append(deed)
        if deed in self.fails:
            raise OSError(28, "No space left on device")

    def load(self):
        self._do("load")
        return self.token and self.token.copy()

    def save(self, token):
        self._do("save")
        self.token = token.copy()

    def delete(self):
        self._do("delete")
        self.token = None

    @contextmanager
    def lock(self):
        self._do("lock")
        yield
        self._do("unlock")


def at_once(count, call):
    """Make a call in many threads at the same moment. :returns: its answers and its errors."""
    gate = threading.Barrier(count)
    outcomes = []

    def run():
        gate.wait()
        try:
            outcomes.append(call())
        except Exception as error:  # noqa: BLE001  # the outcome, whatever it is
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def imported_again(name):
    """Import a module a second time, for what it only looks at when it is imported.

    :returns: the copy. Everybody else goes on with the first one.
    """
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# A run of all tests ---------------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One worker more than there are cores: many tests wait for another process or for a lock."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else None


@pytest.hookimpl(trylast=True)  # the header shows the last first
def pytest_report_header(config):
    return ABOUT if _is_of_all_tests(config) else None


def pytest_unconfigure(config):
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or config.option.collectonly or hasattr(config, "workerinput"):
        return
    reporter.ensure_newline()
    reporter.write_line(_what_was_skipped(reporter.stats.get("skipped", []), config))


def _is_of_all_tests(config):
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS


def _what_was_skipped(reports, config):
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    skipped = [
        f"{count} {'test' if count == 1 else 'tests'} ({reason})"
        for reason, count in reasons.most_common()
    ]
    line = f"Skipped: {', '.join(skipped)}." if skipped else "Nothing was skipped."
    if config.option.markexpr == "not slow":
        line += " Left out: what is marked slow (pytest -m slow)."
    return line
