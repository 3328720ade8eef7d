"""The person's browser: whether there is one, and opening it beside this program."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from kakao_session.cli.access import SECRET_VARIABLE

_IN_THE_TERMINAL = {"www-browser", "links", "elinks", "lynx", "w3m"}
_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def is_there_a_browser() -> bool:
    """Whether a window can open where the person sits. A browser in the terminal is none."""
    if not os.environ.get("BROWSER") and not _has_windows():
        return False
    try:
        browser = webbrowser.get()
    except (webbrowser.Error, ValueError):  # none, or quotes in BROWSER that do not end
        return False
    return Path(getattr(browser, "name", "")).name not in _IN_THE_TERMINAL


def open_browser(url: str, failed: Callable[[], None]) -> None:
    """Open *url*, and go on at once.

    :param failed: called, perhaps later and in another thread, if no browser could be opened.
    """
    threading.Thread(target=_open, args=(url, failed), daemon=True).start()


def _open(url: str, failed: Callable[[], None]) -> None:
    # A process of its own: browsers write to the terminal, some stay until they are closed, and a
    # Ctrl-C that gives up the login must not end the person's browser.
    done = subprocess.run(  # noqa: S603 - this Python, and a URL as an argument
        [sys.executable, "-I", "-c", _OPEN, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != SECRET_VARIABLE},
        check=False,
    )
    if done.returncode:
        failed()


def _has_windows() -> bool:
    if sys.platform == "win32":
        return True
    if sys.platform == "darwin":
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
