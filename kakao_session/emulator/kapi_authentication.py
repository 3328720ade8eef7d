"""Who calls kapi: a user with their access token, or the app with its admin key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from kakao_session.emulator.backend import current_backend
from kakao_session.emulator.clock import in_words
from kakao_session.emulator.errors import KapiError
from kakao_session.emulator.journal import current_record, note
from kakao_session.emulator.notes import Note
from kakao_session.emulator.tokens import fingerprint

if TYPE_CHECKING:
    from kakao_session.emulator.tokens import AccessToken
    from kakao_session.emulator.users import User

_MOST_DIGITS = 19


def access_token() -> AccessToken:
    """:returns: the access token of the request.

    :raises KapiError: -401.
    """
    scheme, value = _credential()
    if scheme != "bearer" or not value:
        raise KapiError(-401, "no access token was sent", msg="no authentication key!")
    current_record.get().sent = fingerprint(value)
    kakao = current_backend()
    token = kakao.issuer.valid(value)
    note("access token good for {time}", time=in_words(token.expires_at - kakao.clock.now()))
    return token


def user_with_scopes(*scopes: str, api_type: str) -> User:
    """:returns: the user whose access token was sent and who has agreed to the scopes.

    :raises KapiError: -401, -402.
    """
    user = access_token().user
    if missing := [scope for scope in scopes if scope not in user.scopes]:
        raise KapiError(
            -402,
            Note("the user has not agreed to {scopes}", scopes=", ".join(missing)),
            api_type=api_type,
            required_scopes=list(scopes),
            allowed_scopes=list(user.scopes),
        )
    return user


def is_admin() -> bool:
    """:returns: whether the request carries an app key instead of an access token."""
    return _credential()[0] == "kakaoak"


def check_admin() -> None:
    """:raises KapiError: -401, if the request does not carry the admin key."""
    scheme, key = _credential()
    if scheme != "kakaoak":
        raise KapiError(-401, "no admin key was sent", msg="no authentication key!")
    if key != current_backend().switches.admin_key:
        raise KapiError(-401, "not the admin key", msg="wrong appKey or not an admin key")
    note("admin key good")


def target_user() -> User:
    """:returns: the user whose access token was sent, or whom the app names with its admin key.

    :raises KapiError: -401; -2 and -101, if the app does not name a user who is linked to it.
    """
    if not is_admin():
        return access_token().user
    check_admin()
    target_id = request.values.get("target_id", "")
    is_number = target_id.isdecimal() and len(target_id) <= _MOST_DIGITS
    if request.values.get("target_id_type") != "user_id" or not is_number:
        why = "target_id_type=user_id and target_id have to name a user"
        raise KapiError(-2, why, msg="target_id_type and target_id are required")
    user = current_backend().users.get(int(target_id))
    note("admin key good: for user {user}", user=user.id)
    return user


def _credential() -> tuple[str, str]:
    """:returns: scheme, in lower case, and value of the ``Authorization`` header, or an access
    token in the query.
    """
    header = request.headers.get("Authorization")
    if header is None and current_backend().switches.access_token_in_query:
        return "bearer", request.args.get("access_token", "")
    scheme, _, value = (header or "").partition(" ")
    return scheme.lower(), value
