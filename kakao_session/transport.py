"""Everything that touches the inside of requests: its look at the environment, and forks.

requests reads proxies and CA bundle from the environment anew for each call, which is more than
half of what a call costs. The answer depends on the host and a few variables, so it is kept here
with their values.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import time
from typing import NamedTuple
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

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
"""An answer is used this many seconds where the system's own settings count as well."""

_MOST_HOSTS = 64


class Answer(NamedTuple):
    """What the environment says: ``proxies`` by scheme, and ``ca_bundle`` if there is one."""

    proxies: dict[str, str]
    ca_bundle: str | None
    values: tuple[object, ...]
    good_until: float


SILENCE = Answer({}, None, (), math.inf)
"""The answer for a session with ``trust_env = False``."""


class Environment:
    """The answers of the environment, by host."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def ask(self, url: str) -> Answer:
        """:returns: what the environment says now about the host of *url*."""
        host = url.partition("://")[2].partition("/")[0]
        values = _values()
        answer = self._answers.get(host)
        if answer is None or answer.values != values or _is_old(answer):
            if len(self._answers) >= _MOST_HOSTS:
                self._answers.clear()
            answer = self._answers[host] = _asked(url, values)
        return answer


def _asked(url: str, values: tuple[object, ...]) -> Answer:
    ca_bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return Answer(get_environ_proxies(url), ca_bundle, values, time.monotonic() + _LIFE)


def _is_old(answer: Answer) -> bool:
    return answer.good_until != math.inf and time.monotonic() >= answer.good_until


def _values() -> tuple[object, ...]:
    # requests also reads names in mixed case (Https_Proxy). Their number shows that one came.
    # os.environ raises and catches an error for each variable that is not set. The dict that it
    # wraps does not, which saves a twentieth of a call. It is private, so it may be missing.
    wrapped = getattr(os.environ, "_data", None)
    if wrapped is None:
        return (len(os.environ), *map(os.environ.get, _VARIABLES))
    return (len(wrapped), *map(wrapped.get, _KEYS))


# Forks ----------------------------------------------------------------------------------------

_sessions: WeakSet[requests.Session] = WeakSet()


def leave_connections_to_the_parent(session: requests.Session) -> None:
    """Give *session* new connections in each process that is forked: two can't share one."""
    _sessions.add(session)


def _renew_adapters() -> None:
    for session in _sessions:
        for adapter in session.adapters.values():
            if isinstance(adapter, HTTPAdapter):
                try:
                    adapter.__setstate__(adapter.__getstate__())  # as if it were unpickled
                except Exception:  # somebody's own adapter must not keep the others from it
                    log.exception("%s keeps its parent's connections", type(adapter).__name__)


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_renew_adapters)
