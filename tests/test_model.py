"""Sessions and auths, some sharing a store, against Kakao and a clock that moves: what must hold.

The model knows what Kakao knows, and what has gone wrong so far. A call may fail only when one of
the two says that it must; after the trouble it succeeds, or the login is truly over.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from kakao_session import (
    KakaoAuth,
    KakaoError,
    KakaoSession,
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    Token,
    TokenStoreError,
)
from kakao_session import token as token_module
from kakao_session.emulator import KakaoEmulator
from kakao_session.secret import fingerprint

EXAMPLES = int(os.environ.get("KAKAO_SESSION_EXAMPLES", "100"))

UPLOAD = "/v2/api/talk/memo/default/send"
SHARERS = ("shared-1", "shared-2", "shared-auth")
NAMES = (*SHARERS, "alone")
FAULTS = st.sampled_from([503, "reset", "html", "garbage", "truncated", "KOE237", "KOE003"])
SESSIONS = st.sampled_from(NAMES)


class Store:
    """A store that two sessions share, and that can be out of reach or full."""

    def __init__(self) -> None:
        self.token: Token | None = None
        self.saved: list[str] = []
        self.changed_at = 0.0
        self.unreachable = False
        self.full = False
        self._lock = threading.RLock()

    def _reach(self) -> None:
        if self.unreachable:
            raise OSError("out of reach")

    def load(self) -> Token | None:
        self._reach()
        return self.token and self.token.copy()

    def save(self, token: Token) -> None:
        self._reach()
        if self.full:
            raise OSError("full")
        self.put(token)

    def put(self, token: Token) -> None:
        self.token = token.copy()
        self.saved.append(token["access_token"])
        self.changed_at = token_module.now()

    def delete(self) -> None:
        self._reach()
        self.token = None

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        self._reach()
        with self._lock:
            yield


class Plain(requests.Session):
    """A plain session of requests, with a ``KakaoAuth`` as its auth."""

    def __init__(self, auth: KakaoAuth, host: str) -> None:
        super().__init__()
        self.auth = auth
        self._source = auth.source
        self._host = host

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, f"{self._host}{url!s}", *args, **kwargs)


class Model(RuleBasedStateMachine):
    kakao: KakaoEmulator

    def __init__(self) -> None:
        super().__init__()
        self.kakao.reset()
        self.moment = time.time()
        self.monkeypatch = pytest.MonkeyPatch()
        self.monkeypatch.setattr(token_module, "time", self)
        self.store = Store()
        self.saver_fails = False
        self.saved: list[Token] = []  # by the session that is alone
        self.issued: list[str] = []  # fingerprints of access tokens, in the order of their issue
        self.excused: set[str] = set()  # logins that may have missed a new refresh token
        self.unproven: dict[str, float] = {}
        self.sessions: dict[str, KakaoSession | Plain] = {}
        self.seen = 0

    def teardown(self) -> None:
        self.monkeypatch.undo()
        for session in self.sessions.values():
            session.close()

    def time(self) -> float:
        return self.moment

    @initialize(renewal=st.sampled_from(["last_month", "always"]), dies=st.booleans())
    def begin(self, renewal: Any, dies: bool) -> None:
        self.kakao.refresh_token_renewal = renewal
        self.kakao.previous_access_token = "dies" if dies else "lives"
        self.store.put(self.login())
        self.saved.append(self.login())
        for name in NAMES:
            self.open(name)

    def login(self) -> Token:
        token = Token.from_response(self.kakao.login(), self.moment)
        self.issued.append(token.fingerprint)
        return token

    def open(self, name: str) -> None:
        if name in self.sessions:
            self.sessions[name].close()
        own: dict[str, Any] = {"token_store": self.store}
        if name == "alone":
            own = {"token": self.saved[-1], "token_updater": self.update}
        own.update(client_id=self.kakao.app_key, endpoints=self.kakao.endpoints)
        session: KakaoSession | Plain
        if name == "shared-auth":
            session = Plain(KakaoAuth(**own), self.kakao.endpoints.api_url)
        else:
            session = KakaoSession(**own)
        session.verify = self.kakao.ca_file
        self.sessions[name] = session
        self.unproven.pop(name, None)

    def update(self, token: Token) -> None:
        if self.saver_fails:
            raise RuntimeError("saver")
        self.saved.append(token)

    def shares(self, name: str) -> str:
        return "alone" if name == "alone" else "shared"

    @property
    def in_trouble(self) -> bool:
        faults = self.kakao._faults._faults
        return bool(faults) or self.store.unreachable or self.store.full or self.saver_fails

    # What happens ---------------------------------------------------------------------------

    @rule(name=SESSIONS, body=st.sampled_from(["none", "bytes", "file", "generator"]))
    def call(self, name: str, body: str) -> None:
        trouble = self.in_trouble
        if trouble:
            self.excused.add(self.shares(name))
        outcome = self.attempt(name, body)
        records = self.read_log(name)
        refreshes = [record for record in records if record.path == "/oauth/token"]
        # In trouble: two tries ahead of time, and two more if Kakao then rejects the old token.
        assert len(refreshes) <= (4 if trouble else 1)
        if isinstance(outcome, requests.Response):
            if outcome.status_code == 401:
                assert self.may_be_rejected(name) or body == "generator" or trouble
            else:
                assert outcome.status_code in (200, 400)  # 400: the upload is no template
        elif isinstance(outcome, LoginRequiredError):
            self.check_truly_over(name)
        else:
            assert trouble, outcome
            assert isinstance(outcome, TemporaryError | RateLimitedError | TokenStoreError)

    @precondition(lambda self: not self.in_trouble)
    @rule()
    def call_at_once(self) -> None:
        with ThreadPoolExecutor(2 * len(SHARERS)) as threads:
            outcomes = list(threads.map(lambda name: self.attempt(name, "none"), SHARERS * 2))
        records = self.read_log(SHARERS[0])
        refreshed = [record for record in records if record.path == "/oauth/token"]
        assert len([record for record in refreshed if record.status == 200]) <= 1
        assert len(refreshed) <= len(SHARERS)  # each learns for itself that the login is over
        for name, outcome in zip(SHARERS * 2, outcomes, strict=True):
            if isinstance(outcome, LoginRequiredError):
                self.check_truly_over(name)
            else:
                assert isinstance(outcome, requests.Response)
                assert outcome.status_code == 200 or self.may_be_rejected(name)

    def may_be_rejected(self, name: str) -> bool:
        """Whether a 401 may be handed back: a token that was to cure one has been rejected, too."""
        # Somebody else's new token may have been taken for such a one.
        recent = 0 <= self.moment - self.store.changed_at < 60
        unproven = self.moment < self.unproven.get(name, 0)
        self.unproven[name] = self.moment + 60
        return recent or unproven

    def attempt(self, name: str, body: str) -> requests.Response | KakaoError:
        session = self.sessions[name]
        data: Any = {
            "bytes": lambda: b"x" * 100,
            "file": lambda: io.BytesIO(b"y" * 100_000),
            "generator": lambda: iter([b"a", b"b"]),
        }
        try:
            if body == "none":
                return session.get("/v2/user/me")
            return session.post(UPLOAD, data=data[body]())
        except KakaoError as error:
            return error

    def check_truly_over(self, name: str) -> None:
        known = [self.sessions[name]._source._renewer.held.token]
        if name != "alone" and not self.store.unreachable and self.store.token is not None:
            known.append(self.store.token)
        for token in known:
            if "refresh_token" in token and not token.is_refresh_token_expired():
                issue = self.kakao.find(token["refresh_token"])
                assert issue is not None
                assert issue.ended is not None or issue.expires_at <= self.kakao.now()

    def read_log(self, name: str) -> list[Any]:
        records = self.kakao.requests[self.seen :]
        self.seen += len(records)
        for record in records:
            credential = record.headers.get("Authorization")
            assert credential is None or record.service == "kapi"
            if record.issued:
                self.issued.append(record.issued)
            if record.path == "/oauth/token" and record.status == 400:
                presented = dict(record.form)["refresh_token"]
                issue = self.kakao.find(presented)
                if issue is not None and "replaced" in str(issue.ended):
                    assert self.shares(name) in self.excused, "a replaced refresh token was used"
        return records

    @rule(minutes=st.sampled_from([1, 5, 30, 355, 360, 600, 40 * 1440, 61 * 1440]))
    def time_passes(self, minutes: int) -> None:
        self.kakao.advance(minutes=minutes)
        self.moment += minutes * 60

    @rule(seconds=st.sampled_from([-7200, -90, -30, 30, 90, 7200]))
    def clock_steps(self, seconds: int) -> None:
        self.moment += seconds

    @rule()
    def revoked(self) -> None:
        self.kakao.revoke_access_tokens()

    @rule()
    def unlinked(self) -> None:
        self.kakao.unlink()

    @rule()
    def logged_in_elsewhere(self) -> None:
        self.store.put(self.login())
        self.excused.discard("shared")

    @rule()
    def assigned(self) -> None:
        self.saved.append(self.login())
        alone = self.sessions["alone"]
        assert isinstance(alone, KakaoSession)
        alone.token = self.saved[-1]
        self.excused.discard("alone")
        self.unproven.pop("alone", None)

    @rule(fault=FAULTS, times=st.integers(1, 3), after=st.booleans())
    def token_endpoint_fails(self, fault: Any, times: int, after: bool) -> None:
        if str(fault).startswith("KOE"):
            self.kakao.fail_next(error_code=fault, times=times, after=after)
        else:
            self.kakao.fail_next(fault, times=times, after=after)

    @rule()
    def store_goes_away(self) -> None:
        self.store.unreachable = True

    @rule()
    def disk_fills_up(self) -> None:
        self.store.full = True
        self.saver_fails = True

    @rule(name=SESSIONS)
    def restarts(self, name: str) -> None:
        if self.in_trouble or name == "alone":
            self.excused.add(self.shares(name))
        if not self.sessions[name]._source._renewer.is_saved:
            self.excused.add(self.shares(name))
        self.open(name)

    @precondition(lambda self: self.in_trouble)
    @rule()
    def trouble_ends(self) -> None:
        self.kakao.clear_failures()
        self.store.unreachable = self.store.full = self.saver_fails = False
        for name in NAMES:
            self.call(name, "none")

    # What must always hold ------------------------------------------------------------------

    @invariant()
    def store_never_goes_back(self) -> None:
        order = [self.issued.index(fingerprint(value)) for value in self.store.saved]
        assert order == sorted(order)


@pytest.mark.usefixtures("kakao")
def test_model(running_kakao: KakaoEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setattr("kakao_session.kauth.time.sleep", lambda _: None)
    Model.kakao = running_kakao
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            derandomize=EXAMPLES <= 2000,  # a longer search looks elsewhere each time
            suppress_health_check=list(HealthCheck),
        ),
    )
