"""Kakao's hosts: TLS and HTTP/1.1 with connections kept alive, each request through the gate."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

from kakao_session.emulator.connections import Connections, LoopbackServer, part
from kakao_session.emulator.conversation import Conversation
from kakao_session.emulator.faults import HangUp
from kakao_session.emulator.journal import Record, Service

if TYPE_CHECKING:
    import ssl

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.gate import Gate
    from kakao_session.emulator.switches import Switches

_NO_LINGER = struct.pack("ii", 1, 0)


class KakaoServer(LoopbackServer):
    """One of Kakao's hosts."""

    def __init__(
        self,
        service: Service,
        gate: Gate,
        tls: ssl.SSLContext,
        connections: Connections,
        clock: Clock,
        switches: Switches,
    ) -> None:
        super().__init__(_KakaoConversation, connections)
        self.service = service
        self.gate = gate
        self.clock = clock
        self.switches = switches
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake stands here and not in the accepting thread, which must not wait."""
        connection = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with connection:
            try:
                with suppress(OSError):
                    self.connections.add(connection)
                    connection.do_handshake()
                    super().finish_request(connection, client_address)
            except HangUp:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            else:
                _say_goodbye(connection)
                part(connection)


def _say_goodbye(connection: ssl.SSLSocket) -> None:
    """Close TLS (RFC 8446, section 6.1), so that nobody takes what has arrived for a half."""
    with suppress(OSError, ValueError):
        connection.settimeout(0)  # the other side's goodbye is not waited for
        connection.unwrap()


class _KakaoConversation(Conversation):
    server: KakaoServer

    def body_limit(self) -> int:
        return self.server.switches.body_limit

    def now(self) -> float:
        return self.server.clock.now()

    def reply(self, body: bytes) -> None:
        try:
            self.send(self.server.gate.answer(self._record(body), self.environ(body)))
        except HangUp as hang_up:
            self.close_connection = True
            if hang_up.reset:
                raise

    def _record(self, body: bytes) -> Record:
        path, query = self.target
        return Record(
            time=self.now(),
            service=self.server.service,
            host=self.headers.get("Host", ""),
            method=self.command,
            path=path,
            query=query,
            headers=Headers(self.headers.items()),
            body=body,
        )
