"""Whatever is in environment variables: an error says so, and does not show what."""

import os
from contextlib import contextmanager

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st

from kakao_session import FileTokenStore, KakaoError, KakaoSession
from tests.fuzz.harness import bounded, fuzz
from tests.fuzz.strategies import SECRET

pytestmark = pytest.mark.usefixtures("no_waits", "_no_network")

HIDDEN = SECRET.encode()

VALUES = (
    st.binary(max_size=30)
    | st.text(max_size=10).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(
        st.sampled_from(
            [
                *(b"http", b"https", b"socks5", b"://", b":", b"@", b"[", b"]", b"/", b"..", b"~"),
                *(b"localhost", b"127.0.0.1", b"99999", b"0", b"a" * 300, b"%", b"%zz", b",", b"*"),
                *(b"\xff", b"\r\n", b" ", b"\x7f", HIDDEN),
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


@pytest.fixture
def _no_network(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    monkeypatch.chdir(tmp_path)


@contextmanager
def environment(variables):
    before = dict(os.environb)
    os.environb.update(variables)
    try:
        yield
    finally:
        os.environb.clear()
        os.environb.update(before)


@fuzz
@given(VARIABLES)
@example({b"KAKAO_CLIENT_SECRET": HIDDEN + b"\xff"})
@example({b"KAKAO_REST_API_KEY": HIDDEN + b"\n"})
@example({b"KAKAO_SESSION_TOKEN_FILE": b"~nobody-of-that-name"})
@example({b"HTTPS_PROXY": b"\x01@"})
@example({b"HTTPS_PROXY": b"http://me:" + HIDDEN + b"@[", b"REQUESTS_CA_BUNDLE": b"/"})
def test_environment(variables):
    token = {"access_token": "a", "refresh_token": "r", "expires_at": 1}
    path = variables.get(b"KAKAO_SESSION_TOKEN_FILE", b"")
    with environment({b"KAKAO_REST_API_KEY": b"key", **variables}), bounded():
        session = KakaoSession(token=token, redirect_uri="http://localhost:8765/callback")
        for use in (
            lambda: FileTokenStore().load(),
            session.refresh_token,
            session.ensure_active_token,
            session.authorization_url,
            lambda: session.fetch_token(code="a-code"),
        ):
            try:
                use()
            except KakaoError as error:
                assert SECRET not in str(error) or HIDDEN in path
        # What requests makes of its own variables in a call is no business of ours.
        with pytest.raises(
            (requests.RequestException, urllib3.exceptions.HTTPError, OSError, TypeError)
        ):
            session.get("https://dapi.kakao.com/v2/search/web")
