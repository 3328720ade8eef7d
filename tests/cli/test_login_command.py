"""``kakao-session login``: whole logins, each in a process of its own, by browser and by hand."""

import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from kakao_session.cli.redirect_uri import redirect_uri
from tests.cli.conftest import agree, come_back, running, store, stored
from tests.free_port import free_port

# Stands in for the person's browser: opens the address, agrees, and comes back to this machine.
BROWSER = """
import os, sys, requests
with open({log!r}, "a") as log:
    print(sys.argv[1], file=log, flush=True)
    assert "KAKAO_CLIENT_SECRET" not in os.environ
    back = requests.get(sys.argv[1], allow_redirects=False).headers["Location"]
    session = requests.Session()
    session.trust_env = False
    page = session.get(back)
    page.encoding = "utf-8"
    print(page.text, file=log)
"""


@pytest.fixture
def browser(tmp_path, monkeypatch):
    """A browser for the command to open. :returns: where it writes down what it saw."""
    log = tmp_path / "browser.log"
    program = tmp_path / "browser.py"
    program.write_text(BROWSER.format(log=str(log)), encoding="utf-8")
    monkeypatch.setenv("BROWSER", shlex.join([sys.executable, str(program), "%s"]))
    return log


def query(url):
    return dict(parse_qsl(urlsplit(url).query))


# By browser ----------------------------------------------------------------------------------


def test_login__by_the_browser_that_it_opens(
    kakao,
    token_file,
    port,
    browser,
    monkeypatch,
):
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "the-browser-need-not-know-it")
    with running("login", "--port", str(port), "--scope", "talk_message,friends") as command:
        url = command.url()
        assert command.end() == 0
        assert command.errors() == ""
    redirect_uri = f"http://localhost:{port}/callback"
    text = command.seen
    assert text.index(redirect_uri) < text.index("Platform key") < text.index(url)
    assert query(url)["redirect_uri"] == redirect_uri
    assert query(url)["scope"] == "talk_message friends"
    assert query(url)["code_challenge_method"] == "S256"
    assert "Logged in as user 123456789." in text
    assert re.search(r"access token +#[0-9a-f]{8}, ends .* \(in 6 hours\)", text)
    assert re.search(r"refresh token +#[0-9a-f]{8}, ends .* \(in 2 months\)", text)
    assert f"KakaoSession(token_store={str(token_file)!r})" in text
    opened, page = browser.read_text(encoding="utf-8").split("\n", 1)
    assert opened == url
    assert "로그인되었습니다" in page
    assert stored(token_file)["app_key"] == kakao.app_key
    assert stored(token_file)["user_id"] == 123456789
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    (exchange,) = kakao.token_requests
    assert "code_verifier" in dict(exchange.form)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))  # the port is free again


def test_login__then_a_program_needs_no_more_than_the_file(kakao, token_file, port, browser):
    with running("login", "--port", str(port)) as command:
        argument = command.line("    KakaoSession(")
        assert command.end() == 0
    program = f"from kakao_session import *; print({argument}.get('/v2/user/me').json()['id'])"
    environment = {**os.environ}
    del environment["KAKAO_REST_API_KEY"], environment["KAKAO_SESSION_TOKEN_FILE"]
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "123456789\n"


def test_no_browser__opens_none_and_waits_for_any(kakao, token_file, port, browser):
    with running("login", "--port", str(port), "--no-browser") as command:
        page = come_back(agree(command.url()))
        assert command.end() == 0
    assert "You are logged in" in page
    assert "로그인되었습니다" in page
    assert not browser.exists()
    assert "Your browser opens it" not in command.seen


def test_stray_requests__are_answered_and_waited_out(kakao, token_file, port):
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
            assert "not the page that is waited for" in come_back(stray)
        assert kakao.token_requests == []
        assert "You are logged in" in come_back(redirect)
        assert command.end() == 0


def test_cancel__is_said_and_leaves_everything_as_it_was(kakao, login, token_file, port):
    before = token_file.read_bytes()
    kakao.clear_requests()
    with running("login", "--port", str(port)) as command:
        state = query(command.url())["state"]
        answer = urlencode({"error": "access_denied", "error_description": "x", "state": state})
        page = come_back(f"http://localhost:{port}/callback?{answer}")
        assert command.end() == 1
        assert command.errors() == (
            "Error: You did not agree, so there is no login. Nothing was stored.\n"
        )
    assert "The login was cancelled" in page
    assert token_file.read_bytes() == before
    assert kakao.token_requests == []


