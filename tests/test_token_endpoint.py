"""The token request on the wire, when it is tried again, and what becomes of each answer."""

import pickle
import ssl
import threading
from email.utils import formatdate

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, ReadTimeoutError
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
from kakao_session.errors import TimedOutError
from kakao_session.token_endpoint import LARGEST_ANSWER
from tests.conftest import LIFE, ME, REFRESH, Watching, wire

POOL = HTTPSConnectionPool("kauth")
SLOW = ReadTimeoutError(POOL, "/oauth/token", "slow")
COMPANY_PROXY = {"https": "http://127.0.0.1:1"}


def timeouts(adapter):
    return [options["timeout"] for options in adapter.sent]


def watched(session, **overridden):
    """:returns: the adapter that sends all that a session sends."""
    adapter = Watching(**overridden)
    session.mount("https://", adapter)
    return adapter


# The form -------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("source", ["argument", "environment", "token", "auto_refresh_kwargs"])
def test_form__with_the_client_secret(kakao, new_session, token, clock, monkeypatch, source):
    kakao.client_secret = "secret"
    kwargs = {"token": dict(token)}
    if source == "argument":
        kwargs["client_secret"] = "secret"
    elif source == "environment":
        monkeypatch.setenv("KAKAO_CLIENT_SECRET", "secret")
    elif source == "token":
        kwargs["token"]["client_secret"] = "secret"
    else:
        kwargs["auto_refresh_kwargs"] = {"client_id": kakao.app_key, "client_secret": "secret"}
    session = new_session(None if source == "auto_refresh_kwargs" else kakao.app_key, **kwargs)
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert kakao.token_requests[0].form == [
        ("grant_type", "refresh_token"),
        ("client_id", kakao.app_key),
        ("refresh_token", token["refresh_token"]),
        ("client_secret", "secret"),
    ]


