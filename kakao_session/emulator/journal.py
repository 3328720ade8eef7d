"""The journal: every request that arrived, what the emulator answered, and why."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from werkzeug.formparser import parse_form_data

from kakao_session.emulator.notes import Note

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

Service = Literal["kauth", "kapi", "dapi", "proxy"]


@dataclass(eq=False)
class Record:
    """One request. The repr leaves out everything that may hold a secret.

    :param time: when the request arrived by Kakao's clock, in unix seconds.
    :param service: which of Kakao's hosts was asked; ``proxy`` if the proxy refused the request.
    :param host: the ``Host`` header.
    :param query: the query string; bytes that a URL can't have are escaped.
    :param body: the bytes of the body; chunks are joined.
    :param status: the status of the answer; ``None`` if there is none (yet).
    :param note: what the emulator decided, and why.
    :param sent: the fingerprint of the token that came with the request.
    :param issued: the fingerprint of the access token in the answer.
    :param is_of_browser: whether a browser sent this to its maker by itself.
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
    is_of_browser: bool = False

    @property
    def failed(self) -> bool:
        """Whether the program got an error, or no answer at all."""
        return (self.status is None or self.status >= 400) and not self.is_of_browser

    @property
    def form(self) -> list[tuple[str, str]]:
        """The fields of a form body, in their order; empty for any other body. Without files."""
        content_type = self.headers.get("Content-Type", "")
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        if kind == "multipart/form-data":
            sent = {"wsgi.input": BytesIO(self.body), "CONTENT_LENGTH": str(len(self.body))}
            _, fields, files = parse_form_data({**sent, "CONTENT_TYPE": content_type})
            for file in files.values():
                file.close()
            return list(fields.items(multi=True))
        return []


class Journal:
    """The records in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []

    def add(self, record: Record) -> None:
        with self._lock:
            self._records.append(record)

    def records(self) -> list[Record]:
        """:returns: a new list of the records themselves."""
        with self._lock:
            return list(self._records)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()


current_record: ContextVar[Record] = ContextVar("current_record")


def note(english: str, /, **values: object) -> None:
    """Note what was decided about the request that is being answered, see :class:`Note`."""
    current_record.get().note = Note(english, **values)
