"""What the browser brings back from Kakao Login: a code, or the reason why there is none."""

from __future__ import annotations

import hmac
import re
from urllib.parse import parse_qsl, urlsplit

from kakao_session.errors import LOGIN, ForgedRedirectError, LoginRequiredError

_CODE = re.compile(r"[\x20-\x7e]+")  # RFC 6749, appendix A.11

_MEANINGS = {
    "access_denied": "The user did not agree.",
    "consent_required": "The user has to agree first: leave out prompt=none.",
    "interaction_required": "The user has to act first: leave out prompt=none.",
    "login_required": "The user is not logged in to Kakao: leave out prompt=none.",
}


def read_code(authorization_response: str, state: str | None) -> str:
    """Read the authorization code from an authorization response (RFC 6749, section 4.1.2).

    :param authorization_response: the URL that Kakao sent the browser to.
    :param state: the state of the authorization URL; ``None``: don't check it. An empty one never
        matches.
    :returns: the code.
    :raises ForgedRedirectError: the state is another one.
    :raises LoginRequiredError: the user did not agree, or there is no code. ``error`` tells which.
    """
    query = _query(authorization_response)
    error, returned = query.get("error"), query.get("state", "")
    if state is not None and not (state and _is_same(returned, state)):
        raise ForgedRedirectError(
            "The redirect does not belong to this login, because its state is another one. "
            "It may be forged, or come from an earlier try. Start the login again.",
            error="mismatching_state",
        )
    if error:
        meaning = _MEANINGS.get(error, "Kakao gave no code.")
        raise LoginRequiredError(f"{meaning} {LOGIN}", error=error, hint=LOGIN)
    return checked_code(query.get("code", ""))


def checked_code(code: str) -> str:
    """:raises LoginRequiredError: *code* can't be an authorization code."""
    if not _CODE.fullmatch(code):
        why = "The code has characters that a code can't have" if code else "There is no code"
        raise LoginRequiredError(f"{why}. {LOGIN}", error="missing_code", hint=LOGIN)
    return code


def _query(url: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(url).query))
    except ValueError:
        return {}


def _is_same(returned: str, state: str) -> bool:
    return hmac.compare_digest(
        *(text.encode("utf-8", "surrogatepass") for text in (returned, state))
    )
