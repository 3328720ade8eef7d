"""``kakao-session emulate``: an unmodified program against the local Kakao, and the report."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from kakao_session.redaction import fingerprint
from tests.cli.conftest import COMMAND, running
from tests.free_port import free_port

PYTHON = ("--", sys.executable, "-c")

# What the tutorial writes by hand, with plain requests and Kakao's real host names.
TUTORIAL = """
import json, os, sys, requests
path, app_key = os.environ["KAKAO_SESSION_TOKEN_FILE"], os.environ["KAKAO_REST_API_KEY"]
with open(path) as fp:
    tokens = json.load(fp)
print(json.dumps(tokens))
print(os.path.dirname(path), oct(os.stat(os.path.dirname(path)).st_mode & 0o777))
data = {"grant_type": "refresh_token", "client_id": app_key,
        "refresh_token": tokens["refresh_token"]}
response = requests.post("https://kauth.kakao.com/oauth/token", data=data)
tokens["access_token"] = response.json()["access_token"]
tokens["app_key"] = app_key
with open(path, "w") as fp:
    json.dump(tokens, fp)
headers = {"Authorization": "Bearer " + tokens["access_token"]}
print(requests.get("https://kapi.kakao.com/v2/user/me", headers=headers).json()["id"])
print(tokens["access_token"])
"""


class Ended(NamedTuple):
    """A command that has ended, and what it and its program have printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def emulate(run, capfd):
    """Runs ``emulate`` in this process, and its program in another one."""

    def emulate(*arguments):
        result = run("emulate", *arguments)
        program = capfd.readouterr()
        return Ended(result.exit_code, result.stdout + program.out, program.err + result.stderr)

    return emulate


# The report -----------------------------------------------------------------------------------


def test_tutorial__runs_unmodified_and_is_reported(emulate):
    done = emulate(*PYTHON, TUTORIAL)
    assert done.returncode == 0, done.stderr
    file, folder, user, access_token = done.stdout.splitlines()
    token = json.loads(file)
    assert list(token) == [
        "access_token",
        "token_type",
        "refresh_token",
        "expires_in",
        "scope",
        "refresh_token_expires_in",
        "app_key",
    ]
    folder, mode = folder.split()
    assert mode == "0o700"
    assert not Path(folder).exists()
    assert user == "123456789"
    access, refresh = fingerprint(access_token), fingerprint(token["refresh_token"])
    before, wire, after = re.split(r"\n(?=ON THE WIRE|AFTER)", done.stderr)
    for text, pattern in (
        (before, r"written 7 hours ago\n"),
        (before, r"access token +[0-9a-f]{8} +expired 60 minutes ago"),
        (before, rf"refresh token +{refresh} +expires in 2 months"),
        (wire, r"1 to the login, 1 to the API; 0 failed\n"),
        (wire, rf"POST kauth\.kakao\.com +200 +{refresh}"),
        (wire, rf"/oauth/token +→ {access}"),
        (wire, rf"GET kapi\.kakao\.com +200 +{access}"),
        (after, r"rewritten\n"),
        (after, rf"access token +{access} +expires in 6 hours +new"),
        (after, rf"refresh token +{refresh} +expires in 2 months +same"),
        (after, r"app_key +yes"),
        (after, r"file mode +0644"),
    ):
        assert re.search(pattern, text), text
    assert max(map(len, done.stderr.splitlines())) <= 80
    assert not re.search(r"[\w-]{25}|\x1b", done.stderr)  # no token, no color


