"""The token request on the wire, and what becomes of each answer."""

import ssl
import threading
import time
from types import SimpleNamespace

import pytest
import requests
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import ReadTimeoutError
from urllib3.util.retry import Retry

from kakao_session import (
    ConfigurationError,
    KakaoSession,
    KakaoWarning,
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    TokenEndpointError,
)
from kakao_session import token_endpoint as token_endpoint_module
from tests.conftest import ME, REFRESH, wire


@pytest.fixture
def naps(monkeypatch):
    """How long the token endpoint would have waited between its tries."""
    naps = []

    class NoTime:
        sleep = staticmethod(naps.append)
        monotonic = staticmethod(time.monotonic)

    monkeypatch.setattr(token_endpoint_module, "time", NoTime)
    return naps


def test_form__and_nothing_of_the_call(kakao, new_session, token, clock):
    session = new_session(token=token, scope=["talk_message"])
    session.headers["X-Mine"] = "1"
    session.params = {"p": "1"}
    session.cookies.set("c", "1")
    session.hooks["response"].append(lambda r, **_: None)
    clock.advance(hours=7)
    session.post(
        "/v2/user/me", params={"q": "1"}, json={"j": 1}, headers={"X-Call": "1"}, cookies={"d": "1"}
    )
    (sent,) = kakao.token_requests
    assert sent.form == [
        ("grant_type", "refresh_token"),
        ("client_id", kakao.app_key),
        ("refresh_token", token["refresh_token"]),
    ]
    assert sent.query == ""
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded;charset=utf-8"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["User-Agent"].startswith("kakao-session/")
    assert not {"Authorization", "Cookie", "X-Mine", "X-Call"} & set(sent.headers.keys())


@pytest.mark.parametrize("said", ["argument", "environment", "token", "auto_refresh_kwargs"])
def test_form__with_the_client_secret(
    kakao,
    new_session,
    token,
    clock,
    monkeypatch,
    said,
):
    kakao.client_secret = "secret"
    kwargs = {"token": dict(token)}
    if said == "argument":
        kwargs["client_secret"] = "secret"
    elif said == "environment":
        monkeypatch.setenv("KAKAO_CLIENT_SECRET", "secret")
    elif said == "token":
        kwargs["token"]["client_secret"] = "secret"
    else:
        kwargs["auto_refresh_kwargs"] = {"client_id": kakao.app_key, "client_secret": "secret"}
    session = new_session(None if said == "auto_refresh_kwargs" else kakao.app_key, **kwargs)
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert kakao.token_requests[0].form == [
        ("grant_type", "refresh_token"),
        ("client_id", kakao.app_key),
        ("refresh_token", token["refresh_token"]),
        ("client_secret", "secret"),
    ]


