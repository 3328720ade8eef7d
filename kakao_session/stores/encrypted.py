"""A token encrypted, in whatever other store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from kakao_session.errors import TokenStoreError
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import check_store
from kakao_session.stores.text import to_text, to_token
from kakao_session.token import Token

try:
    from cryptography.fernet import Fernet, InvalidToken, MultiFernet
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "EncryptedTokenStore needs cryptography: pip install 'kakao-session[crypto]'",
        name=error.name,
    ) from error

if TYPE_CHECKING:
    from kakao_session.stores.base import TokenStore

_MARK = "encrypted"
_FERNET = "fernet"


class EncryptedTokenStore:
    """Encrypts what another store keeps, with Fernet.

    The other store sees a token whose ``access_token`` is the ciphertext of the real one, whole,
    and whose ``encrypted`` says ``fernet``.

    A store that has a token which is not encrypted is taken over with
    ``EncryptedTokenStore(inner, key).save(inner.load())``.

    :param inner: the other store.
    :param key_or_keys: a key of ``Fernet.generate_key()``, or several: the first encrypts, each
        decrypts. To change the key, put a new one in front, and take the old one away once every
        token has been saved again.
    :raises TypeError: *inner* is no store.
    :raises ValueError: there is no key, or one is no Fernet key.

    >>> store = EncryptedTokenStore(FileTokenStore("token.json"), os.environ["TOKEN_KEY"])
    """

    @without_inner_frames
    def __init__(self, inner: TokenStore, key_or_keys: str | bytes | Iterable[str | bytes]) -> None:
        check_store(inner, "EncryptedTokenStore")
        self.inner = inner
        several = [key_or_keys] if isinstance(key_or_keys, str | bytes) else key_or_keys
        self._fernet = _fernet(list(several))

    @without_inner_frames
    def load(self) -> Token | None:
        """Load from the other store and decrypt.

        :returns: the token; ``None`` if there is none.
        :raises TokenStoreError: the other store failed; or what it has is not encrypted, or was
            with another key, or is damaged: then it stays as it is.
        """
        sealed = self.inner.load()
        if sealed is None:
            return None
        if sealed.get(_MARK) != _FERNET:
            raise self._error(
                "is not encrypted",
                "It was left as it is. If it is yours, encrypt it: save what the inner store loads",
            )
        try:
            return to_token(self._fernet.decrypt(sealed.get("access_token") or ""))
        except InvalidToken as error:
            raise self._error(
                "can't be decrypted",
                "It was left as it is. Give the key that it was encrypted with; if that is given, "
                "the ciphertext is damaged: run `kakao-session login`",
            ) from error
        except ValueError as error:
            raise self._error(f"is no token ({error})", "It was left as it is") from None

    @without_inner_frames
    def save(self, token: Mapping[str, Any]) -> None:
        """Encrypt and save in the other store.

        :param token: the token, as any mapping.
        :raises TokenStoreError: *token* is none, or is no JSON, or the other store failed.
        """
        try:
            content = to_text(token).encode()
        except ValueError as error:
            raise self._error("can't be encrypted", str(error)) from error
        ciphertext = self._fernet.encrypt(content).decode("ascii")
        sealed = Token({"access_token": ciphertext, _MARK: _FERNET})
        sealed.refresh_token_changed = getattr(token, "refresh_token_changed", False)
        self.inner.save(sealed)

    @without_inner_frames
    def delete(self) -> None:
        """Delete from the other store.

        :raises TokenStoreError: it failed.
        """
        self.inner.delete()

    def lock(self) -> AbstractContextManager[object]:
        """:returns: the other store's lock."""
        return self.inner.lock()

    def _error(self, what: str, remedy: str) -> TokenStoreError:
        return TokenStoreError(f"The token in {self.inner!r} {what}: {remedy}.")

    def __repr__(self) -> str:
        return f"EncryptedTokenStore({self.inner!r})"


def _fernet(keys: list[str | bytes]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except (ValueError, TypeError):
        raise ValueError(
            "key_or_keys is neither a Fernet key nor several: make one with Fernet.generate_key()"
        ) from None
