"""``kakao-session emulate``: run an unmodified program against a local Kakao."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from kakao_session.cli import missing_extra, output
from kakao_session.cli.client_secret import SECRET_VARIABLE
from kakao_session.cli.errors import Failure
from kakao_session.cli.i18n import _, mark, translated
from kakao_session.cli.signals import run_child, stop_event
from kakao_session.cli.token_file import KEY_VARIABLE

if TYPE_CHECKING:
    from kakao_session.emulator import KakaoEmulator

LOGIN_HOURS_AGO = 7
_OF_A_REAL_APP = {SECRET_VARIABLE, KEY_VARIABLE}
"""Variables of the user's real app. The program must not see them."""

_WHY_NOT_SWITCH = (
    mark("there is no switch {name}"),
    mark("{name} takes {values}"),
    mark("{one} or {other}"),
)

_SECONDS = click.IntRange(1)


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog="""\b
Examples:
  kakao-session emulate -- kakao-session request GET /v2/user/me
  kakao-session emulate --fresh -- python my_bot.py
""",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="N",
    help="The port of the proxy and the control page. Default: a free port.",
)
@click.option("--fresh", is_flag=True, help="Start with a user who logged in just now.")
@click.option(
    "--access-lifetime", type=_SECONDS, metavar="S", help="Seconds that an access token lives."
)
@click.option(
    "--refresh-lifetime", type=_SECONDS, metavar="S", help="Seconds that a refresh token lives."
)
@click.option("--no-rate-limit", is_flag=True, help="Do not limit token requests (KOE237).")
@click.option("--client-secret", metavar="SECRET", help="Require this client secret.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Register a redirect URI. Can be repeated. Default: every URI is accepted.",
)
@click.option(
    "--consent",
    type=click.Choice(["page", "given", "denied"]),
    default="page",
    help="Show the consent page, or let the user agree or cancel at once. Default: page.",
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set another switch of the emulator, such as logout_ends=access_token.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ...]")
def emulate(
    command: tuple[str, ...],
    *,
    port: int,
    fresh: bool,
    no_rate_limit: bool,
    switches: tuple[str, ...],
    **given: Any,
) -> None:
    """Run COMMAND against a local Kakao and show its requests.

    COMMAND is not modified and uses Kakao's real host names: HTTPS_PROXY and the variables for
    certificates redirect it to the local Kakao. Requests to other hosts are refused.

    The emulator starts with a user who logged in seven hours ago. KAKAO_SESSION_TOKEN_FILE is the
    file with their tokens, KAKAO_REST_API_KEY the app's key, and KAKAO_EMULATOR_URL the control
    page, which takes JSON too.

    Without COMMAND, the local Kakao runs until Ctrl-C. Paste the lines that it prints into another
    terminal.
    """
    options = {name: value for name, value in given.items() if value not in (None, ())}
    settings = {"rate_limit": not no_rate_limit, **options}
    with (
        _local_kakao(port, settings, switches) as kakao,
        TemporaryDirectory(prefix="kakao-session-") as folder,
    ):
        token_file = kakao.write_token_file(
            Path(folder, "kakao_token.json"), hours_ago=0 if fresh else LOGIN_HOURS_AGO
        )
        token_file.chmod(0o644)  # as the tutorial leaves it
        status = _run_and_report(command, kakao, token_file)
    sys.exit(status)


def _run_and_report(command: tuple[str, ...], kakao: KakaoEmulator, token_file: Path) -> int:
    from kakao_session.cli.report import FileState, print_report

    variables = {
        **kakao.environment(),
        "KAKAO_SESSION_TOKEN_FILE": str(token_file),
        "KAKAO_REST_API_KEY": kakao.app_key,
    }
    if kakao.client_secret is not None:
        variables[SECRET_VARIABLE] = kakao.client_secret
    before = FileState.read(token_file, kakao)
    status = _run(command, variables) if command else _serve(variables)
    with _ignoring_closed_stderr():
        print_report(before, kakao.requests, FileState.read(token_file, kakao))
    return status


@contextmanager
def _local_kakao(
    port: int, settings: dict[str, Any], switches: tuple[str, ...]
) -> Iterator[KakaoEmulator]:
    try:
        import rich  # noqa: F401 - for the report

        from kakao_session.emulator import KakaoEmulator
        from kakao_session.emulator.switches import read_switch
    except ModuleNotFoundError as error:
        raise Failure(missing_extra(error, "cli,emulator")) from error
    try:
        settings = {**settings, **dict(map(read_switch, switches))}
    except ValueError as error:
        why = translated(str(error), _WHY_NOT_SWITCH)
        raise click.BadParameter(why, param_hint="'--switch'") from error
    kakao = KakaoEmulator(port=port, **settings)
    try:
        kakao.start()
    except OSError as error:
        raise Failure(
            _("Could not use port {port}: {reason}.", port=port, reason=error.strerror)
        ) from error
    with kakao:
        yield kakao


def _run(command: tuple[str, ...], variables: dict[str, str]) -> int:
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_REAL_APP}
    try:
        return run_child(command, {**kept, "PATH": _path(), **variables})
    except FileNotFoundError:
        status, problem = 127, _("command not found")
    except OSError as error:
        status, problem = 126, _("cannot be run: {reason}", reason=error.strerror)
    with _ignoring_closed_stderr():
        click.echo(output.printable(f"kakao-session: {command[0]}: {problem}"), err=True)
    raise click.exceptions.Exit(status)


def _path() -> str:
    """:returns: PATH, and the folder of this command: its environment may not be activated."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


@contextmanager
def _ignoring_closed_stderr() -> Iterator[None]:
    """The exit status is the program's, even if the report can't be printed."""
    try:
        yield
    except (OSError, SystemExit):  # rich exits if a pipe is broken
        output.discard(sys.stderr)


def _serve(variables: dict[str, str]) -> int:
    with stop_event() as stopped:
        for variable, value in variables.items():
            click.echo(f"export {variable}={shlex.quote(value)}")
        for variable in sorted(_OF_A_REAL_APP.difference(variables)):
            click.echo(f"unset {variable}")
        click.echo(
            _(
                "The local Kakao runs until you press Ctrl-C. Paste the lines above into another "
                "terminal."
            ),
            err=True,
        )
        click.echo(_("Control page: {url}", url=f"{variables['KAKAO_EMULATOR_URL']}/"), err=True)
        stopped.wait()
    click.echo(_("\nTo use the real Kakao again, open a new shell."), err=True)
    return 0
