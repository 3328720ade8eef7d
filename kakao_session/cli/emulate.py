"""``kakao-session emulate``: run an unmodified program against a local Kakao."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from kakao_session.cli import install_line
from kakao_session.cli.child import run
from kakao_session.cli.story import TokenFile, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kakao_session.emulator import KakaoEmulator

LOGIN_HOURS_AGO = 7
_NEEDED = {"flask", "werkzeug", "trustme"}


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--fresh", is_flag=True, help="Let the login be of just now, not of 7 hours ago.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ...]")
def emulate(command: tuple[str, ...], *, fresh: bool) -> None:
    """Run COMMAND against a local Kakao and show what went over the wire.

    COMMAND is not changed and goes on using Kakao's real host names: HTTPS_PROXY and the variables
    for certificates lead it here, and nowhere else. A user is logged in already, seven hours ago:
    KAKAO_SESSION_TOKEN_FILE names the file with his tokens and KAKAO_REST_API_KEY is the app's key.

    Without COMMAND, the local Kakao serves until Ctrl-C; paste the lines it prints into a shell.
    """
    with _local_kakao() as kakao, TemporaryDirectory(prefix="kakao-session-") as folder:
        token_file = write_token_file(kakao, Path(folder), 0 if fresh else LOGIN_HOURS_AGO)
        variables = {
            **kakao.environment(),
            "KAKAO_SESSION_TOKEN_FILE": str(token_file),
            "KAKAO_REST_API_KEY": kakao.app_key,
        }
        before = TokenFile.read(token_file, kakao)
        status = _run(command, variables) if command else _serve(variables)
        tell(before, kakao.requests, TokenFile.read(token_file, kakao))
    sys.exit(status)


def write_token_file(kakao: KakaoEmulator, folder: Path, hours_ago: float) -> Path:
    """Leave a token file as the tutorial leaves it: what the token endpoint answered, and the key.

    :param hours_ago: when the user logged in and the file was written.
    """
    kakao.advance(hours=-hours_ago)
    token = kakao.login()
    kakao.advance(hours=hours_ago)
    token_file = folder / "kakao_token.json"
    token_file.write_text(json.dumps({**token, "app_key": kakao.app_key}), encoding="utf-8")
    token_file.chmod(0o644)
    written = time.time() - hours_ago * 3600
    os.utime(token_file, (written, written))
    return token_file


@contextmanager
def _local_kakao() -> Iterator[KakaoEmulator]:
    try:
        from kakao_session.emulator import KakaoEmulator
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        line = install_line("emulator")
        raise click.ClickException(f"the local Kakao needs more:\n    {line}") from error
    with KakaoEmulator(rate_limit=True) as kakao:
        yield kakao


def _run(command: tuple[str, ...], variables: dict[str, str]) -> int:
    environment = {**os.environ, **variables}
    environment.pop("KAKAO_CLIENT_SECRET", None)  # a real one is none of the local Kakao's business
    try:
        return run(command, environment)
    except FileNotFoundError:
        click.echo(f"kakao-session: {command[0]}: command not found", err=True)
        return 127
    except PermissionError:
        click.echo(f"kakao-session: {command[0]}: cannot be executed", err=True)
        return 126


def _serve(variables: dict[str, str]) -> int:
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    for variable, value in variables.items():
        click.echo(f"export {variable}={shlex.quote(value)}")
    click.echo("A local Kakao is there until Ctrl-C. Paste the lines above into a shell.", err=True)
    stopped.wait()
    return 0
