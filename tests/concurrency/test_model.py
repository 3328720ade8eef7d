"""Callers, some of which share a store, against Kakao, faults and a clock that moves.

The model knows what Kakao knows, and what has failed so far. A call may fail only if one of the two
says so. After the trouble it succeeds, or the login is truly over.
"""

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

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
    run_state_machine_as_test,
)

from kakao_session import (
    ConfigurationError,
    KakaoError,
    KakaoSession,
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    Token,
    TokenStoreError,
)
from tests.concurrency.model_parts import (
    ARRIVES,
    BODIES,
    ME,
    TOKEN_PATH,
    UPLOAD,
    Connections,
    PlainSession,
    Server,
    Store,
    Updater,
    Wire,
    sent_with,
)

EXAMPLES = int(os.environ.get("KAKAO_SESSION_EXAMPLES", "50"))

SHARERS = ("session-1", "session-2", "plain", "server")
CALLERS = (*SHARERS, "alone")
ANY_CALLER = st.sampled_from(CALLERS)

FAULTS = {
    **dict.fromkeys(["500", "503", "reset", "close", "hang"], TemporaryError),
    **dict.fromkeys(["html", "garbage", "truncated", "KOE003"], TemporaryError),
    **dict.fromkeys(["429", "KOE237"], RateLimitedError),
    **dict.fromkeys(["KOE010", "KOE101"], ConfigurationError),
}
API_FAULTS = ["429", "500", "503", "reset", "close", "truncated", "html", "ip_mismatched"]
BROKEN_OFF = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)

UNKNOWN = object()

BEGIN = time.time()
"""When each history begins, for both clocks. What happens must not depend on how fast it is."""


