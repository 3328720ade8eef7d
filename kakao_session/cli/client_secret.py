"""The client secret of the REST API key: whether it is missing, and the question for it."""

from __future__ import annotations

import click

from kakao_session.cli.i18n import _
from kakao_session.cli.signals import raise_on_sigterm
from kakao_session.login.flow import SECRET_IS_REQUIRED
from kakao_session.token import Token
from kakao_session.token_endpoint import ClientCredentials

SECRET_VARIABLE = "KAKAO_CLIENT_SECRET"  # noqa: S105 - its name


def is_secret_missing(token: Token) -> bool:
    """Whether a refresh of *token* needs a client secret, and there is none.

    If the token file does not say so, none is missing.
    """
    found = ClientCredentials(None, None).client_secret(lambda: token)
    return token.get(SECRET_IS_REQUIRED) is True and not found


def ask_for_secret(question: str) -> str | None:
    """:returns: what the user types, which is not shown; ``None`` if that is nothing."""
    with raise_on_sigterm():
        answer: str = click.prompt(question, default="", show_default=False, hide_input=True)
    return answer.strip() or None


def ask_to_save_secret() -> bool:
    """:returns: whether the user wants the client secret in the token file."""
    return click.confirm(
        _("Save the client secret in the token file? Only you can read it."), default=True
    )
