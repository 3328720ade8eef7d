"""The ``kakao-session`` command. It needs the extra ``cli``."""

from __future__ import annotations

import sys

from kakao_session.cli.i18n import _


def main() -> None:
    """Run the command. This is the entry point of the console script."""
    try:
        from kakao_session.cli.app import app
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as error:
        sys.exit(missing_extra(error, "cli,emulator" if sys.argv[1:2] == ["emulate"] else "cli"))
    app(prog_name="kakao-session")


def missing_extra(error: ModuleNotFoundError, extra: str) -> str:
    """:returns: how to install the package that is missing.

    :raises ModuleNotFoundError: it is one of our own.
    """
    name = (error.name or "").partition(".")[0]
    if name == "kakao_session":
        raise error
    return _(
        '{name} is not installed. Run:\n    pip install "kakao-session[{extra}]"',
        name=name,
        extra=extra,
    )