def test_report__in_korean(emulate, monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    done = emulate("--fresh", "--", "sh", "-c", 'chmod 600 "$KAKAO_SESSION_TOKEN_FILE"')
    assert re.search(r"액세스 토큰 +[0-9a-f]{8} +6시간 후 만료", done.stderr)
    assert "에뮬레이터로 온 요청이 없습니다" in done.stderr
    assert "변경 없음" in done.stderr


REFUSED = """
import os, requests
form = {"grant_type": "refresh_token", "refresh_token": "x"}
form["client_id"] = os.environ["KAKAO_REST_API_KEY"]
requests.post("https://kauth.kakao.com/oauth/token", data=form)
requests.get("https://kapi.kakao.com/v2/user/me")
requests.get("https://kapi.kakao.com/v1/odd")
requests.get("https://kapi.kakao.com/v2/user/scopes", params={"scopes": "["}, headers=headers)
"""


def test_decision_of_kakao__in_korean(emulate, monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    monkeypatch.setenv("COLUMNS", "300")
    lines = emulate("--fresh", *PYTHON, TUTORIAL + REFUSED).stderr
    for decided in (
        "액세스 토큰(유효 시간 6시간)을 새로 발급함. 리프레시 토큰은 그대로 유지함(60일 남음)",
        "액세스 토큰이 유효함(6시간 남음)",
        "KOE322: 발급된 적이 없는 리프레시 토큰",
        "-401: 요청에 액세스 토큰이 없음",
        "Not Found: 에뮬레이터가 지원하지 않는 요청.",
        "-2: scopes 값이 올바르지 않음. 필요한 값: 문자열만 담은 JSON 배열",
    ):
        assert decided in lines, lines


@pytest.mark.parametrize(
    ("command", "is_shown"), [("cat", False), ("touch", True), ("chmod 600", True), ("rm", True)]
)
def test_report__shows_the_token_file_if_it_has_changed(emulate, command, is_shown):
    done = emulate("--", "sh", "-c", f'{command} "$KAKAO_SESSION_TOKEN_FILE"')
    assert "ON THE WIRE" in done.stderr
    assert ("BEFORE" in done.stderr) is ("AFTER" in done.stderr) is is_shown


def test_report__does_not_control_the_terminal(emulate):
    program = (
        "import os, socket, ssl\n"
        "host, port = os.environ['HTTPS_PROXY'].removeprefix('http://').split(':')\n"
        "with socket.create_connection((host, int(port))) as plain:\n"
        "    plain.sendall(b'CONNECT kapi.kakao.com:443 HTTP/1.1\\r\\n\\r\\n')\n"
        "    plain.recv(999)\n"
        "    context = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])\n"
        "    with context.wrap_socket(plain, server_hostname='kapi.kakao.com') as kakao:\n"
        "        kakao.sendall(b'GET /\\x1b[2Jx HTTP/1.1\\r\\nHost: kapi.kakao.com\\r\\n\\r\\n')\n"
        "        kakao.recv(999)"
    )
    done = emulate(*PYTHON, program)
    assert r"/\x1b[2Jx" in done.stderr, done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("written", "problem"), [("not JSON", "JSON"), ("[]", "JSON object"), (r"\377", "JSON")]
)
def test_report__token_file_is_corrupt(emulate, written, problem):
    done = emulate("--", "sh", "-c", f"printf '{written}' >$KAKAO_SESSION_TOKEN_FILE")
    assert done.returncode == 0
    assert problem in done.stderr.partition("AFTER")[2]


def test_report__claims_nothing_about_a_program_that_goes_past_the_proxy(emulate):
    wire = " ".join(emulate("--", "true").stderr.partition("ON THE WIRE")[2].split())
    assert wire.startswith(
        "no request reached the emulator; if your program made some, it does not use HTTPS_PROXY "
        'or does not trust SSL_CERT_FILE: see "The emulator and your language" in the documentation'
    )


def test_report__shows_a_failure_however_long(emulate, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    path = "/" + "x" * 3000
    program = f"import requests; requests.get('https://kapi.kakao.com{path}')"
    done = emulate("--fresh", *PYTHON, program)
    assert done.stderr.count("x") >= 3000
    assert re.search(r" 404\b", done.stderr)


def test_report__shows_every_failure_and_the_first_requests(emulate):
    program = (
        "import json, os, requests\n"
        "token = json.load(open(os.environ['KAKAO_SESSION_TOKEN_FILE']))['access_token']\n"
        "with requests.Session() as http:\n"
        "    for number in range(90):\n"
        "        headers = {'Authorization': 'Bearer ' + token} if number < 45 else {}\n"
        "        http.get('https://kapi.kakao.com/v2/user/me', headers=headers)\n"
        "    http.get('https://example.com/')"
    )
    done = emulate("--fresh", *PYTHON, program)
    assert "ProxyError" in done.stderr
    assert "0 to the login, 90 to the API; 46 failed" in done.stderr
    assert len(re.findall(r"kapi\.kakao\.com +200", done.stderr)) == 40
    assert len(re.findall(r"kapi\.kakao\.com +401", done.stderr)) == 45
    assert re.search(r"CONNECT example\.com:443 +403", done.stderr)
    assert "and 5 more" in done.stderr


# The program ----------------------------------------------------------------------------------


def test_program__has_its_own_streams_and_arguments():
    program = (
        "import sys; print(sys.argv[1:], sys.stdin.read()[::-1]); print('error', file=sys.stderr)"
    )
    command = [*COMMAND, "emulate", *PYTHON[1:], program, "--fresh", "--", "-x", "a b"]
    done = subprocess.run(command, input="abc", capture_output=True, text=True, timeout=60)
    assert done.stdout == "['--fresh', '--', '-x', 'a b'] cba\n"
    assert done.stderr.startswith("error\n")


def test_program__does_not_get_settings_for_the_real_kakao(emulate, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "kakao.com")
    names = ("KAKAO_CLIENT_SECRET", "KAKAO_SESSION_TOKEN_KEY")
    for name in names:
        monkeypatch.setenv(name, "a real one")
    program = TUTORIAL + f"print([name for name in {names} if name in os.environ])"
    assert emulate(*PYTHON, program).stdout.splitlines()[-1] == "[]"


def test_program__is_this_command(emulate, monkeypatch):
    """Also if it is not on the PATH, as in an environment that is not activated."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    done = emulate("--", "kakao-session", "request", "GET", "/v2/user/me")
    assert json.loads(done.stdout)["id"] == 123456789
    assert "1 to the login, 1 to the API; 0 failed" in done.stderr
    assert done.stderr.index("BEFORE") < done.stderr.index("AFTER")


def test_status__is_the_programs(emulate):
    assert emulate(*PYTHON, "raise SystemExit(42)").returncode == 42
    assert emulate("--", "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    ("command", "status"), [(["sh", "-c", "exit 42"], 42), (["/nothing"], 127)]
)
def test_status__is_the_programs_if_stderr_is_full_or_closed(monkeypatch, command, status):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # else nothing is left to be flushed
    command = [*COMMAND, "emulate", "--", *command]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(command, stderr=full).returncode == status
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        assert subprocess.run(command, stdout=closed, stderr=closed).returncode == status


@pytest.mark.parametrize(
    ("mode", "name", "status", "problem"),
    [
        (0o644, "plain", 126, "cannot be run: Permission denied"),
        (0o755, "plain", 126, "cannot be run: Exec format error"),
        (0o755, "nothing", 127, "command not found"),
    ],
)
def test_program__cannot_be_run(emulate, tmp_path, mode, name, status, problem):
    (tmp_path / "plain").write_text("no script\n")
    (tmp_path / "plain").chmod(mode)
    command = str(tmp_path / name)
    done = emulate("--", command)
    assert done.returncode == status
    assert done.stderr == f"kakao-session: {command}: {problem}\n"


def test_signals__are_forwarded():
    names = ("SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGINT")
    numbers = [int(signal.Signals[name]) for name in names]
    program = (
        "import signal\n"
        f"signal.pthread_sigmask(signal.SIG_BLOCK, {numbers})\n"
        "print('ready', flush=True)\n"
        f"for _ in {numbers}:\n"
        f"    print('received', signal.sigtimedwait({numbers}, 20).si_signo, flush=True)\n"
        "raise SystemExit(7)"
    )
    with running("emulate", *PYTHON, program) as command:
        command.line("ready")
        for number in numbers:
            command.process.send_signal(number)
            assert command.line("received") == f"received {number}"
        assert command.end() == 7
        assert "ON THE WIRE" in command.errors()


# Without a program ----------------------------------------------------------------------------


def test_serve__until_it_is_stopped():
    variables = {}
    with running("emulate") as command:
        while "KAKAO_REST_API_KEY" not in variables:
            line = command.line("export ").removeprefix("export ")
            variables.update([line.split("=", 1)])
        environment = {**os.environ, **variables}
        printed = subprocess.check_output([*PYTHON[1:], TUTORIAL], env=environment, text=True)
        assert "123456789\n" in printed
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 0
        errors = command.errors()
    assert f"Control page: {variables['KAKAO_EMULATOR_URL']}/\n" in errors
    assert "To use the real Kakao again, open a new shell.\n" in errors
    assert "Traceback" not in errors
    assert not Path(variables["KAKAO_SESSION_TOKEN_FILE"]).exists()


# Options --------------------------------------------------------------------------------------


def test_port__of_the_proxy_and_the_control_page(emulate):
    port = free_port()
    program = "import os; print(os.environ['HTTPS_PROXY'], os.environ['KAKAO_EMULATOR_URL'])"
    url = f"http://127.0.0.1:{port}"
    for _ in range(2):  # the port is free again at once
        done = emulate("--port", str(port), *PYTHON, program)
        assert done.stdout == f"{url} {url}\n", done.stderr


def test_port__is_in_use(emulate):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = emulate("--port", str(port), "--", "true")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Could not use port {port}: ")


MANY_REQUESTS = """
import os, requests
form = {"grant_type": "refresh_token", "client_id": os.environ["KAKAO_REST_API_KEY"],
        "refresh_token": __import__("json").load(open(os.environ["KAKAO_SESSION_TOKEN_FILE"]))
        ["refresh_token"], "client_secret": os.environ.get("KAKAO_CLIENT_SECRET")}
for _ in range(21):
    answer = requests.post("https://kauth.kakao.com/oauth/token", data=form)
print(answer.status_code, answer.json().get("expires_in"), answer.json().get("error_code"))
"""


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        ([], "429 None KOE237"),
        (["--no-rate-limit", "--access-lifetime", "60"], "200 60 None"),
        (["--switch", "rate_limit=false", "--client-secret", "s"], "200 21599 None"),
    ],
)
def test_options__of_token_requests(emulate, options, printed):
    done = emulate(*options, *PYTHON, MANY_REQUESTS)
    assert done.stdout == f"{printed}\n", done.stderr


URI = "http://localhost:8765/callback"


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        (["--consent", "given"], f"302 {URI}?code"),
        (["--redirect-uri", f"{URI}/"], "400"),
        (["--redirect-uri", f"{URI}/", "--redirect-uri", URI], "200"),
    ],
)
def test_options__of_the_consent_page(emulate, options, printed):
    program = (
        "import os, requests\n"
        "query = {'client_id': os.environ['KAKAO_REST_API_KEY'], 'response_type': 'code',\n"
        f"         'redirect_uri': {URI!r}, 'scope': 'friends'}}\n"
        "answer = requests.get('https://kauth.kakao.com/oauth/authorize', query,\n"
        "                      allow_redirects=False)\n"
        "print(answer.status_code, answer.headers.get('Location', '').partition('=')[0])"
    )
    assert emulate(*options, *PYTHON, program).stdout.strip() == printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--consent", "perhaps"],
        ["--switch", "logout_ends=all"],
        ["--switch", "no_such_switch=1"],
        ["--switch", "rate_limit"],
    ],
)
def test_usage__is_wrong(run, arguments):
    result = run("emulate", *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
