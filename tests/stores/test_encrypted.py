"""What is peculiar to encryption: keys, wrong keys, what was never encrypted."""

import json
import pickle
import traceback

import pytest
from cryptography.fernet import Fernet

from kakao_session import EncryptedTokenStore, FileTokenStore, Token, TokenStoreError
from kakao_session.stores.testing import NEW, OLD
from tests.stores import factories

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


def test_keys__change(file):
    EncryptedTokenStore(file, KEY).save(OLD)
    both = EncryptedTokenStore(file, [OTHER, KEY])
    assert both.load() == OLD
    both.save(NEW)
    assert EncryptedTokenStore(file, OTHER).load() == NEW
    with pytest.raises(TokenStoreError):
        EncryptedTokenStore(file, KEY).load()


@pytest.mark.parametrize(
    "keys", ["", "not-a-key-but-secret", KEY[:-2], [], [KEY, "not-a-key-but-secret"], [None], [5]]
)
def test_keys__that_are_none_are_refused_at_once(file, keys):
    with pytest.raises(ValueError, match=r"Fernet.generate_key\(\)") as caught:
        EncryptedTokenStore(file, keys)
    shown = "".join(traceback.format_exception(caught.value))
    assert "not-a-key" not in str(caught.value)
    assert KEY not in shown


def ciphertext_in(file):
    return str(json.loads(file.path.read_text())["access_token"])


def damaged(ciphertext):
    return [ciphertext[:-10], ciphertext[:20], "x" + ciphertext[1:], "abc!"]


def test_load__damaged_or_of_another_key(store, file):
    EncryptedTokenStore(file, OTHER).save(OLD)
    of_another_key = ciphertext_in(file)
    store.save(OLD)
    for ciphertext in [of_another_key, *damaged(ciphertext_in(file))]:
        file.save(Token({"access_token": ciphertext, "encrypted": "fernet"}))
        before = file.path.read_bytes()
        with pytest.raises(TokenStoreError, match="can't be decrypted") as caught:
            store.load()
        assert str(file.path) in str(caught.value)
        assert caught.value.__cause__ is not None
        shown = "".join(traceback.format_exception(caught.value))
        assert KEY not in shown
        assert ciphertext not in str(caught.value)
        assert file.path.read_bytes() == before


@pytest.mark.parametrize("token", [OLD, Token({"refresh_token": "r", "encrypted": "otherwise"})])
def test_load__never_encrypted(store, file, token):
    file.save(token)
    before = file.path.read_bytes()
    with pytest.raises(TokenStoreError, match=r"is not encrypted.*save what the inner store loads"):
        store.load()
    assert file.path.read_bytes() == before
    plain = store.inner.load()
    assert plain is not None
    store.save(plain)
    assert store.load() == token


def test_load__ciphertext_is_missing(store, file):
    file.save(Token({"refresh_token": "r", "encrypted": "fernet"}))
    with pytest.raises(TokenStoreError, match="can't be decrypted"):
        store.load()


def test_inner_store__sees_whether_the_refresh_token_changed():
    seen = []

    class Memory(FileTokenStore):
        def save(self, token):
            seen.append(token)

    token = OLD.copy()
    for changed in (True, False):
        token.refresh_token_changed = changed
        EncryptedTokenStore(Memory("x"), KEY).save(token)
    assert [token.refresh_token_changed for token in seen] == [True, False]


def test_inner_store__of_any_kind(redis_server, key):
    inner = factories.redis_store(redis_server.url, key, decode_responses=True)
    store = EncryptedTokenStore(inner, KEY)
    with store.lock():
        store.save(OLD)
        assert store.load() == OLD
    assert str(OLD["access_token"]) not in inner.client.get(key)
    store.delete()
    assert inner.load() is None


def test_repr_and_pickle__name_the_place_alone(store, file):
    assert repr(store) == f"EncryptedTokenStore({file!r})"
    store.save(OLD)
    twin = pickle.loads(pickle.dumps(store))
    assert twin.load() == OLD
