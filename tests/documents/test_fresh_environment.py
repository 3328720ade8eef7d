"""Each document is followed to the letter in an environment in which nothing is installed.

The document's own ``pip install`` lines install the package, from its wheel. Python above the first
of them only shows what is to come, and runs after it. A document that does not install the package
needs no more than README.md installs first, and one that begins with the same line is spared the
wait. A Korean document has the code and the commands of the English one, see
``test_korean_document__runs_what_the_english_one_runs``.

Some hidden steps need the names of a Python block, which are in another process here. They are left
out, and of the Python blocks below them only the imports run.
"""

import ast
import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from kakao_session import FileTokenStore
from tests.documents import hidden_steps, results
from tests.documents.blocks import Block, Step, read
from tests.documents.platforms import run_workflow
from tests.documents.sandbox import REPOSITORY, Sandbox, make_program
from tests.documents.test_documents import DOCUMENTS, ENGLISH, each, run_block
from tests.required import missing
from tests.test_release import release  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow

README = REPOSITORY / "README.md"
PROVIDED = {"airflow", "boto3"}
"""Packages that a platform provides."""

_PIP = """
for argument; do
    shift
    case "$argument" in
        -e) ;;
        .\\[*) set -- "$@" "kakao-session${{argument#.}}" ;;  # not a checkout, but the wheel
        *) set -- "$@" "$argument" ;;
    esac
done
exec "{outer}" -m pip --python "{environment}" "$@"
"""

# Its programs are those of this environment, with other paths.
_PYTHON = """
if [ "$1 $2" != "-m venv" ]; then exec "{environment}/bin/python" "$@"; fi
rm -rf "$3" && "{environment}/bin/python" -m venv --without-pip "$3/environment" || exit
mkdir "$3/bin"
for program in "{bin}"/*; do
    copy="$3/bin/${{program##*/}}"
    sed "s#{bin}#$PWD/$3/bin#g; s#{environment}#$PWD/$3/environment#g" "$program" > "$copy"
    chmod +x "$copy"
done
"""

_ACTIVATE = 'ln -sfn "{bin}" "$HOME/active"\n'

_RUNNER = """
import json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
namespace = {"__name__": "__main__"}
for order in map(json.loads, sys.stdin):
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = order["argv"]
    try:
        run(order["text"], order["name"], order["line"], namespace)
        answer = ""
    except BaseException:
        answer = traceback.format_exc()
    print(json.dumps(answer), file=answers, flush=True)
"""