class Model(RuleBasedStateMachine):
    kakao = clock = connections = folder = None  # for all histories, set by the test

    def __init__(self):
        super().__init__()
        self.kakao.reset()
        self.clock.moment = BEGIN
        self.callers = {}
        self.held = {}  # the saved token that a caller has in memory; None: it has to load it
        self.issued = {}  # when, by fingerprint
        self.unproven = {}  # tokens that were sent after a 401, and when
        self.excused = set()  # logins that may have missed a new refresh token
        # Whether trouble was begun and not ended, even if it is over by itself: how soon that is
        # depends on threads, and what Hypothesis chooses from must not.
        self.has_had_trouble = False

    @initialize(
        renewal=st.sampled_from(["last_month", "always"]),
        dies=st.booleans(),
        in_files=st.booleans(),
    )
    def begin(self, renewal, dies, in_files):
        # The name of one file is the beginning of the other's.
        self.store = Store(self.folder / "kim" if in_files else None)
        self.updater = Updater(self.folder / "kim.lee" if in_files else None)
        self.kakao.refresh_token_renewal = renewal
        self.kakao.previous_access_token = "dies" if dies else "lives"
        for place in (self.store, self.updater):
            place.put(self.log_in())
        for name in CALLERS:
            self.open(name)

    def teardown(self):
        for session in self.callers.values():
            session.close()

    # What is known ------------------------------------------------------------------------------

    @property
    def in_trouble(self):
        fails = any(failure["path"] == TOKEN_PATH for failure in self.kakao.failures)
        return fails or self.store.is_unreachable or self.store.is_full or self.updater.is_full

    def login_of(self, name):
        return "alone" if name == "alone" else "shared"

    def place_of(self, name):
        return self.updater if name == "alone" else self.store

    def token_of(self, name):
        """The token that a caller's next call uses if it is fresh; ``None`` if nobody knows."""
        if self.held[name] is UNKNOWN:
            return None
        if self.held[name] is not None:
            return self.held[name]
        # Who loads a token that was replaced saves the new one, if another caller could not.
        is_replaced = self.kakao.find(self.store.last["refresh_token"]).ended is not None
        return None if is_replaced or self.store.is_unreachable else self.store.last

    def seconds_left(self, token):
        """For how many seconds calls with a token succeed, as far as anybody knows."""
        issue = self.kakao.find(token["access_token"])
        if issue.ended is not None or self.kakao.now() >= issue.expires_at:
            return 0
        return token["expires_at"] - self.clock.moment

    def is_fresh(self, name):
        token = self.token_of(name)
        return token is not None and self.seconds_left(token) > 360

    def is_recent(self, moment):
        return 0 <= self.clock.moment - moment < 60

    def is_unproven(self, fingerprint):
        return self.is_recent(self.unproven.get(fingerprint, 0))

    # What is done -------------------------------------------------------------------------------

    def log_in(self):
        token = Token.from_response(self.kakao.login(), self.clock.moment)
        self.issued[token.fingerprint] = self.clock.moment
        return token

    def open(self, name):
        if name in self.callers:
            self.callers[name].close()
        settings = {"client_id": self.kakao.app_key, "endpoints": self.kakao.endpoints}
        if name == "alone":
            settings.update(token=self.updater.last, token_updater=self.updater)
        else:
            settings.update(token_store=self.store)
        if name in ("plain", "server"):
            session = (Server if name == "server" else PlainSession)(settings)
        else:
            session = KakaoSession(**settings)
        session.verify = self.kakao.ca_file
        session.mount("https://", self.connections)
        self.callers[name] = session
        self.held[name] = self.updater.last if name == "alone" else None

    def attempt(self, name, body="none"):
        method, path = ("GET", ME) if body == "none" else ("POST", UPLOAD)
        try:
            # With a timeout: Kakao would wait for the rest of a body for ever.
            return self.callers[name].request(method, path, timeout=60, **BODIES[body]())
        except (KakaoError, *BROKEN_OFF) as error:
            return error

    def read_wire(self, name):
        """What went over the wire since the last time, and whether that was in order."""
        wire = Wire(self.kakao.requests)
        self.kakao.clear_requests()
        allowed = {"kapi": "Bearer", "dapi": f"KakaoAK {self.kakao.app_key}"}
        is_rejected = False
        for record in wire.records:
            credential = record.headers.get("Authorization", "")
            assert not credential or credential.startswith(allowed.get(record.service, "nothing"))
            if record.issued:
                self.issued[record.issued] = self.clock.moment
            if "refresh token was replaced" in record.note:
                assert self.login_of(name) in self.excused, "a replaced refresh token was used"
            # After a 401, a new token has to be accepted before another 401 is worth a refresh.
            new = record.issued or sent_with(record)
            if is_rejected and self.is_recent(self.issued.get(new, 0)):
                self.unproven[new] = self.clock.moment
            is_rejected |= record.service == "kapi" and record.status == 401
        return wire

    def learn(self, name, outcomes):
        """Learn what a caller has in memory now."""
        place = self.place_of(name)
        used = {
            sent_with(one.request) if is_answer(one) and one.status_code != 401 else UNKNOWN
            for one in outcomes
        }
        self.held[name] = place.saved.get(used.pop(), UNKNOWN) if len(used) == 1 else UNKNOWN
        if name == "server":
            self.held[name] = None

    # Calls --------------------------------------------------------------------------------------

    @rule(name=ANY_CALLER, body=st.sampled_from(list(BODIES)))
    def call(self, name, body):
        self.watch_call(name, body)

    def watch_call(self, name, body="none"):
        trouble, was_fresh, place = self.in_trouble, self.is_fresh(name), self.place_of(name)
        has_to_load = self.held[name] is None
        if trouble:
            self.excused.add(self.login_of(name))
        place.visits = place.failures = 0
        outcome = self.attempt(name, body)
        wire = self.read_wire(name)
        self.learn(name, [outcome])
        self.check_outcome(name, outcome, wire, body)
        self.check_bodies(wire, body)
        if is_answer(outcome):
            if body == "generator" and outcome.status_code == 401:
                # It could not be sent again, with the token that somebody else has just stored.
                new = place.last.fingerprint
                if self.is_recent(self.issued.get(new, 0)):
                    self.unproven[new] = self.clock.moment
            if outcome.history and outcome.status_code != 401:
                self.unproven.pop(sent_with(outcome.request), None)
            assert place.failures or sent_with(outcome.request) in place.saved
        if not any(record.status == 401 for record in wire.calls):
            if isinstance(outcome, (TemporaryError, RateLimitedError)):
                assert name in ("plain", "server") or not self.has_usable_token(name)
            if was_fresh:
                assert not isinstance(outcome, KakaoError)
                assert not wire.refreshes
                assert place.visits <= (1 if has_to_load else 0)
        # In trouble: two tries ahead of time, and two more if Kakao then rejects the old token.
        assert len(wire.refreshes) <= (4 if trouble else self.most_refreshes(wire))
        return wire

    @rule()
    def call_at_once(self):
        trouble, callers = self.in_trouble, SHARERS * 2
        if trouble:
            self.excused.add("shared")
        self.store.failures = 0
        with ThreadPoolExecutor(len(callers)) as threads:
            outcomes = list(threads.map(self.attempt, callers))
        wire = self.read_wire("shared")
        for name in SHARERS:
            own = [one for other, one in zip(callers, outcomes, strict=True) if other == name]
            self.learn(name, own)
        for name, outcome in zip(callers, outcomes, strict=True):
            self.check_outcome(name, outcome, wire)
        if not trouble:
            refreshed = [record for record in wire.refreshes if record.status == 200]
            assert len(refreshed) <= self.most_refreshes(wire)
            # Each auth learns for itself that the login is over; the server has two.
            assert len(wire.refreshes) <= len(SHARERS) + 1

    def most_refreshes(self, wire):
        """One, and one more if the API then rejects the new token."""
        return 2 if "ip_mismatched" in wire.faults(wire.calls) else 1

    @precondition(lambda self: not self.has_had_trouble)
    @rule()
    def both_logins_at_once(self):
        """The two logins are refreshed in the same moment, perhaps in files of one folder."""
        self.time_passes(360)
        names = ("session-1", "alone")
        self.store.failures = self.updater.failures = 0
        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(self.attempt, names))
        wire = self.read_wire("alone" if "alone" in self.excused else "session-1")
        for name, outcome in zip(names, outcomes, strict=True):
            self.learn(name, [outcome])
            self.check_outcome(name, outcome, wire)
            assert not is_answer(outcome) or sent_with(outcome.request) in self.place_of(name).saved

    @rule(name=ANY_CALLER, host=st.sampled_from(["kauth", "dapi"]))
    def call_another_host(self, name, host):
        url = f"{getattr(self.kakao.endpoints, f'{host}_url')}/v2/search/web"
        assert self.callers[name].request("GET", url).status_code in (400, 404)
        assert [record.service for record in self.read_wire(name).records] == [host]

    @precondition(lambda self: not self.has_had_trouble)
    @rule(name=ANY_CALLER, host=st.sampled_from(["kauth", "dapi"]))
    def is_redirected(self, name, host):
        url = f"{getattr(self.kakao.endpoints, f'{host}_url')}/elsewhere"
        self.kakao.fail_next(302, path=ME, headers={"Location": url})
        outcome = self.attempt(name)
        self.kakao.clear_failures()
        wire = self.read_wire(name)
        self.learn(name, [None])
        if is_answer(outcome):
            assert [record.service for record in wire.records][-2:] == ["kapi", host]

    def check_outcome(self, name, outcome, wire, body="none"):
        """Nothing fails unless something failed in this very call, or the login is over."""
        api_faults = wire.faults(wire.calls)
        if isinstance(outcome, LoginRequiredError):
            self.check_truly_over(name)
        elif isinstance(outcome, TokenStoreError):
            assert self.place_of(name).failures
        elif isinstance(outcome, KakaoError):
            assert type(outcome) in {FAULTS[fault] for fault in wire.faults(wire.refreshes)}
        elif not is_answer(outcome):
            assert api_faults & {"reset", "close", "truncated"}
        elif outcome.status_code == 401:
            assert body == "generator" or self.is_unproven(sent_with(outcome.request))
        else:
            # 400: the upload is no template.
            assert outcome.status_code in (200, 400) or str(outcome.status_code) in api_faults

    def check_truly_over(self, name):
        known = [] if self.store.is_unreachable or name == "alone" else [self.store.last]
        if isinstance(self.callers[name], KakaoSession):
            known.append(self.callers[name].token)
        for token in known:
            if "refresh_token" in token and not token.is_refresh_token_expired():
                issue = self.kakao.find(token["refresh_token"])
                assert issue.ended is not None or issue.expires_at <= self.kakao.now()

    def has_usable_token(self, name):
        """Whether a session has a saved token in memory that is good for another minute."""
        token = self.callers[name].token
        is_saved = token.fingerprint in self.place_of(name).saved
        return is_saved and self.seconds_left(token) > 60

    def check_bodies(self, wire, body):
        """What is sent again is sent whole, and what can't be read twice is sent once."""
        assert len({record.body for record in wire.calls}) <= 1
        for record in wire.calls:
            expected = ARRIVES.get(body, b"a=1")
            assert expected in record.body if body == "files" else expected == record.body
        assert body != "generator" or len(wire.calls) <= 1

    # What happens -------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 5, 30, 355, 360, 600, 40 * 1440, 61 * 1440]))
    def time_passes(self, minutes):
        self.clock.advance(minutes=minutes)

    @rule(seconds=st.sampled_from([-7200, -90, -30, 30, 90, 7200]))
    def clock_steps(self, seconds):
        self.clock.moment += seconds

    @rule()
    def revoked(self):
        self.kakao.revoke_access_tokens()

    @rule()
    def unlinked(self):
        self.kakao.unlink()

    @rule()
    def logged_in_elsewhere(self):
        self.store.put(self.log_in())
        self.excused.discard("shared")

    @rule()
    def assigned(self):
        self.updater.put(self.log_in())
        self.callers["alone"].token = self.held["alone"] = self.updater.last
        self.excused.discard("alone")

    @rule(fault=st.sampled_from(list(FAULTS)), times=st.integers(1, 3), after=st.booleans())
    def token_endpoint_fails(self, fault, times, after):
        self.has_had_trouble = True
        if fault.startswith("KOE"):
            self.kakao.fail_next(error_code=fault, times=times, after=after)
        else:
            kind = int(fault) if fault.isdecimal() else fault
            self.kakao.fail_next(kind, times=times, after=after, seconds=0.01)

    @rule(fault=st.sampled_from(API_FAULTS), times=st.integers(1, 3), after=st.booleans())
    def api_fails(self, fault, times, after):
        self.has_had_trouble = True
        kind = int(fault) if fault.isdecimal() else fault
        self.kakao.fail_next(kind, path=ME, times=times, after=after)

    @rule()
    def store_goes_away(self):
        self.store.is_unreachable = self.has_had_trouble = True

    @rule()
    def disk_fills_up(self):
        self.store.is_full = self.updater.is_full = self.has_had_trouble = True

    @rule(name=ANY_CALLER)
    def restarts(self, name):
        self.open(name)  # what could not be saved is not lost: the process has it

    @precondition(lambda self: self.has_had_trouble)
    @rule()
    def trouble_ends(self):
        self.kakao.clear_failures()
        self.store.is_unreachable = self.store.is_full = self.updater.is_full = False
        self.has_had_trouble = False
        for name in CALLERS:
            self.watch_call(name)

    # What happens in a row, and seldom by chance --------------------------------------------------

    @rule(name=ANY_CALLER)
    def refreshes_while_the_disk_is_full(self, name):
        self.disk_fills_up()
        self.time_passes(360)
        self.watch_call(name)

    @rule(name=ANY_CALLER, is_unreachable=st.booleans())
    def misses_a_login(self, name, is_unreachable):
        self.refreshes_while_the_disk_is_full(name)
        self.store.is_unreachable = is_unreachable
        self.time_passes(1)
        self.logged_in_elsewhere()
        self.watch_call(name)
        self.trouble_ends()

    @rule(name=ANY_CALLER, body=st.sampled_from(list(BODIES)))
    def is_revoked_during_an_upload(self, name, body):
        self.revoked()
        self.watch_call(name, body)

    @rule(name=ANY_CALLER)
    def endpoint_fails_three_minutes_before_the_end(self, name):
        self.has_had_trouble = True  # in any case: what is fresh may depend on threads
        if not self.is_fresh(name):
            return
        before = self.token_of(name)
        self.clock.advance(seconds=self.seconds_left(before) - 180)
        self.kakao.fail_next("html")
        self.watch_call(name)
        after = self.token_of(name)
        if after and after.is_same_as(before) and self.seconds_left(after) > 60:
            wire = self.watch_call(name)
            if not any(record.status == 401 for record in wire.calls):
                assert not wire.refreshes, "the next try came too soon"

    @precondition(lambda self: not self.has_had_trouble)
    @rule(name=ANY_CALLER)
    def address_is_refused(self, name):
        peer = name if name == "alone" else "server"
        if not self.is_fresh(name) or not self.is_fresh(peer):
            return
        self.kakao.fail_next("ip_mismatched", path=ME, times=None)
        wires = [self.watch_call(caller) for caller in (name, name, peer)]
        self.kakao.clear_failures()
        assert sum(len(wire.refreshes) for wire in wires) <= 1

    # What must always hold ----------------------------------------------------------------------

    @invariant()
    def files_hold_what_was_saved_last(self):
        for place in (self.store, self.updater):
            assert place.file is None or place.last.is_same_as(place.file.load())

    @invariant()
    def store_never_goes_back(self):
        order = [list(self.issued).index(fingerprint) for fingerprint in self.store.saved]
        assert order == sorted(order)


def is_answer(outcome):
    return isinstance(outcome, requests.Response)


@pytest.mark.filterwarnings("ignore::kakao_session.KakaoWarning")
def test_model(kakao, clock, memory_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr("kakao_session.emulator.clock.time", SimpleNamespace(time=lambda: BEGIN))
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)  # pytest keeps it all
    monkeypatch.setattr(Model, "kakao", kakao)
    monkeypatch.setattr(Model, "clock", clock)
    monkeypatch.setattr(Model, "folder", memory_path)
    monkeypatch.setattr(Model, "connections", connections := Connections(pool_maxsize=8))
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
    connections.end()
