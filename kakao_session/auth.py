"""Which request gets which credential: the user's token, the REST API key, or none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from requests import PreparedRequest
from requests.auth import AuthBase

from kakao_session.call import NO_CALL, Timeout, during
from kakao_session.endpoints import KAKAO, Endpoints
from kakao_session.persistence import Persistence, TokenUpdater, checked_updater
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import TokenStore, check_store
from kakao_session.token import LEEWAY, REFRESH_AHEAD
from kakao_session.token_endpoint import TIMEOUT, TokenEndpoint
from kakao_session.token_source import TokenSource
from kakao_session.unauthorized import RetryUnauthorized


class KakaoAuth(AuthBase):
    """The ``auth=`` for a Kakao login. It attaches the token, and refreshes it when needed.

    The user's token goes to the API host and to *api_hosts*, over https. The REST API key goes to
    ``dapi.kakao.com``. Neither goes anywhere else. A request that already has an ``Authorization``
    header is left alone.

    :param client_id: the app's REST API key. Default: ``KAKAO_REST_API_KEY``, else the token's
        ``app_key``.
    :param client_secret: the client secret of that key. Default: ``KAKAO_CLIENT_SECRET``, else the
        token's ``client_secret``.
    :param token: a token to start with, as a dict.
    :param token_store: where the login is kept: a store, or the path of a file. It is read when it
        is first needed.
    :param token_updater: called with the complete token after every change.
    :param leeway: an access token with less than this many seconds left is refreshed before it is
        used.
    :param refresh_ahead: this many seconds before that, one call refreshes the token while the
        others go on with it.
    :param timeout: seconds to wait for the token endpoint: a number, or (connect, read). All tries
        together take a minute at most.
    :param api_hosts: other hosts, ``name`` or ``name:port``, that may get the token.
    :param endpoints: Kakao's URLs. Change them for tests.
    :raises TypeError: *token_store* is neither a store nor a path, *client_id* is a path or a
        token, or *token_updater* is not a function, or one for asyncio.
    :raises ValueError: *token* is not a token, *token_store* is an empty path, or *api_hosts* holds
        something else than host names.
    :raises ConfigurationError: the token endpoint is not an ``https://`` URL.

    >>> requests.get("https://kapi.kakao.com/v2/user/me", auth=KakaoAuth(token_store="token.json"))
    <Response [200]>
    """

    _retry: RetryUnauthorized | None = None
    """The hook of requests with the current token."""

    @without_inner_frames
    def __init__(
        self,
        client_id: str | None = None,
        *,
        client_secret: str | None = None,
        token: Mapping[str, Any] | None = None,
        token_store: TokenStore | str | os.PathLike[str] | None = None,
        token_updater: TokenUpdater | None = None,
        leeway: float = LEEWAY,
        refresh_ahead: float = REFRESH_AHEAD,
        timeout: Timeout | None = TIMEOUT,
        api_hosts: Iterable[str] = (),
        endpoints: Endpoints = KAKAO,
    ) -> None:
        self._api, self._dapi = _prefixes(endpoints, tuple(_listed(api_hosts)))
        self.source = TokenSource(
            TokenEndpoint(endpoints.token_url, timeout),
            Persistence(_store(token_store), checked_updater(token_updater)),
            client_id=_checked_client_id(client_id),
            client_secret=client_secret,
            token=token,
            leeway=leeway,
            refresh_ahead=refresh_ahead,
        )

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Attach the credential that the request's host may get.

        :raises KakaoError: it needs a token, and there is no usable one.
        """
        url = r.url or ""
        if url.startswith(self._api):
            if "Authorization" not in r.headers:
                authorization = self.source.authorization()
                r.headers["Authorization"] = authorization
                retry = self._retry
                if retry is None or retry.sent is not authorization:
                    retry = self._retry = RetryUnauthorized(self.source, authorization)
                r.hooks["response"].append(retry)
        elif url.startswith(self._dapi) and "Authorization" not in r.headers:
            key = self.source.credentials.required_client_id(self.source.look_up)
            r.headers["Authorization"] = f"KakaoAK {key}"
        return r

    def keep_alive(self) -> bool:
        """Keep the login alive: refresh if the refresh token is in its last month.

        Only then does Kakao replace the refresh token. If its end is unknown, this refreshes every
        time. Call it at least every four weeks for each user, better every night.

        :returns: whether this call refreshed. If it did not, it made no request.
        :raises LoginRequiredError: there is no login, or it has ended.
        :raises KakaoError: there is no new token, or it could not be saved. The message says what
            to do.
        """
        return during(NO_CALL, self.source.keep_alive)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_retry": None}


def _store(place: TokenStore | str | os.PathLike[str] | None) -> TokenStore | None:
    if place is None:
        return None
    if isinstance(place, _PATHS) and not hasattr(place, "load"):  # a mock of a store is a path, too
        from kakao_session.stores.file import FileTokenStore

        return FileTokenStore(place)
    check_store(place, "token_store=")
    return cast("TokenStore", place)


_PATHS = (str, os.PathLike)
_NOT_IN_APP_KEYS = frozenset("/\\.")  # but in a path or a JSON Web Token


def could_be_app_key(text: str) -> bool:
    """Whether *text* has none of the characters of a path or a JSON Web Token."""
    return _NOT_IN_APP_KEYS.isdisjoint(text)


def _checked_client_id(client_id: str | None) -> str | None:
    """:raises TypeError: it is a path or a token, not an app key. The message hides it."""
    if client_id is None:
        return None
    if not isinstance(client_id, str) or not could_be_app_key(client_id):
        raise TypeError(
            "client_id= takes the REST API key. The path of a token file goes to token_store=, a "
            "token to token=."
        )
    return client_id


def _listed(hosts: Iterable[str]) -> Iterable[str]:
    return (hosts,) if isinstance(hosts, str) else hosts


@lru_cache(maxsize=32)
def _prefixes(
    endpoints: Endpoints, api_hosts: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How the URLs start that get the token, and those that get the REST API key."""
    for host in api_hosts:
        if not host or set(host) & set("/?#@\\ "):
            raise ValueError(f"api_hosts takes host names such as 'api.example.com', not {host!r}")
    api = _origins(endpoints.api_url, *(f"https://{host.lower()}" for host in api_hosts))
    return api, _origins(endpoints.dapi_url)


def _origins(*urls: str) -> tuple[str, ...]:
    secure = [url for url in urls if url.startswith("https://")]
    return tuple(f"{url}{port}/" for url in secure for port in ("", ":443"))
