"""The token endpoint: client credentials and a form go in, a token or an error comes out.

This is the only module that sends anything to kauth.
"""

from __future__ import annotations

import math
import os
import random
import time
import weakref
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError as Urllib3Error

from kakao_session import __version__
from kakao_session.errors import (
    ConfigurationError,
    TemporaryError,
    TokenEndpointError,
    json_object,
    token_endpoint_error,
)
from kakao_session.redaction import Secrets, without_frames
from kakao_session.token import Token, is_sendable, now
from kakao_session.transport import read_at_most

Timeout = float | tuple[float, float]

TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and to wait for an answer, by default."""

LONGEST_WAIT = 10.0
"""The longest wait between two tries, in seconds. If Kakao asks for more, there is one try."""

LARGEST_ANSWER = 1 << 20
"""At most this many bytes of an answer are read. Kakao's answers have a few hundred."""

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
    "User-Agent": f"kakao-session/{__version__}",
}


_MOST_TRIES = 2


class Form(Secrets):
    """The fields of a token request."""


class ClientCredentials:
    """The REST API key and client secret: as given, else from the environment or the token.

    :param client_id: the REST API key, if it is given.
    :param client_secret: its secret, if it is given.

    The methods take a function that returns the token, which may have ``app_key`` and
    ``client_secret``. It is called only when it is needed, because it may have to read a store.
    """

    __slots__ = ("given_id", "given_secret")

    def __init__(self, client_id: str | None, client_secret: str | None) -> None:
        self.given_id = client_id
        self.given_secret = client_secret

    def client_id(self, token: Callable[[], Token]) -> str | None:
        """:returns: the REST API key, or ``None`` if it is missing."""
        return self.given_id or os.environ.get("KAKAO_REST_API_KEY") or token().get("app_key")

    def client_secret(self, token: Callable[[], Token]) -> str | None:
        """:returns: the client secret, or ``None`` if there is none."""
        given = self.given_secret or os.environ.get("KAKAO_CLIENT_SECRET")
        return given or token().get("client_secret")

    def required_client_id(self, token: Callable[[], Token]) -> str:
        """:raises ConfigurationError: the REST API key is missing, or it can't be sent."""
        client_id = self.client_id(token)
        if not client_id:
            raise ConfigurationError(
                "No REST API key. Pass client_id=, set KAKAO_REST_API_KEY, or add app_key to the "
                "token."
            )
        return _sendable(client_id, "REST API key", "client_id=, KAKAO_REST_API_KEY and app_key")

    def form(
        self,
        token: Callable[[], Token],
        grant_type: str,
        *,
        client_secret: str | None = None,
        **fields: str,
    ) -> Form:
        """The form of a token request: the grant, the credentials, and what else the grant needs.

        :raises ConfigurationError: the REST API key is missing, or it or its secret can't be sent.
        """
        form = Form(grant_type=grant_type, client_id=self.required_client_id(token), **fields)
        if client_secret := client_secret or self.client_secret(token):
            places = "client_secret=, KAKAO_CLIENT_SECRET and client_secret"
            form["client_secret"] = _sendable(client_secret, "client secret", places)
        return form


def _sendable(value: Any, what: str, places: str) -> str:
    """:raises ConfigurationError: *value* can't be sent. It may come from a file."""
    if not is_sendable(value):
        raise ConfigurationError(
            f"The {what} is none, for it has characters other than visible ASCII. Look at "
            f"{places} in the token."
        )
    return str(value)


class TokenEndpoint:
    """Kakao's token endpoint.

    :param url: where it is.
    :param timeout: seconds, as requests takes them.
    :param session: requests use its proxies, verify, cert and adapters, and nothing else of it.
        The reference is weak, so that a dropped session closes its connections at once. Without a
        session, each request has a new one.
    """

    __slots__ = ("_session", "timeout", "url")

    def __init__(
        self, url: str, timeout: Timeout | None = None, session: requests.Session | None = None
    ) -> None:
        self.url = url
        self.timeout = timeout or TIMEOUT
        self._session = None if session is None else weakref.ref(session)

    def request(self, form: Form, **transport: Any) -> Token:
        """Send a form (RFC 6749, sections 4.1.3 and 6), at most twice.

        :param form: the fields with the client credentials, which Kakao takes in the body only.
        :param transport: ``timeout``, ``verify``, ``cert`` and ``proxies`` of this request only.
        :returns: the token. Its life counts from the moment when the request was sent.
        :raises TokenEndpointError: there is no token. The subclass says what to do.
        """
        for _ in range(_MOST_TRIES - 1):
            try:
                return self._request_once(form, **transport)
            except TemporaryError as error:
                wait = _wait_after(error)
                if wait > LONGEST_WAIT:
                    raise
            time.sleep(wait)
        return self._request_once(form, **transport)

    def _request_once(self, form: Form, **transport: Any) -> Token:
        requested_at = now()
        try:
            response = self._send(form, **transport)
        except (requests.RequestException, Urllib3Error, OSError, ValueError, TypeError) as error:
            # requests raises the last two for an odd proxy.
            raise TemporaryError(
                f"Kakao's token endpoint could not be reached ({type(error).__name__}). "
                "Look at the network; the login is kept."
            ) from without_frames(error)
        return _read(response, requested_at)

    def _send(
        self,
        form: Form,
        *,
        timeout: Timeout | None = None,
        verify: Any = None,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        # Not through the session's own send: hooks, cookies and default parameters are for API
        # calls, and no redirect may get the form.
        own = None if self._session is None else self._session()
        session = own or requests.Session()
        request = requests.Request("POST", self.url, headers=_HEADERS, data=form).prepare()
        settings: Any = session.merge_environment_settings(
            self.url, dict(proxies or {}), False, verify, cert
        )
        try:
            response = session.get_adapter(self.url).send(
                request, timeout=timeout or self.timeout, **settings
            )
            return read_at_most(response, LARGEST_ANSWER)
        finally:
            if own is None:
                session.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # The session as state, for it leads back to this object.
        session = None if self._session is None else self._session()
        return TokenEndpoint, (self.url, self.timeout), session

    def __setstate__(self, session: requests.Session) -> None:
        self._session = weakref.ref(session)


def _wait_after(error: TemporaryError) -> float:
    """Seconds to wait before the next try; infinity if there must not be one."""
    response = error.response
    if response is None:
        return _backoff()
    if response.status_code < 500:
        return math.inf
    return _retry_after(response.headers.get("Retry-After", "")) or _backoff()


def _backoff() -> float:
    return 0.1 + random.random() * 0.2  # noqa: S311  # no secret


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
    if response.status_code != 200 or "error" in answer:
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
        f"Kakao's token endpoint gave no token and no error that could be read ({what}). "
        "Try again later; the login is kept.",
        status_code=response.status_code,
        response=response,
    )
