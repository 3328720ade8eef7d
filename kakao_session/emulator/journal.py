"""The log of what arrived, what was answered, and why."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

Service = Literal["kauth", "kapi", "dapi", "proxy"]


@dataclass(eq=False)
class Record:
    """One request. What may hold a secret is left out of the repr.

    :param time: Kakao's clock when the request had arrived, unix seconds.
    :param service: which of Kakao's hosts it was for; ``proxy`` for a refused tunnel.
    :param host: the ``Host`` header.
    :param query: the query string as it was sent.
    :param body: the bytes of the body, chunks put together.
    :param status: of the answer; ``None`` as long as, or because, there was none.
    :param note: what was decided and why.
    :param sent: the fingerprint of the token that came with the request.
    :param issued: the fingerprint of the access token that the answer carries.
    """

    time: float
    service: Service
    host: str
    method: str
    path: str
    query: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None = None
    note: str = ""
    sent: str | None = None
    issued: str | None = None

    @property
    def form(self) -> list[tuple[str, str]]:
        """The fields of a form body in their order; empty for any other body."""
        content_type = self.headers.get("Content-Type", "")
        if not content_type.startswith("application/x-www-form-urlencoded"):
            return []
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)


class Journal:
    """The records in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []

    def add(self, record: Record) -> None:
        with self._lock:
            self._records.append(record)

    def records(self) -> list[Record]:
        """:returns: a list of its own, of the records themselves."""
        with self._lock:
            return list(self._records)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()
