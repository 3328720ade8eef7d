"""The world of the model: where tokens are saved, who makes calls, and what Kakao knows of them."""

import contextlib
import io
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from hypothesis.stateful import RuleBasedStateMachine
from requests.adapters import HTTPAdapter

from kakao_session import FileTokenStore, KakaoAuth, KakaoError, KakaoSession, Token
from kakao_session import token as token_module
from kakao_session.emulator import KakaoEmulator
from kakao_session.emulator.faults import TOKEN_PATH
from kakao_session.emulator.journal import Record
from kakao_session.redaction import fingerprint

SHARERS = ("shared-1", "shared-2", "shared-auth", "server")
NAMES = (*SHARERS, "alone")

MEMORY = "/dev/shm"  # a file system in memory: thousands of histories sync their files
ME = "/v2/user/me"
UPLOAD = "/v2/api/talk/memo/default/send"
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

Outcome = requests.Response | KakaoError


def half_read_file():
    file = io.BytesIO(b"head" + FILE)
    file.seek(4)
    return file


class Saver:
    """Where the session that is alone saves its tokens; it may fail."""

    def __init__(self):
        self.saved = []
        self.full = False
        self.visits = 0
        self.refusals = 0

    def __call__(self, token):
        self.visits += 1
        if self.full:
            self.refuse("full")
        self.put(token)

    def refuse(self, why):
        self.refusals += 1
        raise OSError(why)

    def put(self, token):
        self.saved.append(token.copy())

    def has_seen(self, token):
        return any(token.is_same_as(saved) for saved in self.saved)


class Store(Saver):
    """A store that the others share, and that can be out of reach or full."""

    def __init__(self):
        super().__init__()
        self.token = None
        self.unreachable = False
        self._lock = threading.RLock()

    def _reach(self):
        self.visits += 1
        if self.unreachable:
            self.refuse("out of reach")

    def load(self):
        self._reach()
        return self.token and self.token.copy()

    def save(self, token):
        self._reach()
        self(token)

    def put(self, token):
        super().put(token)
        self.token = token.copy()

    def delete(self):
        self._reach()
        self.token = None

    @contextlib.contextmanager
    def lock(self):
        self._reach()
        with self._lock:
            yield


class FileSaver(Saver):
    """Where the session that is alone saves its tokens: a file beside the others' one."""

    def __init__(self, folder):
        super().__init__()
        self.file = FileTokenStore(f"{folder}/kim.lee")

    def put(self, token):
        super().put(token)
        with self.file.lock():
            self.file.save(token)


class FileStore(Store):
    """A store in a file, whose name is the beginning of the other one's."""

    def __init__(self, folder):
        self.file = FileTokenStore(f"{folder}/kim")
        super().__init__()

    @property
    def token(self):
        return self.file.load()

    @token.setter
    def token(self, token):
        if token is None:
            self.file.delete()
        else:
            self.file.save(token)

    @contextlib.contextmanager
    def lock(self):
        self._reach()
        with self.file.lock():
            yield


class Plain(requests.Session):
    """A plain session of requests, with a ``KakaoAuth`` as its auth."""

    auth: KakaoAuth

    def __init__(self, new_auth, host):
        super().__init__()
        self.new_auth = new_auth
        self.auth = new_auth()
        self._host = host

    @property
    def _source(self):
        return self.auth.source

    def request(self, method, url, *args, **kwargs):
        url = f"{self._host}{url!s}" if str(url).startswith("/") else url
        return super().request(method, url, *args, **kwargs)


class Server(Plain):
    """Makes a ``KakaoAuth`` anew for each call, as a server does for each of its users."""

    def request(self, method, url, *args, **kwargs):
        self.auth = auth = self.new_auth()
        return super().request(method, url, *args, auth=auth, **kwargs)


class Connections(HTTPAdapter):
    """Connections that stay when a session is closed: handshakes are what takes the time here."""

    def close(self):
        pass

    def end(self):
        super().close()


class Hand(NamedTuple):
    """What a session has at hand: a token, and for how many seconds it is good.

    It is good as long as Kakao accepts it and the login is not known to be over. One that is not
    saved is good as long as the login does not hang on it.
    """

    token: Token
    is_held: bool
    is_saved: bool
    seconds: float

    @property
    def is_fresh(self):
        return self.is_saved and self.seconds > 360

    @property
    def is_usable(self):
        return self.seconds > 60


class Wire(NamedTuple):
    """What went over the wire."""

    records: list[Record]

    @property
    def refreshes(self):
        return [record for record in self.records if record.path == TOKEN_PATH]

    @property
    def calls(self):
        return [record for record in self.records if record.service == "kapi"]

    @property
    def issued(self):
        return {record.issued for record in self.refreshes if record.issued}

    @property
    def faults(self):
        """What the token endpoint was made to fail with."""
        notes = [record.note.rpartition("made to fail: ") for record in self.refreshes]
        return {what for _, met, what in notes if met}


