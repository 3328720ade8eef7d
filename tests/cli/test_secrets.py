"""No command prints or leaves behind a token, a code or a secret, or 12 characters of one."""

import pytest

from kakao_session import FileTokenStore, Token
from tests.cli.conftest import come_back, running
from tests.conftest import agree
from tests.secret_scenarios import CLIENT_SECRET, failing, leaked

COMMANDS = [
    ["status"],
    ["status", "--check"],
    ["status", "--check", "--json"],
    ["refresh"],
    ["refresh", "--if-needed"],
    ["request", "GET", "/v2/user/me"],
    ["request", "POST", "/v2/user/me", "-d", "a=b", "-H", "X-A: b"],
    ["send", "hello"],
    ["request", "GET", "https://dapi.kakao.com/v2/search/web", "-d", "query=q"],
    ["import", "--force", "{theirs}"],
    ["logout"],
    ["unlink", "--yes"],
]
PATHS = ("/oauth/token", "/v2/user/me", "/v1/user/access_token_info", "/v1/user/logout")
FAILURES = ["KOE010", "KOE237", "KOE322", "reset", "html", "garbage", "truncated", 503]


@pytest.fixture
def kakao(kakao, monkeypatch, tmp_path):
    kakao.client_secret = CLIENT_SECRET
    kakao.refresh_token_renewal = "always"
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("kakao_session.token_endpoint.time.sleep", lambda _: None)
    return kakao


def left_behind(folder):
    """:returns: what is on the disk, except in the token files."""
    token_files = ("token.json", "theirs.json")
    return [
        path.read_text(encoding="utf-8", errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and path.name not in token_files
    ]


def secrets(kakao):
    sent = [dict(record.form) for record in kakao.token_requests]
    names = ("code", "code_verifier", "refresh_token")
    return {
        CLIENT_SECRET,
        *(issue.value for issue in kakao.tokens),
        *(form[name] for form in sent for name in names if form.get(name)),
    }


def prepare(trouble, kakao, token_files):
    """Log in again, and make it fail."""
    for file in token_files:
        FileTokenStore(file).save(Token(kakao.login()))
        if trouble == "torn":
            file.write_bytes(file.read_bytes()[:-30])
        elif trouble == "gone":
            file.unlink()
    if trouble == "stale" or trouble in FAILURES:
        kakao.revoke_access_tokens()
    kakao.clear_failures()
    if trouble in FAILURES:
        for path in PATHS[:1] if str(trouble).startswith("KOE") else PATHS:
            failing(kakao, trouble, path)


@pytest.mark.parametrize("trouble", [None, "stale", "torn", "gone", *FAILURES])
def test_commands__print_no_secret(kakao, token_file, tmp_path, run, trouble):
    theirs = tmp_path / "theirs.json"
    printed = []
    statuses = set()
    for name, *arguments in COMMANDS:
        words = [name, *(word.format(theirs=theirs) for word in arguments)]
        for *options, language in (["--verbose", "en_US.UTF-8"], ["ko_KR.UTF-8"]):
            prepare(trouble, kakao, (token_file, theirs))
            result = run(*words, *options, LANG=language)
            printed.append(result.output)
            statuses.add(result.exit_code)
    assert (statuses == {0}) is (trouble in (None, "stale"))
    assert leaked(secrets(kakao), "\n".join([*printed, *left_behind(tmp_path)])) == set()


@pytest.mark.parametrize(
    ("failure", "pasted", "language"),
    [
        (None, False, "ko_KR.UTF-8"),
        (None, True, "en_US.UTF-8"),
        ("KOE010", True, "ko_KR.UTF-8"),
        ("KOE320", False, "en_US.UTF-8"),
        ("reset", True, "en_US.UTF-8"),
        ("garbage", False, "ko_KR.UTF-8"),
    ],
)
def test_login__prints_no_secret(
    kakao, token_file, tmp_path, port, monkeypatch, failure, pasted, language
):
    monkeypatch.setenv("LANG", language)
    printed = []
    if failure:
        failing(kakao, failure)
    with running("login", "--verbose", "--store-secret", "--port", str(port)) as command:
        redirect = agree(command.url())
        if pasted:
            command.paste(redirect.replace("state=", "state=x"))
            command.paste(redirect)
        else:
            printed.append(come_back(redirect))
        assert (command.end() == 0) is (failure is None)
        printed += [command.seen, command.errors()]
    code = redirect.partition("code=")[2].partition("&")[0]
    assert len(code) > 20
    assert leaked({code} | secrets(kakao), "\n".join([*printed, *left_behind(tmp_path)])) == set()
