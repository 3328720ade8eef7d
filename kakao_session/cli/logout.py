"""``kakao-session logout``: end the login, here in any case."""

from __future__ import annotations

import click
from requests import RequestException

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.explain import explain
from kakao_session.cli.interrupts import uninterrupted
from kakao_session.cli.language import say
from kakao_session.errors import LoginRequiredError, TokenStoreError


@click.command(
    epilog="""\b
Examples:
  kakao-session logout
  kakao-session logout --token-file bot.json
"""
)
@with_access
def logout(access: Access) -> None:
    """Log out, at Kakao and here.

    The tokens end at Kakao and are removed here, even if Kakao can't be reached. The user's consent
    stays; to end that, too, use unlink.
    """
    access.load()
    path = access.path
    try:
        with access.session() as session, uninterrupted():
            session.logout()
    except TokenStoreError:
        raise
    except LoginRequiredError:
        screen.tell(say("was_over", path=path))
    except RequestException as error:
        screen.warn(say("logged_out_here", path=path, why=explain(error)))
    else:
        screen.tell(say("logged_out", path=path))
