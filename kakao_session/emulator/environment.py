"""Leads unmodified programs here: environment variables, and the files that they name.

Most programs read ``HTTPS_PROXY`` and a variable for certificates. Node, Java, wget and PHP need a
file each.
"""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_PROXY = "localhost,127.0.0.1,::1"
_STORE_PASSWORD = "changeit"  # noqa: S105 - Java's usual one; there is no secret in the file
_PHP_INI = """\
curl.cainfo = "{ca_file}"
openssl.cafile = "{ca_file}"
"""


def write_files(folder: Path, plain_url: str, ca_file: Path, ports: Mapping[str, int]) -> None:
    """Write the files that :func:`environment` names.

    :param ports: the ports of the emulated hosts, by ``host:port``.
    """
    proxy = urlsplit(plain_url)
    script = Path(__file__).with_name("node").joinpath("preload.cjs").read_text(encoding="utf-8")
    (folder / "preload.cjs").write_text(script, encoding="utf-8")
    (folder / "ports.json").write_text(json.dumps({"ports": ports, "proxy": proxy.port}), "utf-8")
    (folder / "ca.jks").write_bytes(_java_key_store(ca_file))
    (folder / "wgetrc").write_bytes(_own_wgetrc() + b"ca_certificate=" + os.fsencode(ca_file))
    (folder / "php").mkdir()
    (folder / "php" / "kakao.ini").write_text(_PHP_INI.format(ca_file=ca_file), "utf-8")


def environment(folder: Path, plain_url: str, ca_file: Path) -> dict[str, str]:
    """:returns: the variables that lead a program, in any language, to the emulator.

    They include ``NO_PROXY``, because an inherited one could lead past the emulator.
    """
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), plain_url)
    proxies["NO_PROXY"] = _NO_PROXY
    certificates = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    return {
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        **dict.fromkeys(certificates, str(ca_file)),
        "NODE_USE_ENV_PROXY": "1",
        "KAKAO_EMULATOR_URL": plain_url,
        # Older versions of Node know no proxy.
        "NODE_OPTIONS": _added("NODE_OPTIONS", f"--require {_quoted(folder / 'preload.cjs')}"),
        "JAVA_TOOL_OPTIONS": _added("JAVA_TOOL_OPTIONS", _java_options(folder, plain_url)),
        "WGETRC": str(folder / "wgetrc"),
        # A leading separator stands for PHP's usual folder.
        "PHP_INI_SCAN_DIR": _added("PHP_INI_SCAN_DIR", f"{os.pathsep}{folder / 'php'}", ""),
    }


def _quoted(path: Path) -> str:
    """:returns: the path as Node reads its options."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _java_options(folder: Path, plain_url: str) -> str:
    proxy = urlsplit(plain_url)
    properties = {
        "http.proxyHost": proxy.hostname,
        "http.proxyPort": proxy.port,
        "https.proxyHost": proxy.hostname,
        "https.proxyPort": proxy.port,
        "http.nonProxyHosts": "localhost|127.*|[::1]",
        "javax.net.ssl.trustStore": folder / "ca.jks",
        "javax.net.ssl.trustStoreType": "JKS",
        "javax.net.ssl.trustStorePassword": _STORE_PASSWORD,
    }
    return " ".join(f'"-D{name}={value}"' for name, value in properties.items())


def _java_key_store(ca_file: Path) -> bytes:
    """:returns: a JKS file with one certificate, which every version of Java reads."""
    certificate = ssl.PEM_cert_to_DER_cert(ca_file.read_text("ascii"))
    store = struct.pack(">III", 0xFEEDFEED, 2, 1)  # magic, version, one entry
    store += struct.pack(">I", 2) + _utf("kakao") + struct.pack(">Q", 0)  # certificate, name, date
    store += _utf("X.509") + struct.pack(">I", len(certificate)) + certificate
    salted = _STORE_PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + store
    return store + hashlib.sha1(salted, usedforsecurity=False).digest()


def _utf(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _own_wgetrc() -> bytes:
    """:returns: the user's own settings, which WGETRC would replace."""
    own = os.environ.get("WGETRC") or Path(os.environ.get("HOME", ""), ".wgetrc")
    with suppress(OSError):
        return Path(own).read_bytes() + b"\n"
    return b""


def _added(variable: str, option: str, separator: str = " ") -> str:
    """:returns: the user's value of the variable and this option."""
    own = os.environ.get(variable, "")
    return own if option in own else f"{own}{separator}{option}".strip()
