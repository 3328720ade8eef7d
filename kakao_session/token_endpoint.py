"""The token endpoint: client credentials and a form go in, a token or an error comes out.

This is the only module that sends anything to kauth.
"""

from __future__ import annotations

import os
import random
import ssl
import time
import weakref
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import ReadTimeoutError

from kakao_session import __version__
from kakao_session.call import Call, Timeout, current, parts
from kakao_session.errors import (
    ConfigurationError,
    TemporaryError,
    TimedOutError,
    TokenEndpointError,
    json_object,
    token_endpoint_error,
)
from kakao_session.redaction import without_inner_frames
from kakao_session.token import Token, is_sendable, now
from kakao_session.transport import read_at_most

TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and to wait for an answer, by default."""

MOST_TRIES = 3

DEADLINE = 60.0
"""All tries together take at most this many seconds."""

LONGEST_RETRY_AFTER = 10.0
"""If Kakao asks for a longer pause, in seconds, there is no other try."""

TIME_TO_ANSWER = 10.0
"""A request that may bring a new refresh token has at least this many seconds to be answered.
To give up on it could cost the login: Kakao may have replaced the old refresh token already."""

LARGEST_ANSWER = 1 << 14
"""At most this many bytes of an answer are read. Kakao's answers have a few hundred."""

NO_REST_API_KEY = (
    "No REST API key. Pass client_id=, set KAKAO_REST_API_KEY, or add app_key to the token."
)

NO_PYSOCKS = (
    "HTTPS_PROXY or proxies= names a SOCKS proxy, which needs PySocks: "
    'pip install "requests[socks]"'
)

Form = dict[str, str]
"""The fields of a token request."""

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
    "User-Agent": f"kakao-session/{__version__}",
}


class ClientCredentials:
    """The REST API key and client secret: as given, else from the environment or the token.

    :param client_id: the REST API key, if it is given.
    :param client_secret: its secret, if it is given.

    The methods take a function that returns the token, which may have ``app_key`` and
    ``client_secret``. It is called only when it is needed, because it may have to read a store.
    """

    __slots__ = ("given_id", "given_secret", "more")

    def __init__(self, client_id: str | None, client_secret: str | None) -> None:
        self.given_id = client_id
        self.given_secret = client_secret
        self.more: Mapping[str, Any] = {}
        """The ``auto_refresh_kwargs`` of OAuth2Session: counts if the two above are not given."""

    def client_id(self, token: Callable[[], Token]) -> str | None:
        """:returns: the REST API key, or ``None`` if it is missing."""
        given = self.given_id or self.more.get("client_id")
        return given or os.environ.get("KAKAO_REST_API_KEY") or token().get("app_key")

    def client_secret(self, token: Callable[[], Token]) -> str | None:
        """:returns: the client secret, or ``None`` if there is none."""
        given = self.given_secret or self.more.get("client_secret")
        return given or os.environ.get("KAKAO_CLIENT_SECRET") or token().get("client_secret")

    @without_inner_frames
    def required_client_id(self, token: Callable[[], Token]) -> str:
        """:raises ConfigurationError: the REST API key is missing, or it can't be sent."""
        client_id = self.client_id(token)
        if not client_id:
            raise ConfigurationError(NO_REST_API_KEY)
        return _sendable(client_id, "REST API key", "client_id=, KAKAO_REST_API_KEY and app_key")

    def form(self, token: Callable[[], Token], grant_type: str, **fields: str) -> Form:
        """The form of a token request: the grant, the credentials, and what else the grant needs.

        :raises ConfigurationError: the REST API key is missing, or it or its secret can't be sent.
        """
        form = Form(grant_type=grant_type, client_id=self.required_client_id(token), **fields)
        if client_secret := self.client_secret(token):
            places = "client_secret=, KAKAO_CLIENT_SECRET and client_secret"
            form["client_secret"] = _sendable(client_secret, "client secret", places)
        return form


