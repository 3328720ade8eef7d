"""The timeout of a call bounds the refresh that is made for it."""

import re
import threading
import time

import pytest
import requests
from sqlalchemy import create_engine
from urllib3 import Timeout

from kakao_session import FileTokenStore, SQLTokenStore, TokenStoreError
from tests.conftest import LIFE, ME, ME_401, REFRESH, MemoryStore, Watching, wire

MONTH = 31 * 86_400


@pytest.fixture
def soon():
    """Fails a test whose call takes much longer than its timeout of half a second or less."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 5


@pytest.fixture
def hanging(kakao):
    """Kakao answers no token request."""
    kakao.fail_next("hang", path="/oauth/token", times=None)


def timeouts_of(session, clock, **call):
    """The timeouts of the token requests for one call."""
    adapter = Watching()
    session.mount("https://", adapter)
    clock.advance(hours=7)
    assert session.get("/v2/user/me", **call).status_code == 200
    return [options["timeout"] for options in adapter.sent[:-1]]


@pytest.mark.usefixtures("soon", "hanging")
@pytest.mark.parametrize(
    "timeout", [0.3, Timeout(connect=0.3, read=0.3), Timeout(total=0.3)], ids=str
)
def test_hanging_endpoint__holds_a_call_as_long_as_its_timeout(
    kakao, new_session, token, clock, timeout
):
    session = new_session(token=token)
    clock.advance(hours=7)
    with pytest.raises(requests.Timeout):
        session.get("/v2/user/me", timeout=timeout)
    kakao.clear_failures()
    assert session.get("/v2/user/me", timeout=9).status_code == 200


@pytest.mark.usefixtures("soon", "hanging")
@pytest.mark.parametrize("how", ["get", "send", "auth alone"])
def test_hanging_endpoint__after_a_401(kakao, new_session, new_auth, token, me_url, how):
    kakao.revoke_access_tokens()
    session = new_session(token=token)
    prepared = session.prepare_request(requests.Request("GET", "/v2/user/me"))
    calls = {
        "get": lambda: session.get("/v2/user/me", timeout=0.3),
        "send": lambda: session.send(prepared, timeout=0.3),
        "auth alone": lambda: requests.get(me_url, auth=new_auth(token=token), timeout=0.3),
    }
    with pytest.raises(requests.Timeout):
        calls[how]()
    assert wire(kakao)[0] == ME_401


@pytest.mark.usefixtures("soon", "hanging")
def test_hanging_endpoint__and_a_token_that_is_still_good(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    assert session.get("/v2/user/me", timeout=0.3).status_code == 200
    assert [record.path for record in kakao.requests] == ["/oauth/token", "/v2/user/me"]


@pytest.mark.usefixtures("soon", "hanging")
def test_hanging_endpoint__holds_an_auth_as_long_as_its_own_timeout(new_auth, token, clock, me_url):
    clock.advance(hours=7)
    with pytest.raises(requests.Timeout):
        requests.get(me_url, auth=new_auth(token=token, timeout=0.3), timeout=20)


def test_timeout__counts_anew_after_a_401(kakao, new_session, token, stopwatch):
    class Slow(Watching):
        def send(self, request, **options):
            stopwatch.moment += 8
            return super().send(request, **options)

    kakao.revoke_access_tokens()
    session = new_session(token=token)
    session.mount("https://", Slow())
    assert session.get("/v2/user/me", timeout=5).status_code == 200
    assert wire(kakao) == [ME_401, REFRESH, ME]


def test_timeout__that_is_over_spends_no_refresh_token(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(hours=7)
    with pytest.raises(requests.Timeout) as caught:
        session.get("/v2/user/me", timeout=0)
    assert str(caught.value) == (
        "The token has to be refreshed first, and the call's timeout ended before that. "
        "Try again. The login is kept."
    )
    assert kakao.requests == []


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


def test_timeout__less_what_the_lock_took(new_session, token, clock, stopwatch):
    class SlowStore(MemoryStore):
        def lock(self):
            stopwatch.moment += 3
            return super().lock()

    session = new_session(token_store=SlowStore(token))
    assert timeouts_of(session, clock, timeout=(5, 4)) == [(5, 4)]
    assert timeouts_of(session, clock, timeout=5) == [(2, 2)]
    [(_, read)] = timeouts_of(session, clock, timeout=Timeout(total=5))
    assert 1.9 < read <= 2
    [(_, read)] = timeouts_of(session, clock, timeout=Timeout(connect=1, read=10, total=5))
    assert 1.9 < read <= 2


def test_timeout__leaves_the_call_as_it_is(kakao, new_session, token):
    session = new_session(token=token)
    path, headers = "/v2/api/talk/memo/default/send", {"X-Mine": "1"}
    session.post(path, data={"a": "1"}, headers=headers, timeout=9)
    session.post(path, files={"file": b"content"}, timeout=9)
    first, second = kakao.requests
    assert (first.body, first.headers["X-Mine"]) == (b"a=1", "1")
    assert b"content" in second.body


def test_timeout__of_a_call_that_a_hook_makes(new_session, token, clock):
    statuses = []

    def hook(response, **_):
        time.sleep(0.3)  # longer than the outer call's timeout
        clock.advance(hours=7)
        statuses.append(session.get("/v2/user/me").status_code)

    session = new_session(token=token)
    session.get("/v2/user/me", timeout=0.25, hooks={"response": hook})
    assert statuses == [200]


# A request that may bring a new refresh token ---------------------------------------------------


@pytest.mark.parametrize(("left", "read"), [(MONTH, 10.0), (MONTH + 1, 2)])
def test_new_refresh_token__has_ten_seconds_in_the_last_month(
    new_session, token, clock, left, read
):
    token["refresh_token_expires_at"] = clock.moment + 7 * 3600 + left
    assert timeouts_of(new_session(token=token), clock, timeout=2) == [(2, read)]


def test_new_refresh_token__has_ten_seconds_if_its_end_is_unknown(new_session, token, clock):
    del token["refresh_token_expires_at"]
    session = new_session(token=token, timeout=(3, 4), token_updater=id)
    assert timeouts_of(session, clock, timeout=2) == [(2, 10.0)]
    assert timeouts_of(session, clock) == [(3, 10.0)]


def test_new_refresh_token__is_saved_though_the_call_is_over(
    kakao, new_session, new_auth, token, clock, tmp_path, me_url
):
    def updater(_):
        """Refreshes another login: for that, too, there has to be time."""
        statuses.append(requests.get(me_url, auth=new_auth(token=other)).status_code)

    statuses, other = [], {**kakao.login(), "expires_at": 1}
    store = FileTokenStore(tmp_path / "token.json")
    token["refresh_token_expires_at"] = clock.moment + 86_400
    store.save(token)
    session = new_session(token_store=store, token_updater=updater)
    clock.advance(hours=7)
    kakao.latency = 0.4
    assert session.get("/v2/user/me", timeout=0.3).status_code == 200
    assert statuses == [200]
    assert store.load() == session.token
    assert wire(kakao) == [REFRESH, REFRESH, ME, ME]


# The lock of a store --------------------------------------------------------------------------


@pytest.fixture(params=["file", "sql"])
def new_store(request, tmp_path):
    """Makes stores for one place, each as another process would."""
    engines = []

    def make():
        if request.param == "file":
            return FileTokenStore(tmp_path / "token.json")
        engines.append(create_engine(f"sqlite:///{tmp_path}/tokens.db"))
        return SQLTokenStore(engines[-1], "key")

    yield make
    for engine in engines:
        engine.dispose()


@pytest.mark.usefixtures("soon")
def test_lock_of_somebody_else__is_waited_for_as_long_as_the_timeout(
    kakao, new_session, token, clock, new_store
):
    def hold():
        with new_store().lock():
            locked.set()
            free.wait()

    locked, free = threading.Event(), threading.Event()
    new_store().save(token)
    session = new_session(token_store=new_store())
    assert session.authorized
    clock.advance(hours=7)
    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait()
    try:
        with pytest.raises(TokenStoreError) as caught:
            session.get("/v2/user/me", timeout=0.3)
        assert re.search(  # it does not say to end the other one, which may be refreshing
            ": another program or thread has .*, perhaps to refresh the token, and the timeout of "
            r"this call is over\. Try again, or give the call more time\.$",
            str(caught.value),
        )
    finally:
        free.set()
        holder.join()
    assert kakao.requests == []
    assert session.get("/v2/user/me", timeout=9).status_code == 200
