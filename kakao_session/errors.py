"""All errors of this package. Each message says what to do.

::

    KakaoError (a requests.RequestException)
    ├─ TokenEndpointError (also an oauthlib OAuth2Error)
    │  ├─ LoginRequiredError     log in again (also oauthlib's InvalidGrantError)
    │  │  └─ ForgedRedirectError   (also oauthlib's MismatchingStateError)
    │  ├─ ConfigurationError     correct the app key, the secret or the console
    │  ├─ RateLimitedError       keep the tokens, wait
    │  └─ TemporaryError         try again later (also a requests.ConnectionError)
    │     └─ TimedOutError         (also a requests.Timeout)
    ├─ TokenStoreError           the token could not be loaded, locked, saved or deleted
    └─ KakaoAPIError (also a requests.HTTPError)
       └─ ScopeRequiredError     ask the user to agree to more

    KakaoWarning (a UserWarning)  a new token is only in memory

No message shows a token, a secret or a code. Kakao's own descriptions repeat what was sent, so they
are left out. The whole answer is in the attribute ``response``.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import warnings
from collections.abc import Iterable
from types import FrameType
from typing import Any, NamedTuple

from oauthlib.oauth2 import InvalidGrantError, MismatchingStateError, OAuth2Error
from requests import ConnectionError as RequestsConnectionError
from requests import HTTPError, RequestException, Response, Timeout

from kakao_session.redaction import without_inner_frames

LOGIN = "Log in again."


class KakaoError(RequestException):
    """The base class of all errors of this package. The message says what to do.

    >>> try:
    ...     kakao.get("/v2/user/me")
    ... except LoginRequiredError:
    ...     print("log in again")
    ... except KakaoError as error:
    ...     print("no answer today:", error)
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the request: its hooks lead to the session, with locks, sockets and the token.
        state = {**self.__dict__, "request": None, "response": _without_request(self.response)}
        return _revive, (type(self), self.args, state)


class KakaoWarning(UserWarning):
    """A new token is only in memory. The message says whether the login depends on it.

    Python shows this warning even if no logging is set up. The call itself has succeeded.
    """


def warn(message: str) -> None:
    """Show a :class:`KakaoWarning` at the line of the program that called this package."""
    level, frame = 2, sys._getframe().f_back
    while frame is not None and _is_inner(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, KakaoWarning, stacklevel=level)