def test_client_id__missing(kakao, new_session, token, clock):
    session = new_session(None, token=token)
    clock.advance(hours=7)
    with pytest.raises(ConfigurationError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == (
        "No REST API key. Pass client_id=, set KAKAO_REST_API_KEY, or add app_key to the token."
    )
    assert (caught.value.error, caught.value.error_code, caught.value.status_code) == (None,) * 3
    assert kakao.requests == []


UNSENDABLE = ["\udcff", "한글", "two words", "a line\n", "\x00", ["a", "list"], 5]


@pytest.mark.parametrize("value", UNSENDABLE, ids=ascii)
@pytest.mark.parametrize(
    ("name", "what", "places"),
    [
        ("app_key", "REST API key", "client_id=, KAKAO_REST_API_KEY and app_key"),
        ("client_secret", "client secret", "client_secret=, KAKAO_CLIENT_SECRET and client_secret"),
    ],
)
def test_credentials__that_can_not_be_sent(
    kakao,
    new_session,
    token,
    name,
    what,
    places,
    value,
):
    session = new_session(None, token={"app_key": kakao.app_key, **token, name: value})
    with pytest.raises(ConfigurationError) as caught:
        session.refresh_token()
    assert str(caught.value) == (
        f"The {what} is none, for it has characters other than visible ASCII. Look at {places} in "
        "the token."
    )
    if name == "app_key":
        with pytest.raises(ConfigurationError):
            session.get(f"{session.endpoints.dapi_url}/v2/search/web")
        with pytest.raises(ConfigurationError):
            session.authorization_url()
    assert kakao.requests == []


def test_expiry__counts_from_the_sending(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(hours=7)
    sent_at = clock.moment
    send = session.get_adapter("https://").send

    class Slow(requests.adapters.HTTPAdapter):
        def send(self, *args, **kwargs):
            response = send(*args, **kwargs)
            clock.moment += 10
            return response

    session.mount(kakao.endpoints.kauth_url, Slow())
    session.ensure_active_token()
    assert session.token["expires_at"] == sent_at + 21_599


def test_transport_settings__of_the_session(kakao, new_session, token, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    seen = []

    class Watching(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **kwargs):
            seen.append(kwargs)
            kwargs.update(cert=None, proxies={})
            return super().send(request, *args, **kwargs)

    session = new_session(token=token, timeout=(3, 4))
    session.mount("https://", Watching())
    session.cert = "client.pem"
    session.proxies = {"https": "http://127.0.0.1:1"}
    session.refresh_token()
    assert seen == [
        {
            "timeout": (3, 4),
            "stream": True,
            "verify": kakao.ca_file,
            "cert": None,
            "proxies": {},
        }
    ]


def test_transport_settings__of_one_refresh(kakao, new_session, token, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    session = new_session(token=token)
    session.verify = True
    with pytest.raises(TemporaryError, match="SSLError"):
        session.refresh_token()
    session.refresh_token(verify=kakao.ca_file)
    assert wire(kakao) == [REFRESH]


def test_transport_settings__of_one_refresh_at_another_url(kakao, new_session, token):
    seen = []

    class Watching(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **kwargs):
            seen.append({name: kwargs[name] for name in ("timeout", "proxies")})
            return super().send(request, *args, **{**kwargs, "proxies": {}})

    session = new_session(token=token, timeout=(3, 4))
    session.mount("https://", Watching())
    proxies = {"https": "http://127.0.0.1:1"}
    session.refresh_token(kakao.endpoints.token_url, proxies=proxies)
    session.refresh_token(kakao.endpoints.token_url, timeout=7)
    assert seen[0] == {"timeout": (3, 4), "proxies": proxies}
    assert seen[1] == {"timeout": (7, 7), "proxies": {}}


def test_connections__of_the_session_stay_open(kakao, new_session, token):
    closed = []

    class Watching(requests.adapters.HTTPAdapter):
        def close(self):
            closed.append("closed")
            super().close()

    session = new_session(token=token)
    session.mount("https://", Watching())
    session.refresh_token()
    assert closed == []


@pytest.mark.parametrize("timeout", [None, (5.0, 30.0)])
def test_timeout__always(kakao, new_session, token, timeout):
    seen = []

    class Watching(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **kwargs):
            seen.append(kwargs["timeout"])
            return super().send(request, *args, **kwargs)

    session = new_session(token=token, timeout=timeout)
    session.mount("https://", Watching())
    session.refresh_token()
    session.refresh_token(timeout=7)
    assert seen == [(5.0, 30.0), (7, 7)]


# Trying again -------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [500, 503, 599, "reset", "close", "truncated"])
def test_trouble_twice__tried_again(kakao, new_session, token, naps, failure):
    kakao.fail_next(failure, times=2)
    new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 3
    assert len(naps) == 2
    assert 0.1 <= naps[0] <= 0.3
    assert 0.2 <= naps[1] <= 0.6


@pytest.mark.parametrize("failure", [503, "reset"])
def test_trouble_three_times__given_up(kakao, new_session, token, naps, failure):
    kakao.fail_next(failure, times=None)
    with pytest.raises(TemporaryError):
        new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 3


def test_out_of_reach__says_how(kakao, new_session, token, naps):
    kakao.fail_next("reset", times=None)
    with pytest.raises(TemporaryError) as caught:
        new_session(token=token).refresh_token()
    assert str(caught.value) == (
        "Kakao's token endpoint could not be reached (ConnectionError). "
        "Look at the network; the login is kept."
    )


def test_hang__times_out(kakao, new_auth, token):
    kakao.fail_next("hang", times=None)
    started = time.monotonic()
    with pytest.raises(TemporaryError, match="ReadTimeout"):
        new_auth(token=token, timeout=0.2).source.refresh()
    assert time.monotonic() - started < 2
    assert len(kakao.token_requests) == 1  # Kakao may have acted


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [("7", 7.0), ("0", None), ("10", 10.0), ("nonsense", None), ("-5", None), ("9" * 400, "never")],
)
def test_retry_after(
    kakao,
    new_session,
    token,
    naps,
    retry_after,
    waited,
):
    kakao.fail_next(503, retry_after=retry_after)
    session = new_session(token=token)
    if waited == "never":
        with pytest.raises(TemporaryError):
            session.refresh_token()
        assert naps == []
    else:
        session.refresh_token()
        assert naps == [waited] if waited else 0.1 <= naps[0] <= 0.3


def test_retry_after__too_long_to_wait(kakao, new_session, token, naps):
    kakao.fail_next(503, retry_after="11")
    with pytest.raises(TemporaryError):
        new_session(token=token).refresh_token()
    assert naps == []
    assert len(kakao.token_requests) == 1


def test_deadline__of_all_tries(kakao, new_session, token, monkeypatch):
    class Slow(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **kwargs):
            seen.append(kwargs["timeout"])
            moments[0] += 28
            return super().send(request, *args, **kwargs)

    def sleep(seconds):
        moments[0] += seconds

    seen, moments = [], [1000.0]
    clock = SimpleNamespace(monotonic=lambda: moments[0], sleep=sleep)
    monkeypatch.setattr(token_endpoint_module, "time", clock)
    kakao.fail_next(503, retry_after="10", times=None)
    session = new_session(token=token, timeout=(5, 40))
    session.mount("https://", Slow())
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert seen == [(5, 40), (5, 60 - 38 - 5)]
    seen.clear()
    session = new_session(token=token, timeout=(None, 99))
    session.mount("https://", Slow())
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert seen == [(30, 30), (11, 11)]


def test_deadline__leaves_ten_seconds_to_answer(kakao, new_session, token, monkeypatch):
    class Slow(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **kwargs):
            seen.append(kwargs["timeout"])
            moments[0] += 49.95
            return super().send(request, *args, **kwargs)

    seen, moments = [], [1000.0]
    clock = SimpleNamespace(monotonic=lambda: moments[0], sleep=lambda _: None)
    monkeypatch.setattr(token_endpoint_module, "time", clock)
    kakao.fail_next(503, times=None)
    del token["refresh_token_expires_at"]
    session = new_session(token=token)
    session.mount("https://", Slow())
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("raised", "requests_made"),
    [
        (requests.ConnectTimeout("slow"), 3),
        (requests.ConnectionError("refused"), 3),
        (requests.exceptions.ProxyError("refused"), 3),
        (requests.exceptions.ChunkedEncodingError("broken"), 3),
        (ConnectionResetError("reset"), 3),
        (requests.ReadTimeout("slow"), 1),
        (requests.ConnectionError(ReadTimeoutError(HTTPSConnectionPool("kauth"), None, "slow")), 1),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("another")), 1),
        (requests.exceptions.InvalidProxyURL("odd"), 1),
        (OSError("no such CA bundle"), 1),
        (ValueError("odd"), 1),
    ],
    ids=repr,
)
def test_trouble_on_the_way(new_session, token, naps, raised, requests_made):
    class Broken(requests.adapters.HTTPAdapter):
        def send(self, *_, **__):
            sent.append(1)
            raise raised

    sent = []
    session = new_session(token=token)
    session.mount("https://", Broken())
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert len(sent) == requests_made


