"""Kakao's documented protocol as data, row by row, for test_conformance."""

from dataclasses import dataclass

from tests.emulator.client import DAPI, KAPI, KAUTH


@dataclass(frozen=True)
class KauthError:
    """A row of kauth's errors.

    :param statuses: the HTTP statuses that are possible.
    :param error: the field ``error``; ``None`` where it is not documented.
    :param description: a regular expression; ``{sent}`` stands for what the request sent.
    :param page: whether it is an HTML page at authorize, without a redirect.
    """

    code: str
    statuses: tuple = (400,)
    error: str | None = None
    description: str = ".*"
    page: bool = False


_OF_A_USER = (
    f"GET {KAPI}/v2/user/me",
    f"POST {KAPI}/v2/user/me",
    f"POST {KAPI}/v1/user/logout",
    f"POST {KAPI}/v1/user/unlink",
    f"GET {KAPI}/v2/user/scopes",
    f"POST {KAPI}/v2/user/revoke/scopes",
)
_MESSAGES = ("default/send", "send", "scrap/send")
# Methods and URLs, by credential: none, form (the app key), bearer, admin or key
ENDPOINTS = {
    "none": (
        f"GET {KAUTH}/oauth/authorize",
        f"GET {KAUTH}/oauth/logout",
        f"POST {KAUTH}/oauth/tokeninfo",
        f"GET {KAUTH}/.well-known/openid-configuration",
        f"GET {KAUTH}/.well-known/jwks.json",
    ),
    "form": (f"POST {KAUTH}/oauth/token",),
    "bearer": (
        *_OF_A_USER,
        f"GET {KAPI}/v1/user/access_token_info",
        f"GET {KAPI}/v1/oidc/userinfo",
        f"GET {KAPI}/v2/user/service_terms",
        f"GET {KAPI}/v1/user/shipping_address",
        f"GET {KAPI}/v1/api/talk/profile",
        f"GET {KAPI}/v1/api/talk/friends",
        f"GET {KAPI}/v2/api/talk/channels",
        f"GET {KAPI}/v2/api/calendar/calendars",
        f"POST {KAPI}/v2/api/calendar/create/event",
        *(f"POST {KAPI}/v1/api/talk/friends/message/{kind}" for kind in _MESSAGES),
        *(f"POST {KAPI}/v2/api/talk/memo/{kind}" for kind in _MESSAGES),
        *(f"POST {KAPI}/v2/api/talk/message/image/{action}" for action in ("upload", "scrap")),
    ),
    "admin": (*_OF_A_USER, f"GET {KAPI}/v1/user/ids", f"GET {KAPI}/v2/app/users"),
    "key": (f"GET {DAPI}/v2/search/web",),  # the others: test_dapi
}

KAUTH_ERRORS = (
    KauthError("KOE003", tuple(range(500, 600)), "server_error"),
    KauthError("KOE004", page=True),
    KauthError("KOE005", page=True),
    KauthError("KOE006", page=True),
    KauthError("KOE009", error="misconfigured"),
    KauthError("KOE010", (401,), "invalid_client", "Bad client credentials"),
    KauthError("KOE101", (401,), "invalid_client", r"Not exist client_id \[{sent}\]"),
    KauthError("KOE205", error="invalid_scope", description=".*{sent}.*", page=True),
    KauthError("KOE237", (429, 400), "invalid_request", "token request rate limit exceeded"),
    KauthError("KOE303", error="invalid_grant", description=r"Redirect URI mismatch\."),
    KauthError("KOE310"),
    KauthError("KOE313", error="invalid_grant", description=r"PKCE validation failed\. .+"),
    KauthError("KOE319", error="invalid_grant"),
    KauthError("KOE320", (400,), "invalid_grant", "authorization code not found for code={sent}"),
    KauthError("KOE322", error="invalid_grant", description="expired_or_invalid_refresh_token"),
    KauthError("KOE400", error="invalid_token"),
)

# The HTTP statuses that are possible, and the codes
KAPI_STATUSES = {
    (400,): (
        *(-1, -2, -7, -8, -9, -11, -101, -102, -103, -201, -501, -502, -504),
        *(-530, -531, -532, -602, -603, -606, -903, -911),
    ),
    (400, 429): (-10,),
    (401,): (-401, -406),
    (403,): (-3, -4, -5, -6, -12, -402),
    (503,): (-9798,),
}
KAPI_ERRORS = {code: statuses for statuses, codes in KAPI_STATUSES.items() for code in codes}
# Placeholders in the captured answers, for what is different each time.
TOKEN = "<64 characters of A-Za-z0-9_->"
JWT = "<three parts>"
TEXT = "<any text>"
NUMBER = "<any whole number>"
MOMENT = "<YYYY-MM-DDThh:mm:ssZ>"

SHAPES = {
    TOKEN: r'"[A-Za-z0-9_-]{64}"',
    JWT: r'"[\w-]+\.[\w-]+\.[\w-]+"',
    TEXT: r'"[^"]+"',
    NUMBER: r"\d+",
    MOMENT: r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"',
}

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

# Captured word for word: status, body.
VERBATIM = {
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
