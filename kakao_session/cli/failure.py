"""How a command ends when it fails: a sentence on stderr, an exit status, never a traceback."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO, Any, TextIO

import click
from requests import RequestException
from urllib3.exceptions import HTTPError

from kakao_session.cli import screen
from kakao_session.cli.explain import explain
from kakao_session.cli.interrupts import INTERRUPTED
from kakao_session.cli.language import say


class Failure(click.ClickException):
    """A command can't do what it was asked; the message says why and what to do now."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it on stderr."""
        screen.complain(self.message)


class FailingWell(click.Group):
    """A group of commands whose failures are told to a person.

    Exit status: 0, or 1 for a failure, 2 for a mistake in the command line, 130 after Ctrl-C.
    """

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command line, and exit."""
        screen.prepare()
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False})
            sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            status = error.exit_code
        except click.Abort as error:
            status = _aborted(error)
        except OSError as error:
            drop_what_is_unprinted(sys.stdout)
            screen.complain(say("os_error", reason=error.strerror or type(error).__name__))
            status = 1
        sys.exit(status)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """:returns: the subcommands as they were added: what a person does first comes first."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand."""
        try:
            return super().invoke(ctx)
        except (RequestException, HTTPError) as error:
            raise Failure(explain(error)) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise Failure(explain(error)) from error  # requests can't find the CA bundle


def drop_what_is_unprinted(stream: TextIO) -> None:
    """Python would try again to write it at its end, and print a traceback."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _aborted(error: click.Abort) -> int:
    """:returns: the exit status; click makes the same of Ctrl-C and of an end of stdin."""
    if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
        screen.warn(say("interrupted"))
        return INTERRUPTED
    screen.warn(say("no_answer"))
    return 1
