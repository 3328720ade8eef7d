"""What Kakao shows an app about a user: only what the user has agreed to.

A consent item without consent is ``<item>_needs_agreement: true``, and an item that is not set up
is not mentioned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kakao_session.emulator.clock import timestamp
from kakao_session.emulator.errors import KapiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kakao_session.emulator.users import User

# scope, name of the item, and its fields: in kakao_account, and in the account
_ITEMS = (
    ("name", "name", {"name": "name"}),
    (
        "account_email",
        "email",
        {"is_email_valid": "email_valid", "is_email_verified": "email_verified", "email": "email"},
    ),
    ("age_range", "age_range", {"age_range": "age_range"}),
    ("birthyear", "birthyear", {"birthyear": "birthyear"}),
    ("birthday", "birthday", {"birthday": "birthday", "birthday_type": "birthday_type"}),
    ("gender", "gender", {"gender": "gender"}),
    ("phone_number", "phone_number", {"phone_number": "phone_number"}),
    ("account_ci", "ci", {"ci": "ci", "ci_authenticated_at": "ci_authenticated_at"}),
)
_WITHOUT_HAS = {"name", "ci"}
_PROFILE_ITEMS = ("profile_nickname", "profile_image")
_ACCOUNT_KEYS = {"profile", *_PROFILE_ITEMS, *(name for _, name, _ in _ITEMS)}
_ALWAYS = {"id", "connected_at", "has_signed_up", "synched_at"}  # the last two: not in every app
_PROPERTIES = {"nickname", "profile_image", "thumbnail_image"}


def user_me(
    user: User, set_up: Collection[str], property_keys: Sequence[str] | None = None
) -> dict[str, Any]:
    """:returns: the answer of ``/v2/user/me``.

    :param set_up: the app's consent items.
    :param property_keys: the wanted keys, such as ``kakao_account.email``; ``None`` means all. The
        id and when the user was linked are always there.
    :raises KapiError: -201, for an unknown key.
    """
    sections = {
        "properties": _properties(user),
        "kakao_account": _kakao_account(user, {*set_up, *user.scopes}),
        "for_partner": {"uuid": user.uuid} if "friends" in user.scopes else {},
    }
    answer = {"id": user.id, "connected_at": timestamp(user.connected_at)}
    if property_keys is not None:
        wanted = [_section_and_field(key, user) for key in property_keys]
        for name, section in sections.items():
            fields = [field for where, field in wanted if where == name]
            sections[name] = {key: section[key] for key in section if _belongs_to(key, fields)}
    return {**answer, **{name: section for name, section in sections.items() if section}}


def claims(user: User) -> dict[str, Any]:
    """:returns: the claims of an ``id_token`` about the user."""
    thumbnail, _ = user.images
    return _agreed(
        user,
        nickname=("profile_nickname", user.nickname),
        picture=("profile_image", thumbnail),
        email=("account_email", user.email),
    )


def oidc_userinfo(user: User) -> dict[str, Any]:
    """:returns: the answer of ``/v1/oidc/userinfo``, which knows more than an ``id_token``."""
    account, birthdate = user.account, _birthdate(user)
    is_verified = account["email_verified"] and account["email_valid"]
    more = _agreed(
        user,
        name=("name", account["name"]),
        email_verified=("account_email", None if user.email is None else is_verified),
        gender=("gender", account["gender"]),
        phone_number=("phone_number", account["phone_number"]),
        phone_number_verified=("phone_number", account["phone_number"] and True),
    )
    answer = {"sub": str(user.id), **claims(user), **more}
    return {**answer, "birthdate": birthdate} if birthdate else answer


def _agreed(user: User, **every: tuple[str, Any]) -> dict[str, Any]:
    """:returns: of the claims, each with its scope, those that are known and agreed to."""
    return {
        claim: value
        for claim, (scope, value) in every.items()
        if scope in user.scopes and value is not None
    }


def _birthdate(user: User) -> str | None:
    """:returns: as much as the user has agreed to: ``2000-08-15``, ``0000-08-15`` or ``2000``."""
    year = user.account["birthyear"] if "birthyear" in user.scopes else None
    day = user.account["birthday"] if "birthday" in user.scopes else None
    return f"{year or '0000'}-{day[:2]}-{day[2:]}" if day else year


def _properties(user: User) -> dict[str, Any]:
    thumbnail, image = user.images
    properties = dict(user.account["properties"])
    if "profile_nickname" in user.scopes:
        properties["nickname"] = user.nickname
    if "profile_image" in user.scopes:
        properties |= {"profile_image": image, "thumbnail_image": thumbnail}
    return properties


def _kakao_account(user: User, items: Collection[str]) -> dict[str, Any]:
    account: dict[str, Any] = {
        f"{item}_needs_agreement": item not in user.scopes
        for item in _PROFILE_ITEMS
        if item in items
    }
    if profile := _profile(user):
        account["profile"] = profile
    for scope, name, fields in _ITEMS:
        if scope in items:
            account |= _item(user, name, fields, agreed=scope in user.scopes)
    return account


def _profile(user: User) -> dict[str, Any]:
    thumbnail, image = user.images
    shows_nickname, shows_image = (item in user.scopes for item in _PROFILE_ITEMS)
    profile: dict[str, Any] = {}
    if shows_nickname:
        profile["nickname"] = user.nickname
    if shows_image:
        is_default = user.account["profile_image"] is None
        profile |= {"thumbnail_image_url": thumbnail, "profile_image_url": image}
        profile["is_default_image"] = is_default
    if shows_nickname:
        profile["is_default_nickname"] = False
    return profile


def _item(user: User, name: str, fields: Mapping[str, str], *, agreed: bool) -> dict[str, Any]:
    account: Mapping[str, Any] = user.account
    there = account[name] is not None
    item: dict[str, Any] = {} if name in _WITHOUT_HAS else {f"has_{name}": there}
    item[f"{name}_needs_agreement"] = not agreed
    if agreed and there:
        item |= {key: account[field] for key, field in fields.items()}
    return item


def _section_and_field(key: str, user: User) -> tuple[str, str]:
    if key in _ALWAYS:
        return key, ""
    section, _, field = key.partition(".")
    known = {
        "properties": {*_PROPERTIES, *user.account["properties"]},
        "kakao_account": _ACCOUNT_KEYS,
        "for_partner": {"uuid"},
    }
    if section not in known or (field and field not in known[section]):
        raise KapiError(-201, "no such property key", msg=f"property_keys [{key}] is not known")
    return section, field


def _belongs_to(key: str, fields: Sequence[str]) -> bool:
    """:returns: whether a key of the answer is part of a wanted field: ``has_email`` is."""
    return any(not field or f"_{field}_" in f"_{key}_" for field in fields)
