"""What is peculiar to the keychain: back ends that refuse, and the lock beside it."""

import pickle
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import keyring
import pytest
from keyring.errors import KeyringLocked, PasswordSetError

from kakao_session import KeyringTokenStore, Token, TokenStoreError
from kakao_session.stores.testing import NEW, OLD
from tests.stores.keychain import Keychain
from tests.stores.raw_access import no_keychain


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
    assert repr(KeyringTokenStore("app", "me")) == "KeyringTokenStore('me' of service 'app')"


def test_lock__is_a_private_file_for_each_entry(keychain, tmp_path):
    with KeyringTokenStore("a", "b").lock(), KeyringTokenStore("a", "c", lock_timeout=0).lock():
        locks = sorted((tmp_path / "kakao-session").iterdir())
        assert len(locks) == 3  # theirs, and one for the keychain itself
        assert {stat.S_IMODE(lock.stat().st_mode) for lock in locks} == {0o600}
        with (
            ThreadPoolExecutor(1) as thread,
            pytest.raises(TokenStoreError, match=r"'b' of service 'a' is locked.*0 seconds"),
        ):
            thread.submit(KeyringTokenStore("a", "b", lock_timeout=0).delete).result()
    assert keychain.entries == {}


def test_keychain__is_asked_by_one_at_a_time(keychain):
    def read_and_write(user):
        for _ in range(5):
            KeyringTokenStore("app", user).load()
            KeyringTokenStore("app", user).save(OLD)

    threads = [threading.Thread(target=read_and_write, args=[user]) for user in "aab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keychain.most_inside == 1


@pytest.mark.parametrize(
    "refusal", [KeyringLocked("locked"), PasswordSetError("no"), RuntimeError("D-Bus")], ids=repr
)
@pytest.mark.parametrize("act", ["get", "set"])
def test_lock__of_a_keychain_that_would_refuse_the_save(keychain, act, refusal):
    store = KeyringTokenStore()
    store.save(OLD)
    keychain.refusals[act] = refusal
    with pytest.raises(TokenStoreError, match=type(refusal).__name__) as caught, store.lock():
        pytest.fail("a refresh token might be spent here")
    assert caught.value.__cause__ is refusal
    assert "'default' of service 'kakao-session' can't be" in str(caught.value)
    keychain.refusals.clear()
    assert store.load() == OLD


def test_delete__refused(keychain):
    store = KeyringTokenStore()
    store.delete()
    store.save(OLD)
    keychain.refusals["delete"] = KeyringLocked("locked")
    with pytest.raises(TokenStoreError, match="can't be removed"):
        store.delete()
    assert store.load() == OLD


@pytest.mark.parametrize(("length", "told"), [(1280, False), (1281, True)])
def test_save__longer_than_windows_takes(keychain, length, told):
    store = KeyringTokenStore()
    store.save(OLD)
    keychain.longest = 1279
    bare = len('{"access_token": "a", "id_token": ""}')
    with pytest.raises(TokenStoreError) as caught:
        store.save(Token({"access_token": "a", "id_token": "i" * (length - bare)}))
    assert ("1,281 characters. Windows takes no more" in str(caught.value)) is told
    assert ("Windows" in str(caught.value)) is told
    assert "iii" not in str(caught.value)
    assert store.load() == OLD


def test_no_keychain(monkeypatch):
    monkeypatch.setattr("keyring.core._keyring_backend", no_keychain())
    with pytest.raises(TokenStoreError, match="keyring finds no keychain here"):
        KeyringTokenStore().load()


def test_pickle(keychain):
    store = KeyringTokenStore("app", "me", lock_timeout=3)
    store.save(OLD)
    twin = pickle.loads(pickle.dumps(store))
    with twin.lock():
        twin.save(NEW)
    assert (store.load(), twin.lock_timeout) == (NEW, 3)


def test_backend__is_the_one_of_keyring(keychain):
    assert keyring.get_keyring() is keychain
