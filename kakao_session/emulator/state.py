"""How things stand, as JSON: the clock, the switches, the people, their tokens, the requests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from kakao_session.emulator.issues import AccessToken
from kakao_session.emulator.positions import positions

if TYPE_CHECKING:
    from kakao_session.emulator.issues import Token
    from kakao_session.emulator.journal import Record
    from kakao_session.emulator.kakao import KakaoEmulator
    from kakao_session.emulator.users import User

_TOKENS = 100
_REQUESTS = 200


def state(kakao: KakaoEmulator) -> dict[str, Any]:
    """:returns: everything that can be shown: no token, only fingerprints; the newest first."""
    now = kakao.now()
    requests, tokens = kakao.requests, kakao.tokens
    return {
        "now": _moment(now),
        "app_key": kakao.app_key,
        "switches": {
            name: sorted(position) if isinstance(position, (set, frozenset)) else position
            for name, position in positions(kakao).items()
            if not name.endswith(("_key", "_secret"))
        },
        "failures": kakao.failures,
        "users": [_user(user) for user in kakao.users],
        "tokens": [_token(token, now) for token in reversed(tokens[-_TOKENS:])],
        "requests_in_all": len(requests),
        "requests": [_request(record) for record in reversed(requests[-_REQUESTS:])],
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),  # as text: it can be larger than a JavaScript number holds
        "nickname": user.nickname,
        "connected_at": _moment(user.connected_at),
        "scopes": sorted(user.scopes),
    }


def _token(token: Token, now: float) -> dict[str, Any]:
    return {
        "fingerprint": token.fingerprint,
        "kind": "access" if isinstance(token, AccessToken) else "refresh",
        "user": str(token.user.id),
        "expires_in": round(token.expires_at - now),
        "ended": token.ended,
        "alive": token.ended is None and token.expires_at > now,
    }


def _request(record: Record) -> dict[str, Any]:
    return {
        "time": _moment(record.time),
        "service": record.service,
        "method": record.method,
        "host": record.host,
        "path": record.path,
        "status": record.status,
        "sent": record.sent,
        "issued": record.issued,
        "note": record.note,
    }


def _moment(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
