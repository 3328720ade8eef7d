"""Help, completion, and what is missing: every command and option is explained everywhere."""

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


def spellings(name):
    """:returns: how the options of a command are written."""
    options = [param for param in app.commands[name].params if isinstance(param, click.Option)]
    assert all(option.help for option in options)
    return {name for option in options for name in (*option.opts, *option.secondary_opts)}


def python(code, *arguments):
    """Run Python. :returns: the process, which has ended."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)


@pytest.mark.parametrize("name", app.commands)
def test_help__explains_every_option_and_has_an_example(name, run):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout == run(name, "-h").stdout
    assert all(spelling in result.stdout for spelling in spellings(name))
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert name == "emulate" or re.search(rf"^  .*kakao-session {name}", result.stdout, re.M)


def test_help__lists_the_commands_in_the_order_of_use(run):
    text = run("--help").stdout
    listed = re.findall(r"^  ([a-z]+)  ", text.partition("Commands:")[2], re.MULTILINE)
    assert listed == list(app.commands)
    assert listed[:2] == ["login", "status"]


@pytest.mark.parametrize("name", app.commands)
def test_document__describes_every_option(name):
    sections = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (section,) = (text for text in sections if text.startswith(f"`{name}"))
    if name != "emulate":
        section += next(text for text in sections if text.startswith("Options of all commands"))
    for spelling in spellings(name):
        assert f"`{spelling}" in section, spelling


def test_document__names_only_what_exists():
    known = {"--help", "-h", "--version"}.union(*map(spellings, app.commands))
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(re.findall(r"`(--?[a-zA-Z][\w-]*)", text)) <= known
    named = set(re.findall(r"kakao-session ([a-z]+)", text)) - {"command"}
    assert named <= set(app.commands)


def test_app__without_a_command(run):
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == run("--help").stdout
    assert result.stderr.startswith("Usage: kakao-session [OPTIONS] COMMAND")


def test_version(run):
    assert kakao_session.__version__ in run("--version").stdout


# Completion -----------------------------------------------------------------------------------


def test_completion__of_another_shell(run):
    assert "SHELL: It must be one of bash, fish, zsh." in run("completion", "tcsh").stderr
    assert "SHELL is missing." in run("completion").stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion__is_valid_for_the_shell(shell, run, tmp_path):
    script = run("completion", shell).stdout
    assert "_KAKAO_SESSION_COMPLETE" in script
    file = tmp_path / "completion"
    file.write_text(script)
    command = [program(shell), "-n", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
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
def test_completion__knows_commands_options_and_arguments(run, words, expected):
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    text = run(_KAKAO_SESSION_COMPLETE="bash_complete", **variables).stdout
    offered = set(re.findall(r"^plain,(.*)$", text, re.MULTILINE))
    assert expected <= offered | {word.upper() for word in offered}


# Before it runs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("click", [], "cli"),
        ("click", ["emulate", "true"], "cli,emulator"),
        ("rich", ["emulate", "true"], "cli,emulator"),
        ("flask", ["emulate", "true"], "cli,emulator"),
    ],
)
def test_extra__is_missing(package, arguments, extra):
    done = python(
        f"import sys; sys.modules[{package!r}] = None\nfrom kakao_session.cli import main; main()",
        *arguments,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f'\n    pip install "kakao-session[{extra}]"\n')
    assert package in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupted__while_it_is_still_loading():
    done = python(
        "import sys\n"
        "class Slow:\n"
        "    def find_spec(self, *_): raise KeyboardInterrupt\n"
        "from kakao_session.cli import main\n"
        "sys.meta_path.insert(0, Slow())\n"
        "main()"
    )
    assert (done.returncode, done.stderr) == (130, "")