@pytest.mark.parametrize(
    ("error", "shown"), [("login_required", "login_required"), ("<script>", "&lt;script&gt;")]
)
def test_other_error__is_said_in_both_places(kakao, token_file, port, error, shown):
    with running("login", "--port", str(port)) as command:
        answer = urlencode({"error": error, "state": query(command.url())["state"]})
        page = come_back(f"http://localhost:{port}/callback?{answer}")
        assert command.end() == 1
        assert "Log in again" in command.errors()
    assert "The login did not succeed" in page
    assert shown in page
    assert "<script" not in page


def test_refused_exchange__is_said_in_both_places(kakao, token_file, port):
    kakao.client_secret = "wanted"
    with running("login", "--port", str(port)) as command:
        page = come_back(agree(command.url()))
        assert command.end() == 1
        assert "client secret is missing or wrong" in command.errors()
    assert "The login did not succeed" in page
    assert "KOE010" in page
    assert not token_file.exists()


def test_user__can_not_be_asked(kakao, token_file, port, browser):
    kakao.fail_next("garbage", path="/v1/user/access_token_info")
    with running("login", "--port", str(port)) as command:
        assert command.end() == 0
        assert "could not be asked who the user is" in command.errors()
    assert "Logged in.\n" in command.seen
    assert "user_id" not in stored(token_file)


def test_browser__that_can_not_be_opened(kakao, token_file, port, monkeypatch):
    monkeypatch.setenv("BROWSER", "/nonexistent/browser %s")
    with running("login", "--port", str(port)) as command:
        url = command.url()
        command.line("No browser could be opened")
        come_back(agree(url))
        assert command.end() == 0


