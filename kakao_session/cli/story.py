"""What a program did, told in three parts: before, on the wire, after. Tokens by fingerprint."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kakao_session.emulator.clock import in_words
from kakao_session.emulator.tokens import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kakao_session.emulator import KakaoEmulator
    from kakao_session.emulator.journal import Record

_ROWS = 40
_TOKENS = ("access_token", "refresh_token")


@dataclass(frozen=True)
class TokenFile:
    """What a token file held at one moment, without any secret.

    :param name: of the file.
    :param age: when it was written, in words.
    :param trouble: why nothing could be read; empty if it could.
    :param mode: the file's permissions, as ``0600``.
    :param fingerprints: of the access token and of the refresh token.
    :param lives: what Kakao knows of each, in words.
    :param app_key: whether the field is there.
    """

    name: str
    age: str = "which is not there"
    trouble: str = ""
    mode: str = ""
    fingerprints: tuple[str | None, str | None] = (None, None)
    lives: tuple[str, str] = ("", "")
    app_key: bool = False

    @classmethod
    def read(cls, path: Path, kakao: KakaoEmulator) -> TokenFile:
        """:returns: the file as it stands, whatever a program has made of it."""
        try:
            stat = path.stat()
            age = f"written {in_words(max(0.0, time.time() - stat.st_mtime))} ago"
            mode = f"{stat.st_mode & 0o7777:04o}"
            fields = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            return cls(path.name, trouble=error.strerror or "cannot be read")
        except ValueError:
            return cls(path.name, age, trouble="no readable JSON", mode=mode)
        if not isinstance(fields, dict):
            return cls(path.name, age, trouble="no JSON object", mode=mode)
        access, refresh = (fields.get(name) for name in _TOKENS)
        return cls(
            path.name,
            age,
            mode=mode,
            fingerprints=(_named(access), _named(refresh)),
            lives=(_life(access, kakao), _life(refresh, kakao)),
            app_key="app_key" in fields,
        )


def tell(before: TokenFile, requests: Sequence[Record], after: TokenFile) -> None:
    """Print the story on stderr, where it does not mix with what the program has printed."""
    console = Console(stderr=True, highlight=False)
    console.print()
    console.print(Text("BEFORE", "bold"), Text(f"{before.name}, {before.age}", "dim"))
    console.print(_file(before))
    console.print()
    console.print(Text("ON THE WIRE", "bold"), Text(_count(requests), "dim"))
    if requests:
        console.print(_wire(requests))
    console.print()
    console.print(Text("AFTER", "bold"), Text(f"{after.name}, {after.age}", "dim"))
    console.print(_file(after, before))


def _named(token: Any) -> str | None:
    return fingerprint(token) if isinstance(token, str) else None


def _life(token: Any, kakao: KakaoEmulator) -> str:
    issue = kakao.find(token) if isinstance(token, str) else None
    if issue is None:
        return "unknown to Kakao"
    if issue.ended:
        return issue.ended
    left = issue.expires_at - kakao.now()
    return f"ends in {in_words(left)}" if left > 0 else f"ended {in_words(-left)} ago"


def _file(now: TokenFile, before: TokenFile | None = None) -> Table:
    grid = Table.grid(padding=(0, 2))
    if now.trouble:
        grid.add_row("", Text(now.trouble, "red"))
        return grid
    for place, label in enumerate(("access token", "refresh token")):
        name, life = now.fingerprints[place], now.lives[place]
        style = "green" if life.startswith("ends in") else "red"
        change = _change(name, before.fingerprints[place]) if before else ""
        grid.add_row("", label, Text(name or "none", "cyan"), Text(life, style), change)
    app_key = "kept" if now.app_key and before else "there" if now.app_key else "gone"
    grid.add_row("", "app_key", app_key)
    grid.add_row("", "file mode", now.mode)
    return grid


def _change(now: str | None, before: str | None) -> Text:
    return Text("the same", "dim") if now == before else Text("new", "bold green")


def _count(requests: Sequence[Record]) -> str:
    if not requests:
        return "nothing: the program made no request to Kakao"
    tokens = sum(record.service == "kauth" for record in requests)
    calls = sum(record.service in ("kapi", "dapi") for record in requests)
    failed = sum(not _good(record) for record in requests)
    return f"{tokens} to the login, {calls} to the API; {failed or 'none'} failed"


def _wire(requests: Sequence[Record]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True)
    table.add_column("time", no_wrap=True, style="dim")
    table.add_column("request", overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("token", no_wrap=True, style="cyan")
    table.add_column("decided, and why", overflow="fold", style="dim")
    for record in requests[:_ROWS]:
        table.add_row(*_row(record))
    if len(requests) > _ROWS:
        table.add_row("", f"and {len(requests) - _ROWS} more")
    return table


def _good(record: Record) -> bool:
    return record.status is not None and record.status < 400


def _row(record: Record) -> tuple[Text, ...]:
    host = record.host if record.service == "proxy" else f"{record.service}.kakao.com"
    at = datetime.fromtimestamp(record.time).astimezone()
    issued = f"\n→ {record.issued}" if record.issued else ""
    return (
        Text(f"{at:%H:%M:%S}"),
        Text(f"{record.method} {host}\n{record.path}".rstrip()),
        Text(
            "-" if record.status is None else str(record.status),
            "green" if _good(record) else "red",
        ),
        Text(f"{record.sent or ''}{issued}"),
        Text(record.note),
    )
