"""Who is compared: each peer as its own documentation uses it, all with the same login and wire.

What a peer needs is imported when it is made, so that one that is not installed can be left out.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple, NoReturn

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from kakao_session import KAKAO, Endpoints

ANSWER = b'{"id":123456789,"connected_at":"2026-01-01T00:00:00Z"}'
LIFE = 21_599


@dataclass(frozen=True)
class Login:
    """The login that every contender is given, and where Kakao is."""

    token: dict[str, Any]
    endpoints: Endpoints = KAKAO
    client_id: str = "the-rest-api-key"
    client_secret: str = "the-client-secret"

    @property
    def url(self) -> str:
        """What is called."""
        return f"{self.endpoints.api_url}/v2/user/me"

    @property
    def app(self) -> dict[str, Any]:
        """The app, as the token endpoint wants it."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def ends_at(self) -> datetime:
        """When the access token ends."""
        return datetime.fromtimestamp(self.token["expires_at"], timezone.utc)

    def ending_in(self, seconds: float) -> Login:
        """:returns: this login, as if its access token ended in so many seconds."""
        return replace(self, token={**self.token, "expires_at": time.time() + seconds})


def some_login() -> Login:
    """:returns: a login that no server knows."""
    token = {"access_token": "a" * 64, "refresh_token": "r" * 64, "token_type": "bearer"}
    return Login({**token, "expires_in": LIFE}).ending_in(LIFE)


class Wire(NamedTuple):
    """How calls go out: to memory, or over a pool of so many connections."""

    in_memory: bool = False
    connections: int = 10
    trust_env: bool = True


class Client(NamedTuple):
    """A contender that is ready for calls."""

    get: Callable[[str], Any]
    close: Callable[[], None]


@dataclass(frozen=True)
class Contender:
    """One way to call Kakao.

    :param package: what has to be installed.
    :param statement: what a program that uses it imports.
    :param make: what each user needs of his own: a session, or an ``auth=``.
    :param refreshes_at: how many seconds before its end a token is refreshed; ``None`` means never.
    """

    name: str
    package: str
    statement: str
    make: Callable[[Login], Any]
    refreshes_at: float | None = None

    def open(self, login: Login, wire: Wire) -> Client:
        """:returns: a client for one user; an ``auth=`` gets a session of its own."""
        own = self.make(login)
        if isinstance(own, requests.Session):
            return on_requests(own, wire)
        client = _on_httpx(wire) if self.package == "httpx-auth" else on_requests(None, wire)
        get: Callable[..., Any] = client.get
        return client._replace(get=partial(get, auth=own))

    @property
    def is_installed(self) -> bool:
        """Whether it can be measured here."""
        try:
            version(self.package)
        except PackageNotFoundError:
            return False
        return True


