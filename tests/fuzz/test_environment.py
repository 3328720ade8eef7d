"""Odd environment variables: an error says so, and nobody learns what is in them."""

import os
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st

from kakao_session import FileTokenStore, KakaoError, KakaoSession
from tests.fuzz.strategies import bounded, fuzz

SECRET = b"opaque-secret"

VALUES = (
    st.binary(max_size=30)
    | st.text(max_size=10).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(
        st.sampled_from(
            [
                *(b"http", b"https", b"socks5", b"://", b":", b"@", b"[", b"]", b"/", b"..", b"~"),
                *(b"localhost", b"127.0.0.1", b"99999", b"0", b"a" * 300, b"%", b"%zz", b",", b"*"),
                *(b"\xff", b"\r\n", b" ", b"\x7f", SECRET),
            ]
        ),
        max_size=8,
    ).map(b"".join)
).filter(lambda value: b"\0" not in value)
VARIABLES = st.dictionaries(
    st.sampled_from(
        [
            *(b"KAKAO_REST_API_KEY", b"KAKAO_CLIENT_SECRET", b"KAKAO_SESSION_TOKEN_FILE"),
            *(b"HTTPS_PROXY", b"https_proxy", b"ALL_PROXY", b"NO_PROXY", b"REQUESTS_CA_BUNDLE"),
            *(b"HOME", b"XDG_CONFIG_HOME"),
        ]
    ),
    VALUES,
    min_size=1,
)


@contextmanager
def environment(variables):
    before = dict(os.environb)
    os.environb.update(variables)
    try:
        yield
    finally:
        os.environb.clear()
        os.environb.update(before)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    monkeypatch.setattr(
        "kakao_session.token_endpoint.time",
        SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic),
    )
    monkeypatch.chdir(tmp_path)


@fuzz
@given(VARIABLES)
@example({b"KAKAO_CLIENT_SECRET": SECRET + b"\xff"})
@example({b"KAKAO_REST_API_KEY": SECRET + b"\n"})
@example({b"KAKAO_SESSION_TOKEN_FILE": b"~nobody-of-that-name"})
@example({b"HTTPS_PROXY": b"\x01@"})
@example({b"HTTPS_PROXY": b"http://me:" + SECRET + b"@[", b"REQUESTS_CA_BUNDLE": b"/"})
def test_environment(variables):
    token = {"access_token": "a", "refresh_token": "r", "expires_at": 1}
    with environment({b"KAKAO_REST_API_KEY": b"key", **variables}), bounded():
        session = KakaoSession(token=token, redirect_uri="http://localhost:8765/callback")
        ours = [
            lambda: FileTokenStore().load(),
            session.refresh_token,
            session.ensure_active_token,
            session.authorization_url,
            lambda: session.fetch_token(code="a-code"),
        ]
        for use in ours:
            try:
                use()
            except KakaoError as error:
                assert SECRET.decode() not in str(error) or "token.json: " in str(error)
        # What requests makes of its own variables in a call is no business of ours.
        with pytest.raises(
            (requests.RequestException, urllib3.exceptions.HTTPError, OSError, TypeError)
        ):
            session.get("https://dapi.kakao.com/v2/search/web")
