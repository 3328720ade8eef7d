"""``kakao-session refresh``: renew the login now."""

from __future__ import annotations

import click

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.interrupts import uninterrupted
from kakao_session.cli.language import say
from kakao_session.cli.standing import access_token_end, refresh_token_end, renews_refresh_token
from kakao_session.session import KakaoSession
from kakao_session.token import Token


@click.command(
    epilog="""\b
A line for cron that keeps a login alive which nothing else uses:
  17 4 1,15 * *  kakao-session refresh --if-needed >/dev/null

It runs on two days of every month. A refresh token lives for two months, and Kakao renews it only
in the last of them: a line that runs once a month can miss that month by a day.
"""
)
@click.option(
    "--if-needed",
    is_flag=True,
    help="Only if the access token is about to end, or the refresh token is in its last month.",
)
@with_access
def refresh(access: Access, *, if_needed: bool) -> None:
    """Renew the login now.

    The access token is renewed, and the refresh token when it is in its last month.

    Programs need not do this: a session renews its login by itself. It is for a login that is used
    more seldom than every two months. What goes wrong is told on stderr.
    """
    before = access.load()
    with access.session() as session, uninterrupted():
        after = _renewed_if_needed(session, before) if if_needed else session.refresh_token()
    if after.is_same_as(before):
        screen.tell(say("renewal_not_needed", end=access_token_end(after)))
        return
    screen.tell(say("renewed", end=access_token_end(after)), "green")
    kept = after.get("refresh_token") == before.get("refresh_token")
    words = "refresh_token_same" if kept else "refresh_token_new"
    screen.tell(say(words, end=refresh_token_end(after)))


def _renewed_if_needed(session: KakaoSession, before: Token) -> Token:
    if renews_refresh_token(before):
        return session.refresh_token()
    return session.ensure_active_token()