def test_app_key__missing(kakao, new_session, token, clock):
    session = new_session(None, token=token)
    clock.advance(hours=7)
    with pytest.raises(ConfigurationError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == (
        "No REST API key. Pass client_id=, set KAKAO_REST_API_KEY, or add app_key to the token."
    )
    assert (caught.value.error, caught.value.error_code, caught.value.status_code) == (None,) * 3
    assert kakao.requests == []


@pytest.mark.parametrize("value", ["한글", "two words", "a line\n", ["a", "list"]], ids=ascii)
@pytest.mark.parametrize(
    ("name", "what", "places"),
    [
        ("app_key", "REST API key", "client_id=, KAKAO_REST_API_KEY and app_key"),
        ("client_secret", "client secret", "client_secret=, KAKAO_CLIENT_SECRET and client_secret"),
    ],
)
def test_credentials__that_can_not_be_sent(kakao, new_session, token, name, what, places, value):
    session = new_session(None, token={"app_key": kakao.app_key, **token, name: value})
    with pytest.raises(ConfigurationError) as caught:
        session.refresh_token()
    assert str(caught.value) == (
        f"The {what} is not valid: it has characters other than visible ASCII. Check {places} in "
        "the token."
    )
    if name == "app_key":
        with pytest.raises(ConfigurationError):
            session.get(f"{session.endpoints.dapi_url}/v2/search/web")
        with pytest.raises(ConfigurationError):
            session.authorization_url()
    assert kakao.requests == []


# How it is sent -------------------------------------------------------------------------------


def test_settings__of_the_session(kakao, new_session, token, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    session = new_session(token=token, timeout=(3, 4))
    adapter = watched(session, cert=None, proxies={})
    session.cert = "client.pem"
    session.proxies = COMPANY_PROXY
    session.refresh_token()
    assert adapter.sent == [
        {
            "timeout": (3, 4),
            "stream": True,
            "verify": kakao.ca_file,
            "cert": "client.pem",
            "proxies": COMPANY_PROXY,
        }
    ]


def test_settings__of_one_refresh(kakao, new_session, token):
    session = new_session(token=token, timeout=(3, 4))
    adapter = watched(session, proxies={})
    session.refresh_token(kakao.endpoints.token_url, proxies=COMPANY_PROXY)
    session.refresh_token(kakao.endpoints.token_url, timeout=7)
    assert timeouts(adapter) == [(3, 4), (7, 7)]
    assert [options["proxies"] for options in adapter.sent] == [COMPANY_PROXY, {}]


def test_settings__verify_of_one_refresh(kakao, new_session, token, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    session = new_session(token=token)
    session.verify = True
    with pytest.raises(TemporaryError, match="SSLError"):
        session.refresh_token()
    session.refresh_token(verify=kakao.ca_file)
    assert wire(kakao) == [REFRESH]


def test_timeout__always(new_session, token):
    session = new_session(token=token, timeout=None)
    adapter = watched(session)
    session.refresh_token()
    assert timeouts(adapter) == [(5.0, 30.0)]


def test_expiry__counts_from_the_sending(new_session, token, clock):
    class Slow(HTTPAdapter):
        def send(self, *args, **kwargs):
            response = super().send(*args, **kwargs)
            clock.moment += 10
            return response

    session = new_session(token=token)
    clock.advance(hours=7)
    sent_at = clock.moment
    session.mount("https://", Slow())
    session.ensure_active_token()
    assert session.token["expires_at"] == sent_at + LIFE


RETRIES = Retry(5, status_forcelist=[429, 503], allowed_methods=None)


@pytest.mark.parametrize("mounted", ["https://", "token endpoint"])
def test_connections_of_the_session__are_used_and_stay_open(kakao, new_session, token, mounted):
    class Noting(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            noted.append("made")
            super().init_poolmanager(*args, **kwargs)

        def close(self):
            noted.append("closed")
            super().close()

    noted = []
    session = new_session(token=token)
    prefix = mounted if mounted == "https://" else kakao.endpoints.token_url
    session.mount(prefix, Noting(max_retries=RETRIES))
    session.refresh_token()
    session.refresh_token()
    assert noted == ["made"]


class Odd(HTTPAdapter):
    """An adapter that can't be made or pickled as requests does it."""

    def __init__(self, needed, **kwargs):
        super().__init__(**kwargs)
        self.needed = needed
        self.lock = threading.Lock()

    def send(self, request, **kwargs):
        assert self.needed
        return super().send(request, **kwargs)


@pytest.fixture
def retrying_session(new_session, token):
    session = new_session(token=token)
    session.mount("https://", Odd("argument", max_retries=RETRIES))
    return session


def test_retries_of_the_session__are_not_for_connections_either(
    retrying_session, stopwatch, monkeypatch
):
    tries = []

    def refuse(*_, **__):
        tries.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.socket.connect", refuse)
    with pytest.raises(TemporaryError):
        retrying_session.refresh_token()
    assert len(tries) == len(stopwatch.naps) + 1


def test_retries_of_the_session__are_not_for_token_requests(kakao, retrying_session, stopwatch):
    session = retrying_session
    kakao.fail_next(error_code="KOE237", times=None)
    with pytest.raises(RateLimitedError):
        session.refresh_token()
    assert len(kakao.token_requests) == 1
    kakao.clear_failures()
    kakao.fail_next(503, times=2)
    session.refresh_token()
    assert len(kakao.token_requests) == 4
    kakao.fail_next(error_code="KOE237")
    with pytest.raises(RateLimitedError):  # requests sends this URL in another form
        session.fetch_token(f"{kakao.endpoints.token_url}?x=%7e", code="code")
    assert len(kakao.token_requests) == 5


def test_retries_of_the_session__are_for_calls(kakao, retrying_session, clock):
    clock.advance(hours=7)
    kakao.fail_next(503, path="/v2/user/me", times=2)
    assert retrying_session.get("/v2/user/me").status_code == 200
    assert [status for *_, status in wire(kakao)] == [200, 503, 503, 200]


@pytest.fixture
def session_with(kakao, token):
    """Makes a session of a subclass whose ``send`` is another."""

    def make(send):
        return type("Own", (KakaoSession,), {"send": send})(
            kakao.app_key, token=token, endpoints=kakao.endpoints
        )

    return make


def test_send_of_a_subclass__is_used(kakao, session_with):
    def send(self, request, **kwargs):
        seen.append((request.url, kwargs["allow_redirects"], kwargs["timeout"]))
        return KakaoSession.send(self, request, **kwargs)

    seen = []
    with session_with(send) as session:
        session.refresh_token()
    assert seen == [(kakao.endpoints.token_url, False, (5.0, 30.0))]


def test_send_of_a_subclass__that_raises_for_status(kakao, session_with, stopwatch):
    def send(self, request, **kwargs):
        response = KakaoSession.send(self, request, **kwargs)
        response.raise_for_status()
        return response

    with session_with(send) as session:
        kakao.fail_next(503, times=2)
        session.refresh_token()
        kakao.unlink()
        with pytest.raises(LoginRequiredError) as caught:
            session.refresh_token()
        assert caught.value.error_code == "KOE322"


def test_send_of_a_subclass__that_raises_without_an_answer(session_with):
    def send(self, request, **kwargs):
        raise requests.HTTPError("no answer")

    with session_with(send) as session, pytest.raises(TemporaryError):
        session.refresh_token()


# Trying again ---------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [500, 503, 599, "reset", "close"])
def test_trouble_twice__tried_again(kakao, new_session, token, stopwatch, failure):
    kakao.fail_next(failure, times=2)
    new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 3
    first, second = stopwatch.naps
    assert 0.1 <= first <= 0.3
    assert 0.2 <= second <= 0.6


@pytest.mark.parametrize("failure", [503, "reset"])
def test_trouble_three_times__given_up(kakao, new_session, token, stopwatch, failure):
    kakao.fail_next(failure, times=None)
    with pytest.raises(TemporaryError) as caught:
        new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 3
    assert not isinstance(caught.value, requests.Timeout)
    if failure == "reset":
        assert str(caught.value) == (
            "Could not reach Kakao's token endpoint (ConnectionError). "
            "Check the network. The login is kept."
        )


BACKOFF = (0.1, 0.3)


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [
        *(("7", (7, 7)), ("10", (10, 10)), ("0", BACKOFF), ("nonsense", BACKOFF)),
        *((8.0, (7, 8)), (-60.0, BACKOFF)),  # as a date
    ],
)
def test_retry_after(kakao, new_session, token, clock, stopwatch, retry_after, waited):
    if isinstance(retry_after, float):
        retry_after = formatdate(clock.moment + retry_after, usegmt=True)
    kakao.fail_next(503, retry_after=retry_after)
    new_session(token=token).refresh_token()
    (nap,) = stopwatch.naps
    assert waited[0] <= nap <= waited[1]


@pytest.mark.parametrize("retry_after", ["11", "9" * 400], ids=len)
def test_retry_after__that_is_too_long(kakao, new_session, token, stopwatch, retry_after):
    kakao.fail_next(503, retry_after=retry_after)
    with pytest.raises(TemporaryError):
        new_session(token=token).refresh_token()
    assert stopwatch.naps == []
    assert len(kakao.token_requests) == 1


def test_4xx__not_tried_again(kakao, new_session, token, stopwatch):
    kakao.fail_next(error_code="KOE237", retry_after="1", times=None)
    with pytest.raises(RateLimitedError):
        new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 1


@pytest.fixture
def slow_session(kakao, new_session, stopwatch):
    """Makes a session whose requests take so many seconds, at a Kakao that fails.

    :returns: it, and the timeouts of what it sends.
    """

    def make(seconds, **kwargs):
        class Slow(Watching):
            def send(self, request, **options):
                stopwatch.moment += seconds
                return super().send(request, **options)

        kakao.fail_next(503, retry_after="10", times=None)
        session = new_session(**kwargs)
        session.mount("https://", adapter := Slow())
        return session, adapter

    return make


@pytest.mark.parametrize(
    ("timeout", "first", "second"),
    [((5, 40), (5, 40), (5, 60 - 38 - 5)), ((None, 99), (30, 30), (11, 11))],
)
def test_deadline__of_all_tries(slow_session, token, timeout, first, second):
    session, adapter = slow_session(28, token=token, timeout=timeout)
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert timeouts(adapter) == [first, second]


@pytest.mark.parametrize(("seconds", "tries"), [(39.9, 2), (40.1, 1)])
def test_deadline__leaves_ten_seconds_to_answer(slow_session, token, seconds, tries):
    del token["refresh_token_expires_at"]
    session, adapter = slow_session(seconds, token=token)
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert len(adapter.sent) == tries


@pytest.mark.parametrize(
    ("raised", "tries"),
    [
        (requests.ConnectTimeout("slow"), 3),
        (requests.ConnectionError("refused"), 3),
        (requests.exceptions.ChunkedEncodingError("broken"), 1),
        (ConnectionResetError("reset"), 3),
        (requests.ConnectionError(), 3),
        (requests.ReadTimeout("slow"), 1),
        (requests.ConnectionError(SLOW), 1),
        (requests.ConnectionError(MaxRetryError(POOL, "/oauth/token", SLOW)), 1),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("another")), 1),
        (requests.exceptions.ProxyError("refused"), 3),
        (requests.exceptions.InvalidProxyURL("odd"), 1),
        (OSError("no such bundle"), 1),
        (ValueError("odd"), 1),
    ],
    ids=repr,
)
def test_trouble_on_the_way(new_session, token, stopwatch, raised, tries):
    class Broken(HTTPAdapter):
        def send(self, *_, **__):
            sent.append(1)
            raise raised

    sent = []
    session = new_session(token=token)
    session.mount("https://", Broken())
    with pytest.raises(TemporaryError) as caught:
        session.refresh_token()
    assert len(sent) == tries
    twin = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(twin, requests.Timeout) == ("slow" in str(raised))
    advice = {
        "SSLError": "Check REQUESTS_CA_BUNDLE and the clock of this machine.",
        "ProxyError": "Check HTTPS_PROXY.",
        "InvalidProxyURL": "Check HTTPS_PROXY.",
        "OSError": "Check the file in REQUESTS_CA_BUNDLE or verify=.",
    }
    kind = type(raised).__name__
    assert f"({kind}). {advice.get(kind, 'Check the network.')} " in str(caught.value)


def test_socks_proxy__without_pysocks(new_session, kakao, clock, token, monkeypatch):
    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", requests.adapters.SOCKSProxyManager)
    session = new_session(token=token)
    session.proxies = {"https": "socks5://127.0.0.1:1"}

    def missing(*_, **__):
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)
    clock.advance(hours=7)
    with pytest.raises(ConfigurationError, match=r'pip install "requests\[socks\]"'):
        session.get("/v2/user/me")
    assert session.token == token


