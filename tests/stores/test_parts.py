"""The parts that stores are made of, and what is said when a package is missing."""

import os
import subprocess
import sys
import threading

import pytest

import kakao_session
from kakao_session import FileTokenStore, Token, TokenStoreError, stores
from kakao_session.stores.holds import Holds
from kakao_session.stores.text import to_text, to_token

OPTIONAL = {
    "RedisTokenStore": ("redis", "redis"),
    "SQLTokenStore": ("sqlalchemy", "sql"),
    "KeyringTokenStore": ("keyring", "keyring"),
    "EncryptedTokenStore": ("cryptography", "crypto"),
}


@pytest.mark.parametrize(("store", "package", "extra"), [(k, *v) for k, v in OPTIONAL.items()])
@pytest.mark.parametrize("home", ["kakao_session", "kakao_session.stores"])
def test_missing_package__names_the_extra(home, store, package, extra):
    code = f"import sys; sys.modules[{package!r}] = None; from {home} import {store}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"ModuleNotFoundError: {store} needs " in done.stderr
    assert f"pip install 'kakao-session[{extra}]'" in done.stderr


@pytest.mark.parametrize("home", ["kakao_session", "kakao_session.stores"])
def test_everything__can_be_imported_without_optional_packages(home):
    absent = "".join(f"sys.modules[{package!r}] = None; " for package, _ in OPTIONAL.values())
    code = f"import sys; {absent} from {home} import *; FileTokenStore"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("store", OPTIONAL)
def test_store__is_in_both_places(store):
    assert getattr(kakao_session, store) is getattr(stores, store)
    assert store in dir(kakao_session)
    assert store in dir(stores)


# Text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ascii_only", [False, True])
def test_text__there_and_back(ascii_only):
    token = Token({"access_token": "a", "name": "홍길동 \ud800", "id": 2**70, "none": None})
    text = to_text(token, ascii_only=ascii_only)
    assert text.isascii() is ascii_only
    assert to_token(text) == token
    assert to_token(text.encode()) == token


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not JSON"),
        ("{secret", "not JSON"),
        (b"\xff\xfesecret", "not JSON"),
        ('{"name": "홍길동", "access_token": "secret"}'.encode("cp949"), "not UTF-8"),
        ("[" * 100_000, "not JSON"),
        ("9" * 5000, "not JSON"),
        ("null", "a JSON NoneType, not an object"),
        ('["secret"]', "a JSON list, not an object"),
        ("{}", "an empty JSON object"),
        ('{"secret": 1}', "neither access_token nor refresh_token is there"),
        (
            '{"access_token": ["secret"]}',
            "access_token is not a string of visible ASCII characters",
        ),
        (
            '{"error": "secret", "error_code": "KOE010"}',
            "this is Kakao's error answer KOE010, not a token: the client secret is missing or "
            "wrong. Give the secret of this REST API key: client_secret= or KAKAO_CLIENT_SECRET.",
        ),
        (
            '{"error": "secret", "error_code": "KOE999"}',
            "this is Kakao's error answer KOE999, not a token",
        ),
    ],
)
def test_text__no_token(text, what):
    with pytest.raises(ValueError, match=f"^{what}$") as caught:
        to_token(text)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_text__no_json():
    token = Token({"access_token": "a"})
    token["itself"] = token
    for value in (token, Token({"access_token": "a", "x": {1, 2}})):
        with pytest.raises(ValueError, match="the token is no JSON") as caught:
            to_text(value)
        assert caught.value.__cause__ is not None


# Holds and lock files -------------------------------------------------------------------------


def test_holds__each_thread_its_own():
    store = object()
    holds = Holds()
    seen = []
    with holds.entered("here", store, "mine") as hold:
        assert hold == holds.mine("here") == "mine"
        assert holds.mine("there") is None
        with holds.entered("here", store, "another"):
            assert holds.mine("here") == "another"
        assert holds.mine("here") == "mine"
        thread = threading.Thread(target=lambda: seen.append(holds.mine("here")))
        thread.start()
        thread.join()
    assert seen == [None]
    assert holds.mine("here") is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_holds__a_child_holds_nothing():
    store = object()
    holds = Holds()
    with holds.entered("here", store, "mine"):
        child = os.fork()
        if child == 0:
            os._exit(0 if holds.mine("here") is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert holds.mine("here") == "mine"


def test_file_store__delete_out_of_reach(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TokenStoreError, match="can't be removed"):
        FileTokenStore(tmp_path / "file" / "token.json").delete()
    FileTokenStore(tmp_path / "nothing" / "token.json").delete()
    assert not (tmp_path / "nothing").exists()
