"""The parts that stores are made of, and what is said when a package is missing."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import Timeout

import kakao_session
from kakao_session import FileTokenStore, Token, TokenStoreError, stores
from kakao_session.stores.holds import Holds
from kakao_session.stores.lockfile import LockFile
from kakao_session.stores.text import to_text, to_token

OPTIONAL = {
    "RedisTokenStore": ("redis", "redis"),
    "SQLTokenStore": ("sqlalchemy", "sql"),
    "KeyringTokenStore": ("keyring", "keyring"),
    "EncryptedTokenStore": ("cryptography", "crypto"),
}


@pytest.mark.parametrize(("store", "package", "extra"), [(k, *v) for k, v in OPTIONAL.items()])
@pytest.mark.parametrize("home", ["kakao_session", "kakao_session.stores"])
def test_missing_package__names_the_extra(home: str, store: str, package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from {home} import {store}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"ModuleNotFoundError: {store} needs " in done.stderr
    assert f"pip install 'kakao-session[{extra}]'" in done.stderr


@pytest.mark.parametrize("home", ["kakao_session", "kakao_session.stores"])
def test_everything__can_be_imported_without_optional_packages(home: str) -> None:
    absent = "".join(f"sys.modules[{package!r}] = None; " for package, _ in OPTIONAL.values())
    code = f"import sys; {absent} from {home} import *; FileTokenStore"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("store", OPTIONAL)
def test_store__is_in_both_places(store: str) -> None:
    assert getattr(kakao_session, store) is getattr(stores, store)
    assert store in dir(kakao_session)
    assert store in dir(stores)


# Text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ascii_only", [False, True])
def test_text__there_and_back(ascii_only: bool) -> None:
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
            '{"access_token": "a", "expires_at": "secret"}',
            "expires_at is not a number of unix seconds",
        ),
    ],
)
def test_text__no_token(text: str | bytes, what: str) -> None:
    with pytest.raises(ValueError, match=f"^{what}$") as caught:
        to_token(text)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_text__no_json() -> None:
    token = Token({"access_token": "a"})
    token["itself"] = token
    for value in (token, Token({"access_token": "a", "x": {1, 2}})):
        with pytest.raises(ValueError, match="the token is no JSON") as caught:
            to_text(value)
        assert caught.value.__cause__ is not None
        assert caught.value.__cause__.__traceback__ is None


# Holds and lock files -------------------------------------------------------------------------


def test_holds__each_thread_its_own() -> None:
    holds: Holds[str] = Holds()
    seen: list[str | None] = []
    with holds.entered("mine") as hold:
        assert hold == holds.mine == "mine"
        thread = threading.Thread(target=lambda: seen.append(holds.mine))
        thread.start()
        thread.join()
    assert seen == [None]
    assert holds.mine is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_holds__a_child_holds_nothing() -> None:
    holds: Holds[str] = Holds()
    with holds.entered("mine"):
        child = os.fork()
        if child == 0:
            os._exit(0 if holds.mine is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert holds.mine == "mine"


def complain(what: str, remedy: str) -> TokenStoreError:
    return TokenStoreError(f"The place {what}: {remedy}.")


def test_lock_file__first_come_together_and_come_in_again(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "a" / "lock", 5, complain)
    gate = threading.Barrier(8)
    inside: list[int] = []
    most: list[int] = []

    def come() -> None:
        gate.wait()
        with lock.held(), lock.held():
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
    assert lock.path.parent.stat().st_mode & 0o777 == 0o700


def test_lock_file__waits_in_vain(tmp_path: Path) -> None:
    first, second = (LockFile(tmp_path / "lock", seconds, complain) for seconds in (5, 0.25))
    with first.held(), pytest.raises(TokenStoreError) as caught, second.held():
        pass
    assert str(caught.value) == (
        f"The place is locked: another program or thread has held {first.path} for more than "
        f"0.25 seconds. Look for one that hangs (`fuser {first.path}`), end it and try again."
    )
    assert isinstance(caught.value.__cause__, Timeout)
    with second.held():
        pass


def test_lock_file__can_be_pickled_while_held(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "lock", 0, complain)
    with lock.held():
        twin = pickle.loads(pickle.dumps(lock))
        with pytest.raises(TokenStoreError), twin.held():
            pass
    with twin.held():
        pass


def test_file_store__delete_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TokenStoreError, match="can't be removed"):
        FileTokenStore(tmp_path / "file" / "token.json").delete()
    FileTokenStore(tmp_path / "nothing" / "token.json").delete()
    assert not (tmp_path / "nothing").exists()
