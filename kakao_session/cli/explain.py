"""Errors as sentences for the person: what happened and what to do now. None shows a secret."""

from __future__ import annotations

from requests import exceptions as requests_errors

from kakao_session.cli.korean import API_HINTS, KINDS, KOE
from kakao_session.cli.language import is_korean, say
from kakao_session.errors import KOE as REMEDIES
from kakao_session.errors import KakaoAPIError, KakaoError, TemporaryError, TokenEndpointError

SHOWN_BY_KAKAO = ("KOE004", "KOE005", "KOE006", "KOE101", "KOE205")
"""Kakao shows these to the person and does not send the browser back."""

# The first that fits counts, and a kind may be under several.
_NETWORK = (
    (requests_errors.SSLError, "net_tls"),
    (requests_errors.ProxyError, "net_proxy"),
    (requests_errors.InvalidURL, "net_proxy"),  # a URL that is the person's is checked before
    (requests_errors.InvalidSchema, "net_proxy"),
    (requests_errors.Timeout, "net_timeout"),
    (requests_errors.ConnectionError, "net_unreachable"),
    (requests_errors.JSONDecodeError, "net_unreadable"),
    (requests_errors.ContentDecodingError, "net_unreadable"),
    (requests_errors.ChunkedEncodingError, "net_unreadable"),
)


def explain(error: Exception) -> str:
    """:returns: what to tell the person about a failure of Kakao, of the network or of a store."""
    if not isinstance(error, KakaoError):
        return _network(error)
    sentence = _korean(error) if is_korean() else str(error)
    if isinstance(error, TemporaryError) and isinstance(error.__cause__, Exception):
        return f"{sentence} {_network(error.__cause__)}"
    return sentence


def cures() -> str:
    """:returns: a line for each error that only Kakao's page shows, with what cures it."""
    return "\n".join(f"    {code}: {_cure(code)}" for code in SHOWN_BY_KAKAO)


def _cure(code: str) -> str:
    if is_korean():
        meaning, cure = KOE[code]
        return f"{meaning}. {cure}"
    return f"{REMEDIES[code].meaning}. {REMEDIES[code].hint}"


def _network(error: Exception) -> str:
    # Its own words would show the whole URL.
    rest = "net_tls" if type(error) is OSError else "net_other"  # a CA bundle that is not there
    name = next((name for kind, name in _NETWORK if isinstance(error, kind)), rest)
    return say(name, kind=type(error).__name__)


def _korean(error: KakaoError) -> str:
    if isinstance(error, TokenEndpointError) and error.error_code in KOE:
        return f"{_cure(error.error_code)} ({error.error_code}, HTTP {error.status_code})"
    lead = next(lead for kind, lead in KINDS.items() if isinstance(error, kind))
    if isinstance(error, KakaoAPIError) and error.code in API_HINTS:
        lead = API_HINTS[error.code]
    return f"{lead} ({error})"