class InMemory(BaseAdapter):
    """Answers at once."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, str(request.url)
        response.raw = io.BytesIO(ANSWER)
        return response

    def close(self) -> None:
        pass


def on_requests(own: requests.Session | None, wire: Wire) -> Client:
    """:returns: a client of a session, by default of a new one."""
    session = own or requests.Session()
    session.trust_env = wire.trust_env
    adapter = InMemory() if wire.in_memory else HTTPAdapter(pool_maxsize=wire.connections)
    session.mount("https://", adapter)
    return Client(session.get, session.close)


def _on_httpx(wire: Wire) -> Client:
    import httpx

    most = wire.connections
    client = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=ANSWER))
        if wire.in_memory
        else None,
        limits=httpx.Limits(max_connections=most, max_keepalive_connections=most),
        trust_env=wire.trust_env,
        timeout=30,
    )
    return Client(client.get, client.close)


# Bare ---------------------------------------------------------------------------------------


def _bare(login: Login) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {login.token['access_token']}"
    return session


def _bare_auth(login: Login) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    header = f"Bearer {login.token['access_token']}"

    def auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = header
        return request

    return auth


BARE = Contender("requests.Session, fixed header", "requests", "import requests", _bare)
BARE_AUTH = replace(BARE, name="requests.Session, auth=a function", make=_bare_auth)
"""As bare as the other, but requests does not look for a ``.netrc`` when there is an ``auth=``."""


# Ours ---------------------------------------------------------------------------------------


def _kakao_session(login: Login) -> requests.Session:
    from kakao_session import KakaoSession

    return KakaoSession(**login.app, token=login.token, endpoints=login.endpoints)


def _kakao_auth(login: Login) -> requests.auth.AuthBase:
    from kakao_session import KakaoAuth

    return KakaoAuth(**login.app, token=login.token, endpoints=login.endpoints)


SESSION = Contender(
    "KakaoSession",
    "kakao-session",
    "from kakao_session import KakaoSession",
    _kakao_session,
    refreshes_at=360,
)
AUTH = Contender(
    "requests.Session, auth=KakaoAuth",
    "kakao-session",
    "from kakao_session import KakaoAuth",
    _kakao_auth,
    refreshes_at=360,
)


# Peers --------------------------------------------------------------------------------------


def _requests_oauthlib(login: Login) -> requests.Session:
    from requests_oauthlib.oauth2_session import OAuth2Session

    return OAuth2Session(  # type: ignore[no-untyped-call]  # it has no types
        login.client_id,
        token=dict(login.token),
        auto_refresh_url=login.endpoints.token_url,
        auto_refresh_kwargs=login.app,
        token_updater=_take,
    )


def _authlib(login: Login) -> requests.Session:
    from authlib.integrations.requests_client import OAuth2Session

    session: requests.Session = OAuth2Session(
        **login.app,
        token_endpoint=login.endpoints.token_url,
        token_endpoint_auth_method="client_secret_post",
        token=dict(login.token),
        update_token=_take,
    )
    return session


def _google_auth(login: Login, non_blocking: bool = False) -> requests.Session:
    from google.auth.transport.requests import AuthorizedSession
    from google.oauth2.credentials import Credentials

    credentials = Credentials(
        login.token["access_token"],
        refresh_token=login.token["refresh_token"],
        token_uri=login.endpoints.token_url,
        expiry=login.ends_at.replace(tzinfo=None),
        **login.app,
    )
    if non_blocking:
        credentials.with_non_blocking_refresh()
    session: requests.Session = AuthorizedSession(credentials)
    return session


def _requests_oauth2client(login: Login) -> requests.auth.AuthBase:
    from requests_oauth2client import BearerToken, OAuth2AccessTokenAuth

    token = BearerToken(
        login.token["access_token"],
        refresh_token=login.token["refresh_token"],
        expires_at=login.ends_at,
    )
    client = _oauth2_client(login.endpoints.token_url, login.client_id, login.client_secret)
    auth: requests.auth.AuthBase = OAuth2AccessTokenAuth(client, token)
    return auth


@cache
def _oauth2_client(token_url: str, client_id: str, client_secret: str) -> Any:
    from requests_oauth2client import OAuth2Client

    # Where a URL has a port its own check refuses it, unless it is told that this is a test.
    return OAuth2Client(token_url, client_id=client_id, client_secret=client_secret, testing=True)


def _httpx_auth(login: Login) -> Any:
    from httpx_auth import OAuth2, OAuth2AuthorizationCode

    kauth, token = login.endpoints, login.token
    client = _httpx_client(kauth.token_url)
    auth = OAuth2AuthorizationCode(kauth.authorize_url, kauth.token_url, client=client, **login.app)
    auth.request_new_token = _no_browser
    OAuth2.token_cache.tokens[auth.state] = (
        token["access_token"],
        token["expires_at"],
        token["refresh_token"],
    )
    return auth


def _no_browser() -> NoReturn:
    """Fail where httpx-auth would open a browser and wait for somebody to log in."""
    raise ConnectionRefusedError("a login in the browser was wanted")


@cache
def _httpx_client(_: str) -> Any:
    import httpx

    return httpx.Client()


def _take(*_: Any, **__: Any) -> None:
    """What the peers that want a save callback are given."""


GOOGLE = Contender(
    "google-auth AuthorizedSession",
    "google-auth",
    "from google.auth.transport.requests import AuthorizedSession; "
    "from google.oauth2.credentials import Credentials",
    _google_auth,
    refreshes_at=225,
)
GOOGLE_NON_BLOCKING = replace(
    GOOGLE,
    name="google-auth, with_non_blocking_refresh",
    make=partial(_google_auth, non_blocking=True),
)
PARENT = Contender(
    "requests-oauthlib OAuth2Session",
    "requests-oauthlib",
    "from requests_oauthlib import OAuth2Session",
    _requests_oauthlib,
    refreshes_at=0,
)
PEERS = (
    PARENT,
    Contender(
        "Authlib OAuth2Session",
        "Authlib",
        "from authlib.integrations.requests_client import OAuth2Session",
        _authlib,
        refreshes_at=60,
    ),
    GOOGLE,
    Contender(
        "requests_oauth2client OAuth2AccessTokenAuth",
        "requests_oauth2client",
        "from requests_oauth2client import BearerToken, OAuth2AccessTokenAuth, OAuth2Client",
        _requests_oauth2client,
        refreshes_at=20,
    ),
    Contender(
        "httpx, httpx-auth OAuth2AuthorizationCode",
        "httpx-auth",
        "import httpx; from httpx_auth import OAuth2AuthorizationCode",
        _httpx_auth,
        refreshes_at=30,
    ),
)


def installed(*contenders: Contender) -> list[Contender]:
    """:returns: those that can be measured here."""
    return [contender for contender in contenders if contender.is_installed]
