"""The ``kakao-session`` command. It needs the extra ``cli``, and says so where that is missing."""

from __future__ import annotations

import sys

_NEEDED = {"click", "rich"}


def main() -> None:
    """Run the command; the entry point of the console script."""
    try:
        from kakao_session.cli.app import app
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        extra = "all" if sys.argv[1:2] == ["emulate"] else "cli"
        sys.exit(f"This command needs more than the library:\n    {install_line(extra)}")
    app(prog_name="kakao-session")


def install_line(extra: str) -> str:
    """:returns: what to type to get an extra."""
    return f"pip install 'kakao-session[{extra}]'"
