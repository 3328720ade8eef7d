"""Everything that depends on the inside of requests: environment, answers, retries and forks.

For each call, requests reads the proxies and the CA bundle from the environment again. That takes a
quarter to a half of the time of a call. They depend only on the host and a few variables. So they
are kept for each host, with the values of those variables.
"""

from __future__ import annotations

import io
import logging
import math
import os
import sys
import time
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import requests
from requests import PreparedRequest, Request, Response
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import ReadTimeout, UnrewindableBodyError
from requests.utils import get_environ_proxies, rewind_body
from urllib3.util.retry import Retry

log = logging.getLogger(__name__)

# All variables that requests.utils.get_environ_proxies and merge_environment_settings read.
_VARIABLES = (
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "REQUEST_METHOD",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
_KEYS = tuple(map(os.environ.encodekey, _VARIABLES))

_LIFE = 30.0 if sys.platform in ("darwin", "win32") else math.inf
"""Settings are used this many seconds where the system's own settings count as well."""

_MOST_HOSTS = 64

_ARRIVED = 1.0
"""Seconds that a body which has arrived may take to be read, even if the time is over."""

_PART = 1 << 12  # can grow a thousandfold when it is decompressed

_ATTRIBUTES = (
    "status_code",
    "headers",
    "url",
    "reason",
    "encoding",
    "request",
    "history",
    "cookies",
    "elapsed",
)


class Settings(NamedTuple):
    """What the environment says about a host: ``proxies`` by scheme, and ``ca_bundle`` if there is
    one. ``values`` are those of the variables that it was read from."""

    proxies: dict[str, str]
    ca_bundle: str | None
    values: tuple[object, ...]
    good_until: float


NO_SETTINGS = Settings({}, None, (), math.inf)
"""For a session with ``trust_env = False``."""


class Environment:
    """The settings in the environment, by host."""

    def __init__(self) -> None:
        self._by_host: dict[str, Settings] = {}

    def settings_for(self, url: str) -> Settings:
        """:returns: what the environment says now about the host of *url*."""
        host = url.partition("://")[2].partition("/")[0]
        values = _values()
        settings = self._by_host.get(host)
        if settings is None or settings.values != values or _is_old(settings):
            if len(self._by_host) >= _MOST_HOSTS:
                self._by_host.clear()
            settings = self._by_host[host] = _read(url, values)
        return settings


def _read(url: str, values: tuple[object, ...]) -> Settings:
    ca_bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return Settings(get_environ_proxies(url), ca_bundle, values, time.monotonic() + _LIFE)


def _is_old(settings: Settings) -> bool:
    return settings.good_until != math.inf and time.monotonic() >= settings.good_until


def _values() -> tuple[object, ...]:
    # requests also reads names in mixed case (Https_Proxy). Their number shows that one came.
    # os.environ raises and catches an error for each variable that is not set. The dict that it
    # wraps does not, which saves a twentieth of a call. It is private, so it may be missing.
    wrapped = getattr(os.environ, "_data", None)
    if wrapped is None:
        return (len(os.environ), *map(os.environ.get, _VARIABLES))
    return (len(wrapped), *map(wrapped.get, _KEYS))


# Token requests -------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def as_sent(url: str) -> str:
    """:returns: a URL as requests gives it to adapters.
    :raises ValueError: it is not a URL.
    """
    return Request("POST", url).prepare().url or url


def without_retries(adapter: BaseAdapter) -> BaseAdapter:
    """An adapter that uses the same connections, and sends each request once.

    Retries of a session are for API calls. A refresh token must not be sent again behind our back.
    """
    if not isinstance(adapter, HTTPAdapter):
        return adapter
    twin = object.__new__(type(adapter))  # a subclass may take other arguments
    vars(twin).update(vars(adapter))
    twin.max_retries = Retry(0, read=False)
    return twin


# Answers --------------------------------------------------------------------------------------


def read_at_most(response: Response, limit: int, until: float) -> Response:
    """Read the body of an answer that was requested with ``stream=True``, and close it.

    Byte by byte: for a longer part, requests waits until all of it is there.

    :param limit: how many bytes are read at most.
    :param until: when to give up, by ``time.monotonic()``; a body that is there by now is read.
    :returns: the answer with what was read of its body.
    :raises ReadTimeout: it took too long.
    :raises Exception: whatever requests or the adapter raises.
    """
    _count_content_as_read(response)
    if hasattr(response.raw, "enforce_content_length"):  # some adapters have another raw
        response.raw.enforce_content_length = True  # urllib3 1.26 accepts half a body
    body = io.BytesIO()
    until = max(until, time.monotonic() + _ARRIVED)
    try:
        for part in response.iter_content(1):
            body.write(part)
            if body.tell() > limit:
                break
            if time.monotonic() > until:
                raise ReadTimeout("the answer took too long")
    finally:
        response.close()  # the connection may have more to read, so it is not used again
    read = Response()
    for name in _ATTRIBUTES:
        setattr(read, name, getattr(response, name))
    body.truncate(limit)
    body.seek(0)
    read.raw = body
    return read


def read_whole(response: Response, limit: int) -> bool:
    """Read the body of an answer, which stays as it is, if it has at most *limit* bytes.

    A longer one is left unread if its header says how long it is, else it is cut.

    :returns: whether the whole body is at hand.
    :raises requests.RequestException: it broke off.
    """
    _count_content_as_read(response)
    if response._content_consumed:  # it has no other name
        return True
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > limit:
        return False
    body = io.BytesIO()
    try:
        for part in response.iter_content(_PART):
            body.write(part)
            if body.tell() > limit:
                response.close()
                return False
    finally:
        body.truncate(limit)
        response._content = body.getvalue()
        response._content_consumed = True
    return True


def _count_content_as_read(response: Response) -> None:
    """Let an answer that was made with its content, and has no stream, count as read."""
    if response._content is not False:
        response._content_consumed = True


def send_again(first: Response, request: PreparedRequest, **options: Any) -> Response | None:
    """Send a request once more, with the cookies of its first answer.

    :param first: the first answer.
    :param request: a copy of its request.
    :param options: what the adapter takes, such as ``timeout``.
    :returns: the second answer, with the first in its history; ``None`` if that is impossible.
    """
    adapter = getattr(first, "connection", None)  # not every adapter sets it
    if adapter is None or not _is_rewound(request):
        return None
    jar = getattr(request, "_cookies", None)
    if jar is not None:
        extract_cookies_to_jar(jar, first.request, first.raw)
        request.prepare_cookies(jar)
    first.close()
    started = time.perf_counter()
    second: Response = adapter.send(request, **options)
    second.elapsed = timedelta(seconds=time.perf_counter() - started)
    second.history = [*first.history, first]
    return second


def _is_rewound(request: PreparedRequest) -> bool:
    """Rewind a body that was read. :returns: whether that was possible."""
    if request.body is None or isinstance(request.body, str | bytes | bytearray | memoryview):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True


# Forks ----------------------------------------------------------------------------------------

_sessions: WeakValueDictionary[int, requests.Session] = WeakValueDictionary()
"""By ``id()``: two sessions of a class with ``__eq__`` are still two."""


def renew_connections_after_fork(session: requests.Session) -> None:
    """Give *session* new connections in each process that is forked: two can't share one."""
    _sessions[id(session)] = session


def _renew_adapters() -> None:
    for session in list(_sessions.values()):
        for adapter in session.adapters.values():
            if isinstance(adapter, HTTPAdapter):
                try:
                    adapter.__setstate__(adapter.__getstate__())  # as if it were unpickled
                except Exception as error:  # noqa: BLE001  # the others still have to be renewed
                    kind = type(adapter).__name__
                    log.error("%s keeps its parent's connections (%s)", kind, repr(error))  # noqa: TRY400  # no frames in logs


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_renew_adapters)