@pytest.mark.parametrize(
    "variables",
    [{}, {"BROWSER": "w3m"}, {"BROWSER": "/usr/bin/lynx %s"}, {"BROWSER": "'open %s"}],
)
def test_browser__there_is_none(
    kakao,
    token_file,
    port,
    monkeypatch,
    variables,
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with running("login", "--port", str(port)) as command:
        come_back(agree(command.url()))
        assert command.end() == 0
    assert "browser opens" not in command.seen
    assert "No browser could be opened" not in command.seen


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_port__is_busy(kakao, token_file, port, browser, run, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        other = socket.create_server((address, port), family=family)
    except OSError:
        pytest.skip("no IPv6 here")
    with other:
        result = run("login", "--port", str(port))
    assert result.exit_code == 1
    assert f"Port {port} is busy" in result.stderr
    assert "--port" in result.stderr
    assert "https://kauth" not in result.output
    assert not browser.exists()


def test_port__that_is_not_for_this_user(kakao, token_file, run, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kakao_session.cli.login.LoopbackListener", refuse)
    result = run("login", "--redirect-uri", "http://localhost/callback")
    assert result.exit_code == 1
    assert "Port 80 can't be listened on (Permission denied)" in result.stderr


def test_deadline__names_what_kakaos_page_may_have_shown(kakao, token_file, port, run):
    result = run("login", "--port", str(port), "--timeout", "1")
    assert result.exit_code == 1
    assert "Nothing came back within 1 s." in result.stderr
    for code in ("KOE004", "KOE005", "KOE006", "KOE101", "KOE205"):
        assert re.search(rf"^    {code}: .+\. .+\.$", result.stderr, re.MULTILINE)
    assert not token_file.exists()


# By hand -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{redirect}", "{code}", "code={code}", "'{redirect}'", "{query}"])
def test_paste__on_a_machine_without_a_browser(kakao, token_file, port, form):
    with running("login", "--port", str(port), "--no-browser") as command:
        redirect = agree(command.url())
        code = query(redirect)["code"]
        command.paste(form.format(redirect=redirect, code=code, query=urlsplit(redirect).query))
        assert command.end() == 0
        assert code not in command.seen + command.errors()
    assert "Logged in as user 123456789" in command.seen


def test_paste__what_is_not_the_answer_is_said_and_asked_for_again(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        url = command.url()
        redirect = agree(url)
        state = query(redirect)["state"]
        command.paste("hello?")
        command.line("That is neither the address")
        command.paste(url)
        command.line("That is neither the address")
        command.paste(redirect.replace(state, "forged"))
        command.line("That address belongs to another login")
        command.paste(f"http://localhost:{port}/callback?code={query(redirect)['code']}")
        command.line("That address belongs to another login")
        command.paste("")
        assert kakao.token_requests == []
        command.paste(redirect)
        assert command.end() == 0


def test_paste__cancelled(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        state = query(command.url())["state"]
        command.paste(f"http://localhost:{port}/callback?error=access_denied&state={state}")
        assert command.end() == 1
        assert "You did not agree" in command.errors()


def test_paste__without_a_newline_at_the_end(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        redirect = agree(command.url())
        assert command.process.stdin
        command.process.stdin.write(redirect)
        command.process.stdin.close()
        assert command.end() == 0


def test_paste__flood_is_survived(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        redirect = agree(command.url())
        command.paste("x" * 300_000)
        command.line("That is neither the address")
        command.paste("\udcff\x00\x1b[2J")
        command.line("That is neither the address")
        come_back(redirect)
        assert command.end() == 0


@pytest.mark.parametrize("uri", ["https://example.com/oauth", "http://example.com:8080/a/b/"])
def test_redirect_uri__of_elsewhere_goes_straight_to_pasting(kakao, token_file, uri):
    kakao.redirect_uris = [uri]
    with running("login", "--redirect-uri", uri) as command:
        url = command.url()
        assert query(url)["redirect_uri"] == uri
        redirect = agree(url)
        assert redirect.startswith(f"{uri}?code=")
        command.paste(redirect)
        assert command.end() == 0
    assert command.seen.index(uri) < command.seen.index(url)
    assert f"When the browser has ended at {uri}" in command.seen
    assert dict(kakao.token_requests[0].form)["redirect_uri"] == uri


def test_redirect_uri__of_elsewhere_and_nothing_can_be_pasted(kakao, token_file, run, browser):
    result = run("login", "--redirect-uri", "https://example.com/oauth", stdin="")
    assert result.exit_code == 1
    assert "Nothing can be pasted" in result.stderr
    assert not browser.exists()
    uri = "https://example.com/oauth"
    with running("login", "--redirect-uri", uri, stdin=subprocess.DEVNULL) as command:
        assert command.end() == 1
        assert "stdin has ended" in command.errors()


def test_redirect_uri__is_the_documented_one_unless_told_otherwise():
    assert redirect_uri(None, None) == "http://localhost:8765/callback"
    assert redirect_uri(None, 80) == "http://localhost:80/callback"
    assert redirect_uri("http://a", None) == "http://a"


def test_redirect_uri__on_another_path_and_address(kakao, token_file, port):
    uri = f"http://127.0.0.1:{port}/"
    kakao.redirect_uris = [uri]
    with running("login", "--redirect-uri", uri) as command:
        assert "You are logged in" in come_back(agree(command.url()))
        assert command.end() == 0


@pytest.mark.parametrize(
    "uri",
    [
        "localhost:8765/callback",
        "kakao123://oauth",
        "http://",
        "http://localhost:0/",
        "http://localhost:99999/",
        "http://localhost:x/",
        "http://[::1",
        "http://me@localhost/",
        "http://localhost/?a=b",
        "http://localhost/#a",
        "http://local host/",
        "http://localhost/\n",
        "",
    ],
)
def test_redirect_uri__that_can_not_be_registered(run, uri):
    result = run("login", "--redirect-uri", uri)
    assert result.exit_code == 2
    assert "a redirect URI is http:// or https://" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "0"],
        ["--port", "65536"],
        ["--port", "1", "--redirect-uri", "http://localhost:2/"],
        ["--timeout", "0"],
        ["--timeout", "86401"],
        ["--timeout", "nan"],
        ["--client-secret", "s"],
        ["extra"],
    ],
)
def test_usage__is_told(run, arguments):
    result = run("login", *arguments)
    assert result.exit_code == 2
    assert "Usage: kakao-session login" in result.stderr


# The app's keys -------------------------------------------------------------------------------


def log_in(*arguments):
    """Log in without a browser. :returns: the command, which has ended."""
    with running("login", "--port", str(free_port()), *arguments) as command:
        come_back(agree(command.url()))
        assert command.end() == 0, command.errors()
        command.seen += command.errors()
    return command


def test_secret__from_the_environment_and_not_stored(kakao, token_file, monkeypatch):
    kakao.client_secret = "its-secret"
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "its-secret")
    command = log_in()
    assert "client_secret" not in stored(token_file)
    assert "KAKAO_CLIENT_SECRET in its environment" in " ".join(command.seen.split())
    assert "its-secret" not in command.seen


def test_secret__stored_only_when_asked_to_be(kakao, token_file, monkeypatch):
    kakao.client_secret = "its-secret"
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "its-secret")
    command = log_in("--store-secret")
    assert stored(token_file)["client_secret"] == "its-secret"
    assert "KAKAO_CLIENT_SECRET" not in command.seen
    assert "its-secret" not in command.seen
    monkeypatch.delenv("KAKAO_CLIENT_SECRET")
    log_in()  # with what is stored, and it stays so
    assert stored(token_file)["client_secret"] == "its-secret"


def test_secret__another_one_takes_the_place_of_the_stored(kakao, login, token_file, monkeypatch):
    store(token_file, **{**stored(token_file), "client_secret": "an-old-one"})
    kakao.client_secret = "its-secret"
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "its-secret")
    log_in()
    assert "client_secret" not in stored(token_file)


def test_key__of_another_app_takes_the_place_of_the_stored(kakao, login, token_file, monkeypatch):
    fields = {**stored(token_file), "app_key": "another-app", "client_secret": "its own"}
    store(token_file, **fields)
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    log_in("--client-id", kakao.app_key)
    assert stored(token_file)["app_key"] == kakao.app_key
    assert "client_secret" not in stored(token_file)
    assert "client_secret" not in dict(kakao.token_requests[-1].form)


def test_key__is_what_the_token_file_says(kakao, login, token_file, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    log_in()
    assert stored(token_file)["app_key"] == kakao.app_key


def test_key__is_missing(kakao, token_file, run, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    result = run("login")
    assert result.exit_code == 1
    assert "--client-id" in result.stderr
    assert "KAKAO_REST_API_KEY" in result.stderr


@pytest.mark.parametrize("key", ["한글", "with space", "line\nbreak", ""])
def test_key__that_is_none(kakao, token_file, run, monkeypatch, key):
    monkeypatch.setenv("KAKAO_REST_API_KEY", key)
    result = run("login")
    assert result.exit_code == 1
    assert "REST API key" in result.stderr


@pytest.mark.parametrize("secret", ["한글", "with space", "\udcff"])
def test_secret__that_is_none(kakao, token_file, run, monkeypatch, secret):
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", secret)
    result = run("login")
    assert result.exit_code == 1
    assert "client secret is not one" in result.stderr
    assert secret not in result.output


# The store ------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["below a file", "corrupt", "folder"])
def test_store__trouble_is_known_before_anything_is_opened(kakao, tmp_path, run, browser, trouble):
    path = tmp_path / "place"
    if trouble == "below a file":
        path.touch()
        path /= "token.json"
    elif trouble == "corrupt":
        path.write_text('{"access_token": "torn')
    else:
        path.mkdir()
    result = run("login", "--token-file", str(path))
    assert result.exit_code in (1, 2)
    assert str(path) in result.stderr
    assert "https://kauth" not in result.output
    assert not browser.exists()
    if trouble == "corrupt":
        assert path.read_text() == '{"access_token": "torn'


def test_terminated__leaves_nothing(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        command.url()
        command.line("Waiting for the browser")
        command.process.send_signal(signal.SIGTERM)
        assert command.end() == 128 + signal.SIGTERM
        assert command.errors() == ""
    assert not token_file.exists()


def test_interrupted__leaves_nothing(kakao, token_file, port):
    with running("login", "--port", str(port)) as command:
        command.url()
        command.line("Waiting for the browser")
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 130
        assert command.errors() == "Given up. Nothing was stored.\n"
    assert not token_file.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted__in_the_exchange_the_login_is_saved_first(kakao, token_file, port, number):
    kakao.latency = 1.0
    with running("login", "--port", str(port)) as command:
        command.paste(agree(command.url()))
        while not kakao.token_requests:
            time.sleep(0.01)
        command.process.send_signal(number)
        assert command.end() == 128 + number
        assert "Finishing what has begun" in command.errors()
    assert stored(token_file)["access_token"]
