"""What every test stands on: a local Kakao, a clock that can be moved, a clean environment."""

import tempfile
import threading
import time
from pathlib import Path

import pytest

from kakao_session import KakaoAuth, KakaoSession, Token
from kakao_session.emulator import KakaoEmulator

FOREIGN = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "NODE_USE_ENV_PROXY",
    "NODE_OPTIONS",
    "KAKAO_EMULATOR_URL",
    "KAKAO_REST_API_KEY",
    "KAKAO_CLIENT_SECRET",
    "KAKAO_SESSION_TOKEN_FILE",
    "OAUTHLIB_RELAX_TOKEN_SCOPE",
    "OAUTHLIB_INSECURE_TRANSPORT",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


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


@pytest.fixture
def token(kakao, clock):
    """A login that is a moment old."""
    return Token.from_response(kakao.login(), clock.moment)


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
