"""The redirect URI as it comes from the command line."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

import click

from kakao_session.cli.language import say
from kakao_session.login.flow import REDIRECT_URI


def checked(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """:returns: the address as it was written: Kakao compares it literally.

    :raises BadParameter: it can't be registered in the console.
    """
    try:
        fits = value is None or _fits(value, urlsplit(value))
    except ValueError:
        fits = False
    if not fits:
        raise click.BadParameter(say("odd_redirect"))
    return value


def redirect_uri(given: str | None, port: int | None) -> str:
    """:returns: the redirect URI that the two options amount to.

    :raises UsageError: both are given.
    """
    if given and port:
        raise click.UsageError(say("port_or_uri"))
    usual = urlsplit(REDIRECT_URI)
    return given or usual._replace(netloc=f"{usual.hostname}:{port or usual.port}").geturl()


def _fits(value: str, parts: SplitResult) -> bool:
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and parts.port != 0
        and not set(value) & set("?#@\\")
        and value.isprintable()
        and " " not in value
    )
