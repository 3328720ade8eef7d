"""Ports to listen on that are nobody's, on both kinds of loopback."""

import secrets
import socket
from contextlib import suppress

# Below what systems hand out themselves: nothing else takes it between the look and the use.
_FIRST, _LAST = 20_000, 30_000


def free_port():
    """:returns: a port that can be listened on."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)  # no seed makes two runs take the same
        with suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            if has_ipv6():
                socket.create_server(("::1", port), family=socket.AF_INET6).close()
            return port


def has_ipv6():
    """:returns: whether ``::1`` is there."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
