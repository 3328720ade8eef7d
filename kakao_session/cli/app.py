"""The command's root, under which each subcommand has a module of its own."""

from __future__ import annotations

import click

from kakao_session.cli.emulate import emulate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kakao-session")
def app() -> None:
    """Keep a Kakao login alive, and try programs against a local Kakao."""


app.add_command(emulate)
