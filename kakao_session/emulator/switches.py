"""What can be set: the app's console page, the lives of tokens, each unknown of the protocol."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

APP_KEY = "emulator-rest-api-key"
ADMIN_KEY = "emulator-admin-key"
USER_ID = 123456789


@dataclass(kw_only=True, eq=False, repr=False)
class Switches:
    """Read at every request, so that a change counts from the next one on.

    :param app_key: the app's REST API key.
    :param app_id: the app's number, as ``access_token_info`` tells it.
    :param admin_key: the app's admin key, for what a server does without a user's token.
    :param client_secret: the key's client secret; ``None`` means that it is switched off.
    :param redirect_uris: the registered redirect URIs; ``None`` means that any will do.
    :param login_activated: whether Kakao Login is on for the app (KOE004).
    :param members: the user ids of a test app's members (KOE005); ``None`` means that the app is
        open to everybody.
    :param consent_items: the scopes that are set up (KOE205); ``None`` means that any will do.
    :param access_lifetime: seconds that an access token lives.
    :param refresh_lifetime: seconds that a refresh token lives.
    :param refresh_token_renewal: when a refresh brings a new refresh token: in the last month of
        the old one's life, as Kakao documents it, at every refresh, or never.
    :param previous_access_token: what a refresh does to the access tokens before it (unknown at
        Kakao): each lives to its own end, or dies at once.
    :param logout_ends: what ``logout`` ends (unknown at Kakao): the access token and its refresh
        token, or the access token alone.
    :param browser_logout_ends: what the browser's logout ends (unknown at Kakao): the session of
        the Kakao account, or the user's tokens too.
    :param rate_limit: whether token requests are counted (KOE237).
    :param rate_limit_status: the HTTP status of KOE237 (unknown at Kakao).
    :param consent: what the user does at the authorization page: agrees to everything, cancels,
        or is shown the page and decides for himself.
    :param browser_user: who is logged in at his Kakao account in the browser; ``None`` means
        nobody.
    :param needs_interaction: whether Kakao wants something of the user before he may go on, so
        that ``prompt=none`` fails with ``interaction_required``.
    :param latency: seconds that the token endpoint thinks before it acts.
    :param body_limit: bytes above which a request is answered 413.
    """

    app_key: str = APP_KEY
    app_id: int = 1234
    admin_key: str = ADMIN_KEY
    client_secret: str | None = None
    redirect_uris: Collection[str] | None = None
    login_activated: bool = True
    members: Collection[int] | None = None
    consent_items: Collection[str] | None = None
    access_lifetime: int = 21_599
    refresh_lifetime: int = 5_183_999
    refresh_token_renewal: Literal["last_month", "always", "never"] = "last_month"  # noqa: S105 - no token
    previous_access_token: Literal["lives", "dies"] = "lives"  # noqa: S105 - no token
    logout_ends: Literal["both", "access_token"] = "both"
    browser_logout_ends: Literal["session", "tokens"] = "session"
    rate_limit: bool = False
    rate_limit_status: Literal[429, 400] = 429
    consent: Literal["given", "denied", "page"] = "given"
    browser_user: int | None = USER_ID
    needs_interaction: bool = False
    latency: float = 0.0
    body_limit: int = 64 * 1024 * 1024
