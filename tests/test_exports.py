"""What the package shows, and what importing it costs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import kakao_session
from kakao_session import stores

PACKAGE = Path(kakao_session.__file__).parent

both = pytest.mark.parametrize(
    "module", [kakao_session, stores], ids=lambda module: module.__name__
)


@both
def test_all__is_sorted_and_there(module):
    names = list(module.__all__)
    assert names == sorted(names)
    assert set(names) <= set(dir(module))
    for name in names:
        assert getattr(module, name).__doc__


@both
def test_unknown_name__is_an_attribute_error(module):
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        module.Nonsense  # noqa: B018  # the look-up is what fails


STORES = {"filelock", "platformdirs", "redis", "sqlalchemy", "keyring", "cryptography"}
OTHERS = {*STORES, "flask", "werkzeug", "trustme", "click", "rich"}
STEPS = {  # each, and what it does not load
    "import kakao_session": {*OTHERS, "requests"},
    "import kakao_session.emulator.pytest_plugin": {*OTHERS, "requests"},
    "from kakao_session import KakaoSession": OTHERS,
    "KakaoSession(token_store='x.json')": OTHERS,
}


def test_import__loads_nothing_before_it_is_used():
    steps = [f"{step}; print(*sys.modules)" for step in STEPS]
    handlers = "import logging; print(logging.getLogger('kakao_session').handlers)"
    code = "\n".join(["import sys", *steps, handlers])
    *loaded, handlers = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for names, (step, unwanted) in zip(loaded, STEPS.items(), strict=True):
        assert not unwanted & set(names.split()), step
    assert "NullHandler" in handlers  # silent until asked


def test_kakaos_urls__are_in_one_module():
    elsewhere = [
        path.relative_to(PACKAGE)
        for path in PACKAGE.rglob("*.py")
        if path.name != "endpoints.py"
        and not path.is_relative_to(PACKAGE / "emulator")
        and re.search(r"https://k(auth|api)\.kakao\.com", without_docstrings(path))
    ]
    assert elsewhere == []


def without_docstrings(path):
    return re.sub(r'"""(.|\n)*?"""', "", path.read_text(encoding="utf-8"))
