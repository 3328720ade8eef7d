"""``kakao-session refresh``: refresh the login now."""

from __future__ import annotations

import click

from kakao_session.cli import output
from kakao_session.cli.errors import FAILED
from kakao_session.cli.expiry import (
    access_token_expiry,
    refresh_token_expiry,
    replaces_refresh_token,
)
from kakao_session.cli.i18n import _
from kakao_session.cli.options import Options, shared_options


@click.command(
    epilog="""\b
To keep an unused login alive, add this line to your crontab:
  17 4 1,15 * *  kakao-session refresh --if-needed >/dev/null

It runs twice a month. A refresh token lives for 60 days, and Kakao replaces it only when it has
less than a month left. A job that runs once a month can miss that time.
"""
)
@click.option(
    "--if-needed",
    is_flag=True,
    help="Refresh only if the access token expires soon, or the refresh token has less than a "
    "month left.",
)
@shared_options
def refresh(options: Options, *, if_needed: bool) -> None:
    """Refresh the token now.

    Kakao sends a new access token, and a new refresh token if the old one has less than a month
    left.

    Your programs do not need this: a session refreshes its token itself. Use it for a login that
    nothing uses for weeks. Errors go to stderr, with a hint on how to fix them.
    """
    before = options.load()
    refreshes = not if_needed or replaces_refresh_token(before) is True
    options.ask_for_missing_secret(before, refreshes=refreshes)
    with options.session() as session:
        after = session.refresh_token() if refreshes else session.ensure_active_token()
    if before.is_same_as(options.store.load()) and not after.is_same_as(before):
        # It was not saved, and a warning has said why.
        click.get_current_context().exit(FAILED)
    if after.is_same_as(before):
        output.say(_("Not needed yet: access token {expiry}.", expiry=access_token_expiry(after)))
        return
    output.say(_("New access token: {expiry}.", expiry=access_token_expiry(after)), "green")
    if after.get("refresh_token") == before.get("refresh_token"):
        output.say(_("Same refresh token: {expiry}.", expiry=refresh_token_expiry(after)))
    else:
        output.say(_("New refresh token: {expiry}.", expiry=refresh_token_expiry(after)))
