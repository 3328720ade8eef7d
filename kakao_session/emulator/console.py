"""The app as it is set up in Kakao's developer console: key, redirect URIs, members, consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from kakao_session.emulator.errors import KauthError
from kakao_session.emulator.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kakao_session.emulator.switches import ConsentSetting, Switches
    from kakao_session.emulator.users import User


def check_app(client_id: str | None, switches: Switches) -> None:
    """:raises KauthError: KOE101, which echoes what was sent."""
    if client_id != switches.app_key:
        echo = "null" if client_id is None else client_id
        why = "client_id is not the app key" if client_id else "there is no client_id"
        raise KauthError("KOE101", why, description=f"Not exist client_id [{echo}]")


def check_secret(client_secret: str | None, switches: Switches) -> None:
    """:raises KauthError: KOE010."""
    if switches.client_secret is not None and client_secret != switches.client_secret:
        raise KauthError("KOE010", "client_secret is wrong" if client_secret else "no secret")


def check_login(switches: Switches) -> None:
    """:raises KauthError: KOE004."""
    if not switches.login_activated:
        raise KauthError("KOE004", "Kakao Login is off for the app")


def check_redirect_uri(redirect_uri: str | None, switches: Switches) -> str:
    """:returns: the redirect URI, which must be registered exactly as it is written.

    :raises KauthError: KOE006.
    """
    registered = switches.redirect_uris
    if not redirect_uri or not _is_web_address(redirect_uri):
        raise KauthError("KOE006", "redirect_uri is not an http or https address")
    if not {"?", "#"}.isdisjoint(redirect_uri):
        raise KauthError("KOE006", "no redirect_uri with a query or fragment can be registered")
    if registered is not None and redirect_uri not in registered:
        raise KauthError("KOE006", "redirect_uri is not registered")
    return redirect_uri


def check_scopes(scopes: Iterable[str], switches: Switches) -> None:
    """:raises KauthError: KOE205, which names the scopes."""
    allowed = {*switches.consent_items, *(["openid"] if switches.openid_connect else [])}
    if missing := [scope for scope in scopes if scope not in allowed]:
        switch = "openid_connect" if missing == ["openid"] else "consent_items"
        scopes = ", ".join(missing)
        why = Note("{scopes} not set up, see the switch {switch}", scopes=scopes, switch=switch)
        raise KauthError("KOE205", why, description=f"invalid scope: {' '.join(missing)}")


def scopes_of_login(switches: Switches) -> tuple[str, ...]:
    """:returns: what a login without ``scope`` asks for: the required and the optional items."""
    return tuple(scope for scope, how in _settings(switches).items() if how != "in_use")


def is_required(scope: str, switches: Switches) -> bool:
    """:returns: whether the user can't log in without agreeing to the scope."""
    return _settings(switches).get(scope) == "required"


def _settings(switches: Switches) -> Mapping[str, ConsentSetting]:
    items = switches.consent_items
    return items if isinstance(items, Mapping) else dict.fromkeys(items, "optional")


def check_member(user_id: int, switches: Switches) -> None:
    """:raises KauthError: KOE005."""
    if switches.members is not None and user_id not in switches.members:
        raise KauthError(
            "KOE005", Note("user {user} is not a member of the test app", user=user_id)
        )


def _is_web_address(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        has_host = bool(parts.netloc) and parts.port != 0
    except ValueError:  # a port above 65535, for example
        return False
    return parts.scheme in ("http", "https") and has_host and uri.isprintable()


@dataclass(frozen=True)
class ConsentItem:
    """A consent item, with its name in Korean and English.

    :param scope: its scope.
    :param kind: ``PRIVACY`` for personal data, ``SERVICE`` for a permission.
    """

    scope: str
    kind: Literal["PRIVACY", "SERVICE"]
    ko: str
    en: str

    def name(self, language: str) -> str:
        return self.ko if language == "ko" else self.en

    def of(self, user: User, switches: Switches) -> dict[str, Any]:
        """:returns: the item in the answer of ``/v2/user/scopes``."""
        agreed = self.scope in user.scopes
        item = {
            "id": self.scope,
            "display_name": self.ko,
            "type": self.kind,
            "using": self.scope in switches.consent_items,
            "agreed": agreed,
        }
        return {**item, "revocable": not is_required(self.scope, switches)} if agreed else item


_ITEMS = (
    ConsentItem("profile_nickname", "PRIVACY", "닉네임", "Nickname"),
    ConsentItem("profile_image", "PRIVACY", "프로필 사진", "Profile image"),
    ConsentItem("account_email", "PRIVACY", "카카오계정(이메일)", "Kakao account (email)"),
    ConsentItem("name", "PRIVACY", "이름", "Name"),
    ConsentItem("gender", "PRIVACY", "성별", "Gender"),
    ConsentItem("age_range", "PRIVACY", "연령대", "Age range"),
    ConsentItem("birthday", "PRIVACY", "생일", "Birthday"),
    ConsentItem("birthyear", "PRIVACY", "출생 연도", "Birth year"),
    ConsentItem("phone_number", "PRIVACY", "카카오계정(전화번호)", "Kakao account (phone number)"),
    ConsentItem("shipping_address", "PRIVACY", "배송지정보", "Shipping addresses"),
    ConsentItem("account_ci", "PRIVACY", "CI(연계정보)", "CI (connecting information)"),
    ConsentItem("talk_message", "SERVICE", "카카오톡 메시지 전송", "Send KakaoTalk messages"),
    ConsentItem("friends", "SERVICE", "카카오 서비스 내 친구목록", "Friends in Kakao services"),
    ConsentItem("talk_calendar", "SERVICE", "톡캘린더 일정 관리", "Manage Talk Calendar"),
)
_BY_SCOPE = {item.scope: item for item in _ITEMS}


def consent_item(scope: str) -> ConsentItem:
    """:returns: the item of a scope. For an unknown scope, an item of that name."""
    return _BY_SCOPE.get(scope) or ConsentItem(scope, "SERVICE", scope, scope)


def consent_items(switches: Switches, user: User) -> list[ConsentItem]:
    """:returns: the app's items, and all others that the user has agreed to."""
    scopes = dict.fromkeys([*switches.consent_items, *sorted(user.scopes)])
    scopes.pop("openid", None)
    return [consent_item(scope) for scope in scopes]
