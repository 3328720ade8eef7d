"""What is open while the emulator runs: its ports, its certificate, and the files on them."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kakao_session.emulator.certificates import throw_away_tls
from kakao_session.emulator.connections import LOOPBACK, Connections, LoopbackServer
from kakao_session.emulator.proxy import ProxyServer
from kakao_session.emulator.server import KakaoServer
from kakao_session.endpoints import Endpoints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _typeshed.wsgi import WSGIApplication

    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.gate import Gate
    from kakao_session.emulator.journal import Journal
    from kakao_session.emulator.switches import Switches


@dataclass(frozen=True)
class Listeners:
    """Where the emulator is.

    :param endpoints: the three hosts on their loopback ports.
    :param port: the plain port, of the proxy and of the control page.
    :param ca_file: the path of the certificate that a client has to trust.
    :param node_preload: the path of the script that leads Node here.
    """

    endpoints: Endpoints
    port: int
    ca_file: str
    node_preload: str

    @property
    def plain_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


@contextmanager
def listening(
    gate: Gate,
    control: WSGIApplication,
    journal: Journal,
    clock: Clock,
    switches: Switches,
    port: int,
) -> Iterator[Listeners]:
    """Open the ports, and close them with every connection that is open by then.

    :param port: for the plain port; 0 means any that is free.
    :raises OSError: if the port is not free.
    """
    with tempfile.TemporaryDirectory(prefix="kakao-emulator-") as folder:
        ca_file = Path(folder, "ca.pem")
        tls = throw_away_tls(ca_file)
        connections = Connections()
        kauth, kapi, dapi = servers = [
            KakaoServer(service, gate, tls, connections, clock, switches)
            for service in ("kauth", "kapi", "dapi")
        ]
        tunnels = {f"{each.service}.kakao.com:443": each for each in servers}
        try:
            proxy = ProxyServer(tunnels, control, journal, clock, connections, port)
        except OSError:
            for opened in servers:
                opened.server_close()
            raise
        ports = {name: each.port for name, each in tunnels.items()}
        preload = _write_preload(Path(folder), ports, proxy.port)
        every: list[LoopbackServer] = [*servers, proxy]
        for server in every:
            server.start()
        try:
            endpoints = Endpoints(_url(kauth), _url(kapi), _url(dapi))
            yield Listeners(endpoints, proxy.port, str(ca_file), str(preload))
        finally:
            for server in every:
                server.stop()
            gate.release()
            connections.close()


def _write_preload(folder: Path, ports: Mapping[str, int], proxy: int) -> Path:
    script = Path(__file__).with_name("node").joinpath("preload.cjs").read_text(encoding="utf-8")
    (folder / "ports.json").write_text(json.dumps({"ports": ports, "proxy": proxy}))
    preload = folder / "preload.cjs"
    preload.write_text(script, encoding="utf-8")
    return preload


def _url(server: KakaoServer) -> str:
    return f"https://{LOOPBACK}:{server.port}"
