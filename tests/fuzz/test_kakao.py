"""What comes from outside, however odd: only documented errors come out, soon, and no secret."""

import io
import tempfile
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3 import HTTPResponse

from kakao_session import (
    FileTokenStore,
    KakaoAPIError,
    KakaoSession,
    LoginRequiredError,
    TemporaryError,
    Token,
    TokenStoreError,
    raise_for_kakao,
)
from kakao_session import token_endpoint as token_endpoint_module
from kakao_session.authorization_response import read_code
from kakao_session.errors import TokenEndpointError
from kakao_session.login.flow import Login
from kakao_session.token import Bearer
from kakao_session.token_endpoint import LONGEST_RETRY_AFTER, Form, TokenEndpoint
from tests.fuzz.strategies import (
    ANY_TEXT,
    BODIES,
    CONTENT,
    ENDLESS,
    GRANTS,
    NO_CALENDAR,
    NO_FLOAT,
    RETRY_AFTERS,
    STATUSES,
    TOKEN_STATUSES,
    bomb,
    bounded,
    fuzz,
    fuzz_cheaply,
)

SENT = "presented-refresh-token"


def answer(status, body):
    response = requests.Response()
    response.status_code, response.raw = status, io.BytesIO(body)
    return response


class Answering(requests.adapters.HTTPAdapter):
    """A network in which everybody gets one answer, made as urllib3 makes it."""

    def __init__(self, status, body, headers):
        super().__init__()
        self.answer = (status, body, headers)

    def send(self, request, *_, **__):
        status, body, headers = self.answer
        raw = HTTPResponse(
            io.BytesIO(body) if isinstance(body, bytes) else body,
            headers,
            status,
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, raw)


def network(status, body, headers=None):
    session = requests.Session()
    session.mount("https://", Answering(status, body, headers or {}))
    return session


class NoTime:
    monotonic = staticmethod(time.monotonic)

    @staticmethod
    def sleep(seconds):
        assert 0 <= seconds <= LONGEST_RETRY_AFTER


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(token_endpoint_module, "time", NoTime)


def refreshed(session):
    endpoint = TokenEndpoint("https://kauth.example/oauth/token", session=session)
    return endpoint.request(Form(grant_type="refresh_token", refresh_token=SENT))


# The token endpoint ---------------------------------------------------------------------------


@fuzz
@given(TOKEN_STATUSES, BODIES | GRANTS, st.none() | RETRY_AFTERS, st.just({}) | CONTENT)
@example(200, NO_FLOAT, None, {})
def test_token_endpoint(status, body, retry_after, headers):
    if retry_after is not None:
        headers = {**headers, "Retry-After": retry_after}
    with bounded():
        try:
            token = refreshed(network(status, body, headers))
        except TokenEndpointError as error:
            assert SENT not in str(error)
            assert "opaque-token" not in str(error)
        else:
            assert token["access_token"]
            Token({"access_token": "old", "refresh_token": "r"}).merged(token)
            Bearer.of(token, 60, 300).is_fresh()


@fuzz
@given(RETRY_AFTERS)
def test_retry_after(retry_after):
    with bounded(), pytest.raises(TemporaryError):
        refreshed(network(503, b"", {"Retry-After": retry_after}))


class Endless(io.RawIOBase):
    def __init__(self):
        self.given = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.given > ENDLESS:  # for whoever reads it all
            return 0
        buffer[:] = b" " * len(buffer)
        self.given += len(buffer)
        return len(buffer)


@pytest.mark.parametrize("status", [200, 400, 503])
def test_token_endpoint__without_end(status):
    endless = Endless()
    with bounded(), pytest.raises(TokenEndpointError):
        refreshed(network(status, endless))
    assert endless.given < ENDLESS


@pytest.mark.parametrize("status", [200, 400])
def test_token_endpoint__bomb(status):
    session = network(status, bomb(), {"Content-Encoding": "gzip"})
    with bounded(), pytest.raises(TemporaryError):
        refreshed(session)


# The API --------------------------------------------------------------------------------------


