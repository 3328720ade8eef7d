"""Calls the app's unlink webhook, as Kakao does when a user unlinks in the Kakao settings."""

from __future__ import annotations

import logging
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from kakao_session.emulator.server import is_loopback, loopback_address

if TYPE_CHECKING:
    from kakao_session.emulator.switches import Switches

_TIMEOUT = 3.0

log = logging.getLogger(__name__)


def deliver(url: str, switches: Switches, user_id: int) -> None:
    """Call the webhook once and wait for the answer. If it fails, Kakao does not try again."""
    form = {
        "app_id": switches.app_id,
        "user_id": user_id,
        "referrer_type": "UNLINK_FROM_APPS",
    }
    try:
        status = _post(url, urlencode(form), f"KakaoAK {switches.admin_key}")
    except (OSError, ValueError, HTTPException) as error:
        log.warning("The unlink webhook was not delivered: %s", error)
    else:
        if status != 200:
            log.warning("The app answered the unlink webhook with status %s instead of 200", status)


def _post(url: str, form: str, authorization: str) -> int:
    """:returns: the status of the answer.

    :raises OSError: if there is no answer; an HTTPException, if the answer is not HTTP.
    :raises ValueError: if the URL is not on this machine.
    """
    parts = urlsplit(url)
    if not is_loopback(parts.hostname or ""):
        raise ValueError("it is not on this machine")
    host = loopback_address(parts.hostname or "")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "Authorization": authorization,
        "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
    }
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    with closing(kind(host, parts.port, timeout=_TIMEOUT)) as connection:
        connection.request("POST", target, form, headers)
        return connection.getresponse().status
