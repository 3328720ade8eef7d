"""An ``OAuth2Session`` for Kakao that renews its own token."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import requests
from requests import PreparedRequest, Request, Response
from requests_oauthlib.oauth2_session import OAuth2Session

from kakao_session.auth import KakaoAuth
from kakao_session.authorization_response import checked_code, read_code
from kakao_session.endpoints import KAKAO, Endpoints
from kakao_session.errors import (
    ConfigurationError,
    KakaoAPIError,
    json_object,
    raise_for_kakao,
)
from kakao_session.persistence import TokenUpdater
from kakao_session.redaction import Secret, Secrets, hidden
from kakao_session.token import LEEWAY, REFRESH_AHEAD, Token
from kakao_session.token_endpoint import TIMEOUT, Timeout, TokenEndpoint
from kakao_session.transport import SILENCE, Environment, leave_connections_to_the_parent

if TYPE_CHECKING:
    from oauthlib.oauth2 import Client

    from kakao_session.stores.base import TokenStore


if TYPE_CHECKING:

    class _Parent(OAuth2Session, requests.Session):
        """The parent, whose own package has no types: those of requests show through."""
else:
    _Parent = OAuth2Session


class KakaoSession(_Parent):
    """A :class:`requests.Session` that is logged in at Kakao and stays so.

    Calls written for :class:`requests_oauthlib.OAuth2Session` work as they are. A URL that starts
    with ``/`` is taken on the API host.

    :param client_id: the app's REST API key. Default: ``KAKAO_REST_API_KEY``, else the token's
        ``app_key``.
    :param client_secret: the key's secret. Default: ``KAKAO_CLIENT_SECRET``, else the token's
        ``client_secret``.
    :param token: a token to begin with, as a dict.
    :param token_store: where the login lives: a store, or the path of a file. Read at first use.
    :param token_updater: called with the complete token after every change.
    :param scope: what :meth:`authorization_url` asks the user for.
    :param redirect_uri: where Kakao sends the browser back to; registered in the console.
    :param leeway: seconds before its end from which on a token is renewed before it is used.
    :param refresh_ahead: seconds before that from which on one caller renews, and no other waits.
    :param timeout: seconds to wait for the token endpoint, as requests takes them. Calls take
        their own ``timeout=``.
    :param api_hosts: further hosts, ``name`` or ``name:port``, that the token may go to.
    :param endpoints: where Kakao is.
    :param kwargs: the other keywords of ``OAuth2Session``. ``auto_refresh_kwargs`` may name the
        client; ``auto_refresh_url`` is the token endpoint unless it is told here.
    :raises TypeError: *token_store* is neither a store nor a path, or *client_id* is a path.
    :raises ValueError: *token* is no token, or *api_hosts* holds more than host names.

    >>> kakao = KakaoSession(token_store="kakao_token.json")
    >>> kakao.get("/v2/user/me").json()["id"]
    123456789
    """

    _client: Client
    _pkce: str | None
    _state: Any

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
        client_secret, token, kwargs = hidden(client_secret), hidden(token), Secrets(kwargs)
        extra = hidden(kwargs.get("auto_refresh_kwargs")) or {}
        given = kwargs.get("client")
        auth = KakaoAuth(
            client_id or extra.get("client_id") or getattr(given, "client_id", None),
            client_secret=client_secret or extra.get("client_secret"),
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
        super().__init__(scope=scope, redirect_uri=redirect_uri, **kwargs)  # type: ignore[no-untyped-call]  # the parent has no types
        self.auth = auth
        self._source = auth.source
        self._source.endpoint = self._token_endpoint(self.auto_refresh_url, timeout)
        leave_connections_to_the_parent(self)

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
        """Send a request, as :meth:`requests.Session.request` does.

        :param withhold_token: send it without the login.
        :param client_id: taken for the parent's sake, and not used; nor is *client_secret*.
        :raises KakaoError: the login could not be brought into order.
        """
        if withhold_token and kwargs.get("auth") is None:
            kwargs["auth"] = _no_credential
        return requests.Session.request(
            self, method, self._absolute(url), data=data, headers=headers, files=files, **kwargs
        )

    def prepare_request(self, request: Request) -> PreparedRequest:
        """Prepare a request with the session's settings and login.

        :raises KakaoError: the login could not be brought into order.
        """
        url = self._absolute(request.url)
        if url is not request.url:
            request = copy.copy(request)
            request.url = url
        return super().prepare_request(request)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """What :class:`requests.Session` does, the environment's part remembered by host."""
        if proxies is None or self.proxies is None or "no_proxy" in proxies:
            own = proxies and dict(proxies)  # requests writes into it
            return super().merge_environment_settings(url, own, stream, verify, cert)
        answer = self._environment.ask(url) if self.trust_env else SILENCE
        merged = {**self.proxies, **answer.proxies, **proxies}
        if verify is True or verify is None:
            verify = answer.ca_bundle or verify
        return {
            "proxies": {scheme: proxy for scheme, proxy in merged.items() if proxy is not None},
            "stream": self.stream if stream is None else stream,
            "verify": self.verify if verify is None else verify,
            "cert": self.cert if cert is None else cert,
        }

    def _absolute(self, url: Any) -> Any:
        if isinstance(url, str) and url.startswith("/"):
            return self.endpoints.api_url + url
        return url

    # The login ------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The token; empty if there is none. Assigning replaces it, in memory alone.

        :raises TokenStoreError: the store could not be read.
        """
        return self._source.look_up()

    @token.setter
    def token(self, value: Mapping[str, Any] | None) -> None:
        if not self._is_being_built:
            value = hidden(value)
            self._source.assign(value)

    @property
    def token_updater(self) -> TokenUpdater | None:
        """What is called with the complete token after every change."""
        return self._source.persistence.updater

    @token_updater.setter
    def token_updater(self, value: TokenUpdater | None) -> None:
        if not self._is_being_built:
            self._source.persistence.updater = value

    @property
    def _is_being_built(self) -> bool:
        return "_source" not in self.__dict__  # the parent assigns what is ours to assign

    @property
    def access_token(self) -> str | None:
        """The access token, or ``None``. Assigning leaves the refresh token as it is."""
        return self.token.get("access_token")

    @access_token.setter
    def access_token(self, value: str | None) -> None:
        value = hidden(value)
        self.token = self.token.merged(Token(access_token=value)) if value else {}

    @access_token.deleter
    def access_token(self) -> None:
        self.token = {}

    @property
    def authorized(self) -> bool:
        """Whether there is a login, alive or not."""
        return bool(self.token)

    @property
    def client_id(self) -> str | None:
        """The REST API key, or ``None`` if nobody has said."""
        return self._source.credentials.client_id(self._source.look_up)

    @client_id.setter
    def client_id(self, value: str | None) -> None:
        self._source.credentials.given_id = value

    @client_id.deleter
    def client_id(self) -> None:
        self._source.credentials.given_id = None

    def new_state(self) -> str:
        """Make a state for an authorization URL, or take the one that was given."""
        self._state = self.state() if callable(self.state) else self.state
        return str(self._state)

    def authorization_url(
        self, url: str | None = None, state: str | None = None, **kwargs: Any
    ) -> tuple[str, str]:
        """Where to send the user's browser to log in and to agree.

        :param url: the authorization endpoint, if it is not Kakao's.
        :param state: a state of your own; :meth:`fetch_token` expects it back.
        :param kwargs: further parameters, such as ``prompt`` or ``login_hint``.
        :returns: the URL and the state.
        :raises ConfigurationError: nobody has said the REST API key.
        """
        source = self._source
        self._client.client_id = source.credentials.required_client_id(source.look_up)
        self._state = state or self.new_state()
        made: tuple[str, str] = super().authorization_url(  # type: ignore[no-untyped-call]  # the parent has no types
            url or self.endpoints.authorize_url, state=self._state, **kwargs
        )
        return made

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

        Kakao takes one form: what is not named here is taken for the parent's sake, and not used.

        :param token_url: the token endpoint, if it is not Kakao's.
        :param code: the authorization code.
        :param authorization_response: the URL that the browser was sent back to; its state is
            checked.
        :param timeout: with *verify*, *proxies* and *cert*: transport settings of this request.
        :param client_secret: the REST API key's secret.
        :param kwargs: further fields of the form, such as ``code_verifier``; ``client_id``, if the
            session does not know it.
        :returns: the token. It has replaced the old one; if anything fails, the old one stays.
        :raises ValueError: there is neither a code nor a redirect.
        :raises LoginRequiredError: the redirect is forged or holds no code, or the code is no good.
        :raises TokenEndpointError: there is no token; the kind says what to do.
        :raises TokenStoreError: the token could not be saved.
        """
        del body, auth, password  # not used, and a traceback would show them
        client_secret, kwargs = hidden(client_secret), Secrets(kwargs)
        self._source.credentials.given_id = (
            kwargs.pop("client_id", None) or self._source.credentials.given_id
        )
        code = Secret(code or "")
        authorization_response = Secret(authorization_response or "")
        if code:
            code = checked_code(code)
        else:
            if not authorization_response:
                raise ValueError("Give fetch_token a code or an authorization_response.")
            state = self._state if isinstance(self._state, str) else None
            code = read_code(authorization_response, state)
        if self._pkce:
            if self._code_verifier is None:
                raise ValueError("With pkce, call authorization_url on this session first.")
            kwargs["code_verifier"] = self._code_verifier
        if self.redirect_uri is not None:
            kwargs.setdefault("redirect_uri", self.redirect_uri)
        form = self._source.credentials.form(
            self._source.look_up,
            "authorization_code",
            client_secret=client_secret,
            code=code,
            **kwargs,
        )
        endpoint = self._token_endpoint(token_url, self._source.endpoint.timeout)
        return self._source.exchange(
            endpoint, form, timeout=timeout, verify=verify, proxies=proxies, cert=cert
        )

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
        """Renew the token now, unless somebody who shares the store has just done so.

        What is not named here is taken for the parent's sake, and not used.

        :param token_url: the token endpoint, if it is not Kakao's.
        :param refresh_token: to be presented in the place of the session's own.
        :param timeout: with *verify* and *proxies*: transport settings of this request.
        :param kwargs: ``client_id`` and ``client_secret``, if the session does not know them.
        :returns: the new token, saved.
        :raises LoginRequiredError: the login is over.
        :raises TokenEndpointError: there is no token; the kind says what to do.
        :raises TokenStoreError: the token could not be saved.
        """
        del body, auth  # not used, and a traceback would show them
        refresh_token, kwargs = hidden(refresh_token), Secrets(kwargs)
        if kwargs.get("client_id"):
            self._source.credentials.given_id = kwargs["client_id"]
        if kwargs.get("client_secret"):
            self._source.credentials.given_secret = hidden(kwargs["client_secret"])
        if token_url:
            self._source.endpoint = self._token_endpoint(token_url, self._source.endpoint.timeout)
        return self._source.refresh(refresh_token, timeout=timeout, verify=verify, proxies=proxies)

    def ensure_active_token(self) -> Token:
        """Renew the token if a call would have to.

        :returns: a token that is good now.
        :raises KakaoError: there is none.
        """
        return self._source.current().token

    def token_info(self) -> dict[str, Any]:
        """Ask Kakao about the access token.

        :returns: ``id`` of the user, ``expires_in`` in seconds, ``app_id``.
        :raises KakaoError: there is no login, or Kakao refused.
        """
        return self._answer(self.get(self.endpoints.token_info_url))

    def logout(self) -> dict[str, Any]:
        """End the login. The token is dropped here and in the store, whatever Kakao says.

        :returns: ``id`` of the user.
        :raises KakaoError: Kakao could not be told; the token is dropped all the same.
        """
        try:
            return self._answer(self.post(self.endpoints.logout_url))
        finally:
            self._source.forget()

    def unlink(self) -> dict[str, Any]:
        """Disconnect the user from the app. When Kakao has done so, the token is dropped.

        :returns: ``id`` of the user.
        :raises KakaoError: there is no login, or Kakao refused.
        """
        answer = self._answer(self.post(self.endpoints.unlink_url))
        self._source.forget()
        return answer

    def register_compliance_hook(self, hook_type: str, hook: Any) -> None:
        """Taken for the parent's sake: Kakao's dialect needs no hook here, and none is called."""
        warnings.warn(
            "KakaoSession speaks Kakao's dialect itself and calls no compliance hook.", stacklevel=2
        )

    def _token_endpoint(self, url: str | None, timeout: Timeout | None) -> TokenEndpoint:
        url = url or self.endpoints.token_url
        if not url.startswith("https://"):
            raise ConfigurationError("The token endpoint has to be an https:// URL.")
        return TokenEndpoint(url, timeout, session=self)

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
        leave_connections_to_the_parent(self)


def _no_credential(request: PreparedRequest) -> PreparedRequest:
    return request