class World(RuleBasedStateMachine):
    kakao: KakaoEmulator
    connections: Connections

    def __init__(self):
        super().__init__()
        self.kakao.reset()
        self.moment = time.time()
        self.monkeypatch = pytest.MonkeyPatch()
        self.monkeypatch.setattr(token_module, "time", self)
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None)
        self.store = Store()
        self.saver = Saver()
        self.issued = []  # fingerprints of access tokens, in the order of their issue
        # Whether trouble has begun and was not ended, even if it is over by itself: how soon that
        # is depends on threads, and what Hypothesis chooses from must not.
        self.has_had_trouble = False
        self.excused = set()  # logins that may have missed a new refresh token
        self.unproven = {}  # tokens that were to cure a 401, and since when
        self.sessions = {}

    def teardown(self):
        self.monkeypatch.undo()
        for session in self.sessions.values():
            session.close()
        self.folder.cleanup()

    def time(self):
        return self.moment

    def login(self):
        token = Token.from_response(self.kakao.login(), self.moment)
        self.issued.append(token.fingerprint)
        return token

    def open(self, name):
        if name in self.sessions:
            self.sessions[name].close()
        own = {"token_store": self.store}
        if name == "alone":
            own = {"token": self.saver.saved[-1], "token_updater": self.saver}
        own.update(client_id=self.kakao.app_key, endpoints=self.kakao.endpoints)
        if name in ("shared-auth", "server"):
            kind = Server if name == "server" else Plain
            session = kind(lambda: KakaoAuth(**own), self.kakao.endpoints.api_url)
        else:
            session = KakaoSession(**own)
        session.verify = self.kakao.ca_file
        session.mount("https://", self.connections)
        self.sessions[name] = session

    def shares(self, name):
        return "alone" if name == "alone" else "shared"

    def home(self, name):
        return self.saver if name == "alone" else self.store

    def pass_time(self, seconds):
        self.kakao.advance(seconds=seconds)
        self.moment += seconds

    @property
    def in_trouble(self):
        fails = any(failure["path"] == TOKEN_PATH for failure in self.kakao.failures)
        return fails or self.store.unreachable or self.store.full or self.saver.full

    # What is known --------------------------------------------------------------------------

    def before(self, name):
        """What a session has at hand for its next call."""
        session = self.sessions[name]
        if isinstance(session, Server):
            session.auth = session.new_auth()
        return self.hand(name)

    def hand(self, name):
        state = self.sessions[name]._source._refresher.state
        token = held = state.token
        if not held and name != "alone" and not self.store.unreachable:
            token = self.store.token or held  # it will look there first
        saved = state.is_saved
        is_good = state.ended is None and (saved or not token.refresh_token_changed)
        if not (is_good and self.is_accepted(token)):
            return Hand(token, bool(held), saved, 0.0)
        return Hand(token, bool(held), saved, token["expires_at"] - self.moment)

    def is_accepted(self, token):
        """Whether a call with this token succeeds now."""
        issue = self.kakao.find(str(token.get("access_token")))
        if issue is None or any(failure["path"] == ME for failure in self.kakao.failures):
            return False
        return issue.ended is None and self.kakao.now() < issue.expires_at

    def is_recent(self, token):
        return 0 <= self.moment - token.issued_at < 60

    def is_unproven(self, sent):
        return sent in self.unproven and 0 <= self.moment - self.unproven[sent] < 60

    def learn_what_is_unproven(self, wire, hands, outcomes):
        """After a 401, what was bought or taken over has to be accepted before it is trusted."""
        if not any(record.status == 401 for record in wire.calls):
            return
        new = wire.issued
        for before, after in hands:
            if not after.token.is_same_as(before.token) and self.is_recent(after.token):
                new.add(after.token.fingerprint)
        self.unproven.update(dict.fromkeys(new, self.moment))
        answers = [one for one in outcomes if isinstance(one, requests.Response)]
        rejected = {sent_with(one.request) for one in answers if one.status_code == 401}
        # In threads, one may be accepted just before somebody else's renewal ends it.
        for sent in {sent_with(one.request) for one in answers if one.history} - rejected:
            self.unproven.pop(sent, None)

    # What is done ---------------------------------------------------------------------------

    def attempt(self, name, body):
        method, path = ("GET", ME) if body == "none" else ("POST", UPLOAD)
        session = self.sessions[name]
        try:
            # With a time-out, lest Kakao wait for the rest of a body for ever.
            return session.request(method, path, timeout=60, **BODIES[body]())
        except KakaoError as error:
            return error

    def read_wire(self, name):
        """What has gone over the wire since the last time, and whether it was in order."""
        wire = Wire(self.kakao.requests)
        self.kakao.clear_requests()
        entitled = {"kapi": "Bearer", "dapi": f"KakaoAK {self.kakao.app_key}"}
        for record in wire.records:
            credential = record.headers.get("Authorization", "")
            assert not credential or credential.startswith(entitled.get(record.service, "nothing"))
            if record.issued:
                self.issued.append(record.issued)
            if "refresh token was replaced" in record.note:
                assert self.shares(name) in self.excused, "a replaced refresh token was used"
        return wire


def sent_with(request):
    """The fingerprint of the access token that a call was sent with."""
    return fingerprint(str(request.headers["Authorization"]).removeprefix("Bearer "))
