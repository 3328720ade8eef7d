"""Sessions and auths, some sharing a store, against Kakao and a clock that moves: what must hold.

The model knows what Kakao knows, and what has gone wrong so far. A call may fail only when one of
the two says that it must; after the trouble it succeeds, or the login is truly over.
"""

import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from kakao_session import (
    ConfigurationError,
    KakaoError,
    KakaoSession,
    KakaoWarning,
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    TokenStoreError,
)
from tests.concurrency.model_world import (
    ARRIVES,
    BODIES,
    ME,
    NAMES,
    SHARERS,
    Connections,
    FileSaver,
    FileStore,
    World,
    sent_with,
)

EXAMPLES = int(os.environ.get("KAKAO_SESSION_EXAMPLES", "100"))

SESSIONS = st.sampled_from(NAMES)
FAULTS = {
    **dict.fromkeys(["500", "503", "reset", "close", "hang"], TemporaryError),
    **dict.fromkeys(["html", "garbage", "truncated", "KOE003"], TemporaryError),
    **dict.fromkeys(["429", "KOE237"], RateLimitedError),
    **dict.fromkeys(["KOE010", "KOE101"], ConfigurationError),
}


class Model(World):
    @initialize(
        renewal=st.sampled_from(["last_month", "always"]),
        dies=st.booleans(),
        place=st.sampled_from(["in memory", "two files in one folder"]),
    )
    def begin(self, renewal, dies, place):
        if place == "two files in one folder":
            self.store = FileStore(self.folder.name)
            self.saver = FileSaver(self.folder.name)
        self.kakao.refresh_token_renewal = renewal
        self.kakao.previous_access_token = "dies" if dies else "lives"
        self.store.put(self.login())
        self.saver.put(self.login())
        for name in NAMES:
            self.open(name)

    # Calls ----------------------------------------------------------------------------------

    @rule(name=SESSIONS, body=st.sampled_from(list(BODIES)))
    def call(self, name, body):
        self.watch_call(name, body)

    def watch_call(self, name, body="none"):
        trouble, before, home = self.in_trouble, self.before(name), self.home(name)
        if trouble:
            self.excused.add(self.shares(name))
        home.visits = home.refusals = 0
        outcome = self.attempt(name, body)
        wire, after = self.read_wire(name), self.hand(name)
        self.learn_what_is_unproven(wire, [(before, after)], [outcome])
        self.check_outcome(name, outcome, wire, body)
        self.check_bodies(wire, body)
        if isinstance(outcome, KakaoError):
            assert not after.is_usable or isinstance(outcome, ConfigurationError), outcome
        else:
            assert home.has_seen(after.token) or home.refusals
        if before.is_fresh:
            assert isinstance(outcome, requests.Response)
            assert not wire.refreshes
            assert home.visits <= (0 if before.is_held else 1)
        # In trouble: two tries ahead of time, and two more if Kakao then rejects the old token.
        assert len(wire.refreshes) <= (4 if trouble else 1)
        return wire

    @rule()
    def call_at_once(self):
        trouble, before = self.in_trouble, [self.before(name) for name in SHARERS]
        if trouble:
            self.excused.add("shared")
        self.store.refusals = 0
        with ThreadPoolExecutor(2 * len(SHARERS)) as threads:
            outcomes = list(threads.map(lambda name: self.attempt(name, "none"), SHARERS * 2))
        wire, after = self.read_wire("shared"), [self.hand(name) for name in SHARERS]
        self.learn_what_is_unproven(wire, list(zip(before, after, strict=True)), outcomes)
        for name, outcome in zip(SHARERS * 2, outcomes, strict=True):
            self.check_outcome(name, outcome, wire, "none")
        if not trouble:
            assert len([record for record in wire.refreshes if record.status == 200]) <= 1
            # Each auth learns for itself that the login is over; the server has two.
            assert len(wire.refreshes) <= len(SHARERS) + 1

    @precondition(lambda self: not self.has_had_trouble)
    @rule()
    def both_logins_at_once(self):
        """The two logins are refreshed in the same moment, perhaps in files of one folder."""
        self.pass_time(6 * 3600)
        names = ("shared-1", "alone")
        before = [self.before(name) for name in names]
        self.store.refusals = self.saver.refusals = 0
        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(lambda name: self.attempt(name, "none"), names))
        wire = self.read_wire("alone" if "alone" in self.excused else "shared")
        after = [self.hand(name) for name in names]
        self.learn_what_is_unproven(wire, list(zip(before, after, strict=True)), outcomes)
        for name, outcome, hand in zip(names, outcomes, after, strict=True):
            self.check_outcome(name, outcome, wire, "none")
            assert isinstance(outcome, KakaoError) or self.home(name).has_seen(hand.token)

    @rule(name=SESSIONS, host=st.sampled_from(["kauth", "dapi"]))
    def call_another_host(self, name, host):
        url = f"{getattr(self.kakao.endpoints, f'{host}_url')}/v2/search/web"
        assert self.sessions[name].request("GET", url).status_code in (400, 404)
        wire = self.read_wire(name)
        assert [record.service for record in wire.records] == [host]

    @precondition(lambda self: not self.has_had_trouble)
    @rule(name=SESSIONS, host=st.sampled_from(["kauth", "dapi"]))
    def is_redirected(self, name, host):
        url = f"{getattr(self.kakao.endpoints, f'{host}_url')}/elsewhere"
        self.kakao.fail_next(302, path=ME, headers={"Location": url})
        outcome = self.attempt(name, "none")
        self.kakao.clear_failures()
        wire = self.read_wire(name)
        if isinstance(outcome, requests.Response):
            assert [record.service for record in wire.records][-2:] == ["kapi", host]

    def check_outcome(self, name, outcome, wire, body):
        """Nothing fails unless something has failed in this very call, or the login is over."""
        if isinstance(outcome, LoginRequiredError):
            self.check_truly_over(name)
        elif isinstance(outcome, TokenStoreError):
            assert self.home(name).refusals
        elif isinstance(outcome, KakaoError):
            assert type(outcome) in {FAULTS[fault] for fault in wire.faults}
        elif outcome.status_code == 401:
            assert body == "generator" or self.is_unproven(sent_with(outcome.request))
        else:
            assert outcome.status_code in (200, 400)  # 400: the upload is no template

    def check_truly_over(self, name):
        known = [self.sessions[name]._source._refresher.state.token]
        if name == "server":  # that is the auth of its last call, perhaps another thread's
            known.clear()
        if name != "alone" and not self.store.unreachable and self.store.token is not None:
            known.append(self.store.token)
        for token in known:
            if "refresh_token" in token and not token.is_refresh_token_expired():
                issue = self.kakao.find(token["refresh_token"])
                assert issue is not None
                assert issue.ended is not None or issue.expires_at <= self.kakao.now()

    def check_bodies(self, wire, body):
        """What is sent again is sent whole, and what can't be read twice is sent once."""
        assert len({record.body for record in wire.calls}) <= 1
        for record in wire.calls:
            expected = ARRIVES.get(body, b"a=1")
            assert expected in record.body if body == "files" else expected == record.body
        assert body != "generator" or len(wire.calls) <= 1

    # What happens ---------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 5, 30, 355, 360, 600, 40 * 1440, 61 * 1440]))
    def time_passes(self, minutes):
        self.pass_time(minutes * 60)

    @rule(seconds=st.sampled_from([-7200, -90, -30, 30, 90, 7200]))
    def clock_steps(self, seconds):
        self.moment += seconds

    @rule()
    def revoked(self):
        self.kakao.revoke_access_tokens()

    @rule()
    def unlinked(self):
        self.kakao.unlink()

    @rule()
    def logged_in_elsewhere(self):
        self.store.put(self.login())
        self.excused.discard("shared")

    @rule()
    def assigned(self):
        self.saver.put(self.login())
        alone = self.sessions["alone"]
        assert isinstance(alone, KakaoSession)
        alone.token = self.saver.saved[-1]
        self.excused.discard("alone")

    @rule(fault=st.sampled_from(list(FAULTS)), times=st.integers(1, 3), after=st.booleans())
    def token_endpoint_fails(self, fault, times, after):
        self.has_had_trouble = True
        if fault.startswith("KOE"):
            self.kakao.fail_next(error_code=fault, times=times, after=after)
        else:
            kind = int(fault) if fault.isdecimal() else fault
            self.kakao.fail_next(kind, times=times, after=after, seconds=0.01)

    @rule()
    def store_goes_away(self):
        self.store.unreachable = self.has_had_trouble = True

    @rule()
    def disk_fills_up(self):
        self.store.full = self.saver.full = self.has_had_trouble = True

    @rule(name=SESSIONS)
    def restarts(self, name):
        if self.in_trouble or name == "alone":
            self.excused.add(self.shares(name))
        if not self.sessions[name]._source._refresher.state.is_saved:
            self.excused.add(self.shares(name))
        self.open(name)

    @precondition(lambda self: self.has_had_trouble)
    @rule()
    def trouble_ends(self):
        self.kakao.clear_failures()
        self.store.unreachable = self.store.full = self.saver.full = False
        self.has_had_trouble = False
        for name in NAMES:
            self.watch_call(name)

    # What happens in a row, and seldom by chance ----------------------------------------------

    @rule(name=SESSIONS)
    def is_renewed_while_the_disk_is_full(self, name):
        self.disk_fills_up()
        self.pass_time(6 * 3600)
        self.watch_call(name)

    @rule(name=SESSIONS, unreachable=st.booleans())
    def misses_a_login(self, name, unreachable):
        self.is_renewed_while_the_disk_is_full(name)
        self.store.unreachable = unreachable
        self.pass_time(60)
        self.logged_in_elsewhere()
        self.watch_call(name)
        self.trouble_ends()

    @rule(name=SESSIONS, body=st.sampled_from(list(BODIES)))
    def is_revoked_during_an_upload(self, name, body):
        self.revoked()
        self.watch_call(name, body)

    @rule(name=SESSIONS)
    def endpoint_fails_three_minutes_before_the_end(self, name):
        hand = self.before(name)
        if not hand.is_fresh:
            return
        self.pass_time(hand.seconds - 180)
        self.kakao.fail_next("html")
        self.has_had_trouble = True
        self.watch_call(name)
        now = self.before(name)
        if now.token.is_same_as(hand.token) and now.is_usable:
            assert not self.watch_call(name).refreshes, "the next try came too soon"

    @precondition(lambda self: not self.has_had_trouble)
    @rule(name=SESSIONS)
    def address_is_refused(self, name):
        peer = name if name == "alone" else "server"
        if not self.before(name).is_fresh or not self.before(peer).is_fresh:
            return
        self.kakao.fail_next("ip_mismatched", path=ME, times=None)
        wires = [self.watch_call(caller) for caller in (name, name, peer)]
        self.kakao.clear_failures()
        assert sum(len(wire.refreshes) for wire in wires) <= 1

    # What must always hold ------------------------------------------------------------------

    @invariant()
    def files_hold_what_was_saved_last(self):
        for home in (self.store, self.saver):
            if isinstance(home, FileStore | FileSaver) and home.saved:
                assert home.saved[-1].is_same_as(home.file.load())

    @invariant()
    def store_never_goes_back(self):
        order = [self.issued.index(token.fingerprint) for token in self.store.saved]
        assert order == sorted(order)


@pytest.mark.usefixtures("kakao")
def test_model(running_kakao, monkeypatch):
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setattr("kakao_session.token_endpoint.time.sleep", lambda _: None)
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)  # pytest keeps it all
    warnings.simplefilter("ignore", KakaoWarning)  # the model judges by what has happened
    Model.kakao = running_kakao
    Model.connections = Connections(pool_maxsize=2 * len(SHARERS))
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
    Model.connections.end()
