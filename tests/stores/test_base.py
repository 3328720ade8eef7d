"""The text form of a token, and imports without the packages of the extras."""

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from kakao_session import Token
from kakao_session.stores.base import to_text, to_token

PACKAGES = {
    "RedisTokenStore": ("redis", "redis"),
    "SQLTokenStore": ("sqlalchemy", "sql"),
    "KeyringTokenStore": ("keyring", "keyring"),
    "EncryptedTokenStore": ("cryptography", "crypto"),
}

WITHOUT_PACKAGES = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1].split()))
import kakao_session, kakao_session.stores
from kakao_session import *
from kakao_session.stores import *
FileTokenStore
for module in (kakao_session, kakao_session.stores):
    for store in sys.argv[2].split():
        assert store in dir(module)
        try:
            getattr(module, store)
        except ModuleNotFoundError as error:
            print(error)
"""


def test_import__without_the_packages_of_the_extras():
    absent = " ".join(package for package, _ in PACKAGES.values())
    command = [sys.executable, "-c", WITHOUT_PACKAGES, absent, " ".join(PACKAGES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for line, store in zip(done.stdout.splitlines(), [*PACKAGES] * 2, strict=True):
        assert line.startswith(f"{store} needs ")
        assert f'pip install "kakao-session[{PACKAGES[store][1]}]"' in line


@pytest.mark.parametrize("ascii_only", [False, True])
def test_text__there_and_back(ascii_only):
    token = Token({"access_token": "a", "name": "홍길동 \ud800", "id": 2**70, "none": None})
    text = to_text(token, ascii_only=ascii_only)
    assert text.isascii() is ascii_only
    assert to_token(text) == to_token(text.encode()) == token


def test_text__of_dates_and_decimal_numbers():
    day = date(2026, 11, 27)
    token = {"access_token": "a", "day": day, "row": {"price": Decimal("1.50")}}
    assert to_token(to_text(token)) == {**token, "day": "2026-11-27", "row": {"price": "1.50"}}
    scopes = {"access_token": "a", "scope": {"talk_message", "friends"}}
    assert to_token(to_text(scopes))["scope"] == ["friends", "talk_message"]


def test_text__of_what_is_not_a_token():
    recursive = Token({"access_token": "a"})
    recursive["itself"] = recursive
    for token in (recursive, {"access_token": "a", "x": b"bytes"}):
        with pytest.raises(ValueError, match="the token can't be written as JSON"):
            to_text(token)
    with pytest.raises(ValueError, match=r"^the token is empty$"):
        to_text({})


def test_token__from_text_that_is_not_one_is_not_quoted():
    for text in (
        "{secret",
        b'{"name": "\xff secret"}',
        '["secret"]',
        '{"access_token": ["secret"]}',
    ):
        with pytest.raises(ValueError) as caught:
            to_token(text)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None
