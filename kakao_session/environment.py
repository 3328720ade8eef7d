"""What the environment says about proxies and the CA bundle, remembered while it does not change.

requests asks the environment anew for every call, which is more than half of what a call costs. The
answer depends on the host and on a few variables; here it is kept with their values.
"""

from __future__ import annotations

import math
import os
import sys
import time
from typing import NamedTuple

from requests.utils import get_environ_proxies

# Every variable that requests.utils.get_environ_proxies and merge_environment_settings read.
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
"""Seconds for which an answer counts, where the system's own settings have a say too."""

_MOST_HOSTS = 64


class Answer(NamedTuple):
    """What the environment says: ``proxies`` by scheme, and the ``ca_bundle`` if it names one."""

    proxies: dict[str, str]
    ca_bundle: str | None
    values: tuple[object, ...]
    good_until: float


SILENCE = Answer({}, None, (), math.inf)
"""What a session hears that does not trust the environment."""


class Environment:
    """The environment's answers, by host."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def ask(self, url: str) -> Answer:
        """:returns: what the environment says now about calls to the host of *url*."""
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
    # Their number tells of one in mixed case (Https_Proxy), which requests takes, too.
    # os.environ raises and catches an error for each variable that is not set; the dict that it
    # wraps does not, and that is a twentieth of a call. It has no public name, so it may be absent.
    wrapped = getattr(os.environ, "_data", None)
    if wrapped is None:
        return (len(os.environ), *map(os.environ.get, _VARIABLES))
    return (len(wrapped), *map(wrapped.get, _KEYS))
