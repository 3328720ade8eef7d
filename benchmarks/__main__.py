"""Measures, and prints the tables."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from importlib import import_module
from pathlib import Path

from benchmarks.report import Report

MEASURES = (
    "call_in_memory",
    "call_over_tls",
    "pool",
    "expiry",
    "storm",
    "shared_storm",
    "imports",
    "cron_job",
    "construction",
    "one_of_many",
    "saving",
    "keep_alive",
    "emulator",
)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="What kakao-session costs, beside its peers. All of it takes several minutes.",
    )
    parser.add_argument("--only", metavar="A,B", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--quick", action="store_true", help="run through; no figure is any good")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--readme", action="store_true", help="put the tables into the README")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",") if arguments.only else list(MEASURES)
    if unknown := set(wanted) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")

    only = ["--only", arguments.only] if arguments.only else []
    quick = ["--quick"] if arguments.quick else []
    report = Report(shlex.join(["python", "-m", "benchmarks", *quick, *only]))
    for name in wanted:
        started = time.monotonic()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        report.measures[name] = import_module(f"benchmarks.{name}").measure(arguments.quick)
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    print(report.markdown())
    if arguments.json:
        arguments.json.write_text(report.json(), encoding="utf-8")
    if arguments.readme:
        report.write_readme()


if __name__ == "__main__":
    main()
