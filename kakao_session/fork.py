"""What a forked child must not share with its parent: two can't speak on one TLS connection."""

from __future__ import annotations

import copy
import os
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter

_sessions: WeakSet[requests.Session] = WeakSet()


def leave_connections_to_the_parent(session: requests.Session) -> None:
    """Let *session* open connections of its own in every process that is forked from now on."""
    _sessions.add(session)


def _open_anew() -> None:
    for session in _sessions:
        for prefix, adapter in session.adapters.items():
            if isinstance(adapter, HTTPAdapter):
                session.adapters[prefix] = copy.copy(adapter)


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_open_anew)
