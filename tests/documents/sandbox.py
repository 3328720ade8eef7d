"""Where a document is run: a folder, a local Kakao, and the programs that the document names.

Nothing is installed and no browser opens. ``pip`` only checks its arguments, ``venv`` leads back to
this Python, the browser agrees to everything. What the commands do with Kakao is real.
"""

import os
import sys
from pathlib import Path

import requests
from redis import Redis
from sqlalchemy import Engine

from kakao_session import FileTokenStore, Token
from tests.documents import results
from tests.free_port import free_port

REPOSITORY = Path(__file__).parents[2]

_PIP = """
import sys
from importlib.metadata import metadata
from packaging.requirements import Requirement
command, *arguments = sys.argv[1:]
assert command == "install", command
for argument in arguments:
    if not argument.startswith("-"):
        wanted = Requirement(argument.replace(".[", "kakao-session[", 1))
        if wanted.name == "kakao-session":
            known = metadata("kakao-session").get_all("Provides-Extra")
            assert wanted.extras <= set(known), wanted
"""

# The reader need not have the plugins of these tests, and each start of pytest imports them all.
_NO_OTHER_PLUGINS = "-p no:hypothesispytest -p no:requests_mock -p no:anyio -p no:xdist"

# Another program on this machine may use the usual port.
_COMMAND = """
import kakao_session.login.flow
kakao_session.login.flow.REDIRECT_URI = "http://localhost:{port}/callback"
from kakao_session.cli import main
main()
"""

_BROWSER = """
import requests, sys
back = requests.get(sys.argv[1], allow_redirects=False, timeout=20).headers["Location"]
session = requests.Session()
session.trust_env = False  # this machine is not behind the proxy
session.get(back, timeout=20).raise_for_status()
"""

_PYTHON = """
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3" && ln -sfn "{bin}" "$3/bin"; exit; fi
exec "{python}" "$@"
"""

_GH = """
if [ "$1 $2" != "secret set" ]; then exit 2; fi
if [ "$4" = --body ]; then printf %s "$5"; else printf %s "$(cat)"; fi > "$HOME/secrets/$3"
"""


class Sandbox:
    """What the reader of a document has.

    :param folder: home and working directory.
    :param kakao: the environment leads to this Kakao.
    :param patch: undoes all changes after the document.
    :param python: the Python that runs the programs.
    :ivar github: what a workflow knows of its repository and of the commit that started it.
    """

    def __init__(self, folder, kakao, patch, python=sys.executable):
        self.folder = folder
        self.kakao = kakao
        self.patch = patch
        self.python = python
        self.namespace = {}
        self.github = {}
        self._make_programs(folder / "bin")
        (folder / "secrets").mkdir()
        (folder / "bot").symlink_to(folder)
        (folder / ".venv").mkdir()
        (folder / ".venv" / "bin").symlink_to(folder / "bin")
        (folder / "examples").symlink_to(REPOSITORY / "examples")
        patch.chdir(folder)
        for name, value in {
            **kakao.environment(),
            "HOME": str(folder),
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "BROWSER": f"{folder / 'bin' / 'browser'} %s",
            "KAKAO_REST_API_KEY": kakao.app_key,
            "DATABASE_URL": f"sqlite:///{folder / 'users.db'}",
            "LC_ALL": "C.UTF-8",
            "PYTEST_ADDOPTS": _NO_OTHER_PLUGINS,
        }.items():
            patch.setenv(name, value)
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "COLUMNS", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        kakao.write_token_file(folder / "kakao_token.json", hours_ago=7)
        FileTokenStore().save(self.login())

    def login(self, **fields):
        """:returns: a login that is a moment old."""
        token = Token.from_response(self.kakao.login(), self.kakao.now())
        return Token({**token, "app_key": self.kakao.app_key, **fields})

    def run_python(self, block):
        """Run a Python block, and compare its results."""
        results.run(block.text, str(block.document), block.line, self.namespace)

    def start_anew(self):
        """Begin a new program, and close what the last one left open."""
        for thing in self.namespace.values():
            if isinstance(thing, requests.Session | Redis):
                thing.close()
            elif isinstance(thing, Engine):
                thing.dispose()
        self.namespace = {"__name__": "__main__"}

    def secret(self, name):
        """The file that holds a secret of the platform."""
        return self.folder / "secrets" / name

    def _make_programs(self, folder):
        folder.mkdir()
        python = self.python
        make_program(folder / "pip", sys.executable, _PIP)
        make_program(folder / "browser", sys.executable, _BROWSER)
        make_program(folder / "kakao-session", python, _COMMAND.format(port=free_port()))
        for name, program in {
            "python": _PYTHON.format(bin=folder, python=python),
            "python3": _PYTHON.format(bin=folder, python=python),
            "pytest": f'exec "{python}" -m pytest -p no:cacheprovider "$@"\n',
            "flask": f'exec "{python}" -m flask "$@"\n',
            "gh": _GH,
            "activate": f'export PATH="{folder}:$PATH"\n',
        }.items():
            make_program(folder / name, "/bin/sh", program)


def make_program(path, interpreter, text):
    path.write_text(f"#!{interpreter}\n{text.lstrip()}", encoding="utf-8")
    path.chmod(0o755)
