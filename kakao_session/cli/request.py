"""``kakao-session request``: one call to the Kakao API with the login.

No error repeats an argument, which may be a secret.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import click
from requests import Request, Response

from kakao_session.cli import output
from kakao_session.cli.errors import FAILED, Failure, explain
from kakao_session.cli.i18n import _
from kakao_session.cli.options import Options, is_text, shared_options
from kakao_session.endpoints import KAKAO
from kakao_session.errors import KakaoAPIError, json_object, raise_for_kakao

_TOKENS = {"access_token", "refresh_token", "id_token"}
_WITH_QUERY = {"GET", "DELETE", "HEAD"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_TOKEN_ENDPOINT = urlsplit(KAKAO.token_url)

Pair = tuple[str, str]


class FieldType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """``KEY=VALUE``, as a pair."""

    name = "field"
    separator = "="
    shape = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Pair:
        """:returns: key and value."""
        name, separator, rest = value.partition(self.separator)
        if not separator or not name.strip():
            self.fail(_("It must look like {shape}.", shape=self.shape), param, ctx)
        if not is_text(value):
            self.fail(_("It is not UTF-8 text."), param, ctx)
        return name, rest


class HeaderType(FieldType):
    """``NAME:VALUE``, as a pair."""

    name = "header"
    separator = ":"
    shape = "NAME:VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Pair:
        """:returns: name and value of a header that can be sent."""
        name, rest = super().convert(value, param, ctx)
        if not _HEADER_NAME.fullmatch(name.strip()) or set(rest) & set("\r\n"):
            self.fail(_("It must look like {shape}.", shape=self.shape), param, ctx)
        return name.strip(), rest.strip()


class AddressType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A path of the Kakao API, or a URL. Those that answer with tokens are refused."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """:returns: the path or URL."""
        if not is_text(value):
            self.fail(_("It is not UTF-8 text."), param, ctx)
        sent = _sent_url(value)
        if sent is None:
            self.fail(
                _("Start with / for the Kakao API, and with https:// for other URLs."), param, ctx
            )
        if _is_at_kauth(sent) and _names(urlsplit(sent).path) == _names(_TOKEN_ENDPOINT.path):
            self.fail(_tokens_are_not_printed(), param, ctx)
        return str(value)


@click.command(
    epilog="""\b
Examples:
  kakao-session request GET /v2/user/me
  kakao-session request POST /v2/api/talk/memo/default/send -d template_object="$(cat hello.json)"
  kakao-session request GET https://dapi.kakao.com/v2/search/web -d query=제주

The access token goes to kapi.kakao.com only, and the REST API key to dapi.kakao.com only.

Exit status: 0 if the HTTP status is below 400, else 1.
"""
)
@click.option(
    "-d",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    type=FieldType(),
    help="A field: of the query for GET, DELETE and HEAD, of the form for other methods.",
)
@click.option(
    "-H",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    type=HeaderType(),
    help="A header.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Send the fields as a JSON object. A VALUE that is JSON is sent as JSON.",
)
@click.argument(
    "method",
    type=click.Choice(
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"],
        case_sensitive=False,
    ),
    metavar="METHOD",
)
@click.argument("url", metavar="PATH_OR_URL", type=AddressType())
@shared_options
def request(
    options: Options,
    *,
    method: str,
    url: str,
    fields: tuple[Pair, ...],
    headers: tuple[Pair, ...],
    as_json: bool,
) -> None:
    """Call the Kakao API and print the response body.

    JSON is indented on a terminal. Otherwise the body is printed as it is. PATH_OR_URL is a path
    such as /v2/user/me, or a URL.
    """
    has_own = any(name.lower() == "authorization" for name, _value in headers)
    needs_token = url.startswith(("/", f"{KAKAO.api_url}/")) and not has_own
    with options.active_session() if needs_token else options.session() as session:
        response = session.request(
            method,
            url,
            headers={name: value.encode() for name, value in headers},
            **_content(method, fields, as_json),
        )
    if _is_at_kauth(response.url) and not _TOKENS.isdisjoint(json_object(response)):
        raise Failure(_tokens_are_not_printed())
    _print_body(response.content)
    _exit_with_status(response)


def for_terminal(body: bytes) -> str:
    """:returns: a body as text, indented if it is JSON."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _("{size} bytes of binary data. To save them, add: > FILE", size=len(body))
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text.rstrip("\n")


def _print_body(body: bytes) -> None:
    if not output.is_terminal():
        click.echo(body, nl=False)
    elif body:
        output.say(for_terminal(body))


def _exit_with_status(response: Response) -> None:
    try:
        raise_for_kakao(response)
    except KakaoAPIError as error:
        output.error(explain(error))
        click.get_current_context().exit(FAILED)


def _content(method: str, fields: tuple[Pair, ...], as_json: bool) -> dict[str, Any]:
    """:returns: the arguments of ``session.request`` for the fields."""
    if not fields:
        return {}
    if as_json:
        return {"json": {name: _json_or_text(value) for name, value in fields}}
    return {"params" if method in _WITH_QUERY else "data": list(fields)}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _sent_url(value: str) -> str | None:
    """:returns: the URL as requests sends it; ``None`` if it can't be sent, or not over https."""
    is_path = value.startswith("/")
    try:
        parts = urlsplit(value)
        prepared = Request("GET", f"{KAKAO.api_url}{value}" if is_path else value).prepare()
    except ValueError:  # requests' errors about URLs are ValueErrors too
        return None
    return prepared.url if is_path or (parts.scheme == "https" and parts.hostname) else None


def _is_at_kauth(url: str) -> bool:
    return (urlsplit(url).hostname or "").rstrip(".") == _TOKEN_ENDPOINT.hostname


def _names(path: str) -> list[str]:
    return [name for name in unquote(path).split("/") if name]


def _tokens_are_not_printed() -> str:
    return _("The response has tokens, which are never printed. Run: kakao-session refresh")
