"""Kakao's errors: status and text of each code, and how each service writes them."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Response

from kakao_session.emulator.notes import Note

# code: HTTP status, error, error_description
KAUTH_ERRORS: dict[str, tuple[int, str, str]] = {
    "KOE003": (500, "server_error", "internal server error"),
    "KOE004": (400, "misconfigured", "Kakao Login is not activated"),
    "KOE005": (400, "misconfigured", "the user is not a member of the test app"),
    "KOE006": (400, "misconfigured", "the redirect URI is not registered"),
    "KOE009": (400, "misconfigured", "the platform is not registered"),
    "KOE010": (401, "invalid_client", "Bad client credentials"),
    "KOE101": (401, "invalid_client", "Not exist client_id [null]"),
    "KOE205": (400, "invalid_scope", "a requested scope is not set up"),
    "KOE237": (429, "invalid_request", "token request rate limit exceeded"),
    "KOE303": (400, "invalid_grant", "Redirect URI mismatch."),
    "KOE310": (400, "unsupported_grant_type", "grant_type is not supported"),
    "KOE313": (400, "invalid_grant", "PKCE validation failed. code_verifier does not match."),
    "KOE319": (400, "invalid_grant", "refresh_token is required"),
    "KOE320": (400, "invalid_grant", "authorization code not found for code=null"),
    "KOE322": (400, "invalid_grant", "expired_or_invalid_refresh_token"),
    "KOE400": (400, "invalid_token", "id_token is not valid"),
}

# code: HTTP status, msg
KAPI_ERRORS: dict[int, tuple[int, str]] = {
    -1: (400, "internal error"),
    -2: (400, "a parameter is missing or not valid"),
    -3: (403, "the feature is not activated for the app"),
    -4: (403, "the account is restricted"),
    -5: (403, "the app has no permission"),
    -6: (403, "this action is not allowed"),
    -7: (400, "the service is under inspection"),
    -8: (400, "a header is not valid"),
    -9: (400, "the API is no longer there"),
    -10: (400, "API limit has been exceeded."),
    -11: (400, "the limit of the paid API is reached"),
    -12: (403, "the app is blocked"),
    -101: (400, "the user is not linked to the app"),
    -102: (400, "the user is linked to the app already"),
    -103: (400, "the account is dormant or does not exist"),
    -201: (400, "a property key is not known"),
    -401: (401, "this access token does not exist"),
    -402: (403, "insufficient scopes."),
    -406: (401, "the user is under the age of 14"),
    -501: (400, "not a KakaoTalk user"),
    -502: (400, "the receiver is not a friend of the user"),
    -504: (400, "the request comes from a device that is not allowed"),
    -530: (400, "the receiver has switched messages off"),
    -531: (400, "the sender's monthly limit for messages is reached"),
    -532: (400, "the sender's daily limit for messages is reached"),
    -602: (400, "the file is too large"),
    -603: (400, "the service behind timed out"),
    -606: (400, "too many files"),
    -903: (400, "the app key is not known"),
    -911: (400, "the format of the image is not supported"),
    -9798: (503, "the service is under maintenance"),
}


class ServiceError(Exception):
    """An answer of Kakao's that is an error.

    :param status: the HTTP status.
    :param body: the JSON body, with the keys in Kakao's order.
    :param why: what the emulator decided, for the journal.
    :param headers: further headers of the answer.
    """

    def __init__(
        self, status: int, body: dict[str, Any], why: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(why)
        self.status = status
        self.body = body
        self.why = why
        self.headers = headers or {}

    def response(self) -> Response:
        """:returns: the error as an HTTP response."""
        return as_json(self.body, self.status, self.headers)


class KauthError(ServiceError):
    """An error of kauth: ``error``, ``error_description``, ``error_code``."""

    def __init__(
        self, code: str, why: str, *, description: str | None = None, status: int | None = None
    ) -> None:
        usual_status, error, usual_description = KAUTH_ERRORS[code]
        body = {
            "error": error,
            "error_description": usual_description if description is None else description,
            "error_code": code,
        }
        super().__init__(usual_status if status is None else status, body, _with_code(code, why))


class KapiError(ServiceError):
    """An error of kapi: ``msg``, ``code``, and the details that some codes have."""

    def __init__(
        self,
        code: int,
        why: str,
        *,
        msg: str | None = None,
        status: int | None = None,
        **details: Any,
    ) -> None:
        usual_status, usual_msg = KAPI_ERRORS[code]
        headers = {"WWW-Authenticate": "Bearer error=invalid_token"} if code == -401 else None
        body = {"msg": usual_msg if msg is None else msg, "code": code, **details}
        status = usual_status if status is None else status
        super().__init__(status, body, _with_code(code, why), headers)


class DapiError(ServiceError):
    """An error of dapi: ``errorType``, ``message``."""

    def __init__(self, status: int, error_type: str, message: str, why: str) -> None:
        super().__init__(status, {"errorType": error_type, "message": message}, why)


def _with_code(code: str | int, why: str) -> str:
    return Note("{code}: {why}", code=code, why=Note(why))


def as_json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """:returns: a JSON response that keeps the order of the keys."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, content_type="application/json;charset=UTF-8")
