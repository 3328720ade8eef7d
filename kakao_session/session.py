"""An ``OAuth2Session`` for Kakao that refreshes its own token."""

from __future__ import annotations

import copy
import os
import time
import warnings
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import requests
from oauthlib.oauth2 import Client
from requests import PreparedRequest, Request, Response
from requests.adapters import BaseAdapter
from requests.exceptions import MissingSchema
from requests.utils import get_netrc_auth
from requests_oauthlib.oauth2_session import OAuth2Session

from kakao_session.auth import KakaoAuth
from kakao_session.authorization_response import checked_code, read_code
from kakao_session.call import NO_CALL, QUIET, Call, Timeout, current, during
from kakao_session.endpoints import KAKAO, Endpoints
from kakao_session.errors import KakaoAPIError, json_object, raise_for_kakao
from kakao_session.persistence import TokenUpdater, checked_updater
from kakao_session.redaction import without_inner_frames
from kakao_session.stores.base import TokenStore
from kakao_session.token import LEEWAY, REFRESH_AHEAD, Token
from kakao_session.token_endpoint import TIMEOUT, TokenEndpoint
from kakao_session.transport import (
    NO_SETTINGS,
    Environment,
    as_sent,
    renew_connections_after_fork,
    without_retries,
)

_merge: Any = requests.Session.merge_environment_settings
_MERGE = _merge if _merge.__module__ == "requests.sessions" else None  # None if it was patched

if TYPE_CHECKING:

    class _Parent(OAuth2Session, requests.Session):
        """The parent, whose own package has no types: those of requests show through."""
else:
    _Parent = OAuth2Session


