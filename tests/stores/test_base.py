"""The text form of a token, and imports without the packages of the extras."""

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

import kakao_session
from kakao_session import Token, stores
from kakao_session.stores.base import to_text, to_token

PACKAGES = {
    "RedisTokenStore": ("redis", "redis"),
    "SQLTokenStore": ("sqlalchemy", "sql"),
    "KeyringTokenStore": ("keyring", "keyring"),
    "EncryptedTokenStore": ("cryptography", "crypto"),
}


@pytest.mark.parametrize("store", PACKAGES)
@pytest.mark.parametrize("module", [kakao_session, stores])
def test_import__names_the_extra_if_a_package_is_missing(module, store):
    package, extra = PACKAGES[store]
    assert store in dir(module)
    code = f"import sys; sys.modules[{package!r}] = None; from {module.__name__} import {store}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"ModuleNotFoundError: {store} needs " in done.stderr
    assert f"pip install 'kakao-session[{extra}]'" in done.stderr


@pytest.mark.parametrize("module", [kakao_session, stores])
def test_import__everything_needs_no_extra(module):
    absent = "".join(f"sys.modules[{package!r}] = None; " for package, _ in PACKAGES.values())
    code = f"import sys; {absent} from {module.__name__} import *; FileTokenStore"
    subprocess.run([sys.executable, "-c", code], check=True)


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


def test_text__of_what_is_not_a_token():
    recursive = Token({"access_token": "a"})
    recursive["itself"] = recursive
    for token in (recursive, {"access_token": "a", "x": {1, 2}}):
        with pytest.raises(ValueError, match="the token can't be written as JSON"):
            to_text(token)
    with pytest.raises(ValueError, match="the token is empty"):
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