def test_auth__closes_its_connection_after_a_refresh(new_auth, token, clock, me_url, monkeypatch):
    closed, close = [], requests.Session.close
    auth = new_auth(token=token)
    clock.advance(hours=7)
    with requests.Session() as caller:
        monkeypatch.setattr(requests.Session, "close", lambda it: (closed.append(it), close(it)))
        assert caller.get(me_url, auth=auth).status_code == 200
        assert len(closed) == 1


def test_adapter__that_is_missing_is_no_proxy(new_session, token):
    session = new_session(token=token)
    session.adapters.clear()
    with pytest.raises(TemporaryError, match="InvalidSchema"):
        session.refresh_token()


def test_trouble__while_the_caller_handles_an_error_of_its_own(
    kakao, new_session, token, stopwatch
):
    kakao.fail_next("reset")
    try:
        raise requests.ReadTimeout("of another call")  # noqa: TRY301  # a caller does so
    except requests.ReadTimeout:
        new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 2


# Answers that are no token --------------------------------------------------------------------


REFUSED = "Kakao refused the token request"
LATER = "Try again later."
CONSOLE = "Check the app's keys and settings in the console."
LOOK_UP = "Look for this code in Kakao's documentation."
LOGIN = "Pass token= or token_store=, or log in with fetch_token."
SECRET = "Pass the client secret of this REST API key: client_secret= or KAKAO_CLIENT_SECRET."
FORTY = "_" * 40
OVER = {"error": "invalid_grant", "error_code": "KOE322"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "start", "hint"),
    [
        (400, {"error": "invalid_grant"}, LoginRequiredError, f"{REFUSED} (invalid_grant", LOGIN),
        (200, {"error": "invalid_grant"}, LoginRequiredError, f"{REFUSED} (invalid_grant", LOGIN),
        (
            401,
            {"error": "invalid_client"},
            ConfigurationError,
            f"{REFUSED} (invalid_client",
            CONSOLE,
        ),
        (400, {"error_code": "KOE999"}, TokenEndpointError, f"{REFUSED} (KOE999", LOOK_UP),
        (400, {"error": FORTY}, TokenEndpointError, f"{REFUSED} ({FORTY}", LOOK_UP),
        (
            400,
            {"error": "a b", "error_code": "x" * 41},
            TokenEndpointError,
            f"{REFUSED} (... ...",
            LOOK_UP,
        ),
        (
            429,
            {},
            RateLimitedError,
            "Too many token requests (no code",
            "Keep the tokens between runs (token_store=) and wait an hour.",
        ),
        (
            429,
            {"error_code": "KOE010"},
            RateLimitedError,
            "Too many token requests (KOE010",
            "Keep the tokens between runs (token_store=) and wait an hour.",
        ),
        (500, {}, TemporaryError, "Kakao has a temporary error (no code", LATER),
        (599, OVER, TemporaryError, "Kakao has a temporary error (KOE322 invalid_grant", LATER),
    ],
)
def test_answer__that_is_an_error(
    kakao, new_session, token, stopwatch, status, body, kind, start, hint
):
    error = refused(kakao, new_session(token=token), status, body)
    assert isinstance(error, kind)
    assert str(error) == error.description == f"{start}, HTTP {status}). {hint}".rstrip()


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        *((status, {}, f"HTTP {status}") for status in (428, 499)),
        (400, {"error": 1, "error_code": 2}, "HTTP 400"),
        (200, [], "access_token is not there"),
        (200, {"expires_in": 1}, "neither access_token nor refresh_token is there"),
        (200, {"refresh_token": "r"}, "access_token is not there"),
        (200, {"access_token": "a\nb"}, "access_token is not a string of visible ASCII characters"),
    ],
)
def test_answer__that_is_neither_a_token_nor_an_error(
    kakao, new_session, token, stopwatch, status, body, what
):
    error = refused(kakao, new_session(token=token), status, body)
    assert isinstance(error, TemporaryError)
    assert (
        str(error)
        == error.description
        == (
            f"Kakao's token endpoint sent neither a token nor a readable error ({what}). "
            "Try again later. The login is kept."
        )
    )


