"""The app as its console page has it: who may ask, for what, and where the answer may go."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kakao_session.emulator.refusals import KauthRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.switches import Switches


def check_app(client_id: str | None, switches: Switches) -> None:
    """:raises KauthRefusal: KOE101, which echoes what was sent."""
    if client_id != switches.app_key:
        echo = "null" if client_id is None else client_id
        why = "client_id is not the app key" if client_id else "there is no client_id"
        raise KauthRefusal("KOE101", why, description=f"Not exist client_id [{echo}]")


def check_secret(client_secret: str | None, switches: Switches) -> None:
    """:raises KauthRefusal: KOE010."""
    if switches.client_secret is not None and client_secret != switches.client_secret:
        raise KauthRefusal("KOE010", "client_secret is wrong" if client_secret else "no secret")


def check_login(switches: Switches) -> None:
    """:raises KauthRefusal: KOE004."""
    if not switches.login_activated:
        raise KauthRefusal("KOE004", "Kakao Login is off for the app")


def check_redirect_uri(redirect_uri: str | None, switches: Switches) -> str:
    """:returns: the redirect URI, which is compared as it is written.

    :raises KauthRefusal: KOE006.
    """
    registered = switches.redirect_uris
    if not redirect_uri or not _is_web_address(redirect_uri):
        raise KauthRefusal("KOE006", "redirect_uri is no http or https address")
    if registered is not None and redirect_uri not in registered:
        raise KauthRefusal("KOE006", "redirect_uri is not registered")
    return redirect_uri


def check_scopes(scopes: Iterable[str], switches: Switches) -> None:
    """:raises KauthRefusal: KOE205, which names the scopes."""
    if switches.consent_items is None:
        return
    missing = [scope for scope in scopes if scope not in {*switches.consent_items, "openid"}]
    if missing:
        description = f"invalid scope: {' '.join(missing)}"
        raise KauthRefusal("KOE205", "consent item not set up", description=description)


def check_member(user_id: int, switches: Switches) -> None:
    """:raises KauthRefusal: KOE005."""
    if switches.members is not None and user_id not in switches.members:
        raise KauthRefusal("KOE005", f"user {user_id} is no member of the test app")


def _is_web_address(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and uri.isprintable()
