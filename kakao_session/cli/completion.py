"""``kakao-session completion``: what makes a shell complete this command."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

_SHELLS = {"bash": BashComplete, "fish": FishComplete, "zsh": ZshComplete}
_VARIABLE = "_KAKAO_SESSION_COMPLETE"


@click.command(
    epilog="""\b
Put one of these lines where the shell reads it at its start:
  eval "$(kakao-session completion bash)"      ~/.bashrc
  eval "$(kakao-session completion zsh)"       ~/.zshrc, after compinit
  kakao-session completion fish | source       ~/.config/fish/config.fish
"""
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what completes kakao-session in SHELL."""
    click.echo(_SHELLS[shell](ctx.find_root().command, {}, "kakao-session", _VARIABLE).source())