class FreshSandbox(Sandbox):
    """A sandbox whose programs are those of a virtual environment.

    :param environment: the virtual environment, without pip.
    """

    def __init__(self, folder, kakao, patch, environment):
        self.environment = environment
        self.process = None
        self.only_imports = False
        super().__init__(folder, kakao, patch, environment / "bin" / "python")
        programs = {"pip": _PIP, "python": _PYTHON, "python3": _PYTHON, "activate": _ACTIVATE}
        paths = {"bin": folder / "bin", "environment": environment, "outer": sys.executable}
        for name, text in programs.items():
            make_program(folder / "bin" / name, "/bin/sh", text.format(**paths))
        (folder / "active").symlink_to(folder / "bin")
        patch.setenv("PATH", f"{folder / 'active'}{os.pathsep}{os.environ['PATH']}")
        for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
            patch.delenv(name, raising=False)

    def take(self, step):
        take = getattr(hidden_steps, step.name)
        if {"namespace", "_stand_in"} & set(take.__code__.co_names):
            self.only_imports = True
        elif step.name == "forty_five_days_at_github":
            self._one_day_at_github()
        else:
            take(self)

    def _one_day_at_github(self):
        new_environment(self.environment)  # on a new runner
        run_workflow(self.folder / ".github/workflows/bot.yml", self)
        FileTokenStore().save(self.login())

    def run_python(self, block):
        if self.process is None:
            self.process = subprocess.Popen(
                ["python", "-c", f"{inspect.getsource(results)}{_RUNNER}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        order = {
            "text": imports_of(block) if self.only_imports else block.text,
            "name": str(block.document),
            "line": block.line,
            "argv": sys.argv,
            "environment": dict(os.environ),
        }
        print(json.dumps(order), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, f"{block}: Python has ended"
        assert json.loads(answer) == "", f"{block}\n{json.loads(answer)}"

    def start_anew(self):
        super().start_anew()
        if self.process is not None:
            self.process.communicate(timeout=60)
            self.process = None


def imports_of(block):
    """:returns: the imports of a block, those in functions too."""
    nodes = ast.walk(ast.parse(block.text))
    lines = [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(line for line in lines if re.split(r"[ .]", line)[1] not in PROVIDED)


def blocks(document):
    return [part for part in read(document) if isinstance(part, Block)]


def packages(text):
    """:returns: what the ``pip install`` lines of a text install."""
    for line in re.findall(r"pip install (.+?)(?: &&|$)", text, re.MULTILINE):
        yield from (word for word in shlex.split(line) if word[0] not in "-.")


def installs_the_package(part):
    if not isinstance(part, Block) or part.language != "console":
        return False
    return any(name.startswith("kakao-session") for name in packages(part.text))


def installed_first(document):
    """:returns: what a document installs in its first installation of the package."""
    first = next(filter(installs_the_package, blocks(document)), None)
    return first and list(packages(first.text))


def in_order(document):
    """:returns: the parts of a document, and Python above the first installation after it."""
    parts = list(read(document))
    first = next((at for at, part in enumerate(parts) if installs_the_package(part)), 0)
    above = [part for part in parts[:first] if getattr(part, "language", "") == "python"]
    rest = [part for part in parts[:first] if part not in above]
    return [*rest, *parts[first : first + 1], *above, *parts[first + 1 :]]


def starts_its_own_emulator(block):
    own = r"with KakaoEmulator\(\)|^(\$ )?kakao-session emulate|^\$ pytest"
    return re.search(own, block.text, re.MULTILINE) is not None


def run_pip(*arguments):
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        missing(f"pip: {done.stderr.strip().splitlines()[-1]}")


def new_environment(folder):
    command = [sys.executable, "-m", "venv", "--without-pip", "--clear", folder]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def wheels(request, tmp_path_factory):
    """A folder with the package's wheel, and with those of all packages that documents install."""
    folder = tmp_path_factory.mktemp("wheels")
    shutil.copy(request.getfixturevalue("release").wheel, folder)
    texts = [block.text for document in DOCUMENTS for block in blocks(document)]
    wanted = {"kakao-session[all]", *(name for text in texts for name in packages(text))}
    run_pip("download", "--dest", folder, "--find-links", folder, *sorted(wanted))
    return folder


@pytest.fixture(scope="module")
def after_the_readme(wheels, tmp_path_factory):
    """An environment with what README.md installs first."""
    environment = new_environment(tmp_path_factory.mktemp("after_the_readme"))
    options = ["--no-index", "--find-links", wheels]
    run_pip("--python", environment, "install", *options, *installed_first(README))
    return environment


@pytest.fixture
def sandbox_for(local_kakao, tmp_path, wheels, after_the_readme, monkeypatch):
    """Makes the sandbox for a document. Its pip installs the wheels, and asks no index."""
    local_kakao.reset()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "CONFIG_FILE": os.devnull,
        "DISABLE_PIP_VERSION_CHECK": "1",
        "FIND_LINKS": str(wheels),
        "NO_COMPILE": "1",
        "NO_INDEX": "1",
    }.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    sandboxes = []

    def make(document):
        environment = tmp_path / "environment"
        if installed_first(document) in (None, installed_first(README)):
            shutil.copytree(after_the_readme, environment, symlinks=True)
        else:
            new_environment(environment)
        sandboxes.append(FreshSandbox(tmp_path, local_kakao, monkeypatch, environment))
        return sandboxes[0]

    yield make
    for sandbox in sandboxes:
        sandbox.start_anew()


@each([document for document in DOCUMENTS if document not in ENGLISH and blocks(document)])
def test_document__followed_to_the_letter(document, sandbox_for, redis_for):
    sandbox = sandbox_for(document)
    redis_for(document)
    for part in in_order(document):
        if isinstance(part, Step):
            sandbox.take(part)
            continue
        run_block(part, sandbox)
        if starts_its_own_emulator(part):
            with pytest.MonkeyPatch.context() as patch:
                for name in sandbox.kakao.environment():
                    patch.delenv(name)
                run_block(part, sandbox)
