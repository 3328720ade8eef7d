"""Whatever is in token files and pastes: the command says what is wrong, without a traceback."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from kakao_session.cli.app import app
from tests.fuzz.harness import bounded, fuzz
from tests.fuzz.strategies import BYTES, REDIRECTS, SECRET, TOO_LATE_FOR_A_CALENDAR

LANGUAGES = st.sampled_from(["en_US.UTF-8", "ko_KR.UTF-8"])


@fuzz
@given(BYTES, LANGUAGES)
@example(TOO_LATE_FOR_A_CALENDAR, "ko_KR.UTF-8")
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
        assert SECRET not in result.output
        assert "Traceback" not in result.output
    assert token_file.read_bytes() == content


@fuzz
@given(BYTES, LANGUAGES)
def test_import(tmp_path, token_file, run, content, language):
    file = tmp_path / "theirs.json"
    file.write_bytes(content)
    with bounded():
        result = run("import", "--force", str(file), LANG=language)
    assert result.exit_code in (0, 1)
    assert SECRET not in result.output
    assert (result.exit_code == 0) is token_file.exists()
    assert file.read_bytes() == content
    token_file.unlink(missing_ok=True)


PASTES = st.lists(
    st.binary(max_size=50)
    | REDIRECTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from([b"\n", b"\r\n", b"\0", b"\xff", b"code=c&state=s\n", b"\xed\xa0\x80"])
    | st.sampled_from([b"x" * 70_000, b"\n" * 70_000, b"x\n" * 300, b"\xea\xb0" * 40_000]),
    max_size=8,
)


@pytest.mark.usefixtures("http")
@settings(fuzz, phases=[Phase.explicit, Phase.generate])
@given(PASTES, LANGUAGES)
@example([b"?code=" + SECRET.encode()], "en_US.UTF-8")
def test_pastes(kakao, monkeypatch, tmp_path, token_file, parts, language):
    """Pastes are told to be wrong until one ends the login, or stdin does."""
    pastes, output = tmp_path / "pastes", io.StringIO()
    pastes.write_bytes(b"".join(parts))
    arguments = ["login", "--no-browser", "--redirect-uri", "https://example.com/oauth"]
    with monkeypatch.context() as context, pastes.open() as stdin, bounded():
        for name, value in {"REST_API_KEY": kakao.app_key, "CLIENT_SECRET": SECRET}.items():
            context.setenv(f"KAKAO_{name}", value)
        context.setenv("LANG", language)
        context.setattr(sys, "stdin", stdin)
        with redirect_stdout(output), redirect_stderr(output), pytest.raises(SystemExit) as end:
            app(arguments, prog_name="kakao-session")
    assert end.value.code == 1
    assert SECRET not in output.getvalue()
    assert "Traceback" not in output.getvalue()
    assert not token_file.exists()
