"""``kakao-session unlink``: disconnect the user from the app."""

from __future__ import annotations

import click

from kakao_session.cli import output
from kakao_session.cli.i18n import _
from kakao_session.cli.options import Options, shared_options
from kakao_session.cli.signals import defer_signals


@click.command(
    epilog="""\b
Examples:
  kakao-session unlink
  kakao-session unlink --yes --token-file bot.json
"""
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@shared_options
def unlink(options: Options, *, yes: bool) -> None:
    """Disconnect the user from the app.

    All tokens of the user for the app end, on every machine, and the user's consent is withdrawn.
    You are asked first.
    """
    options.load()
    if not yes and not _confirm():
        output.say(_("Nothing was changed."))
        click.get_current_context().exit(1)
    with options.active_session() as session:
        options.store.wait_until_free()
        with defer_signals():
            user = session.unlink().get("id")
    path = options.path
    if path.exists():
        output.say(
            _(
                "Disconnected user {user} from the app. {path} has another login by now, which "
                "stays.",
                user=user,
                path=path,
            )
        )
    else:
        output.say(
            _("Disconnected user {user} from the app. Deleted {path}.", user=user, path=path)
        )


def _confirm() -> bool:
    if not output.is_interactive():
        raise click.UsageError(
            _("unlink needs confirmation. Run it with --yes when there is no terminal.")
        )
    return click.confirm(
        _(
            "This disconnects the user from the app: all tokens of the user end, on every machine, "
            "and the user has to agree again. Continue?"
        )
    )
