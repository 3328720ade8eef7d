"""Encryption: keys, wrong keys, and what was never encrypted."""

import json
import pickle
import re
import traceback
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet, MultiFernet

from kakao_session import EncryptedTokenStore, FileTokenStore, KakaoSession, Token
from kakao_session.stores.testing import NEW, OLD
from tests.stores import factories
from tests.stores.conftest import error_of

KEY, OTHER = "7" * 43 + "=", b"OTHER".ljust(43, b"o") + b"="


@pytest.fixture
def file(tmp_path):
    return FileTokenStore(tmp_path / "token.json")


@pytest.fixture
def store(file):
    return EncryptedTokenStore(file, KEY)


def test_save__leaves_nothing_readable(store, file):
    store.save(OLD)
    content = json.loads(file.path.read_text())
    assert content.keys() == {"access_token", "encrypted"}
    assert content["encrypted"] == "fernet"
    assert json.loads(Fernet(KEY).decrypt(content["access_token"])) == OLD
    assert file.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("keys", [KEY, KEY.encode(), [KEY], (KEY.encode(),), iter([KEY])])
def test_keys__one_or_several(file, keys):
    EncryptedTokenStore(file, KEY).save(OLD)
    assert EncryptedTokenStore(file, keys).load() == OLD


@pytest.mark.parametrize("fernet", [Fernet(KEY), MultiFernet([Fernet(OTHER), Fernet(KEY)])])
def test_keys__as_fernet(file, fernet):
    EncryptedTokenStore(file, KEY).save(OLD)
    store = EncryptedTokenStore(file, fernet)
    assert store.load() == OLD
    store.save(NEW)
    assert store.load() == NEW


def test_keys__change(file):
    EncryptedTokenStore(file, KEY).save(OLD)
    both = EncryptedTokenStore(file, [OTHER, KEY])
    assert both.load() == OLD
    both.save(NEW)
    assert EncryptedTokenStore(file, OTHER).load() == NEW
    error_of(EncryptedTokenStore(file, KEY).load)


@pytest.mark.parametrize(
    "keys",
    ["", "not-a-key-but-secret", KEY[:-2], [], [KEY, "not-a-key-but-secret"], [None], [5], None],
)
def test_keys__that_are_not_are_refused_at_once(file, keys):
    words = "key_or_keys must be one or more Fernet keys. Make one with Fernet.generate_key()."
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$") as caught:
        EncryptedTokenStore(file, keys)
    shown = "".join(traceback.format_exception(caught.value))
    assert "not-a-key" not in str(caught.value)
    assert KEY not in shown


def test_lock_timeout__is_that_of_the_inner_store(tmp_path):
    inner = FileTokenStore(tmp_path / "token.json", lock_timeout=600)
    assert EncryptedTokenStore(inner, KEY).lock_timeout == 600
    methods = ("load", "save", "delete", "lock")
    bare = SimpleNamespace(**{name: getattr(inner, name) for name in methods})
    assert EncryptedTokenStore(bare, KEY).lock_timeout is None


def test_load__damaged_or_encrypted_with_another_key(store, file):
    EncryptedTokenStore(file, OTHER).save(OLD)
    with_another_key = file.load()["access_token"]
    store.save(OLD)
    intact = file.load()["access_token"]
    damaged = [intact[:-10], "x" + intact[1:], "abc!"]
    for ciphertext in [with_another_key, *damaged, None]:
        stored = {"access_token": ciphertext} if ciphertext else {"refresh_token": "r"}
        file.save({**stored, "encrypted": "fernet"})
        before = file.path.read_bytes()
        error = error_of(store.load)
        assert str(error) == (
            f"Could not decrypt the token in {file.path}: the key is wrong, or the ciphertext is "
            "damaged. It was not changed. Use the key that it was encrypted with. If that is "
            "lost, delete the token and log in again."
        )
        assert error.__cause__ is not None or not ciphertext
        assert KEY not in "".join(traceback.format_exception(error))
        assert file.path.read_bytes() == before


@pytest.mark.parametrize("token", [OLD, Token({"refresh_token": "r", "encrypted": "otherwise"})])
def test_load__never_encrypted(store, file, token):
    file.save(token)
    before = file.path.read_bytes()
    error = str(error_of(store.load))
    assert re.search("is not encrypted.*save what the inner store loads", error)
    assert file.path.read_bytes() == before
    store.save(store.inner.load())
    assert store.load() == token


def test_inner_store__sees_whether_the_refresh_token_changed():
    saved = []

    class Memory(FileTokenStore):
        def save(self, token):
            saved.append(token)

    token = OLD.copy()
    for changed in (True, False):
        token.refresh_token_changed = changed
        EncryptedTokenStore(Memory("x"), KEY).save(token)
    assert [token.refresh_token_changed for token in saved] == [True, False]


def test_inner_store__of_another_kind(redis_server, key):
    inner = factories.redis_store(redis_server.url, key, decode_responses=True)
    store = EncryptedTokenStore(inner, KEY)
    with store.lock():
        store.save(OLD)
        assert store.load() == OLD
    assert OLD["access_token"] not in inner.client.get(key)
    store.delete()
    assert inner.load() is None


def test_session_without_the_key__says_what_is_missing(store, file):
    store.save(OLD)
    session = KakaoSession("key", token_store=file)
    assert str(error_of(lambda: session.get("/v2/user/me"))) == (
        f"Could not read the token in {file.path}: it is encrypted. Use EncryptedTokenStore(store, "
        "key)."
    )
    assert store.load() == OLD


def test_repr_and_pickle__show_only_the_place(store, file):
    assert repr(store) == f"EncryptedTokenStore({file!r})"
    store.save(OLD)
    assert pickle.loads(pickle.dumps(store)).load() == OLD
