"""``kakao-session import``: take over a login that a tutorial's script has left in a file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.failure import Failure
from kakao_session.cli.language import say
from kakao_session.cli.standing import access_token_end, refresh_token_end
from kakao_session.stores.file import LARGEST_FILE, FileTokenStore, parse
from kakao_session.token import Token


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
    help="Replace the stored login even if it is newer, or can be refreshed and FILE can't.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=False))
@with_access
def import_file(access: Access, *, file: str, force: bool) -> None:
    """Take over a login from FILE.

    FILE holds a token as JSON, such as the tutorials leave it; its name does not matter. It stays
    as it is.
    """
    token = _read(file, access.client_id)
    with access.store.lock():
        if not force:
            stored = access.store.load()
            _check(access, stored, token)
            if token.is_same_as(stored):
                token = Token({**(stored or {}), **token})  # what only the stored one knows stays
        access.store.save(token)
    screen.tell(say("imported", path=access.path), "green")
    screen.tell_pair(say("label_access"), access_token_end(token))
    screen.tell_pair(say("label_refresh"), refresh_token_end(token))
    if token.is_refresh_token_expired():
        screen.warn(f"{say('import_dead')} {say('log_in')}")
    if not access.app_key(token):
        screen.warn(say("import_no_key"))
    if FileTokenStore(file).path.resolve() != access.path.resolve():
        screen.tell(say("import_delete", file=file))


def _read(file: str, client_id: str | None) -> Token:
    try:
        with Path(file).open("rb") as opened:  # a pipe will do, too, as in import /dev/stdin
            content = opened.read(LARGEST_FILE + 1)
            written_at = os.fstat(opened.fileno()).st_mtime
        token = parse(content, written_at)
    except FileNotFoundError:  # removed since click looked
        raise click.BadParameter(say("no_file", file=file)) from None
    except OSError as error:
        raise Failure(say("unreadable", file=file, why=error.strerror)) from None
    except ValueError as error:
        raise Failure(say("no_token", file=file, why=error)) from None
    if client_id:
        return token.with_app(client_id, token.get("client_secret"))
    return token


def _check(access: Access, stored: Token | None, token: Token) -> None:
    """:raises Failure: the stored login is worth more than *token*, or may be."""
    if stored is None or stored.is_same_as(token):
        return
    if stored.can_be_refreshed() and not token.can_be_refreshed():
        raise Failure(say("import_less", path=access.path))
    if token.issued_at <= stored.issued_at or _ends_sooner(token, stored):
        raise Failure(say("import_newer", path=access.path))


def _ends_sooner(token: Token, stored: Token) -> bool:
    end, stored_end = (each.get("refresh_token_expires_at") for each in (token, stored))
    return end is not None and stored_end is not None and end < stored_end