def test_own_exception__in_which_a_call_is_made(kakao, new_session, token, naps):
    kakao.fail_next("reset")
    try:
        raise requests.ReadTimeout("of another call")  # noqa: TRY301  # a caller does so
    except requests.ReadTimeout:
        new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 2


# Retries of the session ---------------------------------------------------------------------


RETRIES = Retry(5, status_forcelist=[429, 503], allowed_methods=None)


class Odd(requests.adapters.HTTPAdapter):
    """An adapter that can't be made or pickled as requests does it."""

    def __init__(self, needed, **kwargs):
        super().__init__(**kwargs)
        self.needed = needed
        self.lock = threading.Lock()

    def send(self, request, **kwargs):
        assert self.needed
        return super().send(request, **kwargs)


def retrying_session(new_session, token):
    session = new_session(token=token)
    session.mount("https://", Odd("argument", max_retries=RETRIES))
    return session


def test_retries_of_the_session__are_not_for_token_requests(kakao, new_session, token, naps):
    kakao.fail_next(error_code="KOE237", times=None)
    session = retrying_session(new_session, token)
    with pytest.raises(RateLimitedError):
        session.refresh_token()
    assert len(kakao.token_requests) == 1
    kakao.clear_failures()
    kakao.fail_next(503, times=2)
    session.refresh_token()
    assert len(kakao.token_requests) == 4
    with pytest.raises(LoginRequiredError):
        session.fetch_token(f"{kakao.endpoints.token_url}?x=%7e", code="no-such-code")
    assert len(kakao.token_requests) == 5


