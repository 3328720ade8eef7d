"""The wheel and the sdist, built from a clean checkout and opened."""

import configparser
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_string
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from venv import EnvBuilder

import pytest
from packaging.requirements import Requirement

import kakao_session
from tests.required import missing, program

ROOT = Path(__file__).parents[1]
TYPING = ROOT / "tests" / "typing"
EXTRAS = ["cli", "redis", "sql", "keyring", "crypto", "emulator"]
NAME = f"kakao_session-{kakao_session.__version__}"


class Release(NamedTuple):
    """The wheel and sdist, and the files that they were built from."""

    sources: frozenset[str]
    wheel: Path
    sdist: Path


def run(*command, cwd):
    """Run a program that has to succeed. :returns: its output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The sdist of the project, and the wheel that is built from it."""
    if not (ROOT / ".git").exists():
        missing("this is no checkout")
    if find_spec("build") is None:
        missing("no build in this environment")
    checkout = tmp_path_factory.mktemp("checkout")
    tracked_and_new = ("--cached", "--others", "--exclude-standard")
    listing = run(program("git"), "ls-files", "-z", *tracked_and_new, cwd=ROOT)
    sources = frozenset(name for name in listing.split("\0") if (ROOT / name).is_file())
    for name in sources:
        copy = checkout / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    output = run(sys.executable, "-m", "build", "--no-isolation", cwd=checkout)
    assert "DeprecationWarning" not in output, output
    [wheel], [sdist] = checkout.glob("dist/*.whl"), checkout.glob("dist/*.tar.gz")
    return Release(sources, wheel, sdist)


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel):
    return message_from_string(contents(wheel)[f"{NAME}.dist-info/METADATA"].decode())


def test_version__is_the_changelogs():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)[0]
    assert newest in ("Unreleased", kakao_session.__version__)


def test_wheel__holds_the_package_and_nothing_else(release):
    inside = {name for name in contents(release.wheel) if ".dist-info/" not in name}
    assert inside == {name for name in release.sources if name.startswith("kakao_session/")}
    for needed in ("py.typed", "emulator/templates/", "emulator/static/", "emulator/node/"):
        assert any(name.startswith(f"kakao_session/{needed}") for name in inside)


def test_wheel__entry_points_and_license(release):
    inside = contents(release.wheel)
    entry_points = configparser.ConfigParser()
    entry_points.read_string(inside[f"{NAME}.dist-info/entry_points.txt"].decode())
    assert {name: dict(entry_points[name]) for name in entry_points.sections()} == {
        "console_scripts": {"kakao-session": "kakao_session.cli:main"},
        "pytest11": {"kakao_session": "kakao_session.emulator.pytest_plugin"},
    }
    assert inside[f"{NAME}.dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_wheel__metadata(release):
    assert release.wheel.name == f"{NAME}-py3-none-any.whl"
    assert release.sdist.name == f"{NAME}.tar.gz"
    headers = metadata(release.wheel)
    assert (headers["Name"], headers["Version"]) == ("kakao-session", kakao_session.__version__)
    assert (headers["License-Expression"], headers["License-File"]) == ("MIT", "LICENSE")
    assert headers["Requires-Python"] == ">=3.10"
    assert headers["Description-Content-Type"] == "text/markdown"
    assert headers.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")
    classifiers = headers.get_all("Classifier", [])
    assert "Typing :: Typed" in classifiers
    assert [name for name in classifiers if re.search(r":: 3\.\d+$", name)] == [
        f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 16)
    ]


def test_wheel__requirements(release):
    headers = metadata(release.wheel)
    needed = {}
    for requirement in headers.get_all("Requires-Dist", []):
        name, _, condition = requirement.partition(";")
        extra = re.findall(r'extra == "(\w+)"', condition)
        needed.setdefault(extra[0] if extra else "", set()).add(re.split(r"[<>=\[ ]", name)[0])
    assert set(headers.get_all("Provides-Extra", [])) == needed.keys() - {""}
    del needed["test"], needed["dev"], needed["docs"]
    assert needed == {
        "": {"requests", "requests-oauthlib", "oauthlib", "filelock", "platformdirs"},
        "cli": {"click", "rich"},
        "redis": {"redis"},
        "sql": {"SQLAlchemy"},
        "keyring": {"keyring"},
        "crypto": {"cryptography"},
        "emulator": {"Flask", "PyJWT", "trustme", "cryptography"},
        "all": {"kakao-session"},
    }


@pytest.fixture(scope="module")
def consumer(release, tmp_path_factory):
    """A program in an environment in which the wheel is installed.

    :returns: its folder, and its python.
    """
    folder, builder = tmp_path_factory.mktemp("consumer"), EnvBuilder()
    builder.create(folder / "venv")
    python = builder.ensure_directories(folder / "venv").env_exe
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", ask, cwd=folder).strip())
    with zipfile.ZipFile(release.wheel) as archive:
        archive.extractall(packages)
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    shutil.copytree(TYPING, folder / "program", ignore=shutil.ignore_patterns("__*"))
    return folder / "program", python


def test_types__with_mypy(consumer):
    if find_spec("mypy") is None:
        missing("no mypy in this environment")
    folder, python = consumer
    options = ["--strict", "--config-file=", f"--python-executable={python}"]
    options.append(f"--cache-dir={ROOT / '.mypy_cache' / 'wheel'}")  # of what we depend on
    output = run(sys.executable, "-m", "mypy", *options, ".", cwd=folder)
    assert output == "Success: no issues found in 2 source files\n"


def test_types__with_pyright(consumer):
    if find_spec("basedpyright") is None:  # pyright as a wheel, with all that it needs
        missing("no basedpyright in this environment")
    folder, python = consumer
    settings = {
        "include": ["."],
        "typeCheckingMode": "standard",
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    output = run(sys.executable, "-m", "basedpyright", f"--pythonpath={python}", cwd=folder)
    assert output.startswith("0 errors, 0 warnings"), output


def test_types__are_tested_for_every_public_name():
    used = (TYPING / "right.py").read_text(encoding="utf-8")
    stores = [name for name in dir(kakao_session) if name.endswith("TokenStore")]
    assert len(stores) == 6
    for name in {*kakao_session.__all__, *stores}:
        assert len(re.findall(rf"\b{name}\b", used)) > 1, name  # imported, and used


def test_lower_bounds__are_those_of_the_oldest_environment(release):
    oldest_python = {"python_version": "3.10", "extra": ""}
    bounds = set()
    for text in metadata(release.wheel).get_all("Requires-Dist", []):
        requirement = Requirement(text)
        environments = ({**oldest_python, "extra": extra} for extra in ("", *EXTRAS))
        marker = requirement.marker
        if marker is None or any(marker.evaluate(environment) for environment in environments):
            (bound,) = (each for each in requirement.specifier if each.operator == ">=")
            bounds.add(f"{requirement.name}=={bound.version}")
    oldest = (ROOT / "tests" / "oldest.txt").read_text(encoding="utf-8")
    tested = {line.partition("#")[0].strip() for line in oldest.splitlines()} - {""}
    # Two belong to Flask and to requests.
    assert tested - {"Werkzeug==3.0", "urllib3==1.26.20"} == bounds


def test_sdist__holds_the_sources(release):
    with tarfile.open(release.sdist) as archive:
        names = [each.name.partition("/") for each in archive.getmembers() if each.isfile()]
    assert {top for top, *_ in names} == {NAME}
    inside = {name for *_, name in names}
    made = {name for name in inside if name == "PKG-INFO" or ".egg-info/" in name}
    assert inside - made == {name for name in release.sources if not name.startswith(".")}
    assert "PKG-INFO" in made
