"""What shall go wrong next: errors that Kakao gives, and answers that never arrive whole."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from werkzeug import Response

from kakao_session.emulator.refusals import (
    KAPI_ERRORS,
    KAUTH_ERRORS,
    KapiRefusal,
    KauthRefusal,
    Refusal,
    as_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["reset", "close", "hang", "html", "garbage", "truncated", "ip_mismatched"]

_GARBAGE = bytes(range(256))
_IP_MISMATCHED = "ip mismatched! callerIp=203.0.113.10. check out registered ips."
_CONSENT_MISSING = {
    "api_type": "TALK_MEMO_DEFAULT_SEND",
    "required_scopes": ["talk_message"],
    "allowed_scopes": ["profile", "account_email"],
}


class HangUp(Exception):  # noqa: N818 - not an error: the connection ends without an answer
    """The request gets no answer.

    :param reset: end the connection with a TCP reset.
    """

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "closed")
        self.reset = reset


@dataclass(eq=False)
class Fault:
    """One thing that goes wrong.

    :param what: in words for the log.
    :param answer: what the client is told; ``None`` when it is told nothing.
    :param times: how many requests it meets; ``None`` means all until it is cleared.
    :param after: Kakao acts first and only its answer is lost.
    :param hold: seconds before a connection without an answer ends; ``None`` means for good.
    :param reset: end a connection without an answer with a TCP reset.
    """

    what: str
    path: str
    times: int | None
    after: bool
    answer: Response | None = None
    hold: float | None = 0.0
    reset: bool = False


class Faults:
    """The faults that are still to come, first in first out for each path."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, path: str) -> Fault | None:
        """:returns: the fault that this request meets, if any."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.path == path), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times < 1:
                    self._faults.remove(fault)
            return fault

    def pending(self) -> list[dict[str, Any]]:
        """:returns: what is still to come, as it can be shown."""
        with self._lock:
            return [
                {"path": fault.path, "what": fault.what, "times": fault.times, "after": fault.after}
                for fault in self._faults
            ]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()


def failing_answer(
    kind: int | Kind | None,
    *,
    json: Any,
    error_code: str | int | None,
    headers: Mapping[str, str] | None,
) -> Response | None:
    """:returns: the answer that goes out in place of Kakao's; ``None`` if there is to be none.

    :raises ValueError: if there is no such kind, status or error, or nothing can carry it.
    """
    if isinstance(kind, str) and kind not in get_args(Kind):
        raise ValueError(f"kind is a status or one of {', '.join(get_args(Kind))}")
    if isinstance(kind, int) and not 200 <= kind < 600:
        raise ValueError("a status is a number from 200 to 599")
    if error_code is not None and error_code not in {*KAUTH_ERRORS, *KAPI_ERRORS}:
        raise ValueError(f"{error_code!r} is none of Kakao's documented errors")
    if kind in ("reset", "close", "hang"):
        return None
    if kind == "ip_mismatched":
        answer = refused(KapiRefusal(401, -401, _IP_MISMATCHED, kind))
    elif error_code is not None:
        answer = refused(_documented(error_code, kind if isinstance(kind, int) else None))
    elif json is not None:
        answer = as_json(json, kind if isinstance(kind, int) else 200)
    elif kind == "garbage":
        answer = Response(_GARBAGE, content_type="application/json;charset=UTF-8")
    elif kind == "truncated":
        answer = as_json({"access_token": "torn"}, headers={"Connection": "close"})
        answer.headers["Content-Length"] = "4096"
    else:
        answer = _page(kind if isinstance(kind, int) else 200)
    answer.headers.update(headers or {})
    return answer


def refused(refusal: Refusal) -> Response:
    """:returns: a refusal as the answer that it is."""
    return as_json(refusal.body, refusal.status, refusal.headers)


def _documented(code: str | int, status: int | None) -> Refusal:
    if isinstance(code, str):
        return KauthRefusal(code, "asked for", status=status)
    usual_status, msg = KAPI_ERRORS[code]
    details = _CONSENT_MISSING if code == -402 else {}
    return KapiRefusal(
        usual_status if status is None else status, code, msg, "asked for", **details
    )


def _page(status: int) -> Response:
    html = f"<!doctype html><title>{status}</title><h1>Service page {status}</h1>\n"
    return Response(html, status, content_type="text/html;charset=UTF-8")
