"""Odd token files and odd pastes: the command says what is wrong, and never shows a traceback."""

import json
import os
import queue
import sys
from functools import partial

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from kakao_session.cli.paste import pasted_lines
from tests.fuzz.strategies import BODIES, NO_CALENDAR, bounded, fuzz

LANGUAGES = st.sampled_from(["en_US.UTF-8", "ko_KR.UTF-8"])


@fuzz
@given(BODIES, LANGUAGES)
@example(NO_CALENDAR, "ko_KR.UTF-8")
def test_status(token_file, run, content, language):
    token_file.parent.mkdir(exist_ok=True)
    token_file.write_bytes(content)
    with bounded():
        for_people = run("status", LANG=language)
        for_programs = run("status", "--json", LANG=language)
    assert for_people.exit_code == for_programs.exit_code
    assert for_people.exit_code in (0, 1, 3)
    assert json.loads(for_programs.stdout)["login"] in ("fine", "needed", "incomplete", "ending")
    for result in (for_people, for_programs):
        assert "opaque-token" not in result.output
        assert "Traceback" not in result.output
    assert token_file.read_bytes() == content


@fuzz
@given(BODIES, LANGUAGES)
def test_import(tmp_path, token_file, run, content, language):
    file = tmp_path / "theirs.json"
    file.write_bytes(content)
    with bounded():
        result = run("import", "--force", str(file), LANG=language)
    assert result.exit_code in (0, 1)
    assert "opaque-token" not in result.output
    assert (result.exit_code == 0) is token_file.exists()
    assert file.read_bytes() == content
    token_file.unlink(missing_ok=True)


PARTS = st.lists(
    st.binary(max_size=50)
    | st.sampled_from([b"\n", b"\r\n", b"\0", b"\xff", b"code=c&state=s\n", b"\xed\xa0\x80"])
    | st.sampled_from([b"x" * 70_000, b"\n" * 70_000, b"x\n" * 30_000, b"\xea\xb0" * 40_000]),
    max_size=8,
)


@settings(fuzz, phases=[Phase.generate])  # a failure waits
@given(PARTS)
def test_pasted_lines(monkeypatch, parts):
    reading, writing = os.pipe()
    inbox = queue.SimpleQueue()
    with monkeypatch.context() as context, os.fdopen(reading) as stdin, bounded():
        context.setattr(sys, "stdin", stdin)
        with pasted_lines(inbox.put) as can_paste:
            assert can_paste
            for part in parts:
                os.write(writing, part)
            os.close(writing)
            lines = list(iter(partial(inbox.get, timeout=10), None))
    for line in lines:
        assert line
        assert "\n" not in line
        assert len(line) <= 1 << 17
    sent = b"".join(parts)
    if len(sent) < 1 << 16:
        assert lines == [
            line.decode("utf-8", "replace") for line in sent.split(b"\n") if line.strip()
        ]
