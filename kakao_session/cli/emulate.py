"""``kakao-session emulate``: run an unmodified program against a local Kakao."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from kakao_session.cli import install_line
from kakao_session.cli.child import run
from kakao_session.cli.failure import drop_what_is_unprinted
from kakao_session.cli.story import TokenFile, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kakao_session.emulator import KakaoEmulator

LOGIN_HOURS_AGO = 7
_NEEDED = {"flask", "werkzeug", "trustme", "cryptography", "jwt"}
_PREFIX = "kakao-session-"
_SECONDS = click.IntRange(1)


def _read_switches(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    from kakao_session.emulator.switches import read_switch

    try:
        return dict(read_switch(text) for text in given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="N",
    help="Of the proxy and the control page; any that is free if not given.",
)
@click.option("--fresh", is_flag=True, help="Let the login be of just now, not of 7 hours ago.")
@click.option(
    "--access-lifetime", type=_SECONDS, metavar="S", help="Seconds an access token lives."
)
@click.option(
    "--refresh-lifetime", type=_SECONDS, metavar="S", help="Seconds a refresh token lives."
)
@click.option("--no-rate-limit", is_flag=True, help="Do not count token requests (KOE237).")
@click.option("--client-secret", metavar="SECRET", help="Switch the key's client secret on.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Register a redirect URI (several times for several); any will do if not given.",
)
@click.option(
    "--consent",
    type=click.Choice(["page", "given", "denied"]),
    default="page",
    show_default=True,
    help="What the user does when asked: decide on the page, agree, or cancel.",
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=POSITION",
    callback=_read_switches,
    help="Any other switch of the emulator: logout_ends=access_token, say.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ...]")
def emulate(
    command: tuple[str, ...],
    *,
    port: int,
    fresh: bool,
    no_rate_limit: bool,
    switches: dict[str, Any],
    **given: Any,
) -> None:
    """Run COMMAND against a local Kakao and show what went over the wire.

    COMMAND is not changed and goes on using Kakao's real host names: HTTPS_PROXY and the variables
    for certificates lead it here, and nowhere else. A user is logged in already, seven hours ago:
    KAKAO_SESSION_TOKEN_FILE names the file with his tokens and KAKAO_REST_API_KEY is the app's key.
    KAKAO_EMULATOR_URL is the control page, which can be driven with JSON too.

    Without COMMAND, the local Kakao serves until Ctrl-C; paste the lines it prints into a shell.
    """
    options = {name: value for name, value in given.items() if value not in (None, ())}
    settings = {"rate_limit": not no_rate_limit, **options, **switches}
    with _local_kakao(port, settings) as kakao, TemporaryDirectory(prefix=_PREFIX) as folder:
        token_file = kakao.write_token_file(
            Path(folder, "kakao_token.json"), hours_ago=0 if fresh else LOGIN_HOURS_AGO
        )
        token_file.chmod(0o644)  # as the tutorial leaves it
        variables = {
            **kakao.environment(),
            "KAKAO_SESSION_TOKEN_FILE": str(token_file),
            "KAKAO_REST_API_KEY": kakao.app_key,
        }
        if kakao.client_secret is not None:
            variables["KAKAO_CLIENT_SECRET"] = kakao.client_secret
        before = TokenFile.read(token_file, kakao)
        status = _run(command, variables) if command else _serve(variables)
        with _if_it_can_be_told():
            tell(before, kakao.requests, TokenFile.read(token_file, kakao))
    sys.exit(status)


@contextmanager
def _local_kakao(port: int, settings: dict[str, Any]) -> Iterator[KakaoEmulator]:
    with _extra_needed():
        from kakao_session.emulator import KakaoEmulator
    kakao = KakaoEmulator(port=port, **settings)
    try:
        kakao.start()
    except OSError as error:
        raise click.ClickException(f"port {port} can't be used: {error.strerror}") from error
    with kakao:
        yield kakao


@contextmanager
def _extra_needed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        line = install_line("emulator")
        raise click.ClickException(f"the local Kakao needs more:\n    {line}") from error


def _run(command: tuple[str, ...], variables: dict[str, str]) -> int:
    environment = {**os.environ, **variables}
    if "KAKAO_CLIENT_SECRET" not in variables:  # a real one is none of the local Kakao's business
        environment.pop("KAKAO_CLIENT_SECRET", None)
    try:
        return run(command, environment)
    except FileNotFoundError:
        status, why = 127, "command not found"
    except OSError as error:
        status, why = 126, f"cannot be executed: {error.strerror}"
    with _if_it_can_be_told():
        click.echo(f"kakao-session: {command[0]}: {why}", err=True)
    return status


@contextmanager
def _if_it_can_be_told() -> Iterator[None]:
    """Let the exit status be the program's, whether stderr takes the rest or not."""
    try:
        yield
    except (OSError, SystemExit):  # rich exits where a pipe is broken
        drop_what_is_unprinted(sys.stderr)


def _serve(variables: dict[str, str]) -> int:
    stopped = threading.Event()
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & {*dir(signal)}:
        signal.signal(getattr(signal, name), lambda *_: stopped.set())
    for variable, value in variables.items():
        click.echo(f"export {variable}={shlex.quote(value)}")
    if "KAKAO_CLIENT_SECRET" not in variables:
        click.echo("unset KAKAO_CLIENT_SECRET")
    click.echo("A local Kakao is there until Ctrl-C. Paste the lines above into a shell.", err=True)
    click.echo(f"Its control page: {variables['KAKAO_EMULATOR_URL']}/", err=True)
    stopped.wait()
    click.echo(f"\nTake them out of that shell again: unset {' '.join(variables)}", err=True)
    return 0
