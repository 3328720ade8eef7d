"""The app's REST API key and its secret, which the person may have to be asked for."""

from __future__ import annotations

import os
from typing import NamedTuple

import click

from kakao_session.cli import screen
from kakao_session.cli.access import SECRET_VARIABLE
from kakao_session.cli.failure import Failure
from kakao_session.cli.interrupts import unwinding
from kakao_session.cli.language import say
from kakao_session.token import Token
from kakao_session.token_endpoint import ClientCredentials


class AppKeys(NamedTuple):
    """:param secret_is_stored: whether the token file holds this very secret already."""

    key: str
    secret: str | None
    secret_is_stored: bool


def ask_for_app_keys(client_id: str | None, stored: Token) -> AppKeys:
    """:returns: the keys of the app to log in to.

    :param client_id: the REST API key, if it is given.
    :param stored: the login of before, which may know the keys; empty if there is none.
    :raises Failure: the REST API key is missing, and nobody is there to be asked.
    """
    key = ClientCredentials(client_id, None).client_id(lambda: stored) or _ask_key()
    known = stored.get("client_secret") if stored.get("app_key", key) == key else None
    secret = os.environ.get(SECRET_VARIABLE) or _ask_secret(bool(known)) or known
    return AppKeys(key, secret, secret is not None and secret == known)


def _ask_key() -> str:
    if not screen.somebody_answers():
        raise Failure(say("no_key"))
    return str(click.prompt(say("ask_key"))).strip()


def _ask_secret(one_is_known: bool) -> str | None:
    if not screen.somebody_answers():
        return None
    question = say("ask_secret_again" if one_is_known else "ask_secret")
    with unwinding():  # to a terminal that shows again what is typed
        answer: str = click.prompt(question, default="", show_default=False, hide_input=True)
    return answer.strip() or None