def _sendable(value: Any, what: str, places: str) -> str:
    """:raises ConfigurationError: *value* can't be sent. It may come from a file."""
    if not is_sendable(value):
        raise ConfigurationError(
            f"The {what} is not valid: it has characters other than visible ASCII. Check {places} "
            "in the token."
        )
    return str(value)


class TokenEndpoint:
    """Kakao's token endpoint.

    :param url: where it is.
    :param timeout: seconds, as requests takes them.
    :param session: requests go through its ``send``, with its proxies, verify, cert and adapters,
        and nothing else of it. The reference is weak, so that a dropped session closes its
        connections at once. Without a session, each request has a new one.
    """

    __slots__ = ("_session", "timeout", "url")

    def __init__(
        self, url: str, timeout: Timeout | None = None, session: requests.Session | None = None
    ) -> None:
        if not url.startswith("https://"):
            raise ConfigurationError("The token endpoint has to be an https:// URL.")
        self.url = url
        self.timeout = timeout or TIMEOUT
        self._session = None if session is None else weakref.ref(session)

    def request(
        self,
        form: Form,
        *,
        tries: int = MOST_TRIES,
        time_to_answer: float = 0.0,
        timeout: Timeout | None = None,
        **transport: Any,
    ) -> Token:
        """Send a form (RFC 6749, sections 4.1.3 and 6). Try again if that can help.

        :param form: the fields with the client credentials, which Kakao takes in the body only.
        :param tries: how many requests are sent at most.
        :param time_to_answer: each of them has at least this many seconds to be answered.
        :param timeout: of this request only, like *transport*: ``verify``, ``cert``, ``proxies``.
        :returns: the token. Its life counts from the moment when the request was sent.
        :raises TokenEndpointError: there is no token. The subclass says what to do.
        """
        call, deadline = current.get(), time.monotonic() + DEADLINE
        own = parts(timeout or self.timeout)
        number = 0
        while True:
            number += 1
            if call.remaining <= 0:
                raise _too_late()
            usual = _within(own, deadline - time.monotonic())
            connect, read = _shortened_for(call, usual)
            left = min(call.remaining, deadline - time.monotonic())
            until = time.monotonic() + max(left, time_to_answer)
            seconds = (connect, max(read, time_to_answer))
            try:
                return self._request_once(form, until, timeout=seconds, **transport)
            except TemporaryError as error:
                wait = _wait_after(error, number)
                if isinstance(error, TimedOutError):
                    error.gave_up_early = (connect, read) != usual
                latest = min(call.remaining, deadline - time.monotonic() - time_to_answer)
                if number == tries or wait is None or wait >= latest:
                    raise
            time.sleep(wait)

    def _request_once(self, form: Form, until: float, **transport: Any) -> Token:
        requested_at = now()
        try:
            response = self._send(form, until, **transport)
        except (requests.RequestException, Urllib3Error, OSError, ValueError, TypeError) as error:
            # requests raises the last two for a malformed URL of a proxy.
            if "SOCKS" in str(error) and isinstance(error, requests.exceptions.InvalidSchema):
                raise ConfigurationError(NO_PYSOCKS) from error
            is_timeout = isinstance(error, requests.Timeout) or _has(error, ReadTimeoutError)
            raise (TimedOutError if is_timeout else TemporaryError)(
                f"Could not reach Kakao's token endpoint ({type(error).__name__}). "
                f"{_what_to_check(error)} The login is kept."
            ) from error
        return _read(response, requested_at)

    def _send(
        self,
        form: Form,
        until: float,
        *,
        timeout: tuple[float, float],
        verify: Any = None,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        own = None if self._session is None else self._session()
        session = own or requests.Session()
        # Not by session.prepare_request: headers, cookies, hooks and auth are for API calls.
        request = requests.Request("POST", self.url, headers=_HEADERS, data=form).prepare()
        settings: Any = session.merge_environment_settings(
            self.url, dict(proxies or {}), True, verify, cert
        )
        try:
            try:
                response = session.send(request, timeout=timeout, allow_redirects=False, **settings)
            except requests.HTTPError as error:  # a session whose send calls raise_for_status
                if error.response is None:
                    raise
                response = error.response
            return read_at_most(response, LARGEST_ANSWER, until)
        finally:
            if own is None:
                session.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # The session as state, for it leads back to this object.
        session = None if self._session is None else self._session()
        return TokenEndpoint, (self.url, self.timeout), session

    def __setstate__(self, session: requests.Session) -> None:
        self._session = weakref.ref(session)


def _what_to_check(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "Check REQUESTS_CA_BUNDLE and the clock of this machine."
    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.InvalidProxyURL):
        return "Check HTTPS_PROXY."
    if type(error) is OSError:  # from requests, if there is no such file
        return "Check the file in REQUESTS_CA_BUNDLE or verify=."
    return "Check the network."


def _too_late() -> TimedOutError:
    return TimedOutError(
        "The token has to be refreshed first, and the call's timeout ended before that. "
        "Try again. The login is kept."
    )


def _within(timeouts: tuple[float, float], seconds: float) -> tuple[float, float]:
    """Timeouts to connect and to read that end within *seconds* together."""
    connect = min(timeouts[0], seconds / 2)
    return connect, min(timeouts[1], seconds - connect)


def _shortened_for(call: Call, timeouts: tuple[float, float]) -> tuple[float, float]:
    """The timeouts, but no longer than the call may still take."""
    connect, read = parts(call.timeout)
    remaining = round(call.remaining + 0.05, 1)  # so that 7 stays 7
    return min(timeouts[0], connect, remaining), min(timeouts[1], read, remaining)


def _wait_after(error: TemporaryError, number: int) -> float | None:
    """Seconds to wait before another try; ``None`` if there must not be one.

    :param number: how many tries there were.
    """
    backoff = (0.1 + random.random() * 0.2) * 2 ** (number - 1)  # noqa: S311  # no secret
    response = error.response
    if response is None:
        return backoff if _may_be_repeated(error.__cause__) else None
    if response.status_code < 500:
        return None
    asked = _retry_after(response.headers.get("Retry-After", ""))
    return None if asked > LONGEST_RETRY_AFTER else asked or backoff


def _may_be_repeated(error: BaseException | None) -> bool:
    """Whether the request can be sent once more: after a reset, or without a connection.

    Not after a wait for the answer, nor after a part of it: Kakao may have acted.
    """
    if not isinstance(error, requests.ConnectionError | ConnectionError | Urllib3Error):
        return False
    return not _has(error, ReadTimeoutError) and not _has(error, ssl.SSLCertVerificationError)


def _has(error: Any, kind: type[BaseException]) -> bool:
    """Whether an error of requests wraps one of this kind."""
    while isinstance(error, BaseException):
        if isinstance(error, kind):
            return True
        error = getattr(error, "reason", None) or next(iter(error.args), None)
    return False


def _retry_after(value: str) -> float:
    """The seconds in a ``Retry-After`` header (RFC 9110, section 10.2.3); 0 if it has none."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now())
    except (ValueError, OverflowError, OSError):
        return 0.0


def _read(response: requests.Response, requested_at: float) -> Token:
    answer = json_object(response)
    if response.status_code != 200 or answer.get("error"):
        raise _refusal(response, answer)
    try:
        return Token.from_response(answer, requested_at)
    except ValueError as error:
        raise _nonsense(response, str(error)) from None


def _refusal(response: requests.Response, answer: Mapping[str, Any]) -> TokenEndpointError:
    error, error_code = (
        value if isinstance(value, str) else None
        for value in (answer.get("error"), answer.get("error_code"))
    )
    status = response.status_code
    if error is None and error_code is None and status < 500 and status != 429:
        return _nonsense(response, f"HTTP {status}")
    return token_endpoint_error(response, error, error_code)


def _nonsense(response: requests.Response, what: str) -> TemporaryError:
    return TemporaryError(
        f"Kakao's token endpoint sent neither a token nor a readable error ({what}). "
        "Try again later. The login is kept.",
        status_code=response.status_code,
        response=response,
    )
