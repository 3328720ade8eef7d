"""Help, documents and completion: every command and option is told everywhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import kakao_session
from kakao_session.cli.app import app
from tests.required import program

DOCUMENT = Path(__file__).parents[2] / "docs" / "command.md"


def options(command):
    return [param for param in command.params if isinstance(param, click.Option)]


@pytest.mark.parametrize("name", app.commands)
def test_command__has_help(name, run):
    command = app.commands[name]
    assert command.help
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout == run(name, "-h").stdout
    for option in options(command):
        assert option.help
        for spelling in option.opts:
            assert spelling in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.parametrize("name", app.commands)
def test_command__is_documented(name):
    sections = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (section,) = (text for text in sections if text.startswith(f"`{name}"))
    common = next(text for text in sections if text.startswith("All commands but"))
    if name != "emulate":
        section += common
    for option in options(app.commands[name]):
        for spelling in option.opts:
            assert f"`{spelling}" in section, spelling


def test_document__names_nothing_that_is_not_there():
    known = {"--help", "-h", "--version"}
    for command in app.commands.values():
        known.update(*(option.opts for option in options(command)))
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(re.findall(r"`(--?[a-zA-Z][\w-]*)", text)) <= known
    named = set(re.findall(r"kakao-session ([a-z]+)", text)) - {"command"}
    assert named <= set(app.commands)


@pytest.mark.parametrize("name", [name for name in app.commands if name != "emulate"])
def test_help__has_an_example(name, run):
    text = run(name, "--help").stdout
    assert re.search(rf"^  .*kakao-session {name}", text, re.MULTILINE)


def test_help__of_login_tells_what_is_usual(run):
    text = " ".join(run("login", "--help").stdout.split())
    assert "default: 300" in text
    assert "Default: 8765" in text


def test_help__of_refresh_shows_the_line_for_cron(run):
    text = run("refresh", "--help").stdout
    assert re.search(
        r"^ +\d+ \d+ 1,15 \* \* +kakao-session refresh --if-needed", text, re.MULTILINE
    )
    assert "month" in text


def test_help__names_the_commands_in_the_order_of_use(run):
    text = run("--help").stdout
    listed = re.findall(r"^  ([a-z]+)  ", text.partition("Commands:")[2], re.MULTILINE)
    assert listed == list(app.commands)
    assert listed[:2] == ["login", "status"]
    ours = [line for line in text.splitlines()[1:] if not line.startswith("  emulate")]
    assert not [line for line in ours if line.endswith("...")]


def test_command__without_a_subcommand_is_told(run):
    assert "Usage: kakao-session" in run().output
    assert run("nonsense").exit_code == 2
    assert run("status", "--nonsense").exit_code == 2


def test_version(run):
    assert kakao_session.__version__ in run("--version").stdout


# Completion -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion__is_taken_by_the_shell(shell, run, tmp_path):
    script = run("completion", shell).stdout
    assert "_KAKAO_SESSION_COMPLETE" in script
    path = program(shell)
    file = tmp_path / "completion"
    file.write_text(script)
    done = subprocess.run([path, "-n", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("kakao-session lo", {"login", "logout"}),
        ("kakao-session status --", {"--json", "--check", "--token-file"}),
        ("kakao-session request P", {"POST", "PUT", "PATCH"}),
        ("kakao-session completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_completion__knows_commands_options_and_arguments(words, expected):
    environment = {
        **os.environ,
        "_KAKAO_SESSION_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-m", "kakao_session"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    offered = set(re.findall(r"^plain,(.*)$", done.stdout, re.MULTILINE))
    assert expected <= offered | {word.upper() for word in offered}


def test_completion__of_another_shell(run):
    assert run("completion", "csh").exit_code == 2


# The extra ------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["click", "rich"])
@pytest.mark.parametrize("arguments", [[], ["login"], ["status", "--json"]])
def test_extra__is_missing(missing, arguments):
    program = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = {arguments!r}\n"
        "from kakao_session.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "    pip install 'kakao-session[cli]'\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupted__while_it_is_still_loading():
    program = (
        "import sys\n"
        "class Slow:\n"
        "    def find_spec(self, *_): raise KeyboardInterrupt\n"
        "from kakao_session.cli import main\n"
        "sys.meta_path.insert(0, Slow())\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")