def refused(kakao, session, status, body):
    """:returns: the error of a refresh that is answered so."""
    before = session.token
    kakao.fail_next(status, json=body, times=None)
    with pytest.raises(TokenEndpointError) as caught:
        session.refresh_token()
    error = caught.value
    assert (error.status_code, error.response.json()) == (status, body)
    assert error.uri is error.state is None
    assert session.token == before
    return error


def test_answer__with_an_error_that_is_null(kakao, new_session, token):
    """It may have the only refresh token that still works."""
    kakao.fail_next(200, json={"access_token": "a", "refresh_token": "r", "error": None})
    saved = []
    new_session(token=token, token_updater=saved.append).refresh_token()
    assert [token["refresh_token"] for token in saved] == ["r"]


@pytest.mark.parametrize("kind", ["html", "garbage"])
def test_answer__that_can_not_be_read(kakao, new_session, token, stopwatch, kind):
    kakao.fail_next(kind, times=None)
    session = new_session(token=token)
    with pytest.raises(TemporaryError):
        session.refresh_token()
    assert session.token == token


def test_redirect__is_not_followed(kakao, new_session, token):
    kakao.fail_next(307, headers={"Location": f"{kakao.endpoints.api_url}/v2/user/me"})
    with pytest.raises(TemporaryError):
        new_session(token=token).refresh_token()
    assert [record.service for record in kakao.requests] == ["kauth"]


