"""The token file of the command: plain, or encrypted if ``KAKAO_SESSION_TOKEN_KEY`` is set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kakao_session.cli import missing_extra
from kakao_session.cli.errors import Failure, TokenFileError
from kakao_session.cli.i18n import _
from kakao_session.cli.signals import defer_signals
from kakao_session.errors import TokenStoreError, as_command
from kakao_session.stores.base import ENCRYPTED, FERNET
from kakao_session.stores.file import FileTokenStore
from kakao_session.token import Token

if TYPE_CHECKING:
    from kakao_session.stores.base import TokenStore

PATH_VARIABLE = "KAKAO_SESSION_TOKEN_FILE"
KEY_VARIABLE = "KAKAO_SESSION_TOKEN_KEY"


class _File(FileTokenStore):
    def __repr__(self) -> str:
        return str(self.path)


class TokenFile:
    """A store in a file. Messages name it by its path.

    :param path: the file; ``None`` for the default.
    :raises Failure: the path or the key can't be used.
    """

    def __init__(self, path: str | None) -> None:
        self._file = _file(path)
        key = os.environ.get(KEY_VARIABLE)
        self.is_encrypted = key is not None
        self._store: TokenStore = self._file if key is None else _encrypted(self._file, key)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    def load(self) -> Token | None:
        """:returns: the token; ``None`` if there is none.

        :raises TokenStoreError: it can't be read, or is encrypted and there is no key, or is not
            encrypted although there is one.
        """
        if self.is_encrypted and self._is_plain():
            path = str(self.path)
            command = as_command("kakao-session", "import", path, "--token-file", path)
            raise TokenFileError(
                _(
                    "{path} is not encrypted, but KAKAO_SESSION_TOKEN_KEY is set. To encrypt it, "
                    "run: {command}",
                    path=path,
                    command=command,
                )
            )
        token = self._store.load()
        if token is not None and is_encrypted(token):
            raise TokenFileError(
                _(
                    "{path} is encrypted. Set KAKAO_SESSION_TOKEN_KEY to the key that it was "
                    "encrypted with.",
                    path=self.path,
                )
            )
        return token

    def load_any(self) -> Token | None:
        """:returns: the token, even if it is not encrypted although there is a key."""
        return self._file.load() if self._is_plain() else self.load()

    def save(self, token: Mapping[str, Any]) -> None:
        """Save a token."""
        self._store.save(token)

    def delete(self) -> None:
        """Delete the file."""
        self._store.delete()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the file. Every refresh, in a call too, happens inside: Ctrl-C waits for its end."""
        with self._store.lock(), defer_signals():
            yield

    def wait_until_free(self) -> None:
        """Wait while another process refreshes. Ctrl-C ends this wait at once."""
        with self.lock():
            pass

    def _is_plain(self) -> bool:
        token = self._file.load()
        return token is not None and not is_encrypted(token)

    def __repr__(self) -> str:
        return str(self.path)


def is_encrypted(token: Token) -> bool:
    """Whether *token* is what ``EncryptedTokenStore`` makes of one."""
    return token.get(ENCRYPTED) == FERNET


def _file(path: str | None) -> FileTokenStore:
    if "://" in (path or os.environ.get(PATH_VARIABLE, "")):
        raise Failure(
            _("--token-file and KAKAO_SESSION_TOKEN_FILE take the path of a file, not a URL.")
        )
    try:
        return _File(path)
    except TokenStoreError as error:
        raise Failure(
            _(
                "Could not find the home folder or the current folder. Pass the full path of the "
                "token file, with --token-file or KAKAO_SESSION_TOKEN_FILE."
            )
        ) from error


def _encrypted(file: FileTokenStore, key: str) -> TokenStore:
    try:
        from kakao_session.stores.encrypted import EncryptedTokenStore

        return EncryptedTokenStore(file, key.strip().encode(errors="replace"))
    except ModuleNotFoundError as error:
        raise Failure(missing_extra(error, "cli,crypto")) from error
    except ValueError:
        raise Failure(
            _(
                "KAKAO_SESSION_TOKEN_KEY is not a Fernet key. This command makes one:\n"
                '    python -c "from cryptography.fernet import Fernet; '
                'print(Fernet.generate_key().decode())"\n'
                "If the token file does not have to be encrypted, unset the variable."
            )
        ) from None
