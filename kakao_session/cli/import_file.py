"""``kakao-session import``: take over a login that another program saved."""

from __future__ import annotations

import math
import os
from pathlib import Path

import click

from kakao_session.cli import output
from kakao_session.cli.errors import Failure, command_for_login, why_no_token
from kakao_session.cli.expiry import access_token_expiry, refresh_token_expiry
from kakao_session.cli.i18n import _
from kakao_session.cli.options import Options, shared_options, why_unsendable
from kakao_session.cli.token_file import is_encrypted
from kakao_session.login.flow import SECRET_IS_REQUIRED
from kakao_session.stores.file import LARGEST_FILE, parse
from kakao_session.token import Token

_APP = ("app_key", "client_secret", SECRET_IS_REQUIRED)
"""The fields of a token that are about its app."""


@click.command(
    "import",
    epilog="""\b
Examples:
  kakao-session import kakao_token.json
  kakao-session import --client-id KEY kakao_code.json
""",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace the saved login even if it is newer, of another app, or can be refreshed and "
    "FILE's can't.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=False))
@shared_options
def import_file(options: Options, *, file: str, force: bool) -> None:
    """Import a login from FILE.

    FILE is a JSON file with a token, such as the tutorials save. Its name does not matter. It is
    not changed.
    """
    token = _read(file, options.client_id)
    if why := why_unsendable(options.app_key(token), None, lambda: token):
        raise Failure(why)
    with options.store.lock():
        if not force:
            stored = options.store.load_any() or Token()
            _check(options, stored, token)
            token = _completed(token, stored)
        options.store.save(token)
    output.say(_("Saved the login in {path}.", path=options.path), "green")
    output.say_pair(_("access token"), access_token_expiry(token))
    output.say_pair(_("refresh token"), refresh_token_expiry(token))
    command = command_for_login("login")
    if not token.get("refresh_token"):
        output.warn(
            _("It has no refresh token and cannot be refreshed. Run: {command}", command=command)
        )
    elif token.is_refresh_token_expired():
        output.warn(_("Its refresh token has expired. Run: {command}", command=command))
    elif not options.app_key(token):
        output.warn(
            _(
                "{file} has no app_key. Set KAKAO_REST_API_KEY, or import it with --client-id.",
                file=file,
            )
        )
    source = Path(file).resolve()
    is_complete = options.app_key(token) and token.get("refresh_token")
    if is_complete and source.is_file() and not source.samefile(options.path):
        output.say(
            _(
                "{file} still has the tokens. Delete it: it stops working when Kakao replaces the "
                "refresh token.",
                file=source,
            )
        )


def _read(file: str, client_id: str | None) -> Token:
    try:
        with Path(file).open("rb") as opened:  # may be a pipe, as in: import /dev/stdin
            content = opened.read(LARGEST_FILE + 1)
            written_at = os.fstat(opened.fileno()).st_mtime
        token = parse(content, written_at)
        if is_encrypted(token):
            raise Failure(
                _("{file} is encrypted. Use it with --token-file and its key.", file=file)
            )
    except OSError as error:
        raise Failure(
            _("Could not read {file}: {reason}.", file=file, reason=error.strerror)
        ) from None
    except ValueError as error:
        reason = why_no_token(error)
        raise Failure(_("{file} has no token: {reason}.", file=file, reason=reason)) from None
    if client_id:
        return token.with_app(client_id, token.get("client_secret"))
    return token


def _completed(token: Token, stored: Token) -> Token:
    """Keep what the saved login has, and a tutorial's file does not: the app's key and secret."""
    if token.is_same_as(stored):
        return Token({**stored, **token})
    return Token({**{name: stored[name] for name in _APP if name in stored}, **token})


def _check(options: Options, stored: Token, token: Token) -> None:
    """:raises Failure: the saved login is better than *token*, or may be."""
    if not stored or stored.is_same_as(token):
        return
    if stored.can_be_refreshed() and not token.can_be_refreshed():
        raise Failure(
            _(
                "{path} has a login that can be refreshed, and this file has no valid refresh "
                "token. To replace the login anyway, use --force.",
                path=options.path,
            )
        )
    key, saved_key = options.app_key(token), stored.get("app_key")
    if key and saved_key and key != saved_key:
        raise Failure(
            _(
                "{path} has a login of another app. To replace it anyway, use --force.",
                path=options.path,
            )
        )
    if _may_be_newer(stored, token):
        raise Failure(
            _(
                "{path} has another login, which may be newer than this one. To replace it anyway, "
                "use --force.",
                path=options.path,
            )
        )


def _may_be_newer(stored: Token, token: Token) -> bool:
    if stored.issued_at == -math.inf and stored.can_be_refreshed():  # nobody knows
        return True
    end, stored_end = (each.get("refresh_token_expires_at") for each in (token, stored))
    ends_sooner = end is not None and stored_end is not None and end < stored_end
    return token.issued_at <= stored.issued_at or ends_sooner
