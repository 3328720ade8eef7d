"""The variables that lead an unmodified program to the emulator, whatever it is written in."""

from __future__ import annotations

import os

_DIRECT = "localhost,127.0.0.1,::1"


def environment(plain_url: str, ca_file: str, node_preload: str) -> dict[str, str]:
    """:returns: what to set; ``NO_PROXY`` too, lest an inherited one lead past the emulator."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), plain_url)
    proxies["NO_PROXY"] = _DIRECT
    return {
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        "REQUESTS_CA_BUNDLE": ca_file,
        "CURL_CA_BUNDLE": ca_file,
        "SSL_CERT_FILE": ca_file,
        "NODE_EXTRA_CA_CERTS": ca_file,
        "NODE_USE_ENV_PROXY": "1",
        "KAKAO_EMULATOR_URL": plain_url,
        "NODE_OPTIONS": _with_preload(os.environ.get("NODE_OPTIONS", ""), node_preload),
    }


def _with_preload(options: str, preload: str) -> str:
    """:returns: the options with one more: older versions of Node ask no proxy of their own."""
    path = preload.replace("\\", "\\\\").replace('"', '\\"')
    option = f'--require "{path}"'
    return options if option in options else f"{options} {option}".lstrip()
