"""Runs the test suites of requests and requests-oauthlib with our classes instead of theirs.

``python -m tests.peers.suites`` fetches the source distributions from PyPI, into ``build/suites``,
and runs their tests. ``expected.py`` lists the tests that fail, each with the sentence of our
contract that wants it so. Any other failure counts, and so does a listed test that passes; only
then is the suite's own output printed.

The versions are pinned. With ``--newest``, the newest are run, if they are others: an alarm.
"""

import os
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.peers.expected import LEFT_OUT_OF_REQUESTS, REQUESTS, REQUESTS_OAUTHLIB

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "suites"

SUITES = {
    "requests": (
        "2.34.2",
        ["test_requests.py", "test_lowlevel.py", "test_hooks.py", "test_adapters.py"],
        [
            "requests.Session by KakaoSession",
            "requests.Session by KakaoSession with a token",
            "requests.Session by a session with KakaoAuth",
        ],
        REQUESTS,
        LEFT_OUT_OF_REQUESTS,
    ),
    "requests-oauthlib": (
        "2.0.0",
        ["test_oauth2_session.py", "test_compliance_fixes.py"],
        ["OAuth2Session by KakaoSession"],
        REQUESTS_OAUTHLIB,
        [],
    ),
}


def fetched(package, version):
    """The folder of a source distribution from PyPI; *version* may be empty for the newest."""
    into = BUILD / "sdists" / (version or "newest")
    requirement = f"{package}=={version}" if version else package
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, "-d", into, requirement], check=True)
    pattern = re.compile(rf"{package.replace('-', '[-_]')}-\d.*\.tar\.gz")
    (archive,) = [path for path in into.iterdir() if pattern.fullmatch(path.name)]
    with tarfile.open(archive) as tar:
        tar.extractall(BUILD, filter="data")
    return BUILD / archive.name.removesuffix(".tar.gz")


def failures(folder, files, replacement, left_out):
    """Run a suite. :returns: the tests that failed, how many there were, and what was printed."""
    report = BUILD / "report.xml"
    report.unlink(missing_ok=True)
    run = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-q", "-p", "our_classes", "-p", "no:cacheprovider"),
            *("-c", os.devnull, f"--rootdir={folder}", "--tb=short", "--no-header"),
            *("-W", "ignore", f"--junitxml={report}"),
            *(f"--deselect={name}" for name in left_out),
            *(f"tests/{name}" for name in files),
        ],
        cwd=folder,
        env={
            **os.environ,
            "KAKAO_SESSION_REPLACES": replacement,
            "PYTHONPATH": str(HERE),
        },
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    cases = ET.parse(report).findall(".//testcase")
    failed = {
        _name(case)
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }
    return failed, len(cases), run.stdout


def _name(case):
    *modules, last = case.get("classname").split(".")
    path, inside = [*modules, last], []
    while not path[-1].startswith("test_"):
        inside.insert(0, path.pop())
    return "::".join(["/".join(path) + ".py", *inside, case.get("name")])


def main(newest):
    is_well = True
    for package, (pinned, files, replacements, expected, left_out) in SUITES.items():
        folder = fetched(package, "" if newest else pinned)
        if newest and folder.name.endswith(f"-{pinned}"):
            _say(f"{folder.name} is the newest")
            continue
        wanted = {name for names in expected.values() for name in names}
        for replacement in replacements:
            _say(f"\n== the suite of {folder.name}, {replacement}")
            failed, count, output = failures(folder, files, replacement, left_out)
            if failed != wanted:
                _say(output)
            for name in sorted(failed - wanted):
                _say(f"failed, and no sentence of the contract wants it: {name}")
            for name in sorted(wanted - failed):
                _say(f"passed, though expected.py says that it fails: {name}")
            _say(
                f"{count - len(failed)} of {count} passed, {len(failed & wanted)} fail as expected"
            )
            is_well = is_well and failed == wanted
    return 0 if is_well else 1


def _say(line):
    print(line, flush=True)  # noqa: T201  # this is a command


if __name__ == "__main__":
    sys.exit(main("--newest" in sys.argv[1:]))
