"""A throw-away certificate authority that vouches for Kakao's host names on loopback."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = ("kauth.kakao.com", "kapi.kakao.com", "dapi.kakao.com", "localhost", "127.0.0.1")


def throw_away_tls(ca_file: Path) -> ssl.SSLContext:
    """Make an authority that nobody else trusts and that is forgotten with the process.

    :param ca_file: where its certificate is put, as PEM; the key is never written to this place.
    :returns: a server's context with a certificate for :data:`HOSTS`.
    """
    authority = trustme.CA(organization_name="kakao-session emulator")
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority.issue_cert(*HOSTS).configure_cert(context)
    return context