def test_retries_of_the_session__are_for_calls(kakao, new_session, token, clock):
    session = retrying_session(new_session, token)
    clock.advance(hours=7)
    kakao.fail_next(503, path="/v2/user/me", times=2)
    assert session.get("/v2/user/me").status_code == 200
    assert [status for *_, status in wire(kakao)] == [200, 503, 503, 200]


@pytest.mark.parametrize("mounted", ["https://", "token endpoint"])
def test_connections_of_the_session__are_used(kakao, new_session, token, mounted):
    class Counting(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            pools.append(1)
            super().init_poolmanager(*args, **kwargs)

    pools = []
    session = new_session(token=token)
    prefix = mounted if mounted == "https://" else kakao.endpoints.token_url
    session.mount(prefix, Counting(max_retries=RETRIES))
    session.refresh_token()
    session.refresh_token()
    assert pools == [1]


# Through the session's send -----------------------------------------------------------------


def test_token_request__goes_through_send(kakao, token):
    class Watching(KakaoSession):
        def send(self, request, **kwargs):
            seen.append((request.url, kwargs["allow_redirects"], kwargs["timeout"]))
            return super().send(request, **kwargs)

    seen = []
    with Watching(kakao.app_key, token=token, endpoints=kakao.endpoints) as session:
        session.refresh_token()
    assert seen == [(kakao.endpoints.token_url, False, (5.0, 30.0))]


def test_token_request__through_a_send_that_raises_for_status(kakao, token, naps):
    class Raising(KakaoSession):
        def send(self, request, **kwargs):
            response = super().send(request, **kwargs)
            response.raise_for_status()
            return response

    with Raising(kakao.app_key, token=token, endpoints=kakao.endpoints) as session:
        kakao.fail_next(503, times=2)
        session.refresh_token()
        kakao.unlink()
        with pytest.raises(LoginRequiredError) as caught:
            session.refresh_token()
        assert caught.value.error_code == "KOE322"


def test_token_request__through_a_send_that_raises_without_an_answer(kakao, token):
    class Raising(KakaoSession):
        def send(self, request, **kwargs):
            raise requests.HTTPError("no answer")

    with (
        Raising(kakao.app_key, token=token, endpoints=kakao.endpoints) as session,
        pytest.raises(TemporaryError),
    ):
        session.refresh_token()


def test_4xx__not_tried_again(kakao, new_session, token, naps):
    kakao.fail_next(error_code="KOE237", retry_after="1", times=None)
    with pytest.raises(RateLimitedError):
        new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 1


# Answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("KOE003", TemporaryError),
        ("KOE010", ConfigurationError),
        ("KOE101", ConfigurationError),
        ("KOE237", RateLimitedError),
        ("KOE319", ConfigurationError),
        ("KOE322", LoginRequiredError),
    ],
)
def test_error_code__names_its_kind(
    kakao,
    new_session,
    token,
    naps,
    code,
    kind,
):
    kakao.fail_next(error_code=code, times=None)
    session = new_session(token=token)
    with pytest.raises(TokenEndpointError) as caught:
        session.refresh_token()
    error = caught.value
    assert isinstance(error, kind)
    assert error.error_code == code
    assert error.error
    assert error.status_code == error.response.status_code
    assert error.hint is not None
    assert error.hint in str(error)
    assert code in str(error)
    assert session.token == token


