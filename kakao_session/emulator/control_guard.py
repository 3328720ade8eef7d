"""Who may drive the emulator: programs of this machine and its own page, no page from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from collections.abc import Collection

_OWN = {"same-origin", "none"}


def objection(hosts: Collection[str]) -> str | None:
    """:returns: why the request is refused; ``None`` if it is not.

    :param hosts: the names, with the port, that are the emulator's own.

    A page from elsewhere reaches a loopback port under a name that it has bent to 127.0.0.1
    (``Host`` tells), or by a form or script that asks across sites (``Origin`` and
    ``Sec-Fetch-Site`` tell, and JSON can't be sent so without being asked first).
    """
    if request.headers.get("Host", "").lower() not in hosts:
        return "the Host header does not name this port on loopback"
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN and not _follows_a_link():
        return "a page from elsewhere asked"
    if request.method in ("GET", "HEAD"):
        return None
    if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return "a page from elsewhere asked"
    if request.mimetype != "application/json":
        return "what changes something is sent as application/json"
    return None


def _follows_a_link() -> bool:
    """A link may lead to the page, since it changes nothing and the other page can't read it."""
    navigating = request.headers.get("Sec-Fetch-Mode") == "navigate"
    return request.method == "GET" and request.path == "/" and navigating
