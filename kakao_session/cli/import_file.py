"""``kakao-session import``: take over a login that a tutorial's script has left in a file."""

from __future__ import annotations

from pathlib import Path

import click

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.failure import Failure
from kakao_session.cli.language import say
from kakao_session.cli.standing import access_token_end, refresh_token_end
from kakao_session.stores.file import LARGEST_FILE, FileTokenStore, parse
from kakao_session.token import Token, now


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
    path = Path(file)
    token = FileTokenStore(file).load() if path.is_file() else _from_pipe(path)
    if token is None:  # removed since click looked
        raise click.BadParameter(say("no_file", file=file))
    if client_id:
        token["app_key"] = client_id
    return token


def _from_pipe(path: Path) -> Token | None:
    """Read what another program writes, as in ``... | kakao-session import /dev/stdin``."""
    try:
        with path.open("rb") as pipe:
            content = pipe.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    try:
        return parse(content, now())
    except ValueError as error:
        raise Failure(say("no_token", file=path, why=error)) from None


def _check(access: Access, stored: Token | None, token: Token) -> None:
    """:raises Failure: the stored login is worth more than *token*, or may be."""
    if stored is None or stored.is_same_as(token):
        return
    if stored.can_be_refreshed() and not token.can_be_refreshed():
        raise Failure(say("import_less", path=access.path))
    if token.issued_at <= stored.issued_at:
        raise Failure(say("import_newer", path=access.path))
