"""``kakao-session status``: how the login stands."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, NamedTuple

import click
from requests import RequestException

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.explain import explain
from kakao_session.cli.interrupts import uninterrupted
from kakao_session.cli.language import say
from kakao_session.cli.moments import iso, moment
from kakao_session.cli.standing import (
    LAST_MONTH,
    access_token_end,
    name_of,
    refresh_token_end,
    renews_refresh_token,
    verdict,
)
from kakao_session.errors import KakaoAPIError, LoginRequiredError, TokenStoreError
from kakao_session.redaction import fingerprint
from kakao_session.token import Token, now

EXIT_STATUS = {"fine": 0, "needed": 1, "ending": 3, "unknown": 4}

_NOT_LINKED = -101


class Report(NamedTuple):
    """What is known of the login.

    :param login: ``fine``, ``ending``, ``needed``, or ``unknown`` when Kakao was to be asked and
        could not be.
    :param token: as it is stored; empty if there is none.
    :param trouble: what went wrong on the way, for the person.
    :param kakao: what Kakao has answered.
    """

    login: str
    token: Token
    trouble: str | None = None
    kakao: dict[str, Any] | None = None


@click.command(
    epilog="""\b
Exit status:
  0  fine
  1  a login is needed
  3  the refresh token ends within 7 days
  4  --check could not ask Kakao

\b
Examples:
  kakao-session status
  kakao-session status --check --json
"""
)
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
@click.option(
    "--check",
    is_flag=True,
    help="Ask Kakao, too; this renews an access token that has ended. Without it no request is "
    "made.",
)
@with_access
def status(access: Access, *, as_json: bool, check: bool) -> None:
    """Show how the login stands.

    That is whose it is, for what, when it ends, and where it is kept.
    """
    report = _read(access)
    if check and report.token:
        report = _check(access, report)
    if as_json:
        screen.tell_whole(json.dumps(_as_json(access, report), indent=2))
    else:
        _print(access, report)
    click.get_current_context().exit(EXIT_STATUS[report.login])


def _read(access: Access) -> Report:
    try:
        token = access.store.load() or Token()
    except TokenStoreError as error:
        return Report("needed", Token(), explain(error))
    return Report(verdict(token), token)


def _check(access: Access, report: Report) -> Report:
    try:
        with uninterrupted(), access.session() as session:
            answer = session.token_info()
    except LoginRequiredError as error:
        return report._replace(login="needed", trouble=explain(error))
    except RequestException as error:
        is_over = isinstance(error, KakaoAPIError) and error.code == _NOT_LINKED
        return report._replace(login="needed" if is_over else "unknown", trouble=explain(error))
    return _read(access)._replace(kakao=answer)


def _as_json(access: Access, report: Report) -> dict[str, Any]:
    token = report.token
    key = access.app_key(token)
    described = {
        "login": report.login,
        "app_key": fingerprint(key) if key else None,
        "user_id": _user(report),
        "scopes": sorted(token.scopes),
        "access_token": _token_as_json(token, "access_token", "expires_at"),
        "refresh_token": _token_as_json(token, "refresh_token", "refresh_token_expires_at"),
        "next_refresh_renews_refresh_token": renews_refresh_token(token),
        "store": {"path": str(access.path), "mode": _mode(access)},
    }
    if report.trouble:
        described["trouble"] = report.trouble
    if report.kakao:
        described["kakao"] = report.kakao
    return described


def _token_as_json(token: Token, name: str, end: str) -> dict[str, Any] | None:
    if not token.get(name):
        return None
    at = token.get(end)
    return {
        "fingerprint": fingerprint(token[name]),
        "expires_at": at,
        "expires": None if at is None else iso(at),
        "expires_in": None if at is None else at - now(),
    }


def _print(access: Access, report: Report) -> None:
    token = report.token
    style = {"fine": "green", "needed": "red"}.get(report.login, "yellow")
    screen.tell_pair(say("label_login"), say(f"login_{report.login}"), f"bold {style}")
    if token:
        key = access.app_key(token)
        user = _user(report)
        screen.tell_pair(say("label_app_key"), name_of(key) if key else say("key_missing"))
        screen.tell_pair(say("label_user"), say("user_unchecked") if user is None else str(user))
        scopes = ", ".join(sorted(token.scopes))
        screen.tell_pair(say("label_scopes"), scopes or say("not_known"))
        screen.tell_pair(say("label_access"), _access_token(token, key))
        screen.tell_pair(say("label_refresh"), refresh_token_end(token))
        screen.tell_pair(say("label_next"), _next_refresh(token))
    screen.tell_pair(say("label_store"), _store(access))
    if report.kakao:
        screen.tell_pair(say("label_kakao"), say("kakao_alive", user=user))
    _tell_what_to_do(report)


def _tell_what_to_do(report: Report) -> None:
    if report.trouble:
        screen.complain(report.trouble)
    elif report.login == "needed":
        screen.tell(say("log_in"), "yellow")
    elif report.login == "ending":
        renewable = report.token.get("refresh_token")
        screen.tell(say("ending_hint" if renewable else "ending_no_renewal"), "yellow")


def _user(report: Report) -> Any:
    return (report.kakao or {}).get("id", report.token.get("user_id"))


def _access_token(token: Token, app_key: str | None) -> str:
    end = access_token_end(token)
    if app_key and verdict(token) != "needed" and token.is_expired():
        return say("renewed_at_need", end=end)
    return end


def _next_refresh(token: Token) -> str:
    if verdict(token) == "needed" or not token.get("refresh_token"):
        return say("next_impossible")
    renews = renews_refresh_token(token)
    if renews is None:
        return say("next_unknown")
    if renews:
        return say("next_renews")
    return say("next_renews_not", moment=moment(token["refresh_token_expires_at"] - LAST_MONTH))


def _store(access: Access) -> str:
    mode = _mode(access)
    if mode is None:
        return say("store_absent", path=access.path)
    others = os.name != "nt" and int(mode, 8) & 0o077
    return say("store_open" if others else "store_private", path=access.path, mode=mode)


def _mode(access: Access) -> str | None:
    try:
        return f"{stat.S_IMODE(access.path.stat().st_mode):04o}"
    except OSError:
        return None
