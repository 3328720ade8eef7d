"""Records each request and passes it to its service, unless a fault comes first.

Kakao lets web pages of any origin (CORS) call the APIs and the token endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Response

from kakao_session.emulator.faults import TOKEN_PATH, Fault, Faults
from kakao_session.emulator.journal import Journal, Record, current_record
from kakao_session.emulator.notes import Note

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIEnvironment
    from flask import Flask

    from kakao_session.emulator.switches import Switches

_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, KA, Origin, X-Requested-With, Content-Type, Accept"
    ),
    "Access-Control-Max-Age": "3600",
}


class HangUp(Exception):  # noqa: N818 - not an error: a test ordered it
    """The connection ends without an answer.

    :param reset: end it with a TCP reset.
    """

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "closed")
        self.reset = reset


class Dispatcher:
    """Records each request and passes it to its service, unless a fault comes first."""

    def __init__(
        self,
        services: Mapping[str, Flask],
        journal: Journal,
        faults: Faults,
        switches: Switches,
    ) -> None:
        self._services = services
        self._journal = journal
        self._faults = faults
        self._switches = switches

    def answer(self, record: Record, environ: WSGIEnvironment) -> Response:
        """:returns: the response.

        :raises HangUp: if the connection ends without one.
        """
        self._journal.add(record)
        if record.method == "OPTIONS" and "Access-Control-Request-Method" in record.headers:
            return _preflight(record)
        response = self._answer(record, environ)
        if _allows_other_origins(record):
            response.headers.setdefault("Access-Control-Allow-Origin", "*")
        return response

    def _answer(self, record: Record, environ: WSGIEnvironment) -> Response:
        released = self._faults.released
        if record.path == TOKEN_PATH and self._switches.latency:
            released.wait(self._switches.latency)
        fault = self._faults.take(record.path)
        if fault is not None and not fault.after:
            return _fail(record, fault, released)
        current_record.set(record)
        response = _served(self._services[record.service], environ)
        if fault is not None:
            return _fail(record, fault, released)
        record.status = response.status_code
        return response


def _served(service: Flask, environ: WSGIEnvironment) -> Response:
    """:returns: the response of a service. A detour over WSGI would take a third longer."""
    with service.request_context(environ):
        try:
            return service.full_dispatch_request()
        except Exception as error:  # noqa: BLE001 - Flask logs it, and makes a 500 of it
            return service.handle_exception(error)


def _fail(record: Record, fault: Fault, released: threading.Event) -> Response:
    done, what = Note(record.note), fault.what
    record.note = Note("{done}, but {what}", done=done, what=what) if fault.after else what
    if fault.answer is not None:
        record.status = fault.answer.status_code
        return fault.answer
    released.wait(fault.hold)
    raise HangUp(reset=fault.reset)


def _allows_other_origins(record: Record) -> bool:
    return record.service != "kauth" or record.path == TOKEN_PATH


def _preflight(record: Record) -> Response:
    """:returns: the answer to a browser that asks before it sends a request of another origin."""
    allowed = _allows_other_origins(record)
    what = Note("this") if allowed else Note("nothing")
    record.note = Note("a browser asks what it may send (CORS): {what}", what=what)
    record.status = 200 if allowed else 403
    return Response(b"", record.status, _PREFLIGHT if allowed else None)
