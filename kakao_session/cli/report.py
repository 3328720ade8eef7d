"""The report of ``emulate``: the token file before, the requests, the token file after."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kakao_session.cli.expiry import in_words
from kakao_session.cli.i18n import _
from kakao_session.cli.output import printable
from kakao_session.emulator.notes import Note
from kakao_session.redaction import fingerprint

if TYPE_CHECKING:
    from kakao_session.emulator import KakaoEmulator
    from kakao_session.emulator.journal import Record

_ROWS = 40
"""The table shows so many requests, and all that failed."""

_TOKENS = ("access_token", "refresh_token")


@dataclass(frozen=True)
class FileState:
    """A token file at one moment, without any secret.

    :param name: its name.
    :param written_at: when it was written, unix seconds; ``None`` if it is not there.
    :param problem: why it can't be read; empty if it can.
    :param mode: its permissions, such as ``0600``.
    :param fingerprints: of access token and refresh token.
    :param expiries: what Kakao knows about each of them.
    :param has_app_key: whether it has the field ``app_key``.
    """

    name: str
    written_at: float | None = None
    problem: str = ""
    mode: str = ""
    fingerprints: tuple[str | None, ...] = (None, None)
    expiries: tuple[Text, ...] = field(default=(), compare=False)
    has_app_key: bool = False

    @classmethod
    def read(cls, path: Path, kakao: KakaoEmulator) -> FileState:
        """:returns: the file as it is now."""
        try:
            status = path.stat()
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            return cls(path.name, problem=error.strerror or _("Could not read it"))
        except ValueError:
            return cls(path.name, status.st_mtime, problem=_("It is not JSON"))
        try:
            fields = json.loads(text)
            tokens = [fields.get(name) for name in _TOKENS]
        except (ValueError, AttributeError, RecursionError):
            return cls(path.name, status.st_mtime, problem=_("It has no JSON object"))
        return cls(
            path.name,
            status.st_mtime,
            mode=f"{status.st_mode & 0o7777:04o}",
            fingerprints=tuple(
                fingerprint(token) if isinstance(token, str) else None for token in tokens
            ),
            expiries=tuple(_expiry(token, kakao) for token in tokens),
            has_app_key="app_key" in fields,
        )


def print_report(before: FileState, requests: Sequence[Record], after: FileState) -> None:
    """Print the report on stderr, apart from what the program printed.

    The token file is in it only if the program has changed it.
    """
    console = Console(stderr=True, highlight=False)
    is_changed = before != after
    console.print()
    if is_changed:
        console.print(_title(_("BEFORE"), f"{before.name}, {_age(before)}"))
        console.print(_file(before))
        console.print()
    console.print(_title(_("ON THE WIRE"), _summary(requests)))
    if requests:
        console.print(_table(requests))
    if is_changed:
        console.print()
        console.print(_title(_("AFTER"), f"{after.name}, {_change(before, after)}"))
        console.print(_file(after, before))


def _title(title: str, details: str) -> Text:
    return Text.assemble((title, "bold"), " ", (details, "dim"))


def _age(file: FileState) -> str:
    if file.written_at is None:
        return _("not there")
    return _("written {when}", when=in_words(min(0.0, file.written_at - time.time())))


def _change(before: FileState, after: FileState) -> str:
    if after.written_at is None:
        return _("not there")
    return _("unchanged") if after.written_at == before.written_at else _("rewritten")


def _expiry(token: Any, kakao: KakaoEmulator) -> Text:
    issued = kakao.find(token) if isinstance(token, str) else None
    if issued is None:
        return Text(_("unknown to Kakao"), "red")
    if issued.ended:
        return Text(_(issued.ended), "red")
    left = issued.expires_at - kakao.now()
    if left <= 0:
        return Text(_("expired {when}", when=in_words(left)), "red")
    return Text(_("expires {when}", when=in_words(left)), "green")


def _file(file: FileState, before: FileState | None = None) -> Table:
    grid = Table.grid(padding=(0, 2))
    if file.problem:
        grid.add_row("", Text(file.problem, "red"))
        return grid
    labels = (_("access token"), _("refresh token"))
    old_names = before.fingerprints if before else (None, None)
    for label, name, expiry, old in zip(
        labels, file.fingerprints, file.expiries, old_names, strict=False
    ):
        grid.add_row(
            "",
            label,
            Text(name or _("none"), "cyan"),
            expiry,
            _comparison(name, old) if before else "",
        )
    grid.add_row("", "app_key", _("yes") if file.has_app_key else _("no"))
    grid.add_row("", _("file mode"), file.mode)
    return grid


def _comparison(name: str | None, old: str | None) -> Text:
    return Text(_("same"), "dim") if name == old else Text(_("new"), "bold green")


def _summary(requests: Sequence[Record]) -> str:
    if not requests:
        return _(
            "no request reached the emulator; if your program made some, it does not use "
            'HTTPS_PROXY or does not trust SSL_CERT_FILE: see "The emulator and your language" in '
            "the documentation"
        )
    return _(
        "{logins} to the login, {calls} to the API; {failed} failed",
        logins=sum(record.service == "kauth" for record in requests),
        calls=sum(record.service in ("kapi", "dapi") for record in requests),
        failed=sum(record.failed for record in requests),
    )


def _table(requests: Sequence[Record]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True)
    table.add_column(_("time"), no_wrap=True, style="dim")
    table.add_column(_("request"), overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column(_("token"), no_wrap=True, style="cyan")
    table.add_column(_("what Kakao did"), overflow="fold", style="dim")
    shown = [record for number, record in enumerate(requests) if number < _ROWS or record.failed]
    for record in shown:
        table.add_row(*_row(record))
    if len(requests) > len(shown):
        table.add_row("", _("and {count} more", count=len(requests) - len(shown)))
    return table


def _row(record: Record) -> tuple[Text, ...]:
    host = record.host if record.service == "proxy" else f"{record.service}.kakao.com"
    at = datetime.fromtimestamp(record.time).astimezone()
    issued = f"\n→ {record.issued}" if record.issued else ""
    return (
        Text(f"{at:%H:%M:%S}"),
        Text(printable(f"{record.method} {host}\n{record.path}".rstrip())),
        Text(str(record.status or "-"), "red" if record.failed else "green"),
        Text(f"{record.sent or ''}{issued}"),
        Text(printable(_translated(Note(record.note)))),
    )


def _translated(note: Note) -> str:
    """:returns: what the emulator decided, in the user's language."""
    parts = {
        name: _translated(value) if isinstance(value, Note) else value
        for name, value in note.values.items()
    }
    return _(note.english, **parts)