REFUSED = "Kakao refused the token request"
LATER = "Try again later."
UNREADABLE = "Kakao's token endpoint gave no token and no error that could be read ({}). "
KEPT = "Try again later; the login is kept."

ANSWERS = {
    "invalid_grant without a code": (
        400,
        {"error": "invalid_grant"},
        LoginRequiredError,
        f"{REFUSED} (invalid_grant, HTTP 400). Log in again: run `kakao-session login`.",
    ),
    "invalid_client without a code": (
        401,
        {"error": "invalid_client"},
        ConfigurationError,
        f"{REFUSED} (invalid_client, HTTP 401).",
    ),
    "an unknown error": (
        400,
        {"error": "odd", "error_code": "KOE999"},
        TokenEndpointError,
        f"{REFUSED} (KOE999 odd, HTTP 400).",
    ),
    "a name of 40 characters": (
        400,
        {"error": "_" * 40},
        TokenEndpointError,
        f"{REFUSED} ({'_' * 40}, HTTP 400).",
    ),
    "an error with 200": (
        200,
        {"error": "invalid_grant"},
        LoginRequiredError,
        f"{REFUSED} (invalid_grant, HTTP 200). Log in again: run `kakao-session login`.",
    ),
    "429 without a body": (
        429,
        {},
        RateLimitedError,
        f"{REFUSED} (no code, HTTP 429). "
        "Keep the tokens between runs (token_store=) and wait an hour.",
    ),
    "429 with another reason": (
        429,
        {"error_code": "KOE010"},
        RateLimitedError,
        "the client secret is missing or wrong (KOE010, HTTP 429). "
        "Give the secret of this REST API key: client_secret= or KAKAO_CLIENT_SECRET.",
    ),
    "5xx whatever it says": (
        500,
        {"error": "invalid_grant"},
        TemporaryError,
        f"{REFUSED} (invalid_grant, HTTP 500). {LATER}",
    ),
    "a login that is over and 5xx": (
        599,
        {"error": "invalid_grant", "error_code": "KOE322"},
        TemporaryError,
        "the refresh token has expired, or was replaced or revoked "
        f"(KOE322 invalid_grant, HTTP 599). {LATER}",
    ),
    "4xx that says nothing": (403, {"msg": "?"}, TemporaryError, UNREADABLE.format("HTTP 403")),
    "a code that is no string": (
        400,
        {"error": 1, "error_code": 2},
        TemporaryError,
        UNREADABLE.format("HTTP 400"),
    ),
    "428": (428, {}, TemporaryError, UNREADABLE.format("HTTP 428")),
    "499": (499, {}, TemporaryError, UNREADABLE.format("HTTP 499")),
    "500": (500, {}, TemporaryError, f"{REFUSED} (no code, HTTP 500). {LATER}"),
    "599": (599, {}, TemporaryError, f"{REFUSED} (no code, HTTP 599). {LATER}"),
    "a list": (200, [], TemporaryError, UNREADABLE.format("access_token is not there")),
    "no access token": (
        200,
        {"token_type": "bearer", "expires_in": 1},
        TemporaryError,
        UNREADABLE.format("neither access_token nor refresh_token is there"),
    ),
    "a refresh token alone": (
        200,
        {"refresh_token": "r"},
        TemporaryError,
        UNREADABLE.format("access_token is not there"),
    ),
    "an access token that is no string": (
        200,
        {"access_token": 1},
        TemporaryError,
        UNREADABLE.format("access_token is not a string of visible ASCII characters"),
    ),
    "an access token with a line feed": (
        200,
        {"access_token": "a\nb"},
        TemporaryError,
        UNREADABLE.format("access_token is not a string of visible ASCII characters"),
    ),
}


