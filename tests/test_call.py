"""The timeout of a call bounds the refresh that is made for it, and each wait for others."""

import threading
import time

import pytest
import requests
from sqlalchemy import create_engine
from urllib3 import Timeout

from kakao_session import (
    FileTokenStore,
    KakaoAuth,
    SQLTokenStore,
    TemporaryError,
    TokenStoreError,
)
from tests.conftest import ME, ME_401, REFRESH, wire
from tests.test_storms import at_once

LIFE = 21_599


@pytest.fixture
def soon():
    """The time limit of a test whose call has a timeout of half a second or less."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 5


class Watching(requests.adapters.HTTPAdapter):
    """Notes the timeouts of the token requests."""

    def __init__(self):
        super().__init__()
        self.timeouts = []

    def send(self, request, *args, **kwargs):
        if request.url.endswith("/oauth/token"):
            self.timeouts.append(kwargs["timeout"])
        return super().send(request, *args, **kwargs)


def timeouts_of(session, clock, **call):
    """The timeouts of the token request for one call."""
    adapter = Watching()
    session.mount("https://", adapter)
    clock.advance(hours=7)
    assert session.get("/v2/user/me", **call).status_code == 200
    return adapter.timeouts


@pytest.mark.usefixtures("soon")
def test_hanging_endpoint__holds_a_call_as_long_as_its_timeout(kakao, new_session, token, clock):
    kakao.fail_next("hang", times=None)
    session = new_session(token=token)
    clock.advance(hours=7)
    with pytest.raises(TemporaryError) as caught:
        session.get("/v2/user/me", timeout=0.3)
    assert isinstance(caught.value, requests.Timeout)
    kakao.clear_failures()
    assert session.get("/v2/user/me", timeout=9).status_code == 200


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("send", [False, True])
def test_hanging_endpoint__after_a_401(kakao, new_session, token, send):
    kakao.fail_next("hang", path="/oauth/token", times=None)
    kakao.revoke_access_tokens()
    session = new_session(token=token)
    prepared = session.prepare_request(requests.Request("GET", "/v2/user/me"))
    with pytest.raises(requests.Timeout):
        session.send(prepared, timeout=0.3) if send else session.get("/v2/user/me", timeout=0.3)


@pytest.mark.usefixtures("soon")
def test_hanging_endpoint__and_a_token_that_is_still_good(kakao, new_session, token, clock):
    kakao.fail_next("hang", times=None)
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    assert session.get("/v2/user/me", timeout=0.3).status_code == 200
    assert [record.path for record in kakao.requests] == ["/oauth/token", "/v2/user/me"]


def test_refresh_ahead__is_one_request(kakao, new_session, token, clock):
    kakao.fail_next(503, times=None)
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [("POST", "/oauth/token", 503), ME]


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (None, (5.0, 30.0)),
        (2, (2, 2)),
        ((1, 4), (1, 4)),
        ((None, 4), (5.0, 4)),
        ((1, None), (1, 30.0)),
        (99, (5.0, 30.0)),
    ],
)
def test_timeout__of_a_call_and_of_the_session(new_session, token, clock, timeout, seconds):
    assert timeouts_of(new_session(token=token), clock, timeout=timeout) == [seconds]


@pytest.mark.parametrize("days", [29, 30, None])
def test_request_that_may_bring_a_refresh_token__has_ten_seconds(new_session, token, clock, days):
    if days is None:
        del token["refresh_token_expires_at"]
    else:
        token["refresh_token_expires_at"] = clock.moment + days * 86_400
    session = new_session(token=token, timeout=(3, 4), token_updater=id)
    assert timeouts_of(session, clock, timeout=2) == [(2, 10.0)]
    assert timeouts_of(session, clock) in ([(3, 10.0)], [(3, 4)])


def test_request_that_may_bring_a_refresh_token__is_saved_though_the_call_is_over(
    kakao, new_session, token, clock, tmp_path
):
    store = FileTokenStore(tmp_path / "token.json")
    token["refresh_token_expires_at"] = clock.moment + 86_400
    store.save(token)
    session = new_session(token_store=store)
    clock.advance(hours=7)
    kakao.latency = 0.5
    assert session.get("/v2/user/me", timeout=0.4).status_code == 200
    assert store.load() == session.token
    assert wire(kakao) == [REFRESH, ME]


# Waiting for somebody else --------------------------------------------------------------------


@pytest.fixture
def hanging(kakao, new_session, token, clock):
    """A session of which another thread is refreshing the token, in vain."""
    kakao.fail_next("hang", times=None)
    session = new_session(token=token)
    clock.advance(hours=7)
    leader = threading.Thread(target=at_once, args=(1, lambda: session.get("/v2/user/me")))
    leader.start()
    while not kakao.token_requests:
        pass
    yield session
    kakao.clear_failures()
    leader.join()


@pytest.mark.usefixtures("soon")
def test_another_thread__is_waited_for_as_long_as_the_timeout(hanging):
    with pytest.raises(TemporaryError, match="Another thread") as caught:
        hanging.get("/v2/user/me", timeout=0.3)
    assert isinstance(caught.value, requests.Timeout)


@pytest.mark.usefixtures("soon")
def test_another_thread__with_a_shorter_timeout_is_followed(kakao, new_session, token, clock):
    kakao.fail_next("hang")
    session = new_session(token=token)
    clock.advance(hours=7)
    short = threading.Thread(target=at_once, args=(1, lambda: session.get("/", timeout=0.5)))
    short.start()
    while not kakao.token_requests:
        pass
    assert session.get("/v2/user/me", timeout=20).status_code == 200
    short.join()


@pytest.mark.usefixtures("soon")
def test_other_threads__with_the_same_timeout_share_the_failure(kakao, new_session, token, clock):
    kakao.fail_next("hang", times=None)
    session = new_session(token=token)
    clock.advance(hours=7)
    errors = at_once(16, lambda: session.get("/v2/user/me", timeout=0.5))
    assert all(isinstance(error, requests.Timeout) for error in errors)
    assert len(kakao.token_requests) == 1


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("kind", ["file", "sql"])
def test_lock_of_somebody_else__is_waited_for_as_long_as_the_timeout(
    kakao, new_session, token, clock, tmp_path, kind
):
    def new_store():
        if kind == "file":
            return FileTokenStore(tmp_path / "token.json")
        engines.append(create_engine(f"sqlite:///{tmp_path}/tokens.db"))
        return SQLTokenStore(engines[-1], "key")

    def hold():
        with new_store().lock():
            locked.set()
            free.wait()

    engines, locked, free = [], threading.Event(), threading.Event()
    new_store().save(token)
    session = new_session(token_store=new_store())
    assert session.authorized
    clock.advance(hours=7)
    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait()
    try:
        with pytest.raises(TokenStoreError, match=r"more than 0\.3 seconds"):
            session.get("/v2/user/me", timeout=0.3)
    finally:
        free.set()
        holder.join()
    assert kakao.requests == []
    assert session.get("/v2/user/me", timeout=9).status_code == 200
    for engine in engines:
        engine.dispose()


@pytest.mark.usefixtures("soon")
def test_save_callback__may_wait_for_a_thread_that_uses_the_session(
    kakao, new_session, token, clock
):
    statuses, saved = [], []

    def updater(new):
        other = threading.Thread(
            target=lambda: statuses.append(session.get("/v2/user/me").status_code)
        )
        other.start()
        other.join()
        saved.append(new)

    session = new_session(token=token, token_updater=updater)
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert statuses == [200]
    assert saved == [session.token]
    assert wire(kakao) == [REFRESH, ME, ME]


def test_save_callback__is_waited_for_by_other_threads(kakao, new_session, token, clock):
    order = []

    def updater(_):
        started.set()
        time.sleep(0.2)
        order.append("saved")

    def call():
        started.wait()
        order.append(session.get("/v2/user/me").status_code)

    started = threading.Event()
    session = new_session(token=token, token_updater=updater)
    clock.advance(hours=7)
    other = threading.Thread(target=call)
    other.start()
    session.get("/v2/user/me")
    other.join()
    assert order == ["saved", 200]


# A KakaoAuth alone ----------------------------------------------------------------------------


@pytest.mark.usefixtures("soon")
def test_auth_alone__is_bounded_by_its_own_timeout(kakao, token, clock):
    kakao.fail_next("hang", times=None)
    auth = KakaoAuth(kakao.app_key, token=token, timeout=0.3, endpoints=kakao.endpoints)
    clock.advance(hours=7)
    with pytest.raises(requests.Timeout):
        requests.get(f"{kakao.endpoints.api_url}/v2/user/me", auth=auth, timeout=20)


@pytest.mark.usefixtures("soon")
def test_auth_alone__after_a_401_by_the_calls_too(kakao, token):
    kakao.fail_next("hang", path="/oauth/token", times=None)
    kakao.revoke_access_tokens()
    auth = KakaoAuth(kakao.app_key, token=token, endpoints=kakao.endpoints)
    with pytest.raises(requests.Timeout):
        requests.get(f"{kakao.endpoints.api_url}/v2/user/me", auth=auth, timeout=0.3)
    assert wire(kakao)[0] == ME_401


def test_nested_call__without_a_timeout_has_none(kakao, new_session, token, clock):
    statuses = []

    def hook(response, **_):
        time.sleep(0.5)  # longer than the outer call's timeout
        clock.advance(hours=7)
        statuses.append(session.get("/v2/user/me").status_code)

    session = new_session(token=token)
    session.get("/v2/user/me", timeout=0.4, hooks={"response": hook})
    assert statuses == [200]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("timeout", [Timeout(connect=0.3, read=0.3), Timeout(total=0.3)], ids=str)
def test_timeout__as_urllib3_writes_it(kakao, new_session, token, clock, timeout):
    kakao.fail_next("hang", times=None)
    session = new_session(token=token)
    clock.advance(hours=7)
    with pytest.raises(requests.Timeout):
        session.get("/v2/user/me", timeout=timeout)


@pytest.mark.usefixtures("soon")
def test_another_thread__whose_time_to_read_is_shorter_is_followed(
    kakao, new_session, token, clock
):
    kakao.fail_next("hang")
    session = new_session(token=token)
    clock.advance(hours=7)
    short = threading.Thread(target=at_once, args=(1, lambda: session.get("/", timeout=(9, 0.5))))
    short.start()
    while not kakao.token_requests:
        pass
    assert session.get("/v2/user/me", timeout=4).status_code == 200
    short.join()


def test_timeout__that_is_over_spends_no_refresh_token(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(hours=7)
    with pytest.raises(requests.Timeout, match="timeout was over before"):
        session.get("/v2/user/me", timeout=0)
    assert kakao.requests == []
