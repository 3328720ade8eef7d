"""What a forked child must not share with its parent: two can't speak on one TLS connection."""

from __future__ import annotations

import logging
import os
from typing import Any
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter

log = logging.getLogger(__name__)

_sessions: WeakSet[requests.Session] = WeakSet()


def leave_connections_to_the_parent(session: requests.Session) -> None:
    """Let *session* open connections of its own in every process that is forked from now on."""
    _sessions.add(session)


def _open_anew() -> None:
    for session in _sessions:
        for adapter in session.adapters.values():
            if isinstance(adapter, HTTPAdapter):
                try:
                    _forget_connections(adapter)
                except Exception:  # an adapter of somebody's own must not keep the others from it
                    log.exception("%s keeps its parent's connections", type(adapter).__name__)


def _forget_connections(adapter: Any) -> None:
    # What HTTPAdapter does when it is unpickled; but a subclass keeps what it has of its own.
    adapter.proxy_manager = {}
    adapter.init_poolmanager(
        adapter._pool_connections, adapter._pool_maxsize, block=adapter._pool_block
    )


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_open_anew)