@pytest.mark.parametrize("life", ["soon", 1e999, True, []], ids=str)
def test_answer__whose_life_can_not_be_read_is_a_token_all_the_same(
    kakao, new_session, token, life
):
    answer = {"access_token": "a", "expires_in": life}
    answer |= {"refresh_token": "r", "refresh_token_expires_in": life}
    kakao.fail_next(200, json=answer)
    with pytest.warns(KakaoWarning, match="replaced the refresh token"):
        renewed = new_session(token=token).refresh_token()
    assert (renewed["access_token"], renewed["refresh_token"]) == ("a", "r")
    assert "expires_at" not in renewed
    assert "refresh_token_expires_at" not in renewed


@pytest.mark.parametrize(("status", "body", "kind", "sentence"), ANSWERS.values(), ids=ANSWERS)
def test_answer__that_is_no_token(
    kakao,
    new_session,
    token,
    naps,
    status,
    body,
    kind,
    sentence,
):
    kakao.fail_next(status, json=body, times=None)
    session = new_session(token=token)
    with pytest.raises(TokenEndpointError) as caught:
        session.refresh_token()
    error = caught.value
    assert isinstance(error, kind)
    assert str(error) == sentence + (KEPT if sentence.startswith(UNREADABLE[:30]) else "")
    assert error.status_code == status
    assert error.response is not None
    assert error.response.json() == body
    assert error.description == str(error)
    assert error.uri is error.state is None
    assert session.token == token


@pytest.mark.parametrize("kind", ["html", "garbage", "truncated"])
def test_answer__that_can_not_be_read(kakao, new_session, token, naps, kind):
    kakao.fail_next(kind, times=None)
    session = new_session(token=token)
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert session.token == token


@pytest.mark.parametrize("beyond", [0, 1])
def test_answer__is_read_up_to_a_limit(kakao, new_session, token, naps, beyond):
    bare = len('{"access_token":"a","x":""}')
    padding = "x" * (token_endpoint_module.LARGEST_ANSWER - bare + beyond)
    kakao.fail_next(200, json={"access_token": "a", "x": padding}, times=2)
    session = new_session(token=token)
    if beyond:
        with pytest.raises(TemporaryError):
            session.refresh_token()
        kakao.clear_failures()
        session.refresh_token()
    else:
        assert session.refresh_token()["x"] == padding


@pytest.mark.parametrize(
    ("expires_in", "life"), [(100, 100), ("100", 100), (0, 0), (-5, -5), (1.5, 1.5)]
)
def test_answer__with_a_life(
    kakao,
    new_session,
    token,
    clock,
    expires_in,
    life,
):
    kakao.fail_next(200, json={"access_token": "a", "expires_in": expires_in})
    kakao.clear_requests()
    session = new_session(token=token)
    assert session.refresh_token()["expires_at"] == clock.moment + life


def test_answer__without_a_life(kakao, new_session, token, clock):
    kakao.fail_next(200, json={"access_token": kakao.login()["access_token"]})
    session = new_session(token=token)
    renewed = session.refresh_token()
    assert "expires_at" not in renewed
    assert "expires_in" not in renewed
    clock.moment += 10**9
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]


def test_redirect__is_not_followed(kakao, new_session, token):
    target = f"{kakao.endpoints.api_url}/v2/user/me"
    kakao.fail_next(307, headers={"Location": target})
    with pytest.raises(TemporaryError):
        new_session(token=token).refresh_token()
    assert [record.service for record in kakao.requests] == ["kauth"]


class BareAdapter(requests.adapters.BaseAdapter):
    """Answers by itself, with a response that has nothing but its content."""

    def send(self, request, **_):
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url
        response._content = b'{"access_token": "a", "expires_in": 21599}'
        response._content_consumed = True
        return response

    def close(self):
        pass


def test_answer__of_an_adapter_of_ones_own(kakao, new_session, token):
    session = new_session(token=token)
    session.mount(kakao.endpoints.kauth_url, BareAdapter())
    assert session.refresh_token()["access_token"] == "a"
