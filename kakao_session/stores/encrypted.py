"""A token that any other store keeps, encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

from kakao_session.errors import TokenStoreError
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import (
    ENCRYPTED,
    FERNET,
    TokenStore,
    check_store,
    could_not,
    name_of,
    place_of,
    to_text,
    to_token,
)
from kakao_session.token import Token

try:
    from cryptography.fernet import Fernet, InvalidToken, MultiFernet
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'EncryptedTokenStore needs cryptography: pip install "kakao-session[crypto]"',
        name=error.name,
    ) from error


Keys: TypeAlias = str | bytes | Iterable[str | bytes] | Fernet | MultiFernet


class EncryptedTokenStore:
    """Encrypts with Fernet what another store keeps.

    The other store gets a token whose ``access_token`` is the ciphertext of the whole real token,
    and whose ``encrypted`` is ``fernet``.

    To encrypt a token that is already stored, run
    ``EncryptedTokenStore(inner, key).save(inner.load())``.

    :param inner: the other store.
    :param key_or_keys: a key from ``Fernet.generate_key()``, or several: the first one encrypts,
        and each of them decrypts. A ``Fernet`` or ``MultiFernet`` works too. To change the key, add
        the new one in front. Remove the old one when every token has been saved again.
    :raises TypeError: *inner* is not a store.
    :raises ValueError: there is no key, or one of them is not a Fernet key.

    >>> store = EncryptedTokenStore(FileTokenStore("token.json"), os.environ["TOKEN_KEY"])
    """

    @without_inner_frames
    def __init__(self, inner: TokenStore, key_or_keys: Keys) -> None:
        check_store(inner, "EncryptedTokenStore")
        self.inner = inner
        self._fernet = _fernet(key_or_keys)

    @without_inner_frames
    def load(self) -> Token | None:
        """Load from the other store and decrypt.

        :returns: the token; ``None`` if there is none.
        :raises TokenStoreError: the other store failed. Or what it keeps is damaged, not encrypted,
            or encrypted with another key. That is not changed.
        """
        sealed = self.inner.load()
        if sealed is None:
            return None
        if sealed.get(ENCRYPTED) != FERNET:
            raise self._error(
                "decrypt",
                "it is not encrypted. It was not changed. If it is yours, encrypt it: save what "
                "the inner store loads",
            )
        try:
            return to_token(self._fernet.decrypt(sealed.get("access_token") or ""))
        except InvalidToken as error:
            raise self._error(
                "decrypt",
                "the key is wrong, or the ciphertext is damaged. It was not changed. Use the key "
                "that it was encrypted with. If that is lost, delete the token and log in again",
            ) from error
        except ValueError as error:
            raise self._error(
                "read", f"there is no token in the ciphertext ({error}). It was not changed"
            ) from error

    @without_inner_frames
    def save(self, token: Mapping[str, Any]) -> None:
        """Encrypt a token and save it in the other store.

        :param token: any mapping.
        :raises TokenStoreError: *token* is not a token, or the other store failed.
        """
        try:
            content = to_text(token).encode()
        except ValueError as error:
            raise self._error("encrypt", str(error)) from error
        ciphertext = self._fernet.encrypt(content).decode("ascii")
        sealed = Token({"access_token": ciphertext, ENCRYPTED: FERNET})
        sealed.refresh_token_changed = getattr(token, "refresh_token_changed", False)
        self.inner.save(sealed)

    @without_inner_frames
    def delete(self) -> None:
        """Delete the token from the other store.

        :raises TokenStoreError: the other store failed.
        """
        self.inner.delete()

    def lock(self) -> AbstractContextManager[object]:
        """:returns: the other store's lock."""
        return self.inner.lock()

    @property
    def lock_timeout(self) -> Any:
        """How many seconds the other store waits for its lock; ``None`` if it does not tell."""
        return getattr(self.inner, "lock_timeout", None)

    def _error(self, verb: str, why: str) -> TokenStoreError:
        return could_not(verb, f"the token in {self._place}", why)

    @property
    def _place(self) -> str:
        return place_of(self.inner)

    def __repr__(self) -> str:
        return f"EncryptedTokenStore({name_of(self.inner)})"


def _fernet(key_or_keys: Keys) -> Fernet | MultiFernet:
    if isinstance(key_or_keys, Fernet | MultiFernet):
        return key_or_keys
    keys = [key_or_keys] if isinstance(key_or_keys, str | bytes) else key_or_keys
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except (ValueError, TypeError):
        raise ValueError(
            "key_or_keys must be one or more Fernet keys. Make one with Fernet.generate_key()."
        ) from None
