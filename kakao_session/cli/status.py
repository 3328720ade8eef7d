"""``kakao-session status``: what is known about the login."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, NamedTuple

import click
from requests import RequestException

from kakao_session.cli import output
from kakao_session.cli.client_secret import is_secret_missing
from kakao_session.cli.errors import NO_KEY, NO_SECRET, command_for_login, explain
from kakao_session.cli.expiry import (
    LAST_MONTH,
    access_token_expiry,
    iso,
    login_state,
    moment,
    refresh_token_expiry,
    replaces_refresh_token,
    short_name,
)
from kakao_session.cli.i18n import _, mark
from kakao_session.cli.options import Options, shared_options, why_unsendable
from kakao_session.errors import (
    ConfigurationError,
    KakaoAPIError,
    LoginRequiredError,
    TokenStoreError,
)
from kakao_session.redaction import fingerprint
from kakao_session.token import Token, now

EXIT_STATUS = {"fine": 0, "needed": 1, "incomplete": 1, "ending": 3, "unknown": 4}

_NAMES = {
    "fine": (mark("fine"), "green"),
    "ending": (mark("ends soon"), "yellow"),
    "needed": (mark("needed"), "red"),
    "incomplete": (mark("cannot be refreshed"), "red"),
    "unknown": (mark("unknown"), "yellow"),
}
_NOT_CONNECTED = -101


class Report(NamedTuple):
    """What is known about the login.

    :param login: ``fine``, ``ending`` or ``needed``; ``incomplete`` if something is missing that a
        refresh needs; ``unknown`` if ``--check`` could not find out.
    :param token: as it is saved; empty if there is none.
    :param trouble: what went wrong, as a sentence.
    :param kakao: what Kakao answered.
    """

    login: str
    token: Token
    trouble: str | None = None
    kakao: dict[str, Any] | None = None

    @property
    def user(self) -> Any:
        """The user's ID; ``None`` if it is unknown."""
        return (self.kakao or {}).get("id", self.token.get("user_id"))


