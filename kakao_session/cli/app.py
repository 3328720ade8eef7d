"""The root of the command, with the subcommands, and how it ends."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete
from requests import RequestException
from urllib3.exceptions import HTTPError

from kakao_session.cli import output
from kakao_session.cli.emulate import emulate
from kakao_session.cli.errors import FAILED, Failure, explain, explain_usage
from kakao_session.cli.i18n import _, translated_help
from kakao_session.cli.import_file import import_file
from kakao_session.cli.login import login
from kakao_session.cli.logout import logout
from kakao_session.cli.refresh import refresh
from kakao_session.cli.request import request
from kakao_session.cli.send import send
from kakao_session.cli.signals import CLOSED_PIPE, INTERRUPTED
from kakao_session.cli.status import status
from kakao_session.cli.unlink import unlink

_SHELLS = {"bash": BashComplete, "fish": FishComplete, "zsh": ZshComplete}
_SECOND_COLUMN = "\0"


class _HelpFormatter(click.HelpFormatter):
    """Counts columns. click counts characters, and a Hangul syllable is two columns wide."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that shows how the command is used."""
        super().write_usage(prog, args, prefix or f"{_('Usage:')} ")

    def write_heading(self, heading: str) -> None:
        """Write the heading of a list."""
        super().write_heading(_(heading))

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(_widened(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        """Write a list of options or commands."""
        super().write_dl([(name, _widened(text)) for name, text in rows], *args, **kwargs)

    def getvalue(self) -> str:
        """:returns: the help."""
        return super().getvalue().replace(_SECOND_COLUMN, "")


class _Context(click.Context):
    formatter_class = _HelpFormatter


class App(click.Group):
    """A group of commands that prints an error as a sentence, and its help in the user's language.

    Exit status: 0, or 1 for a failure, 2 for a mistake in the command line, 130 after Ctrl-C, 141
    if nothing reads the output any more.
    """

    context_class = _Context

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command line and exit."""
        output.prepare()
        with _closed_pipe():
            try:
                status = self._status(*args, **kwargs)
            except BrokenPipeError:
                raise
            except OSError:  # stderr is full, too
                output.discard(sys.stderr)
                status = FAILED
        sys.exit(status)

    def _status(self, *args: Any, **kwargs: Any) -> Any:
        """:returns: the exit status of a command line."""
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False})
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except click.ClickException as error:
            _show(error)
            status = error.exit_code
        except click.Abort as error:
            status = _aborted(error)
        except OSError as error:
            output.discard(sys.stdout)
            reason = error.strerror or type(error).__name__
            output.error(_("Could not continue: {reason}.", reason=reason))
            status = FAILED
        return status

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line. This prints the help."""
        with _closed_pipe():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand."""
        try:
            with _closed_pipe():
                return super().invoke(ctx)
        except (RequestException, HTTPError) as error:
            raise Failure(explain(error)) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise Failure(explain(error)) from error  # requests can't find the CA bundle

    def list_commands(self, ctx: click.Context) -> list[str]:
        """:returns: the subcommands in the order in which a user needs them."""
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """:returns: a subcommand with its help in the user's language."""
        command = super().get_command(ctx, cmd_name)
        return command and _translated(command)

    def get_help(self, ctx: click.Context) -> str:
        """:returns: the help in the user's language."""
        return click.Group.get_help(_translated(self), ctx)


@click.group(
    cls=App,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Start with:
  kakao-session login --client-id YOUR_REST_API_KEY
  kakao-session request GET /v2/user/me
  kakao-session send "Hello from my computer"
""",
)
@click.version_option(package_name="kakao-session")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Stay logged in at Kakao, and test programs against a local Kakao."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(click.UsageError.exit_code)


@click.command(
    epilog="""\b
Add one of these lines to the file on the right:
  eval "$(kakao-session completion bash)"      ~/.bashrc
  eval "$(kakao-session completion zsh)"       ~/.zshrc
  kakao-session completion fish | source       ~/.config/fish/config.fish

In zsh, it must come after compinit.
"""
)
@click.argument("shell", type=click.Choice(list(_SHELLS)), metavar="SHELL")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that lets SHELL complete kakao-session."""
    root = ctx.find_root().command
    click.echo(_SHELLS[shell](root, {}, "kakao-session", "_KAKAO_SESSION_COMPLETE").source())


for command in (
    *(login, status, refresh, logout, unlink),
    *(import_file, request, send, emulate, completion),
):
    app.add_command(command)


def _translated(command: click.Command) -> click.Command:
    twin = copy.copy(command)
    twin.context_class = _Context
    twin.help = command.help and translated_help(command.help)
    twin.epilog = command.epilog and translated_help(command.epilog)
    twin.params = [copy.copy(param) for param in command.params]
    for option in twin.params:
        if isinstance(option, click.Option):
            option.help = option.help and translated_help(option.help)
    twin.add_help_option = False  # click's own is in English
    click.help_option("-h", "--help", help=_("Show this message and exit."))(twin)
    return twin


def _widened(text: str) -> str:
    """:returns: *text* with as many characters as it has columns."""
    return re.sub("[가-힣]", rf"\g<0>{_SECOND_COLUMN}", text)


def _show(error: click.ClickException) -> None:
    if not isinstance(error, click.UsageError):
        error.show()
        return
    if error.ctx:
        command = f"{error.ctx.command_path} --help"
        output.note(f"{error.ctx.get_usage()}\n{_('Help: {command}', command=command)}\n")
    output.error(explain_usage(error))


@contextmanager
def _closed_pipe() -> Iterator[None]:
    """End the command if nothing reads its output. click would end it with 1, a failure."""
    try:
        yield
    except BrokenPipeError:
        output.discard(sys.stdout)
        output.discard(sys.stderr)
        sys.exit(CLOSED_PIPE)


def _aborted(error: click.Abort) -> int:
    """:returns: the exit status. click raises the same for Ctrl-C and for the end of stdin."""
    if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
        output.warn(_("Interrupted."))
        return INTERRUPTED
    output.warn(_("No answer. Nothing was changed."))
    return FAILED
