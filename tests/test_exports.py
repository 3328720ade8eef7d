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


def printed_by(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        (
            "import kakao_session",
            "requests|filelock|platformdirs|flask|click|rich|redis|sqlalchemy",
        ),
        ("from kakao_session import KakaoSession", "filelock|platformdirs|flask|click|rich|redis"),
        (
            "import kakao_session as k; k.KakaoSession(token_store='x.json')",
            "filelock|platformdirs|flask|click|rich|redis|sqlalchemy|keyring|cryptography",
        ),
        ("import kakao_session.emulator.pytest_plugin", "flask|trustme|requests$|werkzeug"),
    ],
)
def test_import__loads_nothing_before_it_is_used(statement, unwanted):
    loaded = printed_by(f"{statement}; import sys; print(*sorted(sys.modules), sep='\\n')").split()
    assert [name for name in loaded if re.match(rf"({unwanted})$", name)] == []


def test_logger__is_silent_until_asked():
    handlers = "import kakao_session, logging; print(logging.getLogger('kakao_session').handlers)"
    assert "NullHandler" in printed_by(handlers)


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
