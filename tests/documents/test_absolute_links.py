"""What PyPI and the site show of README.md and docs/, if the repository has an address."""

import re
import shutil
import subprocess
import sys
from email import message_from_string
from importlib.util import find_spec

import pytest

import kakao_session
from tests.documents.sandbox import REPOSITORY
from tests.required import missing

ADDRESS = "https://git.example.com/someone/kakao-session"


def set_address(folder, address):
    settings = (REPOSITORY / "setup.cfg").read_text(encoding="utf-8")
    changed = re.sub(r"^repository =.*$", f"repository = {address}", settings, flags=re.MULTILINE)
    (folder / "setup.cfg").write_text(changed, encoding="utf-8")


@pytest.fixture(params=[f"{ADDRESS}/", ""], ids=["address", "none"])
def description(request, tmp_path):
    """The README and the project's URLs, as PyPI gets them."""
    for name in ("README.md", "LICENSE", "pyproject.toml", "setup.py"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "kakao_session", tmp_path / "kakao_session")
    set_address(tmp_path, request.param)
    program = "from setuptools import build_meta as b; b.prepare_metadata_for_build_wheel('made')"
    (tmp_path / "made").mkdir()
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    (metadata,) = tmp_path.glob("made/*.dist-info/METADATA")
    return request.param, message_from_string(metadata.read_text(encoding="utf-8"))


def links(text):
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_readme_on_pypi__has_absolute_links(description):
    address, metadata = description
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    if not address:
        assert metadata.get_payload() == readme
        assert metadata.get_all("Project-URL") is None
        return
    tag = f"v{kakao_session.__version__}"
    expected = [
        link
        if link.startswith("https:")
        else f"{ADDRESS}/{'raw' if link.endswith('.svg') else 'blob'}/{tag}/{link}"
        for link in links(readme)
    ]
    assert len(expected) > 10
    assert links(metadata.get_payload()) == expected
    assert f"Source, {ADDRESS}" in metadata.get_all("Project-URL")


@pytest.mark.slow
@pytest.mark.parametrize("address", [ADDRESS, ""])
def test_site__links_to_the_repository(address, tmp_path):
    if find_spec("furo") is None:
        missing("no furo in this environment")
    shutil.copy(REPOSITORY / "CHANGELOG.md", tmp_path)
    shutil.copytree(REPOSITORY / "docs", tmp_path / "docs")
    set_address(tmp_path, address)
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs", "site"]
    subprocess.run(sphinx, cwd=tmp_path, check=True, timeout=300)
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert (f'href="{ADDRESS}/blob/main/SECURITY.md"' in page) == bool(address)
    assert (f'href="{ADDRESS}"' in page) == bool(address)
    assert 'href="../' not in page
