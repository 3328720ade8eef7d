"""The protocol as data: what the conformance test holds the emulator to, row by row."""

from dataclasses import dataclass

PAGE = "page"


@dataclass(frozen=True)
class KauthError:
    """A row of kauth's errors.

    :param statuses: the HTTP statuses that are possible.
    :param error: the field ``error``; ``None`` where it is not documented.
    :param description: a regular expression; ``{sent}`` stands for what the request sent.
    :param page: whether it is an HTML page at authorize, without a redirect.
    """

    code: str
    statuses: frozenset[int] = frozenset({400})
    error: str | None = None
    description: str = ".*"
    page: bool = False


@dataclass(frozen=True)
class KapiError:
    """A row of kapi's errors."""

    code: int
    statuses: frozenset[int] = frozenset({400})
    msg: str = ".+"


@dataclass(frozen=True)
class Endpoint:
    """A row of the endpoints.

    :param credential: ``none``, ``form`` (the app key), ``bearer``, ``admin`` or ``key``.
    """

    method: str
    url: str
    credential: str


KAUTH = "https://kauth.kakao.com"
KAPI = "https://kapi.kakao.com"
DAPI = "https://dapi.kakao.com"

ENDPOINTS = (
    Endpoint("GET", f"{KAUTH}/oauth/authorize", "none"),
    Endpoint("POST", f"{KAUTH}/oauth/token", "form"),
    Endpoint("GET", f"{KAUTH}/oauth/logout", "none"),
    Endpoint("POST", f"{KAUTH}/oauth/tokeninfo", "none"),
    Endpoint("GET", f"{KAUTH}/.well-known/openid-configuration", "none"),
    Endpoint("GET", f"{KAUTH}/.well-known/jwks.json", "none"),
    Endpoint("GET", f"{KAPI}/v1/user/access_token_info", "bearer"),
    Endpoint("GET", f"{KAPI}/v2/user/me", "bearer"),
    Endpoint("POST", f"{KAPI}/v2/user/me", "bearer"),
    Endpoint("GET", f"{KAPI}/v2/user/me", "admin"),
    Endpoint("POST", f"{KAPI}/v2/user/me", "admin"),
    Endpoint("GET", f"{KAPI}/v1/oidc/userinfo", "bearer"),
    Endpoint("POST", f"{KAPI}/v1/user/logout", "bearer"),
    Endpoint("POST", f"{KAPI}/v1/user/logout", "admin"),
    Endpoint("POST", f"{KAPI}/v1/user/unlink", "bearer"),
    Endpoint("POST", f"{KAPI}/v1/user/unlink", "admin"),
    Endpoint("GET", f"{KAPI}/v2/user/scopes", "bearer"),
    Endpoint("GET", f"{KAPI}/v2/user/scopes", "admin"),
    Endpoint("POST", f"{KAPI}/v2/user/revoke/scopes", "bearer"),
    Endpoint("POST", f"{KAPI}/v2/user/revoke/scopes", "admin"),
    Endpoint("POST", f"{KAPI}/v2/api/talk/memo/default/send", "bearer"),
    Endpoint("GET", f"{KAPI}/v1/api/talk/friends", "bearer"),
    Endpoint("GET", f"{DAPI}/v2/search/web", "key"),
    Endpoint("GET", f"{DAPI}/v2/local/search/keyword.json", "key"),
)

_UNAUTHORIZED = frozenset({401})

KAUTH_ERRORS = (
    KauthError("KOE003", frozenset(range(500, 600)), "server_error"),
    KauthError("KOE004", page=True),
    KauthError("KOE005", page=True),
    KauthError("KOE006", page=True),
    KauthError("KOE009", error="misconfigured"),
    KauthError("KOE010", _UNAUTHORIZED, "invalid_client", "Bad client credentials"),
    KauthError("KOE101", _UNAUTHORIZED, "invalid_client", r"Not exist client_id \[{sent}\]"),
    KauthError("KOE205", error="invalid_scope", description=".*{sent}.*", page=True),
    KauthError(
        "KOE237", frozenset({429, 400}), "invalid_request", "token request rate limit exceeded"
    ),
    KauthError("KOE303", error="invalid_grant", description=r"Redirect URI mismatch\."),
    KauthError("KOE310"),
    KauthError("KOE313", error="invalid_grant", description=r"PKCE validation failed\. .+"),
    KauthError("KOE319", error="invalid_grant"),
    KauthError(
        "KOE320",
        error="invalid_grant",
        description="authorization code not found for code={sent}",
    ),
    KauthError("KOE322", error="invalid_grant", description="expired_or_invalid_refresh_token"),
    KauthError("KOE400", error="invalid_token"),
)

