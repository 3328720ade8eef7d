"""``kakao-session send``: a message to yourself on KakaoTalk ("나에게 보내기")."""

from __future__ import annotations

import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import click

from kakao_session.cli import output
from kakao_session.cli.errors import Failure
from kakao_session.cli.i18n import _
from kakao_session.cli.options import Options, TextType, shared_options
from kakao_session.errors import ScopeRequiredError, raise_for_kakao
from kakao_session.session import KakaoSession

LONGEST = 200
"""Characters in a text message (Kakao Developers, Message template > Text)."""

MOST_MESSAGES = 20
_LONGEST_INPUT = 1 << 20
_MOST_DROPPED = 1 << 28
"""Bytes of a longer input that are read and dropped. A program that can't write dies of SIGPIPE."""

_REPLACED = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "…"
_PATH = "/v2/api/talk/memo/default/send"


class LinkType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """The URL of a web page."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """:returns: the URL."""
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable():
            self.fail(_("A link starts with https:// or http://."), param, ctx)
        return str(value)


@click.command(
    epilog="""\b
Examples:
  kakao-session send "The backup is done."
  make 2>&1 | tail -3 | kakao-session send
  kakao-session send --link https://example.com/report --button "Open the report" "All done"

\b
Kakao asks for the user's consent once:
  kakao-session login --scope talk_message
"""
)
@click.option(
    "--link",
    type=LinkType(),
    metavar="URL",
    help="The page that the message opens. Register its domain in the console: App > Product link "
    "> Web domain.",
)
@click.option("--button", metavar="TITLE", type=TextType(), help="The title of the button.")
@click.option(
    "--split", is_flag=True, help="Send a long text as several messages. Without this, it is cut."
)
@click.argument("words", nargs=-1, metavar="[TEXT]")
@shared_options
def send(
    options: Options, *, words: tuple[str, ...], link: str | None, button: str | None, split: bool
) -> None:
    """Send a message to yourself on KakaoTalk.

    Without TEXT, the message is what comes from a pipe. Kakao takes 200 characters in a message.
    """
    text = _readable(os.fsencode(" ".join(words)) if words else _piped())
    if not text:
        raise Failure(_("There is no text to send."))
    messages = _split(text) if split else [_cut(text)]
    with options.active_session() as session:
        for number, message in enumerate(messages, 1):
            try:
                _send(session, _template(message, link, button))
            except Exception:
                _say_what_was_sent(number - 1, len(messages))
                raise
    output.say(_("Sent.") if len(messages) == 1 else _("Sent {count} messages.", count=number))


def _send(session: KakaoSession, template: dict[str, Any]) -> None:
    """:raises KakaoError: Kakao did not take the message."""
    form = {"template_object": json.dumps(template, ensure_ascii=False)}
    try:
        raise_for_kakao(session.post(_PATH, data=form))
    except ScopeRequiredError as error:
        error.required_scopes = error.required_scopes or ("talk_message",)
        raise


def _template(text: str, link: str | None, button: str | None) -> dict[str, Any]:
    """:returns: a text template. Kakao wants the field ``link``, even if it has none."""
    template: dict[str, Any] = {"object_type": "text", "text": text, "link": {}}
    if link is not None:
        template["link"] = {"web_url": link, "mobile_web_url": link}
    if button is not None:
        template["button_title"] = button
    return template


def _say_what_was_sent(sent: int, count: int) -> None:
    if count > 1:
        output.warn(_("Sent {sent} of {count} messages.", sent=sent, count=count))


# The text -----------------------------------------------------------------------------------------


def _piped() -> bytes:
    """:raises UsageError: there is no pipe."""
    if output.is_interactive() or sys.stdin is None or sys.stdin.closed:
        raise click.UsageError(
            _(
                "There is no text to send. Add it, or send the output of a command:\n"
                '    kakao-session send "The backup is done."\n'
                "    make 2>&1 | tail -3 | kakao-session send"
            )
        )
    stdin = sys.stdin.buffer
    content = stdin.read(_LONGEST_INPUT)
    for _dropped in range(0, _MOST_DROPPED, _LONGEST_INPUT):
        if not stdin.read(_LONGEST_INPUT):
            break
    return content


def _readable(written: bytes) -> str:
    """:returns: the text as a person would type it: without colors and the last newline."""
    text = written.decode(errors="replace")
    if _REPLACED in text.rstrip(_REPLACED):  # at the end, a character may have been cut in half
        output.warn(
            _(
                "The text is not UTF-8, so some characters are broken. Convert it first, for "
                "example with: iconv -f cp949 -t utf-8"
            )
        )
    return click.unstyle(text).replace("\r\n", "\n").strip()


def _cut(text: str) -> str:
    if _length(text) <= LONGEST:
        return text
    output.warn(
        _(
            "The text has more than {longest} characters, so it was cut. To send all of it, use "
            "--split.",
            longest=LONGEST,
        )
    )
    return _start(text, LONGEST - 1).rstrip() + _ELLIPSIS


def _split(text: str) -> list[str]:
    """:returns: the messages, each of whole lines or words if possible.

    :raises Failure: they are too many.
    """
    messages = []
    while text:
        part = _start(text, LONGEST)
        if part != text and not text[len(part)].isspace():
            end = max(part.rfind("\n"), part.rfind(" "))
            part = part[:end] if end > 0 else part
        messages.append(part.rstrip())
        text = text[len(part) :].lstrip()
        if len(messages) > MOST_MESSAGES:
            raise Failure(
                _("The text needs more than {count} messages. Shorten it.", count=MOST_MESSAGES)
            )
    return messages


def _start(text: str, length: int) -> str:
    """:returns: as much of *text* as has *length* characters."""
    while _length(text) > length:
        text = text[: -max(1, (_length(text) - length) // 2)]
    return text


def _length(text: str) -> int:
    """:returns: how many characters Java and JavaScript count. An emoji is two or more of them."""
    return len(text.encode("utf-16-le")) // 2
