"""Who the app is: the client credentials (RFC 6749, section 2.3) and the forms that carry them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from kakao_session.errors import ConfigurationError
from kakao_session.kauth import Form
from kakao_session.token import Token, is_sendable


class ClientCredentials:
    """The REST API key and its secret: as given, else from the environment, else from the token.

    :param client_id: the REST API key, if it is given.
    :param client_secret: its secret, if it is given.

    Methods take a function that returns the token, which may carry ``app_key`` and
    ``client_secret``. It is called only if it is needed: it may have to read a store.
    """

    __slots__ = ("given_id", "given_secret")

    def __init__(self, client_id: str | None, client_secret: str | None) -> None:
        self.given_id = client_id
        self.given_secret = client_secret

    def client_id(self, token: Callable[[], Token]) -> str | None:
        """:returns: the REST API key, or ``None`` if it is missing."""
        return self.given_id or os.environ.get("KAKAO_REST_API_KEY") or token().get("app_key")

    def required_client_id(self, token: Callable[[], Token]) -> str:
        """:raises ConfigurationError: the REST API key is missing, or it can't be sent."""
        client_id = self.client_id(token)
        if not client_id:
            raise ConfigurationError(
                "The REST API key is needed and nobody has said it. Give client_id=, set "
                "KAKAO_REST_API_KEY, or keep it as app_key in the token."
            )
        return _sendable(client_id, "REST API key", "client_id=, KAKAO_REST_API_KEY and app_key")

    def form(
        self,
        token: Callable[[], Token],
        grant_type: str,
        *,
        client_secret: str | None = None,
        **fields: str,
    ) -> Form:
        """A token request's form: the grant, who asks, and what else the grant needs.

        :raises ConfigurationError: the REST API key is missing, or it or its secret can't be sent.
        """
        form = Form(grant_type=grant_type, client_id=self.required_client_id(token), **fields)
        secret = (
            client_secret
            or self.given_secret
            or os.environ.get("KAKAO_CLIENT_SECRET")
            or token().get("client_secret")
        )
        if secret:
            places = "client_secret=, KAKAO_CLIENT_SECRET and client_secret"
            form["client_secret"] = _sendable(secret, "client secret", places)
        return form


def _sendable(value: Any, what: str, places: str) -> str:
    """:raises ConfigurationError: *value*, which may come from a file, can't be sent."""
    if not is_sendable(value):
        raise ConfigurationError(
            f"The {what} is none, for it has characters other than visible ASCII. Look at "
            f"{places} in the token."
        )
    return str(value)
