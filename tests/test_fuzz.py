"""What comes from outside, however odd: only documented errors come out, and no secret."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kakao_session import (
    FileTokenStore,
    KakaoAPIError,
    KakaoError,
    LoginRequiredError,
    Token,
    TokenStoreError,
    raise_for_kakao,
)
from kakao_session import kauth as kauth_module
from kakao_session.held import Held
from kakao_session.kauth import Form, TokenEndpoint
from kakao_session.redirect import read_code

KEYS = st.sampled_from(
    [
        "access_token",
        "refresh_token",
        "expires_in",
        "expires_at",
        "refresh_token_expires_in",
        "refresh_token_expires_at",
        "scope",
        "error",
        "error_code",
        "code",
        "msg",
        "message",
        "required_scopes",
        "allowed_scopes",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**320)
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["opaque-token", "21599", "-30", "KOE322", "invalid_grant", "talk_message"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)
OBJECTS = st.dictionaries(KEYS | st.text(max_size=5), VALUES, max_size=8)
BODIES = (
    st.binary(max_size=200)
    | OBJECTS.map(lambda value: json.dumps(value).encode())
    | VALUES.map(lambda value: json.dumps(value).encode())
    | OBJECTS.map(lambda value: json.dumps(value).encode()[:-1])
    | st.integers(1, 3000).map(lambda depth: b'{"a":' * depth)
    | OBJECTS.map(lambda value: json.dumps(value).encode("utf-16"))
)
STATUSES = st.integers(100, 599)
RETRY_AFTERS = st.none() | st.text(st.characters(codec="latin-1")) | st.integers().map(str)


def answer(status: int, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
    response = requests.Response()
    response.status_code, response.raw = status, io.BytesIO(body)
    response.headers.update(headers or {})
    return response


class Answering(requests.adapters.BaseAdapter):
    def __init__(self, response: requests.Response) -> None:
        self.response = response

    def send(self, *_: Any, **__: Any) -> requests.Response:
        return self.response

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kauth_module, "time", type("NoTime", (), {"sleep": lambda _: None}))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(STATUSES, BODIES, RETRY_AFTERS)
def test_token_endpoint(status: int, body: bytes, retry_after: str | None) -> None:
    session = requests.Session()
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    session.mount("https://", Answering(answer(status, body, headers)))
    endpoint = TokenEndpoint("https://kauth.example/oauth/token", session=session)
    form = Form(grant_type="refresh_token", refresh_token="presented-refresh-token")
    try:
        token = endpoint.request(form)
    except KakaoError as error:
        assert "presented-refresh-token" not in str(error)
        assert "opaque-token" not in str(error)
    else:
        assert token["access_token"]
        Token({"access_token": "old", "refresh_token": "r"}).merged(token)
        Held.of(token, 60, 300).is_fresh()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(BODIES)
def test_token_file(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
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
            Held.of(token, 60, 300).is_fresh()
            assert token.fingerprint
            assert isinstance(token.scopes, frozenset)
            store.save(token)
            assert store.load() == token or "nan" in repr(dict(token)).lower()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(STATUSES, BODIES)
def test_api_error(status: int, body: bytes) -> None:
    if status < 400:
        raise_for_kakao(answer(status, body))
        return
    with pytest.raises(KakaoAPIError) as caught:
        raise_for_kakao(answer(status, body))
    assert len(str(caught.value)) < 500


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.text(st.characters(codec=None))
    | st.dictionaries(
        st.sampled_from(["code", "state", "error", "error_description"]), st.text()
    ).map(lambda query: f"http://localhost:8765/callback?{urlencode(query)}"),
    st.none() | st.just("the-state") | st.text(),
)
@example("http://[", None)
@example("http://localhost/?code=a&state=\ud800", "the-state")
@example("http://localhost/?code=\ud800", None)
@example("http://localhost/?code=a%0d%0ab", None)
def test_redirect(url: str, state: str | None) -> None:
    try:
        code = read_code(url, state)
    except LoginRequiredError as error:
        assert error.error
    else:
        assert code.isascii()
        assert code.isprintable()
