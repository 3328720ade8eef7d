"""The benchmarks run. No test looks at how fast anything is, because machines differ."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    path = tmp_path_factory.mktemp("benchmarks") / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return json.loads(path.read_text(encoding="utf-8"))


def rows(measured, name):
    """The figures of a measure, by contender."""
    return {row[0]: row[1:] for table in measured["measures"][name] for row in table["rows"]}


def test_every_measure__has_ours(measured):
    for name in measured["measures"]:
        assert [who for who in rows(measured, name) if "Kakao" in who or "Token" in who], name


def test_call__is_shown_as_a_share_of_a_bare_one(measured):
    figures = rows(measured, "call_in_memory")
    assert figures["requests.Session, fixed header"][2] == 1.0
    assert figures["KakaoSession"][2] > 0


def test_storms__one_refresh_and_no_failure(measured):
    for name in ("storm", "shared_storm"):
        ours = {who: row for who, row in rows(measured, name).items() if "Kakao" in who}
        assert len(ours) >= 2 or measured["measures"][name][0]["remarks"]
        assert set(map(tuple, ours.values())) == {("1", "0", "1", "0")}


def test_expiry__one_refresh_and_no_failure(measured):
    *_, refreshes, failures = rows(measured, "expiry")["KakaoSession"]
    assert (refreshes, failures) == ("1", "0")


def test_keep_alive__loses_no_login_but_those_on_their_way(measured):
    figures = rows(measured, "keep_alive")
    assert figures or measured["measures"]["keep_alive"][0]["remarks"]
    for *_, ended, lost in figures.values():
        assert (ended - lost, lost <= 16) == (2, True)


def test_unknown_measure__is_refused():
    command = [sys.executable, "-m", "benchmarks", "--only", "nonsense"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no such measure: nonsense" in done.stderr
