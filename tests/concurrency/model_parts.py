"""What the model is made of: places for tokens that record and fail, callers, bodies, the wire."""

import io
import threading
from contextlib import contextmanager
from typing import NamedTuple

import requests

from kakao_session import FileTokenStore, KakaoAuth, Token

ME = "/v2/user/me"
UPLOAD = "/v2/api/talk/memo/default/send"
TOKEN_PATH = "/oauth/token"

FILE = b"y" * 100_000
BODIES = {
    "none": dict,
    "text": lambda: {"data": "a=1"},
    "bytes": lambda: {"data": b"a=1"},
    "form": lambda: {"data": {"a": "1"}},
    "json": lambda: {"json": {"a": 1}},
    "files": lambda: {"files": {"a": FILE}},
    "file": lambda: {"data": half_read_file()},
    "generator": lambda: {"data": iter([b"a=", b"1"])},
}
ARRIVES = {"none": b"", "json": b'{"a": 1}', "files": FILE, "file": FILE}


def half_read_file():
    file = io.BytesIO(b"head" + FILE)
    file.seek(4)
    return file


# Places for tokens ------------------------------------------------------------------------------


class Updater:
    """A save callback that records what it saves, and can fail.

    :param path: a token file that holds the last token, too, if any.
    """

    def __init__(self, path=None):
        self.saved = {}  # by fingerprint, in their order
        self.is_full = False
        self.visits = self.failures = 0
        self.file = FileTokenStore(path) if path else None

    def __call__(self, token):
        self.visit(self.is_full)
        self.put(token)

    def visit(self, fails):
        self.visits += 1
        if fails:
            self.failures += 1
            raise OSError("out of order")

    def put(self, token):
        self.saved[token.fingerprint] = token.copy()
        if self.file is not None:
            with self.file.lock():
                self.file.save(token)

    @property
    def last(self):
        return list(self.saved.values())[-1]


class Store(Updater):
    """A store that several callers share, and that can be out of reach, too."""

    def __init__(self, path=None):
        super().__init__(path)
        self.is_unreachable = False
        self._lock = threading.RLock()

    def load(self):
        self.visit(self.is_unreachable)
        return self.file.load() if self.file else self.last.copy()

    def save(self, token):
        self.visit(self.is_unreachable)
        self(Token(token))

    def delete(self):
        raise NotImplementedError

    @contextmanager
    def lock(self):
        self.visit(self.is_unreachable)
        with self.file.lock() if self.file else self._lock:
            yield


# Callers ----------------------------------------------------------------------------------------


class PlainSession(requests.Session):
    """A session of requests whose auth is a ``KakaoAuth``."""

    def __init__(self, settings):
        super().__init__()
        self.settings = settings
        self.auth = KakaoAuth(**settings)

    def request(self, method, url, *args, **kwargs):
        url = f"{self.settings['endpoints'].api_url}{url}" if url.startswith("/") else url
        return super().request(method, url, *args, **kwargs)


class Server(PlainSession):
    """Makes a ``KakaoAuth`` for each call, as a server does for each of its users."""

    def request(self, *args, **kwargs):
        return super().request(*args, auth=KakaoAuth(**self.settings), **kwargs)


class Connections(requests.adapters.HTTPAdapter):
    """Connections that outlive the sessions: TLS handshakes would take most of the time."""

    def close(self):
        pass

    def end(self):
        super().close()


# The wire ---------------------------------------------------------------------------------------


class Wire(NamedTuple):
    """What went over the wire."""

    records: list

    @property
    def refreshes(self):
        return [record for record in self.records if record.path == TOKEN_PATH]

    @property
    def calls(self):
        return [record for record in self.records if record.service == "kapi"]

    @staticmethod
    def faults(records):
        """What these requests were made to fail with."""
        notes = [record.note.rpartition("made to fail: ") for record in records]
        return {what for _, met, what in notes if met}


def sent_with(request):
    """The fingerprint of the access token that a request was sent with, or of nothing."""
    _, _, access_token = str(request.headers.get("Authorization", "")).partition(" ")
    return Token(access_token=access_token or "-").fingerprint