_FORBIDDEN = frozenset({403})

KAPI_ERRORS = (
    KapiError(-1),
    KapiError(-2),
    KapiError(-3, _FORBIDDEN),
    KapiError(-4, _FORBIDDEN),
    KapiError(-5, _FORBIDDEN),
    KapiError(-6, _FORBIDDEN),
    KapiError(-7),
    KapiError(-8),
    KapiError(-9),
    KapiError(-10, frozenset({400, 429}), r"API limit has been exceeded\."),
    KapiError(-12, _FORBIDDEN),
    KapiError(-101),
    KapiError(-102),
    KapiError(-103),
    KapiError(-201),
    KapiError(-401, _UNAUTHORIZED, "this access token does not exist"),
    KapiError(-402, _FORBIDDEN, r"insufficient scopes\."),
    KapiError(-406, _UNAUTHORIZED),
    KapiError(-501),
    KapiError(-603),
    KapiError(-9798, frozenset({503})),
)

# What stands in a captured answer for what differs from one to the next.
TOKEN = "<64 characters of A-Za-z0-9_->"
JWT = "<three parts>"
TEXT = "<any text>"
NUMBER = "<any whole number>"
MOMENT = "<YYYY-MM-DDThh:mm:ssZ>"

ANSWERS = {
    "login": {
        "access_token": TOKEN,
        "token_type": "bearer",
        "refresh_token": TOKEN,
        "expires_in": 21599,
        "scope": "talk_message",
        "refresh_token_expires_in": 5183999,
    },
    "login with OpenID Connect": {
        "access_token": TOKEN,
        "token_type": "bearer",
        "refresh_token": TOKEN,
        "id_token": JWT,
        "expires_in": 21599,
        "scope": "account_email openid profile_nickname",
        "refresh_token_expires_in": 5183999,
    },
    "login without a scope": {
        "access_token": TOKEN,
        "token_type": "bearer",
        "refresh_token": TOKEN,
        "expires_in": 21599,
        "refresh_token_expires_in": 5183999,
    },
    "refresh": {"access_token": TOKEN, "token_type": "bearer", "expires_in": 21599},
    "refresh in the last month": {
        "access_token": TOKEN,
        "token_type": "bearer",
        "refresh_token": TOKEN,
        "refresh_token_expires_in": 5183999,
        "expires_in": 21599,
    },
    "access_token_info": {"id": 123456789, "expires_in": NUMBER, "app_id": 1234},
    "user/me": {
        "id": 123456789,
        "connected_at": MOMENT,
        "properties": {"nickname": "홍길동"},
        "kakao_account": {
            "profile_nickname_needs_agreement": False,
            "profile": {"nickname": "홍길동", "is_default_nickname": False},
        },
    },
    "memo/default/send": {"result_code": 0},
    "logout": {"id": 123456789},
    "unlink": {"id": 123456789},
    "scopes": {
        "id": 123456789,
        "scopes": [
            {
                "id": "talk_message",
                "display_name": TEXT,
                "type": "SERVICE",
                "using": True,
                "agreed": True,
                "revocable": True,
            }
        ],
    },
}

# Captured to the letter: status, body.
REFUSALS = {
    "unknown token": (401, '{"msg":"this access token does not exist","code":-401}'),
    "expired token": (401, '{"msg":"this access token is already expired","code":-401}'),
    "ip mismatched": (
        401,
        '{"msg":"ip mismatched! callerIp=203.0.113.10. check out registered ips.","code":-401}',
    ),
    "scope missing": (
        403,
        '{"msg":"insufficient scopes.","code":-402,"api_type":"TALK_MEMO_DEFAULT_SEND",'
        '"required_scopes":["talk_message"],"allowed_scopes":["profile","account_email"]}',
    ),
    "quota used up": (400, '{"msg":"API limit has been exceeded.","code":-10}'),
}
