"""``kakao-session login``, in a process of its own: by browser and by hand."""

import errno
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.cli.conftest import (
    come_back,
    failed,
    raising,
    running,
    store,
    stored,
    wait_for_token_request,
)
from tests.conftest import agree
from tests.free_port import free_port

# Plays the user's browser: opens the address, agrees, and comes back to this machine.
BROWSER = """
import os, sys, requests
with open({log!r}, "a") as log:
    print(sys.argv[1], file=log, flush=True)
    assert os.environ.keys().isdisjoint({{"KAKAO_CLIENT_SECRET", "KAKAO_SESSION_TOKEN_KEY"}})
    with open(f"/proc/{{os.getppid()}}/cmdline") as arguments:
        assert "state=" not in arguments.read()
    back = requests.get(sys.argv[1], allow_redirects=False).headers["Location"]
    session = requests.Session()
    session.trust_env = False
    page = session.get(back)
    page.encoding = "utf-8"
    print(page.text, file=log)
"""


@pytest.fixture
def browser(tmp_path, monkeypatch):
    """A browser for the command to open. :returns: its log."""
    log = tmp_path / "browser.log"
    program = tmp_path / "browser.py"
    program.write_text(BROWSER.format(log=str(log)), encoding="utf-8")
    monkeypatch.setenv("BROWSER", shlex.join([sys.executable, str(program), "%s"]))
    return log


def query(url):
    return dict(parse_qsl(urlsplit(url).query))


def log_in(*arguments):
    """Log in without a browser. :returns: the command, which has ended."""
    with running("login", "--port", str(free_port()), *arguments) as command:
        come_back(agree(command.url()))
        assert command.end() == 0, command.errors()
    return command


# By browser -----------------------------------------------------------------------------------


def test_login__in_the_browser_that_it_opens(kakao, token_file, port, browser, monkeypatch):
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "not-for-the-browser")
    with running("login", "--port", str(port), "--scope", "talk_message,friends") as command:
        url = command.url()
        argument = command.line("    KakaoSession(")
        assert command.end() == 0
        assert command.errors() == ""
    uri = f"http://localhost:{port}/callback"
    assert command.seen.index(uri) < command.seen.index(url)
    sent = query(url)
    assert (sent["redirect_uri"], sent["scope"]) == (uri, "talk_message friends")
    assert sent["code_challenge_method"] == "S256"
    assert "code_verifier" in dict(kakao.token_requests[0].form)
    opened, page = browser.read_text(encoding="utf-8").split("\n", 1)
    assert opened == url
    assert "로그인되었습니다" in page
    assert stored(token_file)["app_key"] == kakao.app_key
    assert stored(token_file)["user_id"] == 123456789
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))  # the port is free again
    program = f"from kakao_session import *; print({argument}.get('/v2/user/me').json()['id'])"
    environment = {**os.environ}
    del environment["KAKAO_REST_API_KEY"], environment["KAKAO_SESSION_TOKEN_FILE"]
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "123456789\n"


def test_no_browser__opens_none_and_waits_for_any(kakao, token_file, port, browser):
    with running("login", "--port", str(port), "--no-browser") as command:
        assert "You are logged in" in come_back(agree(command.url()))
        assert command.end() == 0
    assert not browser.exists()


@pytest.mark.parametrize(
    ("program", "warned"),
    [("/nonexistent/browser %s", True), ("/usr/bin/lynx %s", False), ("'open %s", False)],
)
def test_browser__cannot_be_opened(kakao, token_file, port, monkeypatch, program, warned):
    monkeypatch.setenv("BROWSER", program)
    with running("login", "--port", str(port)) as command:
        url = command.url()
        if warned:
            assert "browser" in command.process.stderr.readline()
        come_back(agree(url))
        assert command.end() == 0
        assert command.errors() == ""
    assert ("Opening it in your browser." in command.seen) is warned


