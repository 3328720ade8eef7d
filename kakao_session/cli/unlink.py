"""``kakao-session unlink``: part the user from the app."""

from __future__ import annotations

import click

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.interrupts import uninterrupted
from kakao_session.cli.language import say


@click.command(
    epilog="""\b
Examples:
  kakao-session unlink
  kakao-session unlink --yes --token-file bot.json
"""
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask first.")
@with_access
def unlink(access: Access, *, yes: bool) -> None:
    """Disconnect the user from the app.

    Every token of the user for the app ends, on every machine, and so does the user's consent. It
    asks first.
    """
    access.load()
    if not yes and not _agrees():
        screen.tell(say("unlink_not"))
        click.get_current_context().exit(1)
    with access.session() as session, uninterrupted():
        user = session.unlink().get("id")
    screen.tell(say("unlinked", user=user, path=access.path))


def _agrees() -> bool:
    if not screen.somebody_answers():
        raise click.UsageError(say("unlink_needs_yes"))
    return click.confirm(say("ask_unlink"))
