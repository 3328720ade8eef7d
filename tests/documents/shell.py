"""Runs the commands of a document, and those of a crontab."""

import re
import shlex
import subprocess
from typing import NamedTuple

from tests.documents.results import matches

ONLY_PARSED = {
    ".venv/bin/pytest": "it would run these tests; .ci/run runs it",
    "docker": "there is no Docker here; the commands of the Dockerfile run",
    "aws": "there is no AWS here; the function runs with a stand-in for boto3",
    "flask": "it serves until it is stopped; the tests use the app's test client",
}
"""Programs that don't run here, and why. Their commands are only parsed."""

_SEPARATOR = "\x1e"
_FIELD = r"(?:\*(?:/\d+)?|\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)"
_LINE_OF_CRON = re.compile(rf"(?P<when>(?:{_FIELD} +){{5}})(?P<command>.+)")


class Typed(NamedTuple):
    """A command, and its output in the document; ``None`` if there is none."""

    command: str
    output: str | None


def run_console(text):
    """Run a ``console`` block: lines of commands, or commands with ``$`` and their output."""
    lines = list(typed(text))
    commands = [line.command for line in lines]
    _parse("\n".join(commands))
    runnable = [":" if only_parsed(command) else command for command in commands]
    done = _bash(f"\nprintf '{_SEPARATOR}'\n".join(["set -eo pipefail", *runnable, ""]))
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    for line, output in zip(lines, done.stdout.split(_SEPARATOR)[1:], strict=False):
        if line.output is not None:
            assert matches(line.output, output.strip("\n")), f"{line.command}\n{output}"


def run_crontab(text):
    """Run each command of a crontab once, with sh as cron does."""
    for line in text.splitlines():
        if not line or line.startswith("#") or re.fullmatch(r"\w+=\S*", line):
            continue
        entry = _LINE_OF_CRON.fullmatch(line)
        assert entry, f"not a line of a crontab: {line}"
        assert "%" not in entry["command"], "cron reads % as the end of the line"
        done = _run(["/bin/sh", "-c", entry["command"]])
        assert done.returncode == 0, f"{line}\n{done.stdout}"


def run_script(text, environment=None, folder=None):
    """Run a script, such as a step of a workflow. :returns: its output."""
    _parse(text)
    if only_parsed(text):
        return ""
    done = _bash(f"set -eo pipefail\n{text}", environment, folder)
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    return done.stdout.strip()


def only_parsed(command):
    """:returns: why this command does not run here; ``None`` if it does."""
    return next((ONLY_PARSED[name] for name in _programs(command) if name in ONLY_PARSED), None)


def _programs(command):
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    is_next = True
    for word in words:
        if set(word) <= set("();<>|&"):
            is_next = True
        elif is_next and not re.match(r"\w+=", word):
            is_next = False
            yield word


def typed(text):
    """:returns: the commands of a ``console`` block."""
    text = text.replace("\\\n", "")
    if "$ " not in text[:2]:
        yield from (Typed(line, None) for line in text.splitlines() if line.strip())
        return
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield Typed(command, output.rstrip("\n") or None)


def _parse(script):
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), script


def _bash(script, environment=None, folder=None):
    return _run(["bash", "-c", script], environment, folder)


def _run(command, environment=None, folder=None):
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=environment,
        timeout=300,
        check=False,
    )
