"""English and Korean: the locale decides, and no message lacks its Korean."""

import ast
import base64
import errno
import os
import re
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import kakao_session
from kakao_session import EncryptedTokenStore, FileTokenStore, TokenStoreError
from kakao_session.cli.app import app
from kakao_session.cli.errors import explain, fixes
from kakao_session.cli.i18n import is_korean
from kakao_session.cli.korean import KOREAN
from kakao_session.stores.lockfile import reason
from tests.cli.conftest import raising, running, store, stored
from tests.cli.test_errors import api_errors, kinds, koe_errors

HANGUL = re.compile(r"[가-힣]")
TO_TYPE = re.compile(
    r"--[a-z-]+|[A-Z]+_[A-Z_]+|kakao-session [a-z]+|pip install|Fernet\.\w+|https?://"
)
"""What the user has to type, whatever the language."""


@pytest.fixture
def in_korea(monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")


class Recorder(dict):
    """Notes what is looked up."""

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = set()

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)


@pytest.fixture
def table(monkeypatch, in_korea):
    """The Korean table, which notes what is looked up in it."""
    table = Recorder(KOREAN)
    monkeypatch.setattr("kakao_session.cli.i18n.KOREAN", table)
    return table


def messages():
    """:returns: the English of each message of the command, where it is used."""
    calls = [node for node in nodes("cli") if isinstance(node, ast.Call)]
    arguments = [call.args[0] for call in calls if getattr(call.func, "id", "") in ("_", "mark")]
    return {argument.value for argument in arguments if isinstance(argument, ast.Constant)}


DECISIONS = {  # which argument is in English, and shown
    **dict.fromkeys(("note", "Note", "_refuse", "_template_error"), 0),
    **dict.fromkeys(("KauthError", "KapiError", "malformed"), 1),
    "DapiError": 3,
}


def decisions():
    """:returns: the English of what the emulator decides, where it stands in a call."""
    for call in nodes("emulator"):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            argument = call.args[DECISIONS[name]] if name in DECISIONS else None
            either = getattr(argument, "body", argument), getattr(argument, "orelse", None)
            yield from (each.value for each in either if isinstance(each, ast.Constant))


def nodes(folder=""):
    for path in (Path(kakao_session.__file__).parent / folder).rglob("*.py"):
        if path.stem != "korean":
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_message__has_korean():
    assert len(messages()) > 100
    assert messages() - set(KOREAN) == set()


def test_decision_of_the_emulator__has_korean():
    told = {text for text in decisions() if re.search("[a-z] ", text)}
    assert len(told) > 60
    assert told - set(KOREAN) == set()


def test_error_code__has_korean(table):
    for error in [*koe_errors(), *api_errors()]:
        assert HANGUL.search(explain(error))
    fixes()
    assert len(table.asked) > 40
    known = {text for text in table.asked if not re.search(r"\(.*HTTP", text)}
    assert known - set(KOREAN) == set()


@pytest.mark.parametrize("kind", kinds())
def test_other_error__is_korean_with_the_english_details(in_korea, kind):
    text = explain(kind("What happened."))
    assert HANGUL.search(text)
    assert text.endswith("(What happened.)")


@pytest.mark.parametrize(
    "content",
    [
        *(b"{", b"\xff", b"{}", b'{"a": 1}', b'{"access_token": "a b"}', b"x" * 2**21),
        *(b"[]", b"null", b"true", b"3", b'"x"'),
        *(b'{"error": "x"}', b'{"error_code": "KOE322"}', b'{"error_code": "KOE9999"}'),
        *(b'{"accessToken": "x"}', b'{"data": {"access_token": "x"}}'),
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_damaged_token_file__is_told_in_korean(in_korea, run, tmp_path, content):
    file = tmp_path / "token.json"
    file.write_bytes(content)
    for command in (("status", "--token-file"), ("import",)):
        told = run(*command, str(file)).stderr.replace(str(file), "FILE")
        words = re.findall(r"(?<![-_.])\b[a-z]+ [a-z]+\b", re.sub("`[^`]*`", "", told))
        assert words == [], told
        assert "토큰이 없습니다" in told


def test_wrong_encryption_key__is_told_in_korean(in_korea, run, tmp_path, monkeypatch):
    pytest.importorskip("cryptography")
    keys = [base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"a", b"b")]
    store = EncryptedTokenStore(FileTokenStore(tmp_path / "token.json"), keys[0])
    store.save({"access_token": "a"})
    told = run("status", "--token-file", str(store.inner.path), KAKAO_SESSION_TOKEN_KEY=keys[1])
    assert re.findall(r"(?<![-_./])\b[a-z]+ [a-z]+\b", told.stderr) == []
    assert "복호화하지 못했습니다. 키가 틀렸거나" in told.stderr


@pytest.mark.parametrize(
    ("switch", "why"),
    [
        ("no_such=1", "'no_such' 스위치는 없습니다"),
        ("rate_limit=maybe", "rate_limit에 지정할 수 있는 값은 true 또는 false입니다"),
        ("latency=x", "latency에 지정할 수 있는 값은 숫자입니다"),
        (
            "refresh_token_renewal=x",
            "refresh_token_renewal에 지정할 수 있는 값은 'last_month' 또는 'always' 또는 "
            "'never'입니다",
        ),
    ],
)
def test_wrong_switch__is_told_in_korean(in_korea, run, switch, why):
    assert run("emulate", "--switch", switch).stderr.endswith(f"오류: --switch: {why}\n")


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EIO])
def test_token_file_of_a_bad_disk__is_told_in_korean(
    in_korea, login, run, token_file, monkeypatch, number
):
    refusal = OSError(number, os.strerror(number))
    monkeypatch.setattr("kakao_session.stores.private_file.PrivateFile.read", raising(refusal))
    told = run("status").stderr
    assert told.startswith(f"오류: {token_file} 파일을 읽지 못했습니다. {os.strerror(number)}. ")
    assert HANGUL.search(told.partition(os.strerror(number))[2])


