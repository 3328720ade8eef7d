"""The credential on a request: where it goes, and what happens when it is rejected with a 401."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.auth import AuthBase
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from kakao_session.endpoints import KAKAO, Endpoints
from kakao_session.errors import json_object
from kakao_session.held import LEEWAY, REFRESH_AHEAD
from kakao_session.kauth import TIMEOUT, Timeout, TokenEndpoint
from kakao_session.keeper import Keeper, TokenUpdater
from kakao_session.secret import hidden
from kakao_session.source import TokenSource
from kakao_session.stores.base import check_store

if TYPE_CHECKING:
    from kakao_session.stores.base import TokenStore

_REJECTED = -401


class KakaoAuth(AuthBase):
    """Attaches a Kakao login to requests, and keeps it alive.

    The user's token goes over https to the API host and to *api_hosts*, the REST API key to
    ``dapi.kakao.com``, and neither goes anywhere else. A request that has an ``Authorization``
    header already is left alone.

    :param client_id: the app's REST API key. Default: ``KAKAO_REST_API_KEY``, else the token's
        ``app_key``.
    :param client_secret: the key's secret. Default: ``KAKAO_CLIENT_SECRET``, else the token's
        ``client_secret``.
    :param token: a token to begin with, as a dict.
    :param token_store: where the login lives: a store, or the path of a file. Read at first use.
    :param token_updater: called with the complete token after every change.
    :param leeway: seconds before its end from which on a token is renewed before it is used.
    :param refresh_ahead: seconds before that from which on one caller renews, and no other waits.
    :param timeout: seconds to wait for the token endpoint, as requests takes them.
    :param api_hosts: further hosts, ``name`` or ``name:port``, that the token may go to.
    :param endpoints: where Kakao is.
    :raises TypeError: *token_store* is neither a store nor a path, or *client_id* is a path.
    :raises ValueError: *token* is no token, or *api_hosts* holds more than host names.

    >>> requests.get("https://kapi.kakao.com/v2/user/me", auth=KakaoAuth(token_store="token.json"))
    <Response [200]>
    """

    _resend: _Resend | None = None
    """The hook of the requests that carry the present header."""

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
        client_secret, token = hidden(client_secret), hidden(token)
        self._api, self._dapi = _prefixes(endpoints, tuple(_listed(api_hosts)))
        self.source = TokenSource(
            TokenEndpoint(endpoints.token_url, timeout),
            Keeper(_store(token_store), token_updater),
            client_id=_app_key(client_id),
            client_secret=client_secret,
            token=token,
            leeway=leeway,
            refresh_ahead=refresh_ahead,
        )

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Attach what the request's host is entitled to.

        :raises KakaoError: the host wants a token, and there is none that could be used.
        """
        url = r.url or ""
        if url.startswith(self._api):
            if "Authorization" not in r.headers:
                authorization = self.source.authorization()
                r.headers["Authorization"] = authorization
                resend = self._resend
                if resend is None or resend.sent is not authorization:
                    resend = self._resend = _Resend(self.source, authorization)
                r.hooks["response"].append(resend)
        elif url.startswith(self._dapi) and "Authorization" not in r.headers:
            key = self.source.credentials.required_client_id(self.source.look_up)
            r.headers["Authorization"] = f"KakaoAK {key}"
        return r

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_resend": None}


class _Resend:
    """The response hook of the requests that carry one header: what to do about a 401.

    It hangs on every response, and responses are pickled, into a cache or for another process. They
    go without the login: a request that has been pickled gets its 401 back.
    """

    __slots__ = ("sent", "source")

    def __init__(self, source: TokenSource, sent: str) -> None:
        self.source = source
        self.sent = sent

    def __call__(self, response: Response, **transport: Any) -> Response:
        if response.status_code != 401:
            return response
        if response.request.headers.get("Authorization") != self.sent:
            return response  # redirected elsewhere, or somebody else's header by now
        sent = self.sent
        # Once with a token that somebody else has put there since, once with a renewed one.
        for _ in range(2):
            if not _is_rejection(response):
                break
            authorization = self.source.after_rejection(sent)
            again = response.request.copy()
            adapter = getattr(response, "connection", None)  # not every adapter names itself
            if authorization is None or adapter is None or not _is_rewound(again):
                break
            sent = again.headers["Authorization"] = authorization
            is_bought = self.source.is_bought(authorization)
            response = _send_again(response, adapter, again, transport)
            if is_bought:
                self.source.tell_cured(authorization, not _is_rejection(response))
        return response

    def __reduce__(self) -> tuple[Any, ...]:
        return _without_login, ()


def _without_login() -> Any:
    return _as_it_is


def _as_it_is(response: Response, **_: Any) -> Response:
    return response


def _send_again(
    first: Response, adapter: BaseAdapter, request: PreparedRequest, transport: dict[str, Any]
) -> Response:
    jar = getattr(request, "_cookies", None)
    if jar is not None:
        extract_cookies_to_jar(jar, first.request, first.raw)
        request.prepare_cookies(jar)
    first.close()
    started = time.perf_counter()
    second = adapter.send(request, **transport)
    second.elapsed = timedelta(seconds=time.perf_counter() - started)
    second.history = [*first.history, first]
    return second


def _is_rejection(response: Response) -> bool:
    """Whether a 401 is about the token, and not, say, about the user's age (-406)."""
    if response.status_code != 401:
        return False
    return json_object(response).get("code") in (None, _REJECTED)


def _is_rewound(request: PreparedRequest) -> bool:
    """Move a body that has been read back to where it stood, if it can be."""
    if request.body is None or isinstance(request.body, str | bytes | bytearray | memoryview):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True


def _store(place: TokenStore | str | os.PathLike[str] | None) -> TokenStore | None:
    if place is None:
        return None
    if not isinstance(place, _PATHS):
        check_store(place, "token_store=")
        return place
    from kakao_session.stores.file import FileTokenStore

    return FileTokenStore(place)


_PATHS = (str, os.PathLike)
_FILE_NAME = frozenset("/\\.")  # none of these is in an app key


def _app_key(client_id: str | None) -> str | None:
    """:raises TypeError: it is a path, a token or the like, which the message does not show."""
    if client_id is None:
        return None
    if not isinstance(client_id, str) or not _FILE_NAME.isdisjoint(client_id):
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
    """How a URL that gets the token begins, and how one that gets the REST API key begins."""
    for host in api_hosts:
        if not host or set(host) & set("/?#@\\ "):
            raise ValueError(f"api_hosts takes host names such as 'api.example.com', not {host!r}")
    api = _origins(endpoints.api_url, *(f"https://{host.lower()}" for host in api_hosts))
    return api, _origins(endpoints.dapi_url)


def _origins(*urls: str) -> tuple[str, ...]:
    secure = [url for url in urls if url.startswith("https://")]
    return tuple(f"{url}{port}/" for url in secure for port in ("", ":443"))
