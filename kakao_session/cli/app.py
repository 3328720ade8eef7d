"""The command's root, under which each subcommand has a module of its own."""

from __future__ import annotations

import click

from kakao_session.cli.completion import completion
from kakao_session.cli.emulate import emulate
from kakao_session.cli.failure import FailingWell
from kakao_session.cli.import_file import import_file
from kakao_session.cli.login import login
from kakao_session.cli.logout import logout
from kakao_session.cli.refresh import refresh
from kakao_session.cli.request import request
from kakao_session.cli.status import status
from kakao_session.cli.unlink import unlink


@click.group(
    cls=FailingWell,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Begin with:
  kakao-session login --client-id YOUR_REST_API_KEY
  kakao-session request GET /v2/user/me
""",
)
@click.version_option(package_name="kakao-session")
def app() -> None:
    """Keep a Kakao login alive, and try programs against a local Kakao."""


for command in (login, status, refresh, logout, unlink, import_file, request, emulate, completion):
    app.add_command(command)
