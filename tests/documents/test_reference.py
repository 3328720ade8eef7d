"""``docs/reference.md`` names all there is: in tables for GitHub, in directives for the site."""

import inspect
import re
from dataclasses import fields

import pytest

from kakao_session import KakaoAuth, KakaoSession, Token
from kakao_session.emulator import KakaoEmulator, control
from kakao_session.emulator.switches import Switches
from tests.documents.sandbox import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reference.md").read_text(encoding="utf-8")
DIRECTIVES = re.compile(r"<!-- site\n.*?-->", re.DOTALL)
ON_GITHUB = set(re.findall(r"\w+", DIRECTIVES.sub("", PAGE)))
ON_THE_SITE = set(re.findall(r"\w+", PAGE))
OF_THE_PARENT = {
    "get_adapter",
    "merge_environment_settings",
    "new_state",
    "register_compliance_hook",
}


@pytest.mark.parametrize("kind", [KakaoSession, KakaoAuth])
def test_on_github__names_every_argument(kind):
    assert set(inspect.signature(kind).parameters) - {"kwargs"} <= ON_GITHUB


def test_on_github__names_what_is_in_the_directives():
    members = re.findall(r":members: ([\w,\s]+?)\n *(?::|$|\n)", PAGE)
    named = set(re.findall(r"\w+", " ".join(members)))
    assert len(named) > 20
    assert named - ON_GITHUB <= {"request", "prepare_request", "lease"}


def test_session__every_method_of_its_own_is_named():
    own = {name for name in vars(KakaoSession) if not name.startswith("_")}
    assert own - OF_THE_PARENT <= ON_THE_SITE


def test_emulator__every_method_and_switch_is_named():
    names = {name for name in vars(KakaoEmulator) if not name.startswith("_")}
    names |= {field.name for field in fields(Switches)}
    assert names - ON_GITHUB == set()


def test_token__every_method_in_a_table_is_there():
    section = PAGE.partition("## Tokens")[2].partition("<!--")[0]
    for name in re.findall(r"^\| `(?:Token\.)?(\w+)", section, re.MULTILINE):
        assert hasattr(Token, name) or name in {"refresh_token_changed"}, name


def test_control__every_address_is_named():
    addresses = set(re.findall(r"/api/[\w-]+", control.__doc__))
    assert len(addresses) > 10
    for address in addresses:
        assert f"{address}`" in PAGE, address