class Trickle:
    """A body that comes byte by byte, and never ends."""

    def __init__(self, stopwatch):
        self.stopwatch = stopwatch
        self.is_closed = False

    def read(self, size):
        self.stopwatch.moment += size
        return b" " * size

    def close(self):
        self.is_closed = True


@pytest.mark.parametrize(
    ("timeout", "end_is_known", "seconds"), [(None, True, 60), (2, True, 2), (2, False, 10)]
)
def test_answer_that_trickles__is_given_up(
    new_session, token, clock, stopwatch, timeout, end_is_known, seconds
):
    class Slow(BaseAdapter):
        def send(self, request, **_):
            bodies.append(Trickle(stopwatch))
            response = requests.Response()
            response.status_code, response.raw, response.request = 200, bodies[-1], request
            return response

        def close(self):
            pass

    bodies = []
    if not end_is_known:  # it may bring a new refresh token
        del token["refresh_token_expires_at"]
    session = new_session(token=token)
    session.mount("https://", Slow())
    clock.advance(hours=7)
    began = stopwatch.moment
    with pytest.raises(TimedOutError):
        session.get("/v2/user/me", timeout=timeout)
    assert seconds <= stopwatch.moment - began <= seconds + 2
    assert [body.is_closed for body in bodies] == [True]