@fuzz
@given(STATUSES, BODIES)
def test_api_error(status, body):
    with bounded():
        if status < 400:
            raise_for_kakao(answer(status, body))
            return
        with pytest.raises(KakaoAPIError) as caught:
            raise_for_kakao(answer(status, body))
        assert len(str(caught.value)) < 500


@fuzz
@given(TOKEN_STATUSES, BODIES | GRANTS, CONTENT)
def test_session(status, body, headers):
    """Kakao answers everything so: a call, a renewal, a login, a logout."""
    with bounded(), KakaoSession("key", token={"access_token": "a", "refresh_token": "r"}) as kakao:
        kakao.mount("https://", Answering(status, body, headers))
        for call in (
            lambda: kakao.get("/v2/user/me"),
            kakao.token_info,
            kakao.refresh_token,
            lambda: kakao.fetch_token(code="a-code"),
            kakao.unlink,
            kakao.logout,
        ):
            try:
                call()
            except requests.RequestException as error:  # KakaoError is one; a call has its own
                assert "opaque-token" not in str(error)


# Token files ----------------------------------------------------------------------------------


@fuzz
@given(BODIES)
@example(NO_FLOAT)
@example(NO_CALENDAR)
def test_token_file(body):
    with tempfile.TemporaryDirectory() as folder, bounded():
        store = FileTokenStore(Path(folder, "token.json"))
        store.path.write_bytes(body)
        try:
            token = store.load()
        except TokenStoreError as error:
            assert str(store.path) in str(error)
            assert "opaque-token" not in str(error)
            assert store.path.read_bytes() == body
        else:
            assert token
            Bearer.of(token, 60, 300).is_fresh()
            assert token.fingerprint
            assert isinstance(token.scopes, frozenset)
            try:
                store.save(token)
            except TokenStoreError as error:
                assert "would be larger" in str(error)
                assert store.path.read_bytes() == body
            else:
                assert store.load() == token or "nan" in repr(dict(token)).lower()


# What comes back from the browser -------------------------------------------------------------

REDIRECTS = (
    ANY_TEXT
    | st.dictionaries(
        st.sampled_from(["code", "state", "error", "error_description"]), st.text()
    ).map(lambda query: f"http://localhost:8765/callback?{urlencode(query)}")
    | st.lists(
        st.sampled_from(
            [
                *("http://", "localhost", "[", "]", ":", "//", "/", "?", "#", "&", ";", "=", "%"),
                *("code", "state", "error", "the-state", "a" * 30, "%ED%A0%80", "\ud800", "'", " "),
            ]
        ),
        max_size=20,
    ).map("".join)
    | st.sampled_from(["code=" * 20_000, "&" * 60_000, "?" * 60_000, "x" * 60_000, "%" * 60_000])
)


@fuzz_cheaply
@given(REDIRECTS, st.none() | st.just("the-state") | st.text())
@example("http://[", None)
@example("http://localhost/?code=a&state=\ud800", "the-state")
@example("http://localhost/?code=\ud800", None)
@example("http://localhost/?code=a%0d%0ab", None)
def test_redirect(url, state):
    with bounded():
        try:
            code = read_code(url, state)
        except LoginRequiredError as error:
            assert error.error
        else:
            assert code.isascii()
            assert code.isprintable()


@fuzz
@given(REDIRECTS)
def test_fetch_token(redirect):
    token = b'{"access_token": "opaque-token"}'
    with bounded(), KakaoSession("key", redirect_uri="http://localhost:8765/callback") as kakao:
        kakao.mount("https://", Answering(200, token, {}))
        for log_in in (
            partial(kakao.fetch_token, authorization_response=redirect),
            partial(kakao.fetch_token, code=redirect),
        ):
            try:
                assert log_in()["access_token"] == "opaque-token"
            except LoginRequiredError as error:
                assert error.error
            except ValueError as error:
                assert not redirect
                assert "authorization_response" in str(error)


@fuzz_cheaply
@given(REDIRECTS)
def test_pasted(line):
    with bounded(), KakaoSession("key", redirect_uri="http://localhost", pkce="S256") as kakao:
        login = Login(kakao)
        assert isinstance(login.is_answer(line), bool)
        try:
            code = login.read(line)
        except LoginRequiredError as error:
            assert error.error
        else:
            assert code.isascii()
            assert code.isprintable()