def test_reason__of_every_kind_has_korean(in_korea):
    for number in errno.errorcode:
        why = reason(OSError(number, "What happened"))
        assert HANGUL.search(explain(TokenStoreError(f"Could not lock FILE: {why}."))), why
    error = explain(
        TokenStoreError(
            "Could not lock FILE: FILE.lock: No locks. This file system has "
            "no locks. Keep the token on another one."
        )
    )
    assert "잠금을 지원하지 않습니다" in error


def test_lock_of_another_program__is_told_in_korean(in_korea, token_file):
    waiting = FileTokenStore(token_file, lock_timeout=0)
    with FileTokenStore(token_file).lock(), ThreadPoolExecutor(1) as thread:
        told = explain(thread.submit(waiting.save, {"access_token": "a"}).exception())
    assert "다른 프로그램이나 스레드가" in told
    assert f"`fuser {token_file}.lock`" in told


def test_help__has_korean_and_all_korean_is_used(table, run):
    for name in ([], *([name] for name in app.commands)):
        assert run(*name, "--help").exit_code == 0
    assert len(table.asked) > 50
    assert table.asked - set(KOREAN) == set()
    elsewhere = {node.value for node in nodes() if isinstance(node, ast.Constant)}
    assert set(KOREAN) - table.asked - elsewhere == set()


def test_korean__has_the_same_placeholders_options_variables_and_commands():
    for english, korean in KOREAN.items():
        assert placeholders(english) == placeholders(korean), english
        assert set(TO_TYPE.findall(english)) <= set(TO_TYPE.findall(korean)), english
        assert HANGUL.search(korean), english
        assert not HANGUL.search(english)


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"LANG": "ko_KR.UTF-8"}, True),
        ({"LANG": "ko"}, True),
        ({"LANG": "KO_kr.utf8"}, True),
        ({"LANG": "kok_IN"}, False),
        ({"LANG": "en_US", "LC_MESSAGES": "ko_KR"}, True),
        ({"LANG": "ko_KR", "LC_MESSAGES": "en_US"}, False),
        ({"LANG": "ko_KR", "LC_ALL": "C"}, False),
        ({"LANG": "ko_KR", "LC_ALL": ""}, True),
        ({"LC_MESSAGES": "C", "LC_ALL": "ko_KR.eucKR"}, True),
    ],
)
def test_locale__decides(monkeypatch, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert is_korean() is expected


# In Korea -------------------------------------------------------------------------------------


def test_status__in_korean(login, run, in_korea):
    result = run("status")
    assert re.search(r"^로그인 +정상$", result.stdout, re.MULTILINE)
    assert "(6시간 후) 만료" in result.stdout


def test_help__in_korean(run, in_korea):
    """It is Korean throughout, fits the terminal and breaks no word."""
    for name, command in [(None, app), *app.commands.items()]:
        text = run(*filter(None, [name]), "--help").stdout
        assert not re.search("Usage|Options|Commands|Show", text)
        for line in filter(HANGUL.search, text.splitlines()):
            assert len(line) + len(HANGUL.findall(line)) <= 80
        helps = [KOREAN[option.help] for option in command.params if getattr(option, "help", None)]
        assert [word for word in " ".join(helps).split() if word not in text.split()] == []


def test_refusal__in_korean(login, kakao, run, in_korea):
    kakao.fail_next(error_code="KOE101")
    assert run("refresh").stderr == (
        "오류: 유효하지 않은 앱 키입니다 (KOE101, HTTP 401). 앱의 다른 키가 아니라 REST API 키를 "
        "--client-id나 KAKAO_REST_API_KEY에 지정하세요.\n"
    )


@pytest.mark.parametrize("code", [-10, -999])
def test_api_error__in_korean(login, kakao, run, in_korea, code):
    kakao.fail_next(400, json={"msg": "no", "code": code}, path="/v2/user/me")
    error = run("request", "GET", "/v2/user/me").stderr
    assert error.startswith(
        f"오류: 카카오 API가 오류로 응답했습니다. (no (code {code}, HTTP 400).)"
    )
    assert ("쿼터를 초과했습니다" in error) is (code == -10)


@pytest.mark.parametrize("encoding", ["ascii", "cp949"])
def test_encoding__lacks_a_character(login, token_file, monkeypatch, encoding, in_korea):
    store(token_file, **{**stored(token_file), "scope": "\N{PARTY POPPER}"})
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    with running("status", encoding=encoding, errors="replace") as command:
        assert command.end() == 0
    assert "#" in command.seen
