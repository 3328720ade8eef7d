"""The keychain: backends that refuse, and the lock beside it."""

import pickle
import re
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from kakao_session import KeyringTokenStore, Token
from kakao_session.stores.testing import NEW, OLD
from tests.stores.conftest import error_in_thread, error_of, lock
from tests.stores.keychain import Keychain


@pytest.fixture
def keychain(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    keychain = Keychain()
    monkeypatch.setattr("keyring.core._keyring_backend", keychain)
    return keychain


def test_defaults(keychain):
    KeyringTokenStore().save(Token({"access_token": "a", "별명": "홍길동"}))
    assert keychain.entries == {
        ("kakao-session", "default"): '{"access_token": "a", "별명": "홍길동"}'
    }


def test_lock__is_a_private_file_for_each_entry(keychain, tmp_path):
    waiting = KeyringTokenStore("a", "b", lock_timeout=0)
    with KeyringTokenStore("a", "b").lock(), KeyringTokenStore("a", "c", lock_timeout=0).lock():
        locks = sorted((tmp_path / "kakao-session").iterdir())
        # Theirs, and one for the keychain itself. Other versions of this library use the same.
        assert [re.sub("-[0-9a-f]{16}[.]", "-NAME.", lock.name) for lock in locks] == [
            "keyring-NAME.lock",
            "keyring-NAME.lock",
            "keyring.lock",
        ]
        assert {stat.S_IMODE(lock.stat().st_mode) for lock in locks} == {0o600}
        error = error_in_thread(waiting.delete)
    assert str(error).startswith("Could not lock keyring entry 'b' of service 'a': another ")


def test_lock__of_another_store_in_this_thread(keychain):
    store = KeyringTokenStore("a", "b")
    with store.lock():
        with store.lock():  # again with the same one
            store.save(OLD)
        assert str(error_of(lambda: lock(KeyringTokenStore("a", "b")))) == (
            "Could not lock keyring entry 'b' of service 'a': this thread has locked it with "
            "another store. Use one store for both."
        )


def test_keychain__is_asked_by_one_at_a_time(keychain):
    def read_and_write(user):
        for _ in range(5):
            KeyringTokenStore("app", user).load()
            KeyringTokenStore("app", user).save(OLD)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(read_and_write, "aab"))
    assert keychain.most_inside == 1


@pytest.mark.parametrize("refusal", [KeyringLocked("locked"), RuntimeError("D-Bus")], ids=repr)
@pytest.mark.parametrize("act", ["get", "set"])
def test_lock__of_a_keychain_that_would_refuse_the_save(keychain, act, refusal):
    store = KeyringTokenStore()
    store.save(OLD)
    keychain.refusals[act] = refusal
    error = error_of(lambda: lock(store))
    assert error.__cause__ is refusal
    assert str(error) == (
        f"Could not {'read' if act == 'get' else 'save'} keyring entry 'default' of service "
        f"'kakao-session': {type(refusal).__name__}. Check that the keychain is unlocked for this "
        "program."
    )
    keychain.refusals.clear()
    assert store.load() == OLD


def test_delete__refused(keychain):
    store = KeyringTokenStore()
    store.delete()
    store.save(OLD)
    keychain.refusals["delete"] = KeyringLocked("locked")
    assert "Could not delete keyring entry" in str(error_of(store.delete))
    assert store.load() == OLD
    keychain.refusals.clear()
    store.delete()
    assert keychain.entries == {}


@pytest.mark.parametrize(("length", "is_too_long"), [(1280, False), (1281, True)])
def test_save__longer_than_windows_takes(keychain, length, is_too_long):
    store = KeyringTokenStore()
    store.save(OLD)
    keychain.longest = 1279
    without = len('{"access_token": "a", "id_token": ""}')
    token = Token({"access_token": "a", "id_token": "i" * (length - without)})
    why = "Check that the keychain is unlocked for this program"
    if is_too_long:
        why = (
            "The token has 1,281 characters, and Windows takes at most 1,280: keep it in a file "
            "there. Elsewhere, check that the keychain is unlocked for this program"
        )
    assert str(error_of(lambda: store.save(token))) == (
        f"Could not save keyring entry 'default' of service 'kakao-session': OSError. {why}."
    )
    assert store.load() == OLD


def test_no_keychain(monkeypatch):
    monkeypatch.setattr("keyring.core._keyring_backend", NoKeyring())
    assert str(error_of(KeyringTokenStore().load)) == (
        "Could not read keyring entry 'default' of service 'kakao-session': keyring finds no "
        "keychain here. Keep the token in a file, or set one up."
    )


def test_repr_and_pickle(keychain):
    store = KeyringTokenStore("app", "me", lock_timeout=3)
    assert repr(store) == "KeyringTokenStore('me' of service 'app')"
    store.save(OLD)
    twin = pickle.loads(pickle.dumps(store))
    with twin.lock():
        twin.save(NEW)
    assert (store.load(), twin.lock_timeout) == (NEW, 3)
