"""Everything that was measured, and where: for a terminal, for the README, as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.table import Table

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"

PACKAGES = (
    "kakao-session",
    "requests",
    "urllib3",
    "requests-oauthlib",
    "oauthlib",
    "Authlib",
    "google-auth",
    "requests_oauth2client",
    "httpx",
    "httpx-auth",
)


@dataclass
class Report:
    """The tables, and what they depend on. It is made before the first measure begins."""

    command: str
    measures: dict[str, list[Table]] = field(default_factory=dict)
    date: str = field(default_factory=lambda: f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC")
    machine: str = field(default_factory=lambda: _machine())
    load_before: float = field(default_factory=lambda: _load())
    versions: dict[str, str | None] = field(
        default_factory=lambda: {name: _version(name) for name in PACKAGES}
    )

    def markdown(self) -> str:
        """:returns: the whole, as it stands in the README."""
        there = [f"{name} {number}" for name, number in self.versions.items() if number]
        absent = [name for name, number in self.versions.items() if not number]
        head = [
            f"`{self.command}`, {self.date}, {self.machine}. Load of the machine before: "
            f"{self.load_before:.2f}.",
            f"{', '.join(there)}.",
        ]
        if absent:
            head.append(f"Not installed, and left out: {', '.join(absent)}.")
        tables = [table.markdown() for tables in self.measures.values() for table in tables]
        return "\n\n".join([*head, *tables])

    def json(self) -> str:
        """:returns: the same for a program."""
        return json.dumps(asdict(self), indent=1)

    def write_readme(self) -> None:
        """Put it between the marks in ``benchmarks/README.md``."""
        text = README.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
        measured = f"{BEGIN}\n{self.markdown()}\n\n{END}"
        README.write_text(f"{before}{measured}{after}", encoding="utf-8")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
