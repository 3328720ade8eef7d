"""Every request passes here: it is recorded, may meet a fault, and is answered by its service."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from werkzeug import Response

from kakao_session.emulator.faults import Fault, Faults, HangUp
from kakao_session.emulator.services import RECORD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from kakao_session.emulator.journal import Journal, Record
    from kakao_session.emulator.switches import Switches

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path


class Gate:
    """Stands between the connections and the services."""

    def __init__(
        self,
        services: Mapping[str, WSGIApplication],
        journal: Journal,
        faults: Faults,
        switches: Switches,
    ) -> None:
        self._services = services
        self._journal = journal
        self._faults = faults
        self._switches = switches
        self._released = threading.Event()

    def answer(self, record: Record, environ: WSGIEnvironment) -> Response:
        """:returns: what goes out.

        :raises HangUp: when nothing goes out.
        """
        self._journal.add(record)
        released = self._released
        if record.path == TOKEN_PATH and self._switches.latency:
            released.wait(self._switches.latency)
        fault = self._faults.take(record.path)
        if fault is not None and not fault.after:
            return self._fail(record, fault, released)
        response = self._serve(record, environ)
        if fault is not None:
            return self._fail(record, fault, released)
        record.status = response.status_code
        return response

    def release(self) -> None:
        """End every connection that is held, and every wait."""
        released, self._released = self._released, threading.Event()
        released.set()

    def _serve(self, record: Record, environ: WSGIEnvironment) -> Response:
        environ[RECORD] = record
        return Response.from_app(self._services[record.service], environ, buffered=True)

    def _fail(self, record: Record, fault: Fault, released: threading.Event) -> Response:
        done = f"{record.note}, but " if fault.after else ""
        record.note = f"{done}{fault.what}"
        if fault.answer is not None:
            record.status = fault.answer.status_code
            return fault.answer
        released.wait(fault.hold)
        raise HangUp(reset=fault.reset)