class KakaoSession(_Parent):
    """A :class:`requests.Session` that is logged in to Kakao and stays logged in.

    Use it like :class:`requests_oauthlib.OAuth2Session`. A URL that starts with ``/`` goes to the
    API host.

    :param client_id: the app's REST API key. Default: ``KAKAO_REST_API_KEY``, else the token's
        ``app_key``.
    :param client_secret: the client secret of that key. Default: ``KAKAO_CLIENT_SECRET``, else the
        token's ``client_secret``.
    :param token: a token to start with, as a dict.
    :param token_store: where the login is kept: a store, or the path of a file. It is read when it
        is first needed.
    :param token_updater: called with the complete token after every change.
    :param scope: the consent items that :meth:`authorization_url` asks for.
    :param redirect_uri: where Kakao sends the browser after the login. Register it in the console.
    :param leeway: an access token with less than this many seconds left is refreshed before it is
        used.
    :param refresh_ahead: this many seconds before that, one call refreshes the token while the
        others go on with it.
    :param timeout: seconds to wait for the token endpoint: a number, or (connect, read). For a
        call, pass its own ``timeout=``.
    :param api_hosts: other hosts, ``name`` or ``name:port``, that may get the token.
    :param endpoints: Kakao's URLs. Change them for tests.
    :param kwargs: the other keywords of ``OAuth2Session``. ``auto_refresh_kwargs`` may hold
        ``client_id`` and ``client_secret``; ``auto_refresh_url`` replaces the token endpoint. With
        ``auto_refresh_url``, and neither *token_store* nor *token_updater*, a call that refreshes
        the token raises ``TokenUpdated``, as in OAuth2Session.
    :raises TypeError: *token_store* is neither a store nor a path, *client_id* is a path or a
        token, or *token_updater* is not a function, or one for asyncio.
    :raises ValueError: *token* is not a token, *token_store* is an empty path, or *api_hosts* holds
        something else than host names.
    :raises ConfigurationError: the token endpoint is not ``https://``.

    >>> kakao = KakaoSession(token_store="kakao_token.json")
    >>> kakao.get("/v2/user/me").json()["id"]
    123456789
    """

    _client: Client
    _pkce: str | None
    _state: Any
    _auto_refresh_url: str | None = None

    @without_inner_frames
    def __init__(
        self,
        client_id: str | None = None,
        *,
        client_secret: str | None = None,
        token: Mapping[str, Any] | None = None,
        token_store: TokenStore | str | os.PathLike[str] | None = None,
        token_updater: TokenUpdater | None = None,
        scope: str | Iterable[str] | None = None,
        redirect_uri: str | None = None,
        leeway: float = LEEWAY,
        refresh_ahead: float = REFRESH_AHEAD,
        timeout: Timeout | None = TIMEOUT,
        api_hosts: Iterable[str] = (),
        endpoints: Endpoints = KAKAO,
        **kwargs: Any,
    ) -> None:
        given = kwargs.get("client")
        auth = KakaoAuth(
            client_id or getattr(given, "client_id", None),
            client_secret=client_secret,
            token=token,
            token_store=token_store,
            token_updater=token_updater,
            leeway=leeway,
            refresh_ahead=refresh_ahead,
            api_hosts=api_hosts,
            endpoints=endpoints,
        )
        self.endpoints = endpoints
        self._environment = Environment()
        self._code_verifier: str | None = None
        self._login_auth = auth
        self._timeout = timeout
        self._token_urls: set[str] = set()
        super().__init__(scope=scope, redirect_uri=redirect_uri, **kwargs)  # type: ignore[no-untyped-call]  # the parent has no types
        self.auth = auth
        self._source = auth.source
        self._source.use(self._token_endpoint(self.auto_refresh_url))
        renew_connections_after_fork(self)

    # Calls ----------------------------------------------------------------------------------

    def request(  # type: ignore[override]  # the parent's order of keywords, requests' types
        self,
        method: str,
        url: str | bytes,
        data: Any = None,
        headers: Any = None,
        withhold_token: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        files: Any = None,
        **kwargs: Any,
    ) -> Response:
        """Send a request, as :meth:`requests.Session.request` does. Kakao gets the token.

        :param method: the HTTP method, such as ``GET``.
        :param url: the URL. If it starts with ``/``, it goes to the API host.
        :param data: the body, as in requests; likewise *headers* and *files*.
        :param withhold_token: send the request without the token.
        :param client_id: accepted for compatibility with OAuth2Session and ignored, like
            *client_secret*.
        :param kwargs: the other parameters of requests. ``timeout`` (seconds) also limits a refresh
            before this call.
        :returns: the answer, whatever its status. :func:`raise_for_kakao` turns Kakao's errors into
            exceptions.
        :raises KakaoError: there is no usable token, and a refresh was not possible.
        """
        if withhold_token and kwargs.get("auth") is None:
            kwargs["auth"] = _no_credential
        # Not OAuth2Session's request: it attaches the token to any host, and logs it.
        send = super(OAuth2Session, self).request
        outer, timeout = current.get(), kwargs.get("timeout")
        if timeout is None and outer is NO_CALL and not self._auto_refresh_url:
            return send(method, url, data=data, headers=headers, files=files, **kwargs)
        raises = self._auto_refresh_url and self._source.persistence.is_missing
        raises_for = self._source if raises and not outer.is_quiet else None
        call = Call(timeout, time.monotonic(), raises_for)
        return during(
            call, lambda: send(method, url, data=data, headers=headers, files=files, **kwargs)
        )

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare a request with the settings and the token of this session.

        :raises KakaoError: there is no usable token, and a refresh was not possible.
        """
        url = self._absolute(request.url)
        if url is not request.url:
            request = copy.copy(request)
            request.url = url
        if self.auth is None and request.auth is None and not self._netrc_auth(url):
            request = copy.copy(request)
            request.auth = self._login_auth
        try:
            return super().prepare_request(request)
        except MissingSchema:
            if not url:
                raise
            raise MissingSchema(
                f"Invalid URL {url!r}: start a path of the API with a slash, /{url}, and any other "
                "URL with https://"
            ) from None

    def get_adapter(self, url: str) -> BaseAdapter:
        """The adapter for a URL. For a token request, it is one that does not retry."""
        adapter = super().get_adapter(url)
        return without_retries(adapter) if url in self._token_urls else adapter

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """As in :class:`requests.Session`, but what the environment says is remembered by host."""
        merge = super().merge_environment_settings
        is_usual = proxies is not None and self.proxies is not None and "no_proxy" not in proxies
        if not is_usual or getattr(merge, "__func__", None) is not _MERGE:
            # What is remembered is requests' own answer, not that of a patch or another class.
            own = proxies and dict(proxies)  # requests writes into it
            return merge(url, own, stream, verify, cert)
        settings = self._environment.settings_for(url) if self.trust_env else NO_SETTINGS
        merged = {**self.proxies, **settings.proxies, **proxies}
        if verify is True or verify is None:
            verify = settings.ca_bundle or verify
        return {
            "proxies": merged
            and {scheme: each for scheme, each in merged.items() if each is not None},
            "stream": self.stream if stream is None else stream,
            "verify": self.verify if verify is None else verify,
            "cert": self.cert if cert is None else cert,
        }

    def _netrc_auth(self, url: Any) -> Any:
        return get_netrc_auth(url) if self.trust_env else None

    def _absolute(self, url: Any) -> Any:
        if isinstance(url, bytes):
            url = url.decode()
        if isinstance(url, str) and url.startswith("/"):
            return self.endpoints.api_url + url
        return url

    # The login ------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The current token; empty if there is none. An assignment replaces it in memory only.

        :raises TokenStoreError: the store could not be read.
        :raises ValueError: what you assign is not a token.
        """
        return self._source.look_up()

    @token.setter
    @without_inner_frames
    def token(self, value: Mapping[str, Any] | None) -> None:
        if not self._is_being_built:
            self._source.assign(value)

    @property
    def token_updater(self) -> TokenUpdater | None:
        """A function that is called with the complete token after every change, or ``None``."""
        return self._source.persistence.updater

    @token_updater.setter
    def token_updater(self, value: TokenUpdater | None) -> None:
        if not self._is_being_built:
            self._source.persistence.updater = checked_updater(value)

    @property
    def auto_refresh_url(self) -> str | None:
        """The token endpoint, if it is another one than Kakao's."""
        return self._auto_refresh_url

    @auto_refresh_url.setter
    def auto_refresh_url(self, value: str | None) -> None:
        if not self._is_being_built:
            self._source.use(self._token_endpoint(value))
        self._auto_refresh_url = value

    @property
    def auto_refresh_kwargs(self) -> Mapping[str, Any]:
        """May hold ``client_id`` and ``client_secret`` for the refresh."""
        return self._login_auth.source.credentials.more

    @auto_refresh_kwargs.setter
    def auto_refresh_kwargs(self, value: Mapping[str, Any] | None) -> None:
        credentials = self._login_auth.source.credentials
        credentials.more = {} if value is None else value
        if not self._is_being_built:  # the latest counts
            if "client_id" in credentials.more:
                credentials.given_id = None
            if "client_secret" in credentials.more:
                credentials.given_secret = None

    @property
    def _is_being_built(self) -> bool:
        return "_source" not in self.__dict__  # the parent's constructor assigns these too

    @property
    def access_token(self) -> str | None:
        """The access token, or ``None``. An assignment keeps the refresh token."""
        return self.token.get("access_token")

    @access_token.setter
    @without_inner_frames
    def access_token(self, value: str | None) -> None:
        self.token = self.token.merged(Token(access_token=value)) if value else {}

    @access_token.deleter
    def access_token(self) -> None:
        self.token = {}

    @property
    def authorized(self) -> bool:
        """Whether there is an access token, usable or not."""
        return bool(self.access_token)

    @property
    def client_id(self) -> str | None:
        """The REST API key, or ``None`` if it is missing."""
        return self._source.credentials.client_id(self._source.look_up)

    @client_id.setter
    def client_id(self, value: str | None) -> None:
        self._source.credentials.given_id = value

    @client_id.deleter
    def client_id(self) -> None:
        self._source.credentials.given_id = None

    def new_state(self) -> str:
        """Make a state for an authorization URL, or use the one that was given."""
        self._state = self.state() if callable(self.state) else self.state
        return str(self._state)

    def authorization_url(
        self, url: str | None = None, state: str | None = None, **kwargs: Any
    ) -> tuple[str, str]:
        """Make the URL at which the user logs in and agrees. Open it in the user's browser.

        :param url: another authorization endpoint than Kakao's.
        :param state: your own state; :meth:`fetch_token` expects it back. Default: a random one.
        :param kwargs: more parameters of the URL, such as ``prompt`` or ``login_hint``.
        :returns: the URL and the state. A web site keeps the state in the user's session.
        :raises ConfigurationError: the REST API key is missing.

        >>> kakao = KakaoSession(redirect_uri="https://example.com/callback", scope="talk_message")
        >>> url, state = kakao.authorization_url()
        >>> # the user logs in there, and Kakao sends the browser to callback_url
        >>> token = kakao.fetch_token(authorization_response=callback_url)
        """
        source = self._source
        self._client.client_id = source.credentials.required_client_id(source.look_up)
        self._state = state or self.new_state()
        made: tuple[str, str] = super().authorization_url(  # type: ignore[no-untyped-call]  # the parent has no types
            url or self.endpoints.authorize_url, state=self._state, **kwargs
        )
        return made

    @without_inner_frames
    def fetch_token(
        self,
        token_url: str | None = None,
        code: str | None = None,
        authorization_response: str | None = None,
        body: str = "",
        auth: Any = None,
        username: str | None = None,
        password: str | None = None,
        method: str = "POST",
        force_querystring: bool = False,
        timeout: Timeout | None = None,
        headers: Any = None,
        verify: Any = None,
        proxies: Mapping[str, str] | None = None,
        include_client_id: bool | None = None,
        client_secret: str | None = None,
        cert: Any = None,
        **kwargs: str,
    ) -> Token:
        """Exchange an authorization code for a token, and save it.

        Pass *code* or *authorization_response*; without them, the code of *client* is used. *body*
        may hold ``client_id`` and ``client_secret``. Other parameters of OAuth2Session are accepted
        for compatibility and ignored.

        :param token_url: another token endpoint than Kakao's, for this request.
        :param code: the authorization code.
        :param authorization_response: the URL that Kakao sent the browser to. Its state is compared
            with that of :meth:`authorization_url`, or with the *state* of this session. Without
            either it is not checked: a web site passes ``state=`` to the session.
        :param timeout: transport settings of this request, like *verify*, *proxies* and *cert*.
        :param client_secret: the client secret of the REST API key. The session remembers it.
        :param kwargs: more fields of the form, such as ``code_verifier``; and ``client_id``, which
            the session remembers.
        :returns: the token. It replaces the old one. If anything fails, the old one stays.
        :raises ValueError: there is neither a code nor an authorization response; or, with *pkce*,
            this session did not make the authorization URL.
        :raises LoginRequiredError: the response is forged or has no code, or Kakao refused it.
        :raises TokenEndpointError: there is no token. The subclass says what to do.
        :raises TokenStoreError: the token could not be saved.
        """
        self._remember(body, client_id=kwargs.pop("client_id", None), client_secret=client_secret)
        if authorization_response and not code:
            state = self._state  # a callable is not a state: it makes those of oauthlib's client
            is_known = state is not None and not callable(state)
            code = read_code(authorization_response, str(state) if is_known else None)
        code = code or getattr(self._client, "code", None)
        if not code:
            raise ValueError("Give fetch_token a code or an authorization_response.")
        code = checked_code(code)
        if self._pkce:
            if self._code_verifier is None:
                raise ValueError("With pkce, call authorization_url on this session first.")
            kwargs["code_verifier"] = self._code_verifier
        for name in ("scope", "state"):  # they belong to the authorization URL
            kwargs.pop(name, None)
        if self.redirect_uri is not None:
            kwargs.setdefault("redirect_uri", self.redirect_uri)
        form = self._source.credentials.form(
            self._source.look_up, "authorization_code", code=code, **kwargs
        )
        exchange = partial(
            self._source.exchange,
            self._token_endpoint(token_url),
            form,
            timeout=timeout,
            verify=verify,
            proxies=proxies,
            cert=cert,
        )
        return during(Call(timeout, time.monotonic()), exchange)

    @without_inner_frames
    def refresh_token(
        self,
        token_url: str | None = None,
        refresh_token: str | None = None,
        body: str = "",
        auth: Any = None,
        timeout: Timeout | None = None,
        headers: Any = None,
        verify: Any = None,
        proxies: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> Token:
        """Refresh the token now, unless another thread or process has just done so.

        *body* may hold ``client_id`` and ``client_secret``. Other parameters of OAuth2Session are
        accepted for compatibility and ignored.

        :param token_url: another token endpoint than Kakao's. Later refreshes use it, too.
        :param refresh_token: sent instead of the session's own.
        :param timeout: transport settings of this request, like *verify* and *proxies*.
        :param kwargs: ``client_id`` and ``client_secret``. The session remembers them.
        :returns: the new token, saved.
        :raises LoginRequiredError: the login has ended.
        :raises TokenEndpointError: there is no new token. The subclass says what to do.
        :raises TokenStoreError: the token could not be saved.
        """
        self._remember(body, **kwargs)
        if token_url:
            self._source.use(self._token_endpoint(token_url))
        refresh = partial(
            self._source.refresh, refresh_token, timeout=timeout, verify=verify, proxies=proxies
        )
        return during(Call(timeout, time.monotonic()), refresh)

    def ensure_active_token(self) -> Token:
        """Refresh the token if a call would have to. Use it to hand the token to another library.

        :returns: a token that can be used now.
        :raises LoginRequiredError: there is no login, or it has ended.
        :raises KakaoError: the token could not be refreshed or saved. The message says what to do.
        """
        return during(NO_CALL, self._source.current).token

    def keep_alive(self) -> bool:
        """Keep the login alive: refresh if the refresh token is in its last month.

        Only then does Kakao replace the refresh token. If its end is unknown, this refreshes every
        time. Call it at least every four weeks for each user, better every night.

        :returns: whether this call refreshed. If it did not, it made no request.
        :raises LoginRequiredError: there is no login, or it has ended.
        :raises KakaoError: there is no new token, or it could not be saved. The message says what
            to do.
        """
        return self._login_auth.keep_alive()

    def token_info(self) -> dict[str, Any]:
        """Ask Kakao about the access token.

        :returns: Kakao's answer: the ``id`` of the user, ``expires_in`` in seconds, ``app_id``.
        :raises KakaoError: there is no login, or Kakao refused.
        """
        return self._answer(during(QUIET, partial(self.get, self.endpoints.token_info_url)))

    def logout(self) -> dict[str, Any]:
        """End the login at Kakao, and delete the token here and in the store.

        :returns: Kakao's answer: the ``id`` of the user.
        :raises TokenStoreError: the token can't be deleted from the store. Nothing has happened.
        :raises KakaoError: Kakao refused or could not be reached. The token is deleted anyway.
        """
        self._source.check_can_forget()
        try:
            return self._answer(during(QUIET, partial(self.post, self.endpoints.logout_url)))
        finally:
            self._source.forget()

    def unlink(self) -> dict[str, Any]:
        """Disconnect the user from the app. All tokens of the user end, and so does the consent.

        If that worked, the token is deleted here and in the store.

        :returns: Kakao's answer: the ``id`` of the user.
        :raises TokenStoreError: the token can't be deleted from the store. Nothing has happened.
        :raises KakaoError: there is no login, or Kakao refused.
        """
        self._source.check_can_forget()
        answer = self._answer(during(QUIET, partial(self.post, self.endpoints.unlink_url)))
        self._source.forget()
        return answer

    def register_compliance_hook(self, hook_type: str, hook: Any) -> None:
        """Accepted for compatibility with OAuth2Session and ignored, with a warning."""
        warnings.warn(
            "KakaoSession ignores compliance hooks: it understands Kakao's answers without them. "
            "Delete this call.",
            stacklevel=2,
        )

    def _remember(
        self, body: str, *, client_id: Any = None, client_secret: Any = None, **_: Any
    ) -> None:
        """:param body: more fields of a form. These two are taken from it if they are there."""
        credentials, more = self._source.credentials, dict(parse_qsl(body or ""))
        credentials.given_id = client_id or more.get("client_id") or credentials.given_id
        credentials.given_secret = (
            client_secret or more.get("client_secret") or credentials.given_secret
        )

    def _token_endpoint(self, url: str | None) -> TokenEndpoint:
        try:
            url = as_sent(url or self.endpoints.token_url)
        except (ValueError, TypeError, AttributeError):
            url = ""  # TokenEndpoint refuses it
        endpoint = TokenEndpoint(url, self._timeout, session=self)
        self._token_urls.add(url)
        return endpoint

    @staticmethod
    def _answer(response: Response) -> dict[str, Any]:
        raise_for_kakao(response)
        body = json_object(response)
        if not body:
            raise KakaoAPIError(
                "Kakao's answer could not be read. Try again later.", response=response
            )
        return dict(body)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_environment": Environment()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        renew_connections_after_fork(self)


def _no_credential(request: PreparedRequest) -> PreparedRequest:
    return request
