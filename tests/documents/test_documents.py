"""Every block of every document is run, from top to bottom.

A Python block that begins with an import is a new program; any other continues the one before it. A
block that begins with the name of a file is saved as well. An unknown language fails. A few
commands are only parsed: see :data:`tests.documents.shell.ONLY_PARSED`.
"""

import ast
import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kakao_session
from kakao_session.cli.app import app
from tests.documents import error_tables, hidden_steps, picture
from tests.documents.blocks import Block, Step, inline_code, read
from tests.documents.platforms import read_workflow, run_dockerfile
from tests.documents.results import matches, run
from tests.documents.sandbox import REPOSITORY, Sandbox
from tests.documents.shell import ONLY_PARSED, only_parsed, run_console, run_crontab, typed

DOCS = REPOSITORY / "docs"
ENGLISH = {
    REPOSITORY / "README.ko.md": REPOSITORY / "README.md",
    **{page: DOCS / page.name for page in sorted((DOCS / "ko").glob("*.md"))},
}
"""Each Korean document, and the English one that says the same."""

DOCUMENTS = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md")), *ENGLISH]


def each(documents):
    names = [str(path.relative_to(REPOSITORY)) for path in documents]
    return pytest.mark.parametrize("document", documents, ids=names)


def contents(document):
    """:returns: the language and text of each block, and the name of each hidden step."""
    parts = (
        (part.language, part.text) if isinstance(part, Block) else ("step", part.name)
        for part in read(document)
    )
    return [(kind, text) for kind, text in parts if kind != "{toctree}"]


def runs_by_itself(document):
    """Whether no other document has the same blocks."""
    return document not in ENGLISH or contents(document) != contents(ENGLISH[document])


def runs_pytest(block):
    return re.search(r"^(def test_|\$ pytest )", block.text, re.MULTILINE) is not None


@pytest.fixture
def sandbox(local_kakao, tmp_path, monkeypatch):
    local_kakao.reset()
    return Sandbox(tmp_path, local_kakao, monkeypatch)


@each(list(filter(runs_by_itself, DOCUMENTS)))
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")  # an Airflow task ends
def test_document__does_what_it_says(document, sandbox, redis_for):
    if document in ENGLISH:  # its output is that of the command in Korea
        sandbox.patch.delenv("LC_ALL")
        sandbox.patch.setenv("LANG", "ko_KR.UTF-8")
    redis_for(document)
    for part in read(document):
        if isinstance(part, Step):
            getattr(hidden_steps, part.name)(sandbox)
        elif not (document in ENGLISH and runs_pytest(part)):  # slow, and the English page has it
            run_block(part, sandbox)
    sandbox.start_anew()
    gc.collect()


def run_block(block, sandbox):
    if block.file_name:
        path = sandbox.folder / block.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    if block.language not in LANGUAGES:
        pytest.fail(f"{block}: no test can run this language")
    LANGUAGES[block.language](block, sandbox)


def run_python(block, sandbox):
    statements = ast.parse(block.text).body
    if any(getattr(node, "name", "").lower().startswith("test") for node in statements):
        run_tests(block, sandbox)
        return
    if isinstance(statements[0], ast.Import | ast.ImportFrom) or block.file_name:
        sandbox.start_anew()
    sandbox.patch.setattr(sys, "argv", [block.file_name or ""])
    sandbox.run_python(block)


def run_tests(block, sandbox):
    path = sandbox.folder / (block.file_name or f"test_line_{block.line}.py")
    path.write_text(block.text, encoding="utf-8")
    pytest = [sandbox.python, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run([*pytest, path], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{block}\n{done.stdout}"


def check_windows(block):
    """Nothing runs it here. It must not have what works in a POSIX shell only."""
    assert not re.search(r"['~$&]|/bin/|python3", block.text), block


LANGUAGES = {
    "python": run_python,
    "console": lambda block, _: run_console(block.text),
    "crontab": lambda block, _: run_crontab(block.text),
    "powershell": lambda block, _: check_windows(block),
    "dockerfile": lambda block, _: run_dockerfile(block.text),
    "yaml": lambda block, _: read_workflow(block.text),  # a hidden step runs it
    # Sphinx reads these, and its warnings are errors.
    "{toctree}": lambda block, _: None,
    "{eval-rst}": lambda block, _: None,
}


@pytest.mark.parametrize("name", ["testing.md", "how-it-works.md"])
def test_own_emulator__without_proxy_variables(name, sandbox):
    """As readers run it. The test of the whole document runs it with these variables."""
    hidden_steps.nothing_leads_to_kakao(sandbox)
    blocks = [part for part in read(DOCS / name) if isinstance(part, Block)]
    (block,) = (block for block in blocks if "with KakaoEmulator()" in block.text)
    run_block(block, sandbox)


@each(DOCUMENTS)
def test_document__names_only_what_exists(document):
    for code in inline_code(document):
        if named := re.match(r"kakao-session ([a-z]+)(.*)", code):
            command = app.commands[named[1]]
            known = {spelling for option in command.params for spelling in option.opts}
            assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", named[2].split("--")[0])) <= known, code
        elif named := re.match(r"((?:Kakao|Token)\w+|\w+(?:TokenStore|Error))\b", code):
            assert hasattr(kakao_session, named[1]) or named[1] in hidden_steps.NOT_OURS, code


@each(DOCUMENTS)
def test_document__links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path) if path else document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), target


