"""``SECURITY.md`` names tests, and they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!who \|)(?!-)(.+) \|$", PAGE, re.MULTILINE)
TESTS = re.compile(r"^ *def (test_\w+)\(", re.MULTILINE)
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)


def test_tests__that_are_named_exist():
    assert len(NAMED) > 10
    for file, name in NAMED:
        assert Path(file).name.startswith("test_"), file
        tests = TESTS.findall((ROOT / file).read_text(encoding="utf-8"))
        assert name in tests if name else tests, (file, name)


def test_attackers__each_have_a_defence_and_a_test():
    assert len(ROWS) > 10
    for row in ROWS:
        who, defence, tests = row.split(" | ")
        assert len(who) > 10
        assert len(defence) > 20
        assert re.findall(r"`tests/[\w/]+\.py", tests), row


def test_page__is_one():
    assert len(PAGE) < 7000