def test_answer_that_breaks_off__is_not_asked_for_again(kakao, new_session, token, stopwatch):
    kakao.refresh_token_renewal = "always"
    kakao.fail_next("truncated", after=True)
    with pytest.raises(TemporaryError):
        new_session(token=token).refresh_token()
    assert len(kakao.token_requests) == 1
    assert stopwatch.naps == []


# Answers that are one -------------------------------------------------------------------------


@pytest.mark.parametrize("beyond", [0, 1])
def test_answer__is_read_up_to_16_kib(kakao, new_session, token, stopwatch, beyond):
    assert LARGEST_ANSWER == 1 << 14
    bare = len('{"access_token":"a","x":""}')
    padding = "x" * (LARGEST_ANSWER - bare + beyond)
    kakao.fail_next(200, json={"access_token": "a", "x": padding}, times=2)
    session = new_session(token=token)
    if beyond:
        with pytest.raises(TemporaryError):
            session.refresh_token()
        kakao.clear_failures()
        session.refresh_token()
    else:
        assert session.refresh_token()["x"] == padding


@pytest.mark.parametrize(("expires_in", "life"), [("100", 100), (-5, -5), (1.5, 1.5)])
def test_answer__with_a_life(kakao, new_session, token, clock, expires_in, life):

    kakao.fail_next(200, json={"access_token": "a", "expires_in": expires_in})
    assert new_session(token=token).refresh_token()["expires_at"] == clock.moment + life


@pytest.mark.parametrize("life", ["soon", 1e999, True, []], ids=str)
def test_answer__with_a_life_that_can_not_be_read_is_a_token(kakao, new_session, token, life):
    answer = {"access_token": "a", "expires_in": life}
    answer |= {"refresh_token": "r", "refresh_token_expires_in": life}
    kakao.fail_next(200, json=answer)
    with pytest.warns(KakaoWarning, match="replaced the refresh token"):
        refreshed = new_session(token=token).refresh_token()
    assert (refreshed["access_token"], refreshed["refresh_token"]) == ("a", "r")
    assert "expires_at" not in refreshed
    assert "refresh_token_expires_at" not in refreshed


def test_answer__without_a_life(kakao, new_session, token, clock):
    kakao.fail_next(200, json={"access_token": kakao.login()["access_token"]})
    session = new_session(token=token)
    refreshed = session.refresh_token()
    assert not {"expires_at", "expires_in"} & set(refreshed)
    clock.moment += 10**9
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]


def test_answer__of_an_adapter_of_ones_own(kakao, new_session, token):
    class Bare(BaseAdapter):
        """Answers by itself, with a response that has nothing but its content."""

        def send(self, request, **_):
            response = requests.Response()
            response.status_code, response.request, response.url = 200, request, request.url
            response._content = b'{"access_token": "a", "expires_in": 21599}'
            return response

        def close(self):
            pass

    session = new_session(token=token)
    session.mount(kakao.endpoints.kauth_url, Bare())
    assert session.refresh_token()["access_token"] == "a"