def slug(heading):
    """As GitHub and MyST name the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_only_parsed__are_only_the_commands_in_the_list():
    blocks = [part for document in DOCUMENTS for part in read(document) if isinstance(part, Block)]
    consoles = [block.text for block in blocks if block.language == "console"]
    found = {only_parsed(line.command) for text in consoles for line in typed(text)}
    assert found - {None} == set(ONLY_PARSED.values())


@each(list(ENGLISH))
def test_korean_document__runs_what_the_english_one_runs(document):
    assert list(without_output(document)) == list(without_output(ENGLISH[document]))


def without_output(document):
    """The blocks of a document, without what the commands print: that may be in Korean."""
    for kind, text in contents(document):
        yield kind, [line.command for line in typed(text)] if kind == "console" else text


def test_korean_readme__has_the_same_output():
    korean = REPOSITORY / "README.ko.md"
    assert contents(korean) == contents(ENGLISH[korean])


@pytest.mark.parametrize("words", [".venv/bin/pytest", "bin/kakao-session emulate --"])
def test_readme__has_the_commands_that_ci_runs(words):
    lines = (REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()
    first = next(line for line in lines if words in line)
    commands = [part.text for part in read(REPOSITORY / "README.md") if isinstance(part, Block)]
    assert f"{first}\n" in commands


def test_reference__has_every_public_name():
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^\.\. auto\w+:: (\w+)", text, re.MULTILINE))
    public = {name for name in dir(kakao_session) if name[0].isupper()} - {"Any", "TYPE_CHECKING"}
    assert shown >= {*kakao_session.__all__, *public, "KakaoEmulator"}


def test_picture__shows_what_the_command_does():
    assert picture.shown(picture.drawn()) == picture.shown(picture.PICTURE.read_text("utf-8"))


def test_picture__loads_nothing_and_names_no_path():
    svg = picture.PICTURE.read_text(encoding="utf-8")
    assert "url(http" not in svg
    assert "font-face" not in svg
    assert not re.search(r"/tmp|/home|/root|[\w-]{30}", "".join(picture.shown(svg)))


@each(error_tables.DOCUMENTS)
def test_error_tables__are_up_to_date(document):
    text = document.read_text(encoding="utf-8")
    assert error_tables.with_tables(document) == text
    for line in ("| KOE322 | ", "| -402 | ", "| `ip mismatched` | "):
        assert text.count(f"\n{line}") == 1


# SECURITY.md ----------------------------------------------------------------------------------


def test_security__each_row_names_tests_that_exist():
    page = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    assert len(page) < 7000
    rows = re.findall(r"^\| (?!who \|)(?!-)(.+) \|$", page, re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        who, defence, tests = row.split(" | ")
        assert len(who) > 10
        assert len(defence) > 20
        assert "`tests/" in tests, row
    for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page):
        assert Path(file).name.startswith("test_"), file
        text = (REPOSITORY / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *def {name or 'test_'}", text, re.MULTILINE), (file, name)


# The tests' own tools ------------------------------------------------------------------------


def test_result__is_compared_with_its_comment():
    run("1 + 1  # 2\nprint('a', 'b')  # a ...\nx = 3  # for the reader\n", "name", 1, {})
    with pytest.raises(AssertionError, match="name:7 gives '2'"):
        run("1 + 1  # 3\n", "name", 7, {})


def test_result__that_is_never_reached_fails():
    source = "try:\n    pass\nexcept ValueError as error:\n    print(error)  # no\n"
    with pytest.raises(AssertionError, match="never reached"):
        run(source, "name", 1, {})


def test_dots__stand_for_anything():
    assert matches("a ... c", "a b\nb c")
    assert not matches("a ... c", "a b")


@pytest.mark.parametrize("text", ["false\n", "$ echo a\nb\n", "if\n"])
def test_console__fails(text, sandbox):
    with pytest.raises(AssertionError):
        run_console(text)


def test_unknown_language__fails(sandbox):
    with pytest.raises(pytest.fail.Exception, match="no test can run"):
        run_block(Block(Path("README.md"), 1, "perl", "die"), sandbox)
