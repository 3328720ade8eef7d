"""Whatever Kakao or the browser sends: documented errors, soon, and no secret in them."""

import gzip
import io
from functools import partial

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from kakao_session import (
    KakaoAPIError,
    KakaoError,
    KakaoSession,
    LoginRequiredError,
    TemporaryError,
    raise_for_kakao,
)
from tests.fuzz.harness import MOST_BYTES, Network, bounded, fuzz, fuzz_more
from tests.fuzz.strategies import (
    BYTES,
    HEADERS,
    REDIRECTS,
    RETRY_AFTERS,
    SECRET,
    STATUSES,
    TOKENS,
    TOO_LONG_FOR_A_FLOAT,
)

pytestmark = pytest.mark.usefixtures("no_waits")

ME = "https://kapi.kakao.com/v2/user/me"


def new_session(network, **settings):
    kakao = KakaoSession("key", redirect_uri="http://localhost:8765/callback", **settings)
    kakao.mount("https://", network)
    return kakao


def refresh(network):
    with new_session(network, token={"refresh_token": "r"}) as kakao:
        kakao.refresh_token()


@pytest.mark.filterwarnings("ignore::kakao_session.KakaoWarning")
@fuzz
@given(STATUSES, BYTES | TOKENS, HEADERS)
@example(200, TOO_LONG_FOR_A_FLOAT, {})
def test_answer(status, body, headers):
    """Kakao gives this answer to everything: a refresh, a login, calls, a logout."""
    token = {"access_token": "a", "refresh_token": SECRET, "expires_at": 1}
    with bounded(), new_session(Network(status, body, headers), token=token) as kakao:
        for use in (
            kakao.refresh_token,
            partial(kakao.fetch_token, code=SECRET),
            lambda: raise_for_kakao(kakao.get(ME)),
            lambda: raise_for_kakao(kakao.get(ME, withhold_token=True)),
            kakao.token_info,
            kakao.unlink,
            kakao.logout,
        ):
            try:
                use()
            except requests.RequestException as error:
                assert SECRET not in str(error)
                assert not isinstance(error, KakaoAPIError) or len(str(error)) < 500


@fuzz
@given(RETRY_AFTERS)
def test_retry_after(retry_after):
    network = Network(503, b"", {"Retry-After": retry_after})
    with bounded(), pytest.raises(TemporaryError):
        refresh(network)


class Endless(io.RawIOBase):
    given = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.given > MOST_BYTES:  # enough for someone who reads it all
            return 0
        buffer[:] = b" " * len(buffer)
        self.given += len(buffer)
        return len(buffer)


@pytest.mark.parametrize("status", [200, 503])
def test_token_endpoint__without_end(status):
    endless = Endless()
    with bounded(), pytest.raises(KakaoError):
        refresh(Network(status, endless))
    assert endless.given < MOST_BYTES


def test_token_endpoint__kilobytes_that_become_megabytes():
    body = gzip.compress(bytes(MOST_BYTES // 64)) * 64
    network = Network(200, body, {"Content-Encoding": "gzip"})
    with bounded(), pytest.raises(TemporaryError):
        refresh(network)


@fuzz_more
@given(REDIRECTS, st.none() | st.just("the-state") | st.text())
@example("http://[", None)
@example("http://localhost/?code=a&state=\ud800", "the-state")
@example("http://localhost/?code=\ud800", None)
@example("http://localhost/?code=a%0d%0ab", None)
def test_redirect(redirect, state):
    network = Network(200, b'{"access_token": "new", "refresh_token": "r"}')
    with bounded(), new_session(network, state=state, token_updater=print) as kakao:
        if state is not None:
            kakao.new_state()
        for log_in in (
            partial(kakao.fetch_token, authorization_response=redirect),
            partial(kakao.fetch_token, code=redirect),
        ):
            try:
                assert log_in()["access_token"] == "new"
            except LoginRequiredError as error:
                assert error.error
            except ValueError:
                assert not redirect
