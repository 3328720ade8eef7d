"""The faults that a test orders: what goes wrong, when, and what the client gets instead."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from werkzeug import Response

from kakao_session.emulator.errors import (
    KAPI_ERRORS,
    KAUTH_ERRORS,
    KapiError,
    KauthError,
    ServiceError,
    as_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


Kind = Literal["reset", "close", "hang", "html", "garbage", "truncated", "ip_mismatched"]

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
_GARBAGE = bytes(range(256))
_IP_MISMATCHED = "ip mismatched! callerIp=203.0.113.10. check out registered ips."
_CONSENT_MISSING: dict[str, Any] = {
    "api_type": "TALK_MEMO_DEFAULT_SEND",
    "required_scopes": ["talk_message"],
    "allowed_scopes": ["profile", "account_email"],
}


@dataclass(eq=False)
class Fault:
    """Something that goes wrong for requests to one path.

    :param what: a description for the journal.
    :param times: for how many requests; ``None`` means until the faults are cleared.
    :param after: Kakao acts as usual, and only the answer is lost.
    :param answer: what the client gets; ``None`` if the connection ends without an answer.
    :param hold: how long such a connection is held, in seconds; ``None`` means for good.
    :param reset: end such a connection with a TCP reset.
    """

    what: str
    path: str
    times: int | None
    after: bool
    answer: Response | None = None
    hold: float | None = 0.0
    reset: bool = False

    def shown(self) -> dict[str, Any]:
        """:returns: the fault for ``/api/state``."""
        return {"path": self.path, "what": self.what, "times": self.times, "after": self.after}


class Faults:
    """The faults that are still to come: first in, first out for each path."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.released = threading.Event()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, path: str) -> Fault | None:
        """:returns: the fault for this request, if there is one."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.path == path), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times < 1:
                    self._faults.remove(fault)
            return fault

    def pending(self) -> list[dict[str, Any]]:
        """:returns: the faults for ``/api/state``."""
        with self._lock:
            return [fault.shown() for fault in self._faults]

    def clear(self) -> None:
        """Forget all faults, and end the connections that are held."""
        with self._lock:
            self._faults.clear()
        self.release()

    def release(self) -> None:
        """End the connections that are held, and the delay of the token endpoint."""
        released, self.released = self.released, threading.Event()
        released.set()


def check_fault(kind: int | Kind | None, error_code: str | int | None, times: int | None) -> None:
    """:raises ValueError: if there is no such kind, status or error, two of them do not fit
    together, or ``times`` is below 1."""
    if times is not None and times < 1:
        raise ValueError("times is a number from 1, or None for all requests")
    if isinstance(kind, str) and kind not in get_args(Kind):
        raise ValueError(f"kind is a status or one of {', '.join(get_args(Kind))}")
    if isinstance(kind, int) and not 200 <= kind < 600:
        raise ValueError("a status is a number from 200 to 599")
    if error_code is not None and error_code not in {*KAUTH_ERRORS, *KAPI_ERRORS}:
        raise ValueError(f"{error_code!r} is not one of Kakao's documented errors")
    if isinstance(kind, str) and error_code is not None:
        raise ValueError(f"kind={kind!r} and error_code do not fit together")


def failing_answer(
    kind: int | Kind | None, *, json: Any, error_code: str | int | None, headers: Mapping[str, str]
) -> Response | None:
    """:returns: the answer that the client gets instead of Kakao's; ``None`` if it gets none.

    :raises ValueError: if JSON or a header can't hold a value.
    """
    status = kind if isinstance(kind, int) else None
    if kind in ("reset", "close", "hang"):
        return None
    if kind == "ip_mismatched":
        answer = KapiError(-401, kind, msg=_IP_MISMATCHED).response()
    elif error_code is not None:
        answer = _documented(error_code, status).response()
    elif json is not None:
        answer = as_json(json, status or 200)
    elif kind == "garbage":
        answer = Response(_GARBAGE, content_type="application/json;charset=UTF-8")
    elif kind == "truncated":
        answer = as_json({"access_token": "torn"}, headers={"Connection": "close"})
        answer.headers["Content-Length"] = "4096"
    else:
        answer = _html(status or 200)
    answer.headers.update(headers)
    return answer


def _documented(code: str | int, status: int | None) -> ServiceError:
    if isinstance(code, str):
        return KauthError(code, "", status=status)
    details = _CONSENT_MISSING if code == -402 else {}
    return KapiError(code, "", status=status, **details)


def _html(status: int) -> Response:
    html = f"<!doctype html><title>{status}</title><h1>Service page {status}</h1>\n"
    return Response(html, status, content_type="text/html;charset=UTF-8")