def test_stray_requests__are_answered_and_ignored(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        redirect = agree(command.url())
        base = f"http://localhost:{port}"
        for stray in (
            f"{base}/favicon.ico",
            f"{base}/callback",
            f"{base}/callback?code=abcdefghijklmnop&state=forged",
            f"{base}/callback?error=access_denied&state=forged",
            redirect.replace("localhost", "127.0.0.1"),
            redirect.replace("/callback", "/other"),
        ):
            assert "You are logged in" not in come_back(stray)
        assert kakao.token_requests == []
        assert "You are logged in" in come_back(redirect)
        assert command.end() == 0


@pytest.mark.parametrize("pasted", [False, True])
def test_cancel__leaves_everything_as_it_was(kakao, login, token_file, port, pasted):
    before = token_file.read_bytes()
    kakao.clear_requests()
    with running("login", "--port", str(port)) as command:
        state = query(command.url())["state"]
        answer = urlencode({"error": "access_denied", "error_description": "x", "state": state})
        redirect = f"http://localhost:{port}/callback?{answer}"
        if pasted:
            command.paste(redirect)
        else:
            assert "The login was cancelled" in come_back(redirect)
        assert command.end() == 1
        assert command.errors() == (
            "Error: You cancelled the login in the browser. Nothing was saved.\n"
        )
    assert token_file.read_bytes() == before
    assert kakao.token_requests == []


def test_other_error__is_shown_in_both_places(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        answer = urlencode({"error": "<script>", "state": query(command.url())["state"]})
        page = come_back(f"http://localhost:{port}/callback?{answer}")
        assert command.end() == 1
        assert "kakao-session login" in command.errors()
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_refused_exchange__is_shown_in_both_places(kakao, token_file, port):
    kakao.client_secret = "wanted"
    with running("login", "--port", str(port)) as command:
        assert "KOE010" in come_back(agree(command.url()))
        assert command.end() == 1
        assert "KOE010" in command.errors()
    assert not token_file.exists()


def test_user__is_unknown_to_the_token_file_if_kakao_does_not_answer(
    kakao, token_file, port, browser
):
    kakao.fail_next("garbage", path="/v1/user/access_token_info")
    with running("login", "--port", str(port)) as command:
        assert command.end() == 0
        assert "user's ID" in command.errors()
    assert "user_id" not in stored(token_file)


# The port -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_port__is_in_use(kakao, token_file, port, browser, run, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        other = socket.create_server((address, port), family=family)
    except OSError:
        pytest.skip("no IPv6 here")
    with other:
        result = run("login", "--port", str(port))
    assert result.exit_code == 1
    assert f"Port {port} is in use by another program." in result.stderr
    assert "https://kauth" not in result.output
    assert not browser.exists()


def test_port__is_not_for_this_user(kakao, token_file, run, monkeypatch):
    refusal = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr("socket.socket.bind", raising(refusal))
    error = failed(run("login", "--redirect-uri", "http://localhost/callback"))
    assert "Could not listen on port 80 (Permission denied)." in error


def test_deadline__says_how_to_fix_what_kakaos_page_shows(kakao, token_file, port, run):
    error = failed(run("login", "--port", str(port), "--timeout", "1"))
    assert "within 1 s." in error
    for code in ("KOE004", "KOE005", "KOE006", "KOE101", "KOE205"):
        assert re.search(rf"^    {code}: .+\. .+\.$", error, re.MULTILINE)
    assert not token_file.exists()


# By hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{redirect}", "{code}", "code={code}"])
def test_paste__on_a_machine_without_a_browser(kakao, token_file, port, form):
    with running("login", "--port", str(port), "--no-browser") as command:
        redirect = agree(command.url())
        code = query(redirect)["code"]
        command.paste(form.format(redirect=redirect, code=code))
        assert command.end() == 0
        assert code not in command.seen + command.errors()
    assert stored(token_file)["user_id"] == 123456789


def test_paste__anything_else_is_refused_and_the_wait_goes_on(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        url = command.url()
        redirect = agree(url)
        answer = query(redirect)
        for text, hint in (
            ("hello?", "Copy all of it"),
            (url, "Copy all of it"),
            ("\udcff\x00\x1b[2J", "Copy all of it"),
            (redirect.replace(answer["state"], "forged"), "from another login"),
            (f"http://localhost:{port}/callback?code={answer['code']}", "from another login"),
        ):
            command.paste(text)
            assert hint in command.process.stderr.readline()
        command.paste("")
        assert kakao.token_requests == []
        command.process.stdin.write(redirect)
        command.process.stdin.close()  # without a newline
        assert command.end() == 0


# The redirect URI -----------------------------------------------------------------------------


def test_redirect_uri__elsewhere_has_to_be_pasted(kakao, token_file):
    uri = "http://example.com:8080/a/b/"
    kakao.redirect_uris = [uri]
    with running("login", "--redirect-uri", uri) as command:
        url = command.url()
        assert query(url)["redirect_uri"] == uri
        redirect = agree(url)
        assert redirect.startswith(f"{uri}?code=")
        command.paste(redirect)
        assert command.end() == 0
    assert command.seen.index(uri) < command.seen.index(url)
    assert dict(kakao.token_requests[0].form)["redirect_uri"] == uri


def test_redirect_uri__elsewhere_and_stdin_is_closed(kakao, token_file, browser):
    uri = "https://example.com/oauth"
    with running("login", "--redirect-uri", uri, stdin=subprocess.DEVNULL) as command:
        assert command.end() == 1
        assert "stdin is closed" in command.errors()
    assert kakao.token_requests == []


def test_redirect_uri__at_another_path_and_address(kakao, token_file, port):
    uri = f"http://127.0.0.1:{port}/"
    kakao.redirect_uris = [uri]
    with running("login", "--redirect-uri", uri) as command:
        assert "You are logged in" in come_back(agree(command.url()))
        assert command.end() == 0


@pytest.mark.parametrize(
    ("options", "uri"),
    [
        ([], "http://localhost:8765/callback"),
        (["--port", "80"], "http://localhost:80/callback"),
        (["--redirect-uri", "http://a"], "http://a"),
    ],
)
def test_redirect_uri__is_shown_even_if_the_key_is_missing(
    kakao, token_file, run, monkeypatch, options, uri
):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    result = run("login", *options)
    assert result.exit_code == 1
    assert f"    {uri}\n" in result.stdout
    assert result.stderr.startswith("Error: No REST API key")


@pytest.mark.parametrize(
    "uri",
    [
        "kakao123://oauth",
        "http://",
        "http://localhost:0/",
        "http://localhost:x/",
        "http://me@localhost/",
        "http://localhost/?a=b",
        "http://localhost/#a",
        "http://local host/",
        "http://localhost/\n",
    ],
)
def test_redirect_uri__that_cannot_be_registered(run, uri):
    result = run("login", "--redirect-uri", uri)
    assert result.exit_code == 2
    assert "--redirect-uri" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "--port 0",
        "--port 65536",
        "--port 1 --redirect-uri http://localhost:2/",
        "--timeout 0",
        "--timeout 86401",
        "--client-secret s",
    ],
)
def test_usage__is_wrong(run, arguments):
    assert run("login", *arguments.split()).exit_code == 2


# The app's keys -------------------------------------------------------------------------------


def test_secret__is_saved_only_when_asked_for_and_then_used(kakao, token_file, monkeypatch):
    kakao.client_secret = "its-secret"
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "its-secret")
    command = log_in()
    assert "client_secret" not in stored(token_file)
    assert "The client secret was not saved" in command.seen
    assert stored(token_file)["client_secret_required"] is True
    command = log_in("--store-secret")
    assert stored(token_file)["client_secret"] == "its-secret"
    assert "not saved" not in command.seen
    command = log_in("--no-store-secret")
    assert "client_secret" not in stored(token_file)
    assert "not saved" not in command.seen
    log_in("--store-secret")
    monkeypatch.delenv("KAKAO_CLIENT_SECRET")
    log_in()  # with the saved one, which stays
    assert stored(token_file)["client_secret"] == "its-secret"


