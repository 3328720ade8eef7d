"""``kakao-session logout``: end the login, at Kakao and here."""

from __future__ import annotations

import click
from requests import RequestException

from kakao_session.cli import output
from kakao_session.cli.errors import explain
from kakao_session.cli.i18n import _
from kakao_session.cli.options import Options, shared_options
from kakao_session.cli.signals import defer_signals
from kakao_session.errors import ConfigurationError, LoginRequiredError, TokenStoreError
from kakao_session.session import KakaoSession


@click.command(
    epilog="""\b
Examples:
  kakao-session logout
  kakao-session logout --token-file bot.json
"""
)
@shared_options
def logout(options: Options) -> None:
    """Log out at Kakao and delete the token file.

    The token file is deleted even if Kakao can't be reached. The app stays connected to the user.
    To disconnect it, use unlink.
    """
    options.ask_for_missing_secret(options.load())
    with options.session() as session:
        _refresh_if_needed(session)
        options.store.wait_until_free()
        with defer_signals():
            _log_out(session, options)


def _refresh_if_needed(session: KakaoSession) -> None:
    """:raises ConfigurationError: the client secret is wrong, for example. Nothing is deleted.
    :raises TokenStoreError: the token file could not be locked, for example. Nothing is deleted.
    """
    try:
        session.ensure_active_token()
    except (ConfigurationError, TokenStoreError):
        raise
    except RequestException:  # it comes again
        pass


def _log_out(session: KakaoSession, options: Options) -> None:
    path = options.path
    try:
        session.logout()
    except TokenStoreError:
        raise
    except LoginRequiredError:
        output.say(_("The login had already ended. Deleted {path}.", path=path))
    except (RequestException, OSError) as error:  # requests can't find the CA bundle
        output.warn(
            _(
                "Deleted {path}, but could not log out at Kakao: the tokens stay valid there until "
                "they expire. To end them now, log in again and run `kakao-session unlink`, or "
                "disconnect the app in the settings of your Kakao account. The reason: {why}",
                path=path,
                why=explain(error),
            )
        )
    else:
        if path.exists():
            output.say(_("Logged out. {path} has another login by now, which stays.", path=path))
        else:
            output.say(_("Logged out. Deleted {path}.", path=path))
