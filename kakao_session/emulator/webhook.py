"""Calls the app's unlink webhook, as Kakao does when a user unlinks in the Kakao settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from kakao_session.emulator.server import is_loopback

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
    headers = {"Authorization": f"KakaoAK {switches.admin_key}"}
    try:
        if not is_loopback(urlsplit(url).hostname or ""):
            raise ValueError("it is not on this machine")  # noqa: TRY301 - logged like the others
        with requests.Session() as http:
            http.trust_env = False  # the proxy is the emulator
            http.post(
                url, data=form, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ).raise_for_status()
    except (requests.RequestException, ValueError) as error:
        log.warning("The unlink webhook was not delivered: %s", error)