def test_secret__another_one_replaces_the_saved_one(kakao, login, token_file, monkeypatch):
    store(token_file, **{**stored(token_file), "client_secret": "an-old-one"})
    kakao.client_secret = "its-secret"
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "its-secret")
    log_in()
    assert "client_secret" not in stored(token_file)


def test_key__of_another_app_replaces_the_saved_one(kakao, login, token_file, monkeypatch):
    fields = {**stored(token_file), "app_key": "another-app", "client_secret": "its own"}
    store(token_file, **fields)
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    for options in (["--client-id", kakao.app_key], []):  # the second time, it is in the file
        log_in(*options)
        assert stored(token_file)["app_key"] == kakao.app_key
    assert "client_secret" not in stored(token_file)
    assert "client_secret" not in dict(kakao.token_requests[-1].form)
    assert stored(token_file)["client_secret_required"] is False


@pytest.mark.parametrize("value", ["line\nbreak", "\udcff"])
@pytest.mark.parametrize("name", ["KAKAO_REST_API_KEY", "KAKAO_CLIENT_SECRET"])
def test_key_or_secret__with_characters_that_cannot_be_sent(
    kakao, token_file, run, monkeypatch, name, value
):
    monkeypatch.setenv(name, value)
    result = run("login")
    assert result.exit_code == 1
    assert re.search(f"has characters that .* {name}", result.stderr)
    assert value not in result.output
    assert kakao.requests == []


# The token file -------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", ["corrupt", "folder", "not writable"])
def test_token_file__is_checked_before_the_browser_opens(kakao, tmp_path, run, browser, problem):
    path = tmp_path / "place"
    if problem == "corrupt":
        path.write_text('{"access_token": "torn')
    elif problem == "folder":
        path.mkdir()
    else:
        path = Path("/proc/kakao-session/token.json")  # not even root can write there
    result = run("login", "--token-file", str(path))
    assert result.exit_code in (1, 2)
    assert str(path) in result.stderr
    assert "https://kauth" not in result.output
    assert not browser.exists()
    if problem == "corrupt":
        assert path.read_text() == '{"access_token": "torn'


def test_interrupted__in_the_exchange_the_token_is_saved_first(kakao, token_file, port):
    kakao.latency = 1.0
    with running("login", "--port", str(port)) as command:
        command.paste(agree(command.url()))
        wait_for_token_request(kakao)
        command.process.send_signal(signal.SIGTERM)
        assert command.end() == 128 + signal.SIGTERM
    assert stored(token_file)["access_token"]
