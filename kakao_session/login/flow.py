"""The steps of the first login: the URL for the browser, the answer, the token and what is kept.

:mod:`~kakao_session.login.loopback` listens for the browser. The command adds the prompts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from kakao_session.authorization_response import read_code
from kakao_session.errors import LOGIN, LoginRequiredError
from kakao_session.redaction import without_inner_frames
from kakao_session.token import Token

if TYPE_CHECKING:
    from kakao_session.session import KakaoSession
    from kakao_session.stores.base import TokenStore

REDIRECT_URI = "http://localhost:8765/callback"
"""The default redirect URI. Kakao compares it character by character."""

SECRET_IS_REQUIRED = "client_secret_required"  # noqa: S105 - a field's name
"""Notes with a token whether its REST API key has a client secret. It is needed for a refresh."""

_CODE = re.compile(r"[A-Za-z0-9_~.+/=-]{10,1000}")


class Login:
    """One attempt to log in. Make a new object for the next attempt.

    ::

        session = KakaoSession(redirect_uri=REDIRECT_URI, pkce="S256", token_store="token.json")
        login = Login(session)
        print(login.url)
        login.finish(login.read(input("The address in your browser: ")))

    :param session: with ``redirect_uri``, and ``pkce="S256"`` so that nobody else can use the code.
    :raises ConfigurationError: the REST API key is missing.
    """

    def __init__(self, session: KakaoSession) -> None:
        self.session = session
        self.url, self._state = session.authorization_url()

    def is_answer(self, redirect: str) -> bool:
        """Whether a URL that the browser requests is the answer to this login."""
        try:
            read_code(redirect, self._state)
        except LoginRequiredError as error:
            return error.error not in ("mismatching_state", "missing_code")
        return True

    @without_inner_frames
    def read(self, answer: str) -> str:
        """Read the authorization code from what the browser brought back, or the user pasted.

        :param answer: the whole URL, its query, or only the code.
        :returns: the code. A code alone has no state; PKCE ties it to this login.
        :raises LoginRequiredError: there is none. ``error`` tells why. ``access_denied`` and others
            end the login; after ``mismatching_state`` and ``missing_code``, wait for another one.
        """
        answer = answer.strip().strip("\"'<>")
        if re.search(r"\b(code|error)=", answer):
            return read_code(f"?{answer.rpartition('?')[2]}", self._state)
        if _CODE.fullmatch(answer):
            return answer
        raise LoginRequiredError(
            f"This is neither the redirect nor a code. {LOGIN}", error="missing_code", hint=LOGIN
        )

    def finish(self, code: str) -> Token:
        """Exchange the code, and save the token.

        :raises LoginRequiredError: the code is used up, expired, or from another login.
        :raises TokenEndpointError: there is no token. The subclass says what to do.
        :raises TokenStoreError: the token could not be saved.
        """
        return self.session.fetch_token(code=code)


class AppTokenStore:
    """A store that keeps the app's keys with each token, so that a program needs only the file.

    :param inner: where the token is kept.
    :param app_key: the REST API key, kept as ``app_key``.
    :param client_secret: its client secret, kept as ``client_secret``; ``None``: don't keep it.
    :param secret_is_required: whether the key has a client secret, kept as
        ``client_secret_required``; ``None``: don't note it.
    """

    def __init__(
        self,
        inner: TokenStore,
        app_key: str,
        client_secret: str | None = None,
        *,
        secret_is_required: bool | None = None,
    ) -> None:
        self.inner = inner
        self.app_key = app_key
        self.client_secret = client_secret
        self.secret_is_required = secret_is_required

    @property
    def path(self) -> Any:
        """The path of the store itself; ``None`` if it has none. A hint how to log in names it."""
        return getattr(self.inner, "path", None)

    def load(self) -> Token | None:
        """:returns: the stored token without its client secret, which may belong to another app."""
        token = self.inner.load()
        if token is not None:
            token.pop("client_secret", None)
        return token

    def save(self, token: Mapping[str, Any]) -> None:
        """Save *token* with the keys of the app."""
        saved = Token(token).with_app(self.app_key, self.client_secret)
        if self.secret_is_required is not None:
            saved[SECRET_IS_REQUIRED] = self.secret_is_required
        self.inner.save(saved)

    def delete(self) -> None:
        """Remove what is stored."""
        self.inner.delete()

    def lock(self) -> AbstractContextManager[object]:
        """:returns: the lock of the store itself."""
        return self.inner.lock()

    def __repr__(self) -> str:
        return repr(self.inner)


def note_user(store: TokenStore, token: Token, user_id: int) -> None:
    """Keep the user's ID with a stored token, as ``user_id``. The token endpoint does not tell it.

    :param token: the stored token. If another one is stored by now, it is left alone.
    :param user_id: from ``access_token_info``.
    :raises TokenStoreError: it could not be saved.
    """
    with store.lock():
        stored = store.load()
        if stored is not None and stored.is_same_as(token):
            store.save(Token({**stored, "user_id": user_id}))
