"""What happens after a 401: the token is refreshed, and the request is sent once more."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from kakao_session.cooldown import Cooldown
from kakao_session.errors import json_object
from kakao_session.token_source import TokenSource

REFRESHED_FOR_A_401 = Cooldown(60.0)
"""After a refresh for a 401 that did not help, the new token is not refreshed for another 401."""

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
        sent = self.sent
        # Once with a token that somebody else has already refreshed, once with a new one.
        for _ in range(2):
            if not _is_about_the_token(response):
                break
            authorization = self._another_than(sent)
            again = response.request.copy()
            adapter = getattr(response, "connection", None)  # not every adapter sets it
            if authorization is None or adapter is None or not _is_rewound(again):
                break
            sent = again.headers["Authorization"] = authorization
            is_for_a_401 = REFRESHED_FOR_A_401.is_on(authorization)
            response = _send_again(response, adapter, again, transport)
            if is_for_a_401:
                if _is_about_the_token(response):
                    REFRESHED_FOR_A_401.start(authorization)
                else:
                    REFRESHED_FOR_A_401.stop(authorization)
        return response

    def _another_than(self, rejected: str) -> str | None:
        """:returns: another header; ``None`` if a new token would not help.
        :raises KakaoError: there is no new token.
        """
        if REFRESHED_FOR_A_401.is_on(rejected):
            return None
        return self.source.obtain(
            lambda bearer: bearer.is_usable() and bearer.authorization != rejected,
            before_use=_note,
        ).authorization

    def __reduce__(self) -> tuple[Any, ...]:
        return _without_login, ()


def _note(authorization: str, issued_at: float) -> None:
    """Start the cooldown of a new token. Another process may have refreshed it for the same 401."""
    if REFRESHED_FOR_A_401.lasts_since(issued_at):
        REFRESHED_FOR_A_401.start(authorization)


def _without_login() -> Any:
    return _as_it_is


def _as_it_is(response: Response, **_: Any) -> Response:
    return response


def _send_again(
    first: Response, adapter: BaseAdapter, request: PreparedRequest, transport: dict[str, Any]
) -> Response:
    jar = getattr(request, "_cookies", None)
    if jar is not None:
        extract_cookies_to_jar(jar, first.request, first.raw)
        request.prepare_cookies(jar)
    first.close()
    started = time.perf_counter()
    second = adapter.send(request, **transport)
    second.elapsed = timedelta(seconds=time.perf_counter() - started)
    second.history = [*first.history, first]
    return second


def _is_about_the_token(response: Response) -> bool:
    """Whether this is a 401 about the token, and not about the user's age (-406), for example."""
    if response.status_code != 401:
        return False
    return json_object(response).get("code") in (None, _TOKEN_REJECTED)


def _is_rewound(request: PreparedRequest) -> bool:
    """Rewind a body that was read. :returns: whether that was possible."""
    if request.body is None or isinstance(request.body, str | bytes | bytearray | memoryview):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True