@click.command(
    epilog="""\b
Examples:
  kakao-session status
  kakao-session status --check --json
"""
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program.")
@click.option(
    "--check",
    is_flag=True,
    help="Ask Kakao whether the login works. This refreshes an expired access token.",
)
@shared_options
def status(options: Options, *, as_json: bool, check: bool) -> None:
    """Show who is logged in, and until when.

    Without --check, this makes no request.

    Exit status: 0 if the login is fine; 1 if you have to log in, the token file can't be read, or
    something is missing that a refresh needs; 3 if the login ends within 7 days; 4 if --check
    could not find out.
    """
    report = _read(options)
    if check and report.token:
        report = _check(options, report)
    if as_json:
        click.echo(json.dumps(_as_json(options, report), indent=2))
    else:
        _print(options, report)
    click.get_current_context().exit(EXIT_STATUS[report.login])


def _read(options: Options) -> Report:
    try:
        token = options.store.load() or Token()
    except TokenStoreError as error:
        return Report("needed", Token(), explain(error))
    state = login_state(token)
    if state != "needed" and (missing := _what_is_missing(options, token)):
        return Report("incomplete", token, missing)
    return Report(state, token)


def _what_is_missing(options: Options, token: Token) -> str | None:
    """:returns: what a refresh needs and does not have, as a sentence that says what to do."""
    if not token.get("refresh_token"):
        return None
    key = options.app_key(token)
    if not key:
        return _(NO_KEY)
    if why := why_unsendable(key, options.client_secret, lambda: token):
        return why
    # If it was typed, it is for this command only: programs do not have it.
    if options.client_secret or is_secret_missing(token):
        return f"{_('The client secret is missing.')} {_(NO_SECRET)}"
    return None


def _check(options: Options, report: Report) -> Report:
    options.ask_for_missing_secret(report.token)
    try:
        with options.session() as session:
            answer = session.token_info()
    except LoginRequiredError as error:
        return report._replace(login="needed", trouble=explain(error))
    except ConfigurationError as error:
        if options.can_ask_for_secret(error):
            raise
        return report._replace(login="incomplete", trouble=explain(error))
    except RequestException as error:
        is_over = isinstance(error, KakaoAPIError) and error.code == _NOT_CONNECTED
        return report._replace(login="needed" if is_over else "unknown", trouble=explain(error))
    return _read(options)._replace(kakao=answer)


def _as_json(options: Options, report: Report) -> dict[str, Any]:
    token = report.token
    key = options.app_key(token)
    described = {
        "login": report.login,
        "app_key": fingerprint(key) if key else None,
        "user_id": report.user,
        "scopes": sorted(token.scopes),
        "access_token": _token_as_json(token, "access_token", "expires_at"),
        "refresh_token": _token_as_json(token, "refresh_token", "refresh_token_expires_at"),
        "next_refresh_renews_refresh_token": replaces_refresh_token(token),
        "store": {"path": str(options.path), "mode": _mode(options)},
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


def _print(options: Options, report: Report) -> None:
    name, color = _NAMES[report.login]
    output.say_pair(_("login"), _(name), color)
    if report.token:
        _print_token(report, options.app_key(report.token))
    output.say_pair(_("token file"), _token_file(options, report))
    if report.kakao:
        output.say_pair(_("Kakao says"), _("the access token is valid"))
    _say_what_to_do(report)


def _print_token(report: Report, app_key: str | None) -> None:
    token, user = report.token, report.user
    key = short_name(app_key) if app_key else _("none: set KAKAO_REST_API_KEY to refresh the token")
    output.say_pair(_("app key"), key)
    output.say_pair(_("user"), _("unknown (see --check)") if user is None else str(user))
    output.say_pair(_("scopes"), ", ".join(sorted(token.scopes)) or _("unknown"))
    output.say_pair(_("access token"), _access_token(report))
    output.say_pair(_("refresh token"), refresh_token_expiry(token))
    output.say_pair(_("next refresh"), _next_refresh(report))


def _say_what_to_do(report: Report) -> None:
    if report.trouble:
        output.error(report.trouble)
    elif report.login == "needed":
        output.say(_("Run: {command}", command=command_for_login("login")), "yellow")
    elif report.login == "ending" and report.token.get("refresh_token"):
        command = command_for_login("refresh")
        output.say(_("Run this before it ends: {command}", command=command), "yellow")
    elif report.login == "ending":
        command = command_for_login("login")
        output.say(
            _("It has no refresh token and cannot be refreshed. Run: {command}", command=command),
            "yellow",
        )


def _access_token(report: Report) -> str:
    expiry = access_token_expiry(report.token)
    if _can_be_refreshed(report) and report.token.is_expired():
        return _("{expiry}; the next call refreshes it", expiry=expiry)
    return expiry


def _next_refresh(report: Report) -> str:
    token = report.token
    if not _can_be_refreshed(report):
        return _("not possible")
    replaces = replaces_refresh_token(token)
    if replaces is None:
        return _("new access token; perhaps a new refresh token, its expiry is unknown")
    if replaces:
        return _("new access token and new refresh token")
    start = moment(token["refresh_token_expires_at"] - LAST_MONTH)
    return _("new access token only; also a new refresh token from {start}", start=start)


def _can_be_refreshed(report: Report) -> bool:
    is_possible = report.login not in ("needed", "incomplete")
    return is_possible and bool(report.token.get("refresh_token"))


def _token_file(options: Options, report: Report) -> str:
    mode = _mode(options)
    if mode is None:
        is_absent = report.trouble is None
        return _("{path} (does not exist)", path=options.path) if is_absent else str(options.path)
    if os.name != "nt" and options.path.is_file() and int(mode, 8) & 0o077:
        return _("{path} ({mode}: others can read it, run chmod 600)", path=options.path, mode=mode)
    return f"{options.path} ({mode})"


def _mode(options: Options) -> str | None:
    try:
        return f"{stat.S_IMODE(options.path.stat().st_mode):04o}"
    except OSError:
        return None
