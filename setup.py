"""Makes the links in README.md absolute, so that they work on PyPI. The rest is in setup.cfg."""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

FOLDER = Path(__file__).parent


def read(name):
    return (FOLDER / name).read_text(encoding="utf-8")


config = ConfigParser()
config.read_string(read("setup.cfg"))
repository = config["kakao-session"]["repository"].rstrip("/")
version = re.search(r'^__version__ = "(.+)"', read("kakao_session/__init__.py"), re.MULTILINE)[1]


def absolute(link):
    kind = "raw" if link["picture"] else "blob"
    return f"{link['text']}({repository}/{kind}/v{version}/{link['path']})"


readme = read("README.md")
project_urls = {}
if repository:
    relative = r"(?P<text>(?P<picture>!?)\[[^\]]*\])\((?!https?:|#)(?P<path>[^)]+)\)"
    readme = re.sub(relative, absolute, readme)
    project_urls = {
        "Source": repository,
        "Documentation": f"{repository}/blob/v{version}/docs/index.md",
        "Changelog": f"{repository}/blob/v{version}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }

setup(long_description=readme, project_urls=project_urls)
