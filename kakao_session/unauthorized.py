"""What happens after a 401: the token is refreshed, and the request is sent once more."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from requests import RequestException, Response

from kakao_session.call import bounded
from kakao_session.cooldown import Cooldown
from kakao_session.errors import json_object
from kakao_session.redaction import without_inner_frames
from kakao_session.token_source import TokenSource
from kakao_session.transport import read_whole, send_again

REFRESHED_FOR_A_401 = Cooldown(60.0)
"""Starts for each token that a refresh after a 401 brings, before it is used. Stops if it works.
While it is on, another 401 for that token brings no refresh."""

LARGEST_401 = 1 << 20
"""At most this many bytes of a 401's body are read. Kakao's have about a hundred."""

_TOKEN_REJECTED = -401


class RetryUnauthorized:
    """The response hook of requests that carry our header. It acts when the answer is a 401.

    The hook is on every response, and responses are pickled, into a cache or for another process.
    They go without the login: a request that was pickled gets its 401 back.

    :param source: gives a new token.
    :param sent: the ``Authorization`` header of the requests.
    """

    __slots__ = ("sent", "source")

    def __init__(self, source: TokenSource, sent: str) -> None:
        self.source = source
        self.sent = sent

    def __call__(self, response: Response, **transport: Any) -> Response:
        if response.status_code != 401:
            return response
        if response.request.headers.get("Authorization") != self.sent:
            return response  # it was redirected, or somebody else has replaced the header
        return self._send_again(response, **transport)

    @without_inner_frames
    def _send_again(self, response: Response, **transport: Any) -> Response:
        sent = self.sent
        # Once with a token that somebody else has already refreshed, once with a new one.
        for _ in range(2):
            if not _is_about_the_token(response):
                break
            authorization = bounded(transport.get("timeout"), partial(self._another_than, sent))
            if authorization is None:
                break
            rejected, sent = sent, authorization
            again = response.request.copy()
            again.headers["Authorization"] = authorization
            is_for_a_401 = REFRESHED_FOR_A_401.is_on(authorization)
            second = send_again(response, again, **transport)
            if second is None:
                break
            response = second
            if not _is_about_the_token(response):
                REFRESHED_FOR_A_401.stop(authorization)
            elif is_for_a_401:
                REFRESHED_FOR_A_401.start(authorization)
                if self.source.persistence.store is None:
                    REFRESHED_FOR_A_401.start(rejected)  # a new auth may start with it again
        return response

    def _another_than(self, rejected: str) -> str | None:
        """:returns: another header; ``None`` if a new token would not help.
        :raises KakaoError: there is no new token.
        """
        if REFRESHED_FOR_A_401.is_on(rejected):
            return None
        return self.source.obtain(
            lambda bearer: bearer.is_usable() and bearer.authorization != rejected,
            before_use=_start_cooldown,
        ).authorization

    def __reduce__(self) -> tuple[Any, ...]:
        return _without_login, ()


def _start_cooldown(authorization: str, issued_at: float) -> None:
    """Start the cooldown of a new token. Another process may have refreshed it for the same 401."""
    if REFRESHED_FOR_A_401.lasts_since(issued_at):
        REFRESHED_FOR_A_401.start(authorization)


def _without_login() -> Any:
    return _as_it_is


def _as_it_is(response: Response, **_: Any) -> Response:
    return response


def _is_about_the_token(response: Response) -> bool:
    """Whether this is a 401 about the token, and not about the user's age (-406), for example."""
    if response.status_code != 401:
        return False
    with suppress(RequestException):  # a body that broke off says nothing
        if not read_whole(response, LARGEST_401):
            return False
    return json_object(response).get("code") in (None, _TOKEN_REJECTED)
