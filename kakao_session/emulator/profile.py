"""``/v2/user/me``: what is told of a user, whole or by ``property_keys``."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.refusals import KapiRefusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kakao_session.emulator.users import User

_IN_PROPERTIES = {"nickname", "profile_image", "thumbnail_image"}
_IN_ACCOUNT = {
    "profile",
    "email",
    "name",
    "gender",
    "age_range",
    "birthday",
    "birthyear",
    "phone_number",
}


def profile(user: User, property_keys: Sequence[str] | None = None) -> dict[str, Any]:
    """:returns: the answer.

    :param property_keys: what is wanted, ``kakao_account.email``, say; ``None`` means all.
    :raises KapiRefusal: -201, for a key that is not known.
    """
    connected_at = datetime.fromtimestamp(user.connected_at, timezone.utc)
    told: dict[str, Any] = {
        "id": user.id,
        "connected_at": f"{connected_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    sections = {"properties": {"nickname": user.nickname}, "kakao_account": _account(user)}
    if property_keys is None:
        return {**told, **sections}
    wanted = [_wanted(key) for key in property_keys]
    for name, section in sections.items():
        fields = [field for where, field in wanted if where == name]
        if fields:
            told[name] = {key: section[key] for key in section if _is_of(key, fields)}
    return told


def _account(user: User) -> dict[str, Any]:
    account: dict[str, Any] = {
        "profile_nickname_needs_agreement": False,
        "profile": {"nickname": user.nickname, "is_default_nickname": False},
    }
    if "account_email" in user.scopes:
        account |= {
            "has_email": True,
            "email_needs_agreement": False,
            "is_email_valid": True,
            "is_email_verified": True,
            "email": user.email,
        }
    return account


def _wanted(key: str) -> tuple[str, str]:
    where, _, field = key.partition(".")
    known = {"properties": _IN_PROPERTIES, "kakao_account": _IN_ACCOUNT}.get(where)
    if known is None or (field and field not in known):
        raise KapiRefusal(400, -201, f"property_keys [{key}] is not known", "no such property key")
    return where, field


def _is_of(name: str, fields: Sequence[str]) -> bool:
    """:returns: whether a name of the answer belongs to a wanted field: ``has_email`` does."""
    return any(not field or f"_{field}_" in f"_{name}_" for field in fields)
