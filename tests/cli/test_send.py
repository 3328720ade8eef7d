"""``kakao-session send``: a message to yourself, from an argument or a pipe."""

import json
import os
import subprocess

import pytest

from tests.cli.conftest import COMMAND, failed, store
from tests.cli.test_terminal import terminal
from tests.cli.test_unattended import shell

SEND = "/v2/api/talk/memo/default/send"


def sent(kakao):
    """:returns: the templates of the messages that Kakao got."""
    records = [record for record in kakao.requests if record.path == SEND]
    assert all(record.method == "POST" for record in records)
    return [json.loads(dict(record.form)["template_object"]) for record in records]


def texts(kakao):
    return [template["text"] for template in sent(kakao)]


def test_text__is_sent_to_yourself(login, kakao, run):
    result = run("send", "백업이 끝났습니다.")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Sent.\n", "")
    assert sent(kakao) == [{"object_type": "text", "text": "백업이 끝났습니다.", "link": {}}]


def test_text__without_quotes(login, kakao, run):
    assert run("send", "all", "done", "--", "-1").exit_code == 0
    assert texts(kakao) == ["all done -1"]


def test_message__has_a_link_and_a_button(login, kakao, run):
    url = "https://example.com/report?day=1"
    assert run("send", "done", "--link", url, "--button", "열기").exit_code == 0
    (template,) = sent(kakao)
    assert template["link"] == {"web_url": url, "mobile_web_url": url}
    assert template["button_title"] == "열기"


@pytest.mark.parametrize("option", [["send", "text", "--button"], ["login", "--scope"]])
def test_option__that_is_not_utf_8(login, kakao, run, option):
    result = run(*option, "\udcb9")
    assert (result.exit_code, "It is not UTF-8 text." in result.stderr) == (2, True)
    assert sent(kakao) == []


@pytest.mark.parametrize("link", ["ftp://a", "https://", "http://[::1", "https://a/\x1b"])
def test_usage__is_wrong(login, kakao, run, link):
    result = run("send", "text", "--link", link)
    assert result.exit_code == 2
    assert "https://" in result.stderr
    assert sent(kakao) == []


# Where the text comes from --------------------------------------------------------------------


def test_pipe__is_the_text(login, kakao):
    done = shell(r"printf '\033[31mmake: error 2\033[0m\r\nstop\n\n' 2>&1 | tail -3 | $K send")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Sent.\n", "")
    assert texts(kakao) == ["make: error 2\nstop"]


def test_pipe__is_not_read_if_there_is_a_text(login, kakao, run):
    assert run("send", "yes", stdin="no").exit_code == 0
    assert texts(kakao) == ["yes"]


def test_pipe__of_bytes_that_are_not_utf_8(login, kakao, run):
    result = run("send", stdin=b"a\xffb")
    assert result.exit_code == 0
    assert result.stderr.startswith("The text is not UTF-8, so some characters are broken.")
    assert texts(kakao) == ["a\N{REPLACEMENT CHARACTER}b"]


def test_text__of_bytes_that_are_not_utf_8(login, kakao, run):
    result = run("send", "\udcb9\udce9\udcbe\udcf7 done")
    assert result.exit_code == 0
    assert result.stderr.startswith("The text is not UTF-8, so some characters are broken.")
    assert texts(kakao)[0].endswith(" done")


def test_pipe__is_read_to_the_end(login, kakao, tmp_path):
    """Else the program that writes it would be killed, and not do what comes next."""
    done = shell(f"(yes | head -c 3000000 && echo done >{tmp_path / 'next'}) | $K send")
    assert (done.returncode, len(texts(kakao))) == (0, 1)
    assert (tmp_path / "next").read_text() == "done\n"


def test_pipe__without_an_end(login, kakao):
    with subprocess.Popen(["yes", "y" * 50], stdout=subprocess.PIPE) as endless:
        command = [*COMMAND, "send"]
        done = subprocess.run(command, stdin=endless.stdout, capture_output=True, timeout=40)
        endless.stdout.close()
    assert done.returncode == 0
    assert len(texts(kakao)[0]) <= 200


@pytest.mark.parametrize(("words", "stdin"), [([], ""), ([], " \n"), ([""], "no")])
def test_text__is_empty(login, kakao, run, words, stdin):
    result = run("send", *words, stdin=stdin)
    assert (result.exit_code, result.stderr) == (1, "Error: There is no text to send.\n")
    assert kakao.requests[1:] == []


def test_terminal__is_not_waited_at(login, kakao):
    with terminal("send") as screen:
        assert screen.end() == 2
    assert "| kakao-session send" in screen.seen
    assert shell("$K send <&-").returncode == 2
    assert sent(kakao) == []


# Long texts -----------------------------------------------------------------------------------


def test_long_text__is_cut_with_a_note(login, kakao, run):
    text = "가" * 200
    assert run("send", text).stderr == ""
    result = run("send", f"{text}!")
    assert result.exit_code == 0
    assert "--split" in result.stderr
    assert texts(kakao) == [text, f"{'가' * 199}…"]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("a" * 200, ["a" * 200]),
        ("a" * 201, ["a" * 200, "a"]),
        (f"{'a' * 200} b", ["a" * 200, "b"]),
        (f"{'a' * 150}\n{'b' * 100}", ["a" * 150, "b" * 100]),
        (f"{'a' * 150} b\nc {'d' * 100}", [f"{'a' * 150} b\nc", "d" * 100]),
        ("😀" * 101, ["😀" * 100, "😀"]),
    ],
)
def test_long_text__is_split(login, kakao, run, text, messages):
    result = run("send", "--split", text)
    assert (result.exit_code, result.stderr) == (0, "")
    assert texts(kakao) == messages


def test_long_text__needs_too_many_messages(login, kakao, run):
    assert run("send", "--split", "a" * 4001).exit_code == 1
    assert texts(kakao) == []
    result = run("send", "--split", "a" * 4000)
    assert result.exit_code == 0
    assert "20" in result.stdout
    assert len(texts(kakao)) == 20


def test_long_text__fails_in_the_middle(login, kakao, run):
    kakao.fail_next(200, json={"result_code": 0}, path=SEND)
    kakao.fail_next(400, json={"code": -532, "msg": "no"}, path=SEND)
    error = failed(run("send", "--split", "a" * 500))
    assert "1" in error.splitlines()[0]
    assert "3" in error.splitlines()[0]
    assert len(texts(kakao)) == 2


# The login ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scopes", [["talk_message"], None])
def test_consent__is_missing(login, kakao, run, scopes):
    body = {"code": -402, "msg": "insufficient scopes.", "required_scopes": scopes}
    kakao.fail_next(403, json=body, path=SEND)
    assert "kakao-session login --scope talk_message" in failed(run("send", "hello"))


def test_token__is_refreshed_first(login, kakao, token_file, run):
    store(token_file, **{**login, "expires_at": 1})
    assert run("send", "hello").exit_code == 0
    assert [record.path for record in kakao.requests][-2:] == ["/oauth/token", SEND]


def test_verbose__does_not_show_the_text(login, kakao, run):
    assert "a secret plan" not in run("send", "-v", "a secret plan").output
    assert os.linesep not in texts(kakao)[0]
