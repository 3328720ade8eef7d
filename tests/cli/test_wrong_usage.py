"""A wrong command line: what is wrong, in the user's language, without what they typed."""

import re

import pytest

SECRET = "a-token-in-the-wrong-place"

USAGES = {
    "extra": (["refresh", SECRET], "Too many arguments."),
    "choice": (["request", SECRET, "/v2/user/me"], "METHOD: It must be one of GET, POST, PUT,"),
    "number": (["login", "--port", SECRET], "--port: It must be a number from 1 to 65535."),
    "small number": (["emulate", "--access-lifetime", "0"], "It must be a number, 1 or more."),
    "file": (["import", SECRET], "FILE: This file does not exist."),
    "command": ([SECRET], "There is no command of this name."),
    "similar command": (["statu"], "There is no command of this name. Did you mean status?"),
    "option": (["login", "--prt", "1"], "There is no option --prt. Did you mean --port?"),
    "no value": (["login", "--port"], "--port needs a value."),
    "value": (["refresh", f"--if-needed={SECRET}"], "--if-needed takes no value."),
    "missing": (["request", "GET"], "PATH_OR_URL is missing."),
    "empty path": (["status", "--token-file", ""], "--token-file: The path is empty."),
    "empty key": (["status", "--client-id", ""], "--client-id: The key is empty."),
    "our own": (["send", "--link", SECRET, "hi"], "--link: A link starts with https:// or http"),
}


@pytest.mark.parametrize(("words", "said"), USAGES.values(), ids=USAGES)
def test_usage_error__says_what_is_wrong_and_repeats_no_secret(run, words, said):
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert SECRET not in result.stderr
    assert "Help: kakao-session" in result.stderr or said.endswith(("value.", "no value."))


@pytest.mark.parametrize(("words", "said"), USAGES.values(), ids=USAGES)
def test_usage_error__in_korean(run, monkeypatch, words, said):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    result = run(*words)
    assert result.exit_code == 2
    *_, problem = result.stderr.splitlines()
    assert problem.startswith("오류: ")
    assert re.search("[가-힣]", problem.removeprefix("오류: "))
    assert not re.search("Usage|Error|Help|Options", result.stderr)
    assert SECRET not in result.stderr
