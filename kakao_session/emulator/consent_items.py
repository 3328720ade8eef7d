"""What a user can agree to: the consent items behind the scopes, as a person reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User

Language = Literal["ko", "en"]


@dataclass(frozen=True)
class ConsentItem:
    """One consent item.

    :param id: the scope.
    :param kind: ``PRIVACY`` for what is told about the user, ``SERVICE`` for what may be done.
    """

    id: str
    kind: Literal["PRIVACY", "SERVICE"]
    ko: str
    en: str

    def name(self, language: Language) -> str:
        return self.ko if language == "ko" else self.en

    def of(self, user: User) -> dict[str, Any]:
        """:returns: the item as ``/v2/user/scopes`` tells it of a user."""
        agreed = self.id in user.scopes
        told = {
            "id": self.id,
            "display_name": self.ko,
            "type": self.kind,
            "using": True,
            "agreed": agreed,
        }
        return {**told, "revocable": True} if agreed else told


_ITEMS = (
    ConsentItem("profile_nickname", "PRIVACY", "닉네임", "Nickname"),
    ConsentItem("profile_image", "PRIVACY", "프로필 사진", "Profile image"),
    ConsentItem("account_email", "PRIVACY", "카카오계정(이메일)", "Kakao account (email)"),
    ConsentItem("name", "PRIVACY", "이름", "Name"),
    ConsentItem("gender", "PRIVACY", "성별", "Gender"),
    ConsentItem("age_range", "PRIVACY", "연령대", "Age range"),
    ConsentItem("birthday", "PRIVACY", "생일", "Birthday"),
    ConsentItem("phone_number", "PRIVACY", "전화번호", "Phone number"),
    ConsentItem("talk_message", "SERVICE", "카카오톡 메시지 전송", "Send KakaoTalk messages"),
    ConsentItem("friends", "SERVICE", "카카오 서비스 내 친구목록", "Friends in Kakao services"),
    ConsentItem("talk_calendar", "SERVICE", "톡캘린더 일정 관리", "Manage Talk Calendar"),
)
_KNOWN = {item.id: item for item in _ITEMS}


def consent_item(scope: str) -> ConsentItem:
    """:returns: the item of a scope; one that is not known here is called by the scope itself."""
    return _KNOWN.get(scope) or ConsentItem(scope, "SERVICE", scope, scope)


def set_up(switches: Switches, user: User) -> list[ConsentItem]:
    """:returns: the app's items, and any other that the user has agreed to all the same."""
    own = switches.consent_items
    scopes = dict.fromkeys(_KNOWN if own is None else own)
    scopes.update(dict.fromkeys(sorted(user.scopes)))
    scopes.pop("openid", None)
    return [consent_item(scope) for scope in scopes]