def _is_inner(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package in ("kakao_session", "requests")


class TokenEndpointError(KakaoError, OAuth2Error):
    """There is no usable token, and Kakao did not issue a new one. The subclass says what to do.

    :param message: what happened and what to do.
    :param error: ``error`` of the answer (RFC 6749, section 5.2).
    :param error_code: Kakao's ``error_code``, such as ``KOE322``.
    :param status_code: HTTP status of the answer; ``None`` if there was none.
    :param hint: what to do.
    :param response: the answer.
    """

    status_code: int | None  # type: ignore[assignment]  # the parent always has an answer

    def __init__(
        self,
        message: str,
        *,
        error: str | None = None,
        error_code: str | None = None,
        status_code: int | None = None,
        hint: str | None = None,
        response: Response | None = None,
    ) -> None:
        KakaoError.__init__(self, message, response=response)
        self.error = error
        self.error_code = error_code
        self.status_code = status_code
        self.hint = hint
        self.description = message
        self.uri = self.state = self.redirect_uri = self.client_id = self.scopes = None
        self.response_type = self.response_mode = self.grant_type = None


class LoginRequiredError(TokenEndpointError, InvalidGrantError):
    """There is no login, or it has ended. The user has to log in again."""

    error: str | None  # type: ignore[assignment]  # the parent always has one
    status_code: int | None  # type: ignore[assignment]  # likewise

    def say_how(self, hint: str) -> None:
        """Say how to log in where this login is kept."""
        self.description = str(self).replace(LOGIN, hint)
        self.args = (self.description,)
        self.hint = hint


class ForgedRedirectError(LoginRequiredError, MismatchingStateError):
    """The state in the redirect is not the one that was sent."""

    error: str | None  # type: ignore[assignment]  # as above


class ConfigurationError(TokenEndpointError):
    """The app key, client secret, redirect URI or a setting in the console is wrong or missing."""


class RateLimitedError(TokenEndpointError):
    """There were too many token requests (KOE237). Your tokens stay valid."""


class TemporaryError(TokenEndpointError, RequestsConnectionError):
    """The token endpoint failed or could not be reached. Your tokens stay valid."""


class TimedOutError(TemporaryError, Timeout):
    """The token endpoint did not answer in time.

    ``gave_up_early`` is true if it had less time than usual, because the call has a short timeout.
    """

    gave_up_early: bool = False


class TokenStoreError(KakaoError):
    """A token could not be loaded, locked, saved or deleted. The message says where."""

    is_full: bool = False  # whether that is because there is no room left


class KakaoAPIError(KakaoError, HTTPError):
    """The API answered with an error.

    :param message: what happened and what to do.
    :param code: Kakao's ``code``, such as ``-402``; ``None`` if the answer has none.
    :param msg: Kakao's ``msg`` as it is. Don't log it, it may repeat what was sent.
    :param hint: what to do.
    :param response: the answer.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        msg: str | None = None,
        hint: str | None = None,
        response: Response | None = None,
    ) -> None:
        super().__init__(message, response=response)
        self.code = code
        self.msg = msg
        self.hint = hint


class ScopeRequiredError(KakaoAPIError):
    """The user has not agreed to what the call needs (-402).

    Let the user log in again, with ``scope=error.required_scopes``. These are the scopes that are
    missing. ``allowed_scopes`` are those that the user has agreed to.
    """

    required_scopes: tuple[str, ...] = ()
    allowed_scopes: tuple[str, ...] = ()


class _Remedy(NamedTuple):
    kind: type[TokenEndpointError]
    meaning: str
    hint: str


KOE: dict[str, _Remedy] = {
    "KOE003": _Remedy(TemporaryError, "Kakao has a temporary error", "Try again later."),
    "KOE004": _Remedy(
        ConfigurationError,
        "Kakao Login is off for this app",
        "Turn it on in the console: Kakao Login > Enable.",
    ),
    "KOE005": _Remedy(
        ConfigurationError,
        "this is a test app and the user is not one of its members",
        "Add the user to the app's members in the console.",
    ),
    "KOE006": _Remedy(
        ConfigurationError,
        "the redirect URI is not registered",
        "Register it in the console exactly as it is sent: scheme, host, port, path and slash.",
    ),
    "KOE009": _Remedy(
        ConfigurationError,
        "the platform is not registered",
        "Register the platform in the console: App > Platform key.",
    ),
    "KOE010": _Remedy(
        ConfigurationError,
        "the client secret is missing or wrong",
        "Pass the client secret of this REST API key: client_secret= or KAKAO_CLIENT_SECRET.",
    ),
    "KOE101": _Remedy(
        ConfigurationError,
        "Kakao does not know this app key",
        "Pass the app's REST API key, not another of its keys: client_id= or KAKAO_REST_API_KEY.",
    ),
    "KOE205": _Remedy(
        ConfigurationError,
        "the login asks for a consent item that is not set up",
        "Set it up in the console: Kakao Login > Consent items.",
    ),
    "KOE237": _Remedy(
        RateLimitedError,
        "too many token requests",
        "Keep the tokens between runs (token_store=) and wait an hour.",
    ),
    "KOE303": _Remedy(
        ConfigurationError,
        "the redirect URI differs from the one in the authorization URL",
        "Use the same redirect_uri in authorization_url and fetch_token.",
    ),
    "KOE310": _Remedy(
        ConfigurationError, "Kakao does not know this grant type", "Use fetch_token."
    ),
    "KOE313": _Remedy(
        ConfigurationError,
        "the PKCE verifier does not match the challenge",
        "Call fetch_token on the session that made the authorization URL.",
    ),
    "KOE319": _Remedy(ConfigurationError, "the refresh token is missing", LOGIN),
    "KOE320": _Remedy(
        LoginRequiredError, "the authorization code is used up, expired or unknown", LOGIN
    ),
    "KOE322": _Remedy(
        LoginRequiredError, "the refresh token has expired, or was replaced or revoked", LOGIN
    ),
    "KOE400": _Remedy(
        ConfigurationError, "the ID token is not valid", "Log in again to get a new one."
    ),
}
"""Error codes of Kakao Login: what each means and what to do.
Source: Kakao Developers, Kakao Login > REST API > Error code."""

_HINTS: dict[type[TokenEndpointError], str] = {
    LoginRequiredError: LOGIN,
    ConfigurationError: "Check the app's keys and settings in the console.",
    TemporaryError: KOE["KOE003"].hint,
    TokenEndpointError: "Look for this code in Kakao's documentation.",
}
"""What to do about an error that has no known code."""

_BY_ERROR: dict[str, type[TokenEndpointError]] = {
    "invalid_grant": LoginRequiredError,
    "invalid_client": ConfigurationError,
    "unauthorized_client": ConfigurationError,
    "misconfigured": ConfigurationError,
    "server_error": TemporaryError,
    "temporarily_unavailable": TemporaryError,
}

API: dict[int, str] = {
    -1: "Kakao has a temporary error. Try again later.",
    -2: "Check the parameters of the call.",
    -3: "Turn the feature on in the console.",
    -4: "The account is restricted.",
    -5: "The app has no permission for this API. Apply for it in the console.",
    -6: "Kakao does not allow this action.",
    -7: "Kakao is busy or under maintenance. Try again later.",
    -8: "Check the headers of the call.",
    -9: "Kakao has ended this API.",
    -10: "The app has used up its quota. Wait.",
    -11: "The app has reached its spending limit for a paid API. Raise it in the console.",
    -12: "Kakao has blocked the app.",
    -101: "The user is not connected to the app. Log in first.",
    -102: "The user is already connected to the app.",
    -103: "The Kakao account is dormant or does not exist.",
    -201: "Check the user properties that the call names.",
    -401: LOGIN,
    -402: "Ask the user to agree: log in again with scope= the required scopes.",
    -406: "The user is under 14 and can't use this app.",
    -501: "The user does not use KakaoTalk.",
    -502: "The receiver is not a friend of the user, or can't get messages from this app.",
    -504: "The receiver's device can't show this message.",
    -530: "The receiver has turned messages from this app off.",
    -531: "The user has reached this month's limit of messages.",
    -532: "The user has reached today's limit of messages.",
    -602: "The file is too large.",
    -603: "Kakao took too long. Try again later.",
    -606: "There are too many files in one call.",
    -903: "Kakao does not know this app key. Use a key of the app.",
    -911: "Kakao does not support the format of this image.",
    -9798: "Kakao is under maintenance. Wait.",
}
"""What to do about an error code of the API. Source: Kakao Developers, REST API > Error code."""

API_MESSAGES: dict[str, str] = {
    "ip mismatched": "Add this machine's IP address to the app's allowed IP addresses in the "
    "console.",
    "no authentication key": "The call carried no token. Make it with the session, or pass auth=.",
    "wrong appKey": API[-903],
    "deactivated": "The app is deactivated. Look at it in the console.",
    "disabled OPEN_MAP_AND_LOCAL": "Turn it on in the console: Kakao Map > Usage.",
}
"""What to do if Kakao's message contains these words. No new login helps, whatever the code is."""


def token_endpoint_error(
    response: Response, error: str | None, error_code: str | None
) -> TokenEndpointError:
    """Make the error for an answer of the token endpoint.

    :param response: the answer.
    :param error: its ``error``, if it has one.
    :param error_code: its ``error_code``, if it has one.
    """
    status = response.status_code
    remedy = KOE.get(error_code or "")
    if status == 429:
        remedy = KOE["KOE237"]
    elif status >= 500:
        remedy = KOE["KOE003"]
    if remedy is None:
        kind = _BY_ERROR.get(error or "", TokenEndpointError)
        remedy = _Remedy(kind, "Kakao refused the token request", _HINTS[kind])
    name = " ".join(_plain(part) for part in (error_code, error) if part)
    meaning = remedy.meaning[0].upper() + remedy.meaning[1:]
    return remedy.kind(
        _sentence(f"{meaning} ({name or 'no code'}, HTTP {status})", remedy.hint),
        error=error,
        error_code=error_code,
        status_code=status,
        hint=remedy.hint,
        response=response,
    )


@without_inner_frames
def raise_for_kakao(response: Response) -> None:
    """Raise an error if the API answered with one. Like ``raise_for_status``, with Kakao's code.

    :param response: an answer of kapi or dapi.
    :raises ScopeRequiredError: the user has not agreed to what the call needs (-402).
    :raises KakaoAPIError: the HTTP status is 400 or higher, for any other reason.

    >>> try:
    ...     raise_for_kakao(kakao.get("/v1/api/talk/friends"))
    ... except KakaoAPIError as error:
    ...     print(error.code, error.hint)
    """
    if response.status_code < 400:
        return
    body = json_object(response)
    code = body.get("code") if type(body.get("code")) is int else None
    msg = _msg(body)
    hint = next((hint for words, hint in API_MESSAGES.items() if words in (msg or "")), None)
    hint = hint or API.get(code or 0) or _hint_by_status(response.status_code)
    kind = ScopeRequiredError if code == -402 else KakaoAPIError
    codes = f"{'no code' if code is None else f'code {code}'}, HTTP {response.status_code}"
    error = kind(
        _sentence(f"{_masked(msg or '') or 'the call failed'} ({codes})", hint),
        code=code,
        msg=msg,
        hint=hint,
        response=response,
    )
    if isinstance(error, ScopeRequiredError):
        error.required_scopes = _strings(body.get("required_scopes"))
        error.allowed_scopes = _strings(body.get("allowed_scopes"))
    raise error


def _hint_by_status(status: int) -> str | None:
    if status == 429:
        return "There were too many calls. Wait."
    return API[-1] if status >= 500 else None


def as_command(*words: str) -> str:
    """:returns: a command that the user can paste into a shell."""
    if os.name == "nt":
        from subprocess import list2cmdline

        return list2cmdline(words)
    return shlex.join(words)


def json_object(response: Response) -> dict[str, Any]:
    """:returns: the JSON object in an answer; empty if there is none."""
    try:
        body = response.json()
    except (ValueError, RuntimeError, RequestException):  # also if it was read, or broke off
        return {}
    return body if isinstance(body, dict) else {}


def _msg(body: dict[str, Any]) -> str | None:
    """The message of kapi or dapi. It may repeat what was sent."""
    return next((body[key] for key in ("msg", "message") if isinstance(body.get(key), str)), None)


def _strings(value: Any) -> tuple[str, ...]:
    items: Iterable[Any] = value if isinstance(value, list) else ()
    return tuple(item for item in items if isinstance(item, str))


def _sentence(what: str, hint: str | None) -> str:
    return f"{what}. {hint}" if hint else f"{what}."


def _plain(word: str) -> str:
    """*word* if it looks like one of Kakao's codes, and not like something that was sent."""
    return word if re.fullmatch(r"[A-Za-z0-9_]{1,40}", word) else "..."


def _masked(text: str) -> str:
    """*text* without anything long enough to be a key or a token, but with the caller's address."""

    def masked(match: re.Match[str]) -> str:
        return match[0] if re.fullmatch(r"callerIp=[\d.]+", match[0]) else "..."

    return re.sub(r"[\w\-+/=~.]{20,}", masked, text)[:200].rstrip(". ")


def _without_request(response: Response | None) -> Response | None:
    if response is None:
        return None
    try:
        content = response.content
    except (RuntimeError, RequestException):  # somebody else has read it, or it broke off
        content = b""
    twin, state = Response(), {name: getattr(response, name) for name in Response.__attrs__}
    # The request and the history carry hooks and credentials.
    twin.__setstate__({**state, "_content": content, "request": None, "history": []})
    return twin


def _revive(kind: type[KakaoError], args: tuple[Any, ...], state: dict[str, Any]) -> KakaoError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error
