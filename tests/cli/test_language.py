"""English and Korean: nothing is missing in either, and the locale decides."""

import re
import string
from pathlib import Path

import pytest
import requests

from kakao_session import cli, errors
from kakao_session.cli import korean
from kakao_session.cli.explain import SHOWN_BY_KAKAO, cures, explain
from kakao_session.cli.language import is_korean, say
from kakao_session.cli.messages import MESSAGES
from tests.cli.conftest import running, store, stored

SOURCES = {
    path.name: path.read_text(encoding="utf-8") for path in Path(cli.__path__[0]).glob("*.py")
}
HANGUL = re.compile(r"[가-힣]")


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", MESSAGES)
def test_message__is_there_in_both_languages(name):
    english, in_korean = MESSAGES[name]
    assert english
    assert not HANGUL.search(english)
    assert placeholders(english) == placeholders(in_korean)
    words = re.sub(r"\{\w+\}|[^a-z]", "", english)
    assert bool(HANGUL.search(in_korean)) is bool(words)


def test_messages__are_those_that_are_said():
    code = "\n".join(text for name, text in SOURCES.items() if not name.startswith("messages"))
    said = set(re.findall(r"""say\(\s*["'](\w+)""", code))
    assert said <= set(MESSAGES)
    verdicts = {f"login_{verdict}" for verdict in ("fine", "ending", "needed", "unknown")}
    quoted = set(re.findall(r"""["'](\w+)["']""", code)) | verdicts
    assert set(MESSAGES) <= quoted


def test_sentences__stand_in_the_table_alone():
    elsewhere = {name for name, text in SOURCES.items() if HANGUL.search(text)}
    tables = {"korean.py", "messages.py", "messages_of_login.py", "moments.py"}
    assert elsewhere == {*tables, "request.py"}
    assert len(HANGUL.findall(SOURCES["request.py"])) == 2  # an example's query


def test_errors__are_all_there_in_korean():
    assert set(korean.KOE) == set(errors.KOE)
    assert set(korean.API_HINTS) == set(errors._API_HINTS)
    kinds = [errors.KakaoError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    known = {kind for kind in kinds if kind.__module__ == errors.__name__}
    assert set(korean.KINDS) == known - {errors.ForgedRedirectError, errors.TimedOutError}
    order = list(korean.KINDS)
    for kind in order:
        assert not any(issubclass(kind, before) for before in order[: order.index(kind)])


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"LANG": "ko_KR.UTF-8"}, True),
        ({"LANG": "ko_KR"}, True),
        ({"LANG": "ko"}, True),
        ({"LANG": "ko_KR@x"}, True),
        ({"LANG": "KO_kr.utf8"}, True),
        ({"LANG": "kok_IN"}, False),
        ({"LANG": "en_US.UTF-8"}, False),
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
    assert say("logged_in") == ("로그인했습니다." if expected else "Logged in.")


@pytest.fixture
def in_korea(monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")


def test_status__in_korean(login, run, in_korea):
    result = run("status")
    assert re.search(r"^로그인 +정상$", result.stdout, re.MULTILINE)
    assert "(6시간 후) 만료" in result.stdout
    ends = [line.index("#") for line in result.stdout.splitlines() if "#" in line]
    assert len(ends) == 3


@pytest.mark.parametrize("code", errors.KOE)
def test_refusal__in_korean(login, kakao, run, in_korea, code):
    kakao.fail_next(error_code=code, times=None)
    result = run("refresh")
    assert result.exit_code == 1
    meaning, cure = korean.KOE[code]
    assert result.stderr.startswith(f"오류: {meaning}. {cure} ({code}, HTTP ")


@pytest.mark.parametrize(("code", "words"), [(-10, "쿼터"), (-402, "동의"), (-999, "카카오 API가")])
def test_api_error__in_korean(login, kakao, run, in_korea, code, words):
    kakao.fail_next(400, json={"msg": "no", "code": code}, path="/v2/user/me")
    assert words in run("request", "GET", "/v2/user/me").stderr


def test_other_error__in_korean_with_the_english_details(token_file, run, in_korea):
    store(token_file)
    result = run("refresh")
    assert result.stderr.startswith("오류: 토큰을 읽거나 저장할 수 없습니다. (Could not read ")


def test_usage__in_korean_as_far_as_it_is_ours(run, in_korea):
    assert "하나만 주세요" in run("login", "--port", "1", "--redirect-uri", "http://a/").stderr


@pytest.mark.parametrize("encoding", ["ascii", "euc-kr", "cp949", "latin-1"])
def test_encoding__that_lacks_a_character_is_no_trouble(
    login, token_file, monkeypatch, encoding, in_korea
):
    store(token_file, **{**stored(token_file), "scope": "\N{PARTY POPPER}"})
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    with running("status", encoding=encoding, errors="replace") as command:
        assert command.end() == 0
    assert "talk" not in command.seen
    assert "#" in command.seen


def test_cures__name_every_error_that_is_never_redirected(in_korea):
    assert set(re.findall(r"KOE\d+", cures())) == set(SHOWN_BY_KAKAO)
    assert len(HANGUL.findall(cures())) > 50


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.SSLError(), "certificate"),
        (requests.exceptions.ProxyError(), "proxy"),
        (requests.exceptions.ConnectTimeout(), "too long"),
        (requests.exceptions.ReadTimeout(), "too long"),
        (requests.exceptions.ConnectionError("https://secret"), "Look at the network"),
        (requests.exceptions.ChunkedEncodingError(), "could not be read"),
        (requests.exceptions.RequestException("secret"), "could not be sent"),
        (OSError("no CA bundle at secret"), "REQUESTS_CA_BUNDLE"),
    ],
)
def test_network_error__is_explained_without_its_own_words(error, words):
    assert words in explain(error)
    assert "secret" not in explain(error)


@pytest.mark.parametrize("kind", [errors.TemporaryError, errors.TokenStoreError])
@pytest.mark.parametrize("cause", [None, requests.exceptions.SSLError()])
def test_cause__is_explained_where_it_is_the_networks(kind, cause):
    error = kind("What happened.")
    error.__cause__ = cause
    told = explain(error)
    assert told.startswith("What happened.")
    network = kind is errors.TemporaryError and cause is not None
    assert ("certificate" in told) is network
