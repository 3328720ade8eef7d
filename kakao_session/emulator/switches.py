"""The emulator's settings: the app's console page, token lifetimes, and what is unknown at Kakao.

Values that come from outside, as JSON, are checked against the annotations.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

APP_KEY = "emulator-rest-api-key"
ADMIN_KEY = "emulator-admin-key"
USER_ID = 123456789
ConsentSetting = Literal["required", "optional", "in_use"]
CONSENT_ITEMS: dict[str, ConsentSetting] = {
    "profile_nickname": "required",
    "profile_image": "optional",
    "account_email": "optional",
    "name": "optional",
    "gender": "optional",
    "age_range": "optional",
    "birthday": "optional",
    "birthyear": "optional",
    "phone_number": "optional",
    "talk_message": "in_use",
    "friends": "in_use",
    "shipping_address": "in_use",
    "talk_calendar": "in_use",
}
_LARGEST = 2**63
_TYPES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


@dataclass(kw_only=True, eq=False, repr=False)
class Switches:
    """Settings of the emulator. A change takes effect with the next request.

    :param app_key: the app's REST API key.
    :param app_id: the app's number, as in ``access_token_info``.
    :param admin_key: the app's admin key, which servers use without a user's token.
    :param client_secret: the key's client secret; ``None`` if it is switched off.
    :param redirect_uris: the registered redirect URIs; ``None`` allows any.
    :param login_activated: whether Kakao Login is on for the app (KOE004).
    :param members: the user ids of a test app's members (KOE005); ``None`` if the app is open to
        everyone.
    :param consent_items: the consent items that are set up; any other scope is KOE205. A list of
        optional items, or for each item how it is set up: a login without ``scope`` asks for the
        required and optional items; ``scope`` can ask for an item in use as well.
    :param openid_connect: whether OpenID Connect is on. Then every login has an ``id_token``; else
        the scope ``openid`` is KOE205.
    :param access_token_in_query: whether the API takes an access token in the query too, as old
        clients send it.
    :param templates: the ids of the message templates that are registered; ``None`` allows any.
    :param unlink_webhook: a URL on this machine that Kakao calls when the user unlinks the app, but
        not when the app does so by API; ``None`` for none.
    :param access_lifetime: lifetime of an access token, in seconds.
    :param refresh_lifetime: lifetime of a refresh token, in seconds.
    :param refresh_token_renewal: when a refresh returns a new refresh token: in the last month of
        the old one's life (Kakao's documented behaviour), always, or never.
    :param previous_access_token: whether earlier access tokens stay valid after a refresh (unknown
        at Kakao).
    :param logout_ends: what ``logout`` ends (unknown at Kakao): the access token and its refresh
        token, or only the access token.
    :param browser_logout_ends: what a logout in the browser ends (unknown at Kakao): only the
        session of the Kakao account, or the user's tokens too.
    :param missing_redirect_uri: what happens to a token request with a code but without a
        ``redirect_uri``, which Kakao documents as required (unknown at Kakao): it is refused
        (KOE303) or accepted.
    :param rate_limit: whether token requests are limited (KOE237).
    :param rate_limit_status: the HTTP status of KOE237 (unknown at Kakao).
    :param consent: what happens at the authorization page: the user agrees to everything, cancels,
        or sees the page and decides.
    :param browser_user: the user who is logged in to Kakao in the browser; ``None`` for nobody.
    :param needs_interaction: whether Kakao has to ask the user something first, so that
        ``prompt=none`` fails with ``interaction_required``.
    :param latency: how long the token endpoint waits before it answers, in seconds.
    :param body_limit: a request with a larger body, in bytes, gets a 413.
    """

    app_key: str = APP_KEY
    app_id: int = 1234
    admin_key: str = ADMIN_KEY
    client_secret: str | None = None
    redirect_uris: Collection[str] | None = None
    login_activated: bool = True
    members: Collection[int] | None = None
    consent_items: Mapping[str, ConsentSetting] | Collection[str] = field(
        default_factory=CONSENT_ITEMS.copy
    )
    openid_connect: bool = False
    access_token_in_query: bool = True
    templates: Collection[int] | None = None
    unlink_webhook: str | None = None
    access_lifetime: int = 21_599
    refresh_lifetime: int = 5_183_999
    refresh_token_renewal: Literal["last_month", "always", "never"] = "last_month"  # noqa: S105 - no token
    previous_access_token: Literal["lives", "dies"] = "lives"  # noqa: S105 - no token
    logout_ends: Literal["both", "access_token"] = "both"
    browser_logout_ends: Literal["session", "tokens"] = "session"
    missing_redirect_uri: Literal["refused", "accepted"] = "refused"
    rate_limit: bool = False
    rate_limit_status: Literal[429, 400] = 429
    consent: Literal["given", "denied", "page"] = "given"
    browser_user: int | None = USER_ID
    needs_interaction: bool = False
    latency: float = 0.0
    body_limit: int = 64 * 1024 * 1024


def values(switches: Switches) -> dict[str, Any]:
    """:returns: the value of every switch, which you can keep."""
    return {each.name: copy(getattr(switches, each.name)) for each in fields(Switches)}


def check_value(name: str, value: Any) -> None:
    """:raises ValueError: if there is no such switch, or the value has the wrong type."""
    hint = get_type_hints(Switches).get(name)
    if hint is None:
        raise ValueError(f"there is no switch {name!r}")
    check_type(name, value, hint)


def read_switch(text: str) -> tuple[str, Any]:
    """:returns: name and value of ``name=value``; the value may be JSON.

    :raises ValueError: as :func:`check_value` does.
    """
    name, _, written = text.partition("=")
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        value = written
    check_value(name, value)
    return name, value


def check_type(name: str, value: Any, hint: Any) -> None:
    """:raises ValueError: if a value that was read from JSON does not match a type annotation."""
    if not _matches(value, hint):
        raise ValueError(f"{name} takes {_describe(hint)}")


def is_text(value: Any) -> bool:
    """:returns: whether a value is a string that UTF-8 can hold: JSON can have half a character."""
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def _matches(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in inner)
    if origin in (Collection, Iterable):
        return isinstance(value, list) and all(_matches(each, inner[0]) for each in value)
    if origin is Mapping:
        return isinstance(value, dict) and all(
            _matches(name, inner[0]) and _matches(each, inner[1]) for name, each in value.items()
        )
    if inner:
        return any(_matches(value, each) for each in inner)
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    if hint is int:
        return type(value) is int and abs(value) < _LARGEST
    if hint is str:
        return is_text(value)
    return hint is Any or type(value) is hint


def _describe(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(repr(each) for each in inner)
    if origin in (Collection, Iterable):
        return f"a list, each {_describe(inner[0])}"
    if origin is Mapping:
        return f"an object, each value {_describe(inner[1])}"
    if inner:
        return " or ".join(_describe(each) for each in inner)
    return _TYPES[hint]
