"""The variables that lead an unmodified program to the emulator, whatever it is written in."""

from __future__ import annotations

_DIRECT = "localhost,127.0.0.1,::1"


def environment(proxy_url: str, ca_file: str) -> dict[str, str]:
    """:returns: what to set; ``NO_PROXY`` too, lest an inherited one lead past the emulator."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy_url)
    proxies["NO_PROXY"] = _DIRECT
    return {
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        "REQUESTS_CA_BUNDLE": ca_file,
        "CURL_CA_BUNDLE": ca_file,
        "SSL_CERT_FILE": ca_file,
        "NODE_EXTRA_CA_CERTS": ca_file,
        "NODE_USE_ENV_PROXY": "1",
    }
