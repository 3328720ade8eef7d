"""``kakao-session request``: one call to the Kakao API with the login."""

from __future__ import annotations

import json
import shlex

import click
from requests import Response

from kakao_session.cli import screen
from kakao_session.cli.access import Access, with_access
from kakao_session.cli.explain import explain
from kakao_session.cli.failure import Failure
from kakao_session.cli.interrupts import uninterrupted
from kakao_session.cli.language import say
from kakao_session.cli.request_arguments import (
    Pairs,
    address,
    content_of,
    headers_of,
    is_at_kauth,
    pairs,
)
from kakao_session.endpoints import KAKAO
from kakao_session.errors import KakaoAPIError, ScopeRequiredError, json_object, raise_for_kakao

_TOKENS = {"access_token", "refresh_token", "id_token"}


@click.command(
    epilog="""\b
Examples:
  kakao-session request GET /v2/user/me
  kakao-session request POST /v2/api/talk/memo/default/send -d template_object="$(cat hello.json)"
  kakao-session request GET https://dapi.kakao.com/v2/search/web -d query=제주

The login goes to kapi.kakao.com, the REST API key to dapi.kakao.com, and neither anywhere else.

Exit status: 0 if the answer's is below 400, else 1.
"""
)
@click.option(
    "-d",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    callback=pairs("=", "KEY=VALUE"),
    help="A field: of the query for GET, DELETE and HEAD, else of the form.",
)
@click.option(
    "-H",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    callback=pairs(":", "NAME:VALUE"),
    help="A header.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Send the fields as a JSON object. A VALUE that is JSON itself is sent as such.",
)
@click.argument(
    "method",
    type=click.Choice(
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"],
        case_sensitive=False,
    ),
    metavar="METHOD",
)
@click.argument("url", metavar="PATH_OR_URL", callback=address)
@with_access
def request(
    access: Access, *, method: str, url: str, fields: Pairs, headers: Pairs, as_json: bool
) -> None:
    """Make a call to the Kakao API.

    It prints the body of the answer: laid out on a terminal if it is JSON, elsewhere as it came,
    byte by byte. PATH_OR_URL is a path such as /v2/user/me, or a URL.
    """
    with access.session() as session:
        if url.startswith(("/", f"{KAKAO.api_url}/")):
            with uninterrupted():
                session.ensure_active_token()
        response = session.request(
            method, url, headers=headers_of(headers), **content_of(method, fields, as_json)
        )
    if is_at_kauth(response.url) and not _TOKENS.isdisjoint(json_object(response)):
        raise Failure(say("request_token_endpoint"))  # however its path was written
    _print_body(response.content)
    _exit_with(response)


def _print_body(body: bytes) -> None:
    if not screen.stdout().is_terminal:
        click.echo(body, nl=False)
    elif body:
        screen.tell_json_or_text(laid_out(body))


def laid_out(body: bytes) -> str:
    """:returns: a body as a person reads it."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return say("request_binary", size=len(body))
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text.rstrip("\n")


def _exit_with(response: Response) -> None:
    try:
        raise_for_kakao(response)
    except KakaoAPIError as error:
        screen.complain(explain(error))
        if isinstance(error, ScopeRequiredError) and error.required_scopes:
            options = [word for scope in error.required_scopes for word in ("--scope", scope)]
            command = shlex.join(["kakao-session", "login", *options])
            screen.warn(say("request_scopes", command=command))
        click.get_current_context().exit(1)
