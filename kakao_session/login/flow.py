"""The steps of the first login: the URL for the browser, the answer, the token and what is kept.

:mod:`~kakao_session.login.loopback` listens for the browser. The command adds prompts and spinners.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from kakao_session.authorization_response import read_code
from kakao_session.errors import LOGIN, LoginRequiredError
from kakao_session.redaction import Secret
from kakao_session.token import Token

if TYPE_CHECKING:
    from kakao_session.session import KakaoSession
    from kakao_session.stores.base import TokenStore

REDIRECT_URI = "http://localhost:8765/callback"
"""Where the browser comes back to unless somebody says otherwise. Kakao compares it literally."""

_CODE = re.compile(r"[A-Za-z0-9_~.+/=-]{10,1000}")


class Login:
    """One try to log in; the next try needs an object of its own.

    ::

        session = KakaoSession(redirect_uri=REDIRECT_URI, pkce="S256", token_store="token.json")
        login = Login(session)
        print(login.url)
        login.finish(login.read(input("The address at which the browser has ended: ")))

    :param session: has a ``redirect_uri``; with ``pkce="S256"`` nobody else can use the code.
    :raises ConfigurationError: nobody has said the REST API key.
    """

    def __init__(self, session: KakaoSession) -> None:
        self.session = session
        self.url, self._state = session.authorization_url()

    def is_answer(self, redirect: str) -> bool:
        """Whether a request of a browser belongs to this login and brings it to an end."""
        try:
            read_code(redirect, self._state)
        except LoginRequiredError as error:
            return error.error not in ("mismatching_state", "missing_code")
        return True

    def read(self, answer: str) -> str:
        """Take the authorization code out of what came back, by the browser or by hand.

        :param answer: the redirect as a whole, its query, or the bare code.
        :returns: the code. A bare one has no state; it is PKCE that ties it to this login.
        :raises LoginRequiredError: there is none. ``error`` tells why: ``access_denied`` and the
            like end the login, after ``mismatching_state`` and ``missing_code`` another answer may
            come.
        """
        answer = Secret(answer.strip().strip("\"'<>"))
        if re.search(r"\b(code|error)=", answer):
            return read_code(f"?{answer.rpartition('?')[2]}", self._state)
        if _CODE.fullmatch(answer):
            return answer
        raise LoginRequiredError(
            f"This is neither a redirect nor a code. {LOGIN}", error="missing_code", hint=LOGIN
        )

    def finish(self, code: str) -> Token:
        """Exchange the code, and save the token.

        :raises LoginRequiredError: the code is used up, expired or not of this login.
        :raises TokenEndpointError: there is no token; the kind says what to do.
        :raises TokenStoreError: the token could not be saved.
        """
        return self.session.fetch_token(code=code)


class AppTokenStore:
    """A store that writes down with each token whose it is: a program needs no more than the file.

    :param inner: where the token lives.
    :param app_key: the REST API key that the token belongs to, kept as ``app_key``.
    :param client_secret: the key's secret, kept likewise; ``None`` if it shall not be.
    """

    def __init__(self, inner: TokenStore, app_key: str, client_secret: str | None = None) -> None:
        self.inner = inner
        self.app_key = app_key
        self.client_secret = client_secret

    def load(self) -> Token | None:
        """:returns: the stored token, without a client secret: that may be of another app."""
        token = self.inner.load()
        if token is not None:
            token.pop("client_secret", None)
        return token

    def save(self, token: Mapping[str, Any]) -> None:
        """Save *token* with the app's keys."""
        self.inner.save(Token(token).with_app(self.app_key, self.client_secret))

    def delete(self) -> None:
        """Remove what is stored."""
        self.inner.delete()

    def lock(self) -> AbstractContextManager[object]:
        """:returns: the lock of the store itself."""
        return self.inner.lock()

    def __repr__(self) -> str:
        return repr(self.inner)


def note_user(store: TokenStore, token: Token, user_id: int) -> None:
    """Keep with a stored token whose it is, as ``user_id``. An answer of the token endpoint is
    silent about that.

    :param token: what is stored; another token, which somebody has put there since, is left alone.
    :param user_id: as ``access_token_info`` tells it.
    :raises TokenStoreError: it could not be saved.
    """
    with store.lock():
        stored = store.load()
        if stored is not None and stored.is_same_as(token):
            store.save(Token({**stored, "user_id": user_id}))
