"""``kakao-session emulate``: an unmodified program against the local Kakao, and the story after."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kakao_session.cli.app import app
from kakao_session.emulator.tokens import fingerprint

COMMAND = [sys.executable, "-m", "kakao_session", "emulate"]

# What the tutorial writes by hand, with plain requests and Kakao's real host names.
TUTORIAL = """
import json, os, sys, requests
path, app_key = os.environ["KAKAO_SESSION_TOKEN_FILE"], os.environ["KAKAO_REST_API_KEY"]
with open(path) as fp:
    tokens = json.load(fp)
data = {"grant_type": "refresh_token", "client_id": app_key,
        "refresh_token": tokens["refresh_token"]}
response = requests.post("https://kauth.kakao.com/oauth/token", data=data)
tokens["access_token"] = response.json()["access_token"]
tokens["app_key"] = app_key
with open(path, "w") as fp:
    json.dump(tokens, fp)
headers = {"Authorization": "Bearer " + tokens["access_token"]}
print(requests.get("https://kapi.kakao.com/v2/user/me", headers=headers).json()["id"])
print(json.dumps(tokens))
"""


def emulate(*arguments, stdin=""):
    return subprocess.run(
        [*COMMAND, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def started(*arguments):
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_tutorial__runs_unmodified_and_its_story_is_told():
    done = emulate("--", sys.executable, "-c", TUTORIAL)
    assert done.returncode == 0, done.stderr
    user, tokens = done.stdout.splitlines()
    assert user == "123456789"
    story = done.stderr
    access = fingerprint(json.loads(tokens)["access_token"])
    refresh = fingerprint(json.loads(tokens)["refresh_token"])
    before, wire, after = re.split(r"\n(?=ON THE WIRE|AFTER)", story)
    assert "written 7 hours ago" in before
    assert re.search(r"access token +[0-9a-f]{8} +ended 1 hour ago", before)
    assert re.search(rf"refresh token +{refresh} +ends in 60 days", before)
    assert "1 to the login, 1 to the API; none failed" in wire
    assert re.search(rf"POST kauth\.kakao\.com +200 +{refresh}", wire)
    assert re.search(rf"/oauth/token +→ {access}", wire)
    assert re.search(rf"GET kapi\.kakao\.com +200 +{access}", wire)
    assert re.search(rf"access token +{access} +ends in 6 hours +new", after)
    assert re.search(rf"refresh token +{refresh} +ends in 60 days +the same", after)
    assert re.search(r"app_key +kept", after)
    assert re.search(r"file mode +0644", after)
    assert max(map(len, story.splitlines())) <= 80


def test_story__shows_no_token():
    done = emulate("--", sys.executable, "-c", TUTORIAL)
    tokens = json.loads(done.stdout.splitlines()[-1])
    assert tokens["access_token"] not in done.stderr
    assert tokens["refresh_token"] not in done.stderr
    assert not re.search(r"[\w-]{25}", done.stderr)


def test_token_file__is_as_the_tutorial_leaves_it():
    program = "import os; print(open(os.environ['KAKAO_SESSION_TOKEN_FILE']).read())"
    done = emulate("--", sys.executable, "-c", program)
    assert list(json.loads(done.stdout)) == [
        "access_token",
        "token_type",
        "refresh_token",
        "expires_in",
        "scope",
        "refresh_token_expires_in",
        "app_key",
    ]


def test_token_file__lies_in_a_private_folder_that_is_gone_afterwards():
    program = (
        "import os\n"
        "folder = os.path.dirname(os.environ['KAKAO_SESSION_TOKEN_FILE'])\n"
        "print(folder, oct(os.stat(folder).st_mode & 0o777))"
    )
    folder, mode = emulate("--", sys.executable, "-c", program).stdout.split()
    assert mode == "0o700"
    assert not Path(folder).exists()


def test_fresh__login_is_of_just_now():
    done = emulate("--fresh", "--", "true")
    assert re.search(r"written \d seconds? ago", done.stderr)
    assert re.search(r"access token +[0-9a-f]{8} +ends in 6 hours", done.stderr)


def test_story__program_that_asks_kakao_nothing():
    assert "the program made no request to Kakao" in emulate("--", "true").stderr


@pytest.mark.parametrize(
    ("written", "told"),
    [("not JSON", "no readable JSON"), ("[]", "no JSON object"), (None, "No such file")],
)
def test_story__token_file_is_spoilt(written, told):
    program = (
        f"import os; path, text = os.environ['KAKAO_SESSION_TOKEN_FILE'], {written!r}\n"
        "os.remove(path) if text is None else open(path, 'w').write(text)"
    )
    done = emulate("--", sys.executable, "-c", program)
    assert done.returncode == 0
    assert told in done.stderr.partition("AFTER")[2]


def test_story__way_out_was_refused():
    program = "import requests; requests.get('https://example.com/')"
    done = emulate("--", sys.executable, "-c", program)
    assert "ProxyError" in done.stderr
    assert re.search(r"CONNECT example\.com:443 +403", done.stderr)


def test_streams__are_the_programs_own():
    program = "import sys; print(sys.stdin.read()[::-1]); print('trouble', file=sys.stderr)"
    done = emulate("--", sys.executable, "-c", program, stdin="abc")
    assert done.stdout == "cba\n"
    assert done.stderr.startswith("trouble\n")


def test_arguments__reach_the_program_untouched():
    program = "import sys; print(sys.argv[1:])"
    done = emulate(sys.executable, "-c", program, "--fresh", "--", "-x", "a b")
    assert done.stdout == "['--fresh', '--', '-x', 'a b']\n"


def test_status__is_the_programs():
    assert emulate("--", sys.executable, "-c", "raise SystemExit(42)").returncode == 42
    assert emulate("--", "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
@pytest.mark.parametrize(
    ("command", "status"), [(["sh", "-c", "exit 42"], 42), (["/nothing"], 127), (["/"], 126)]
)
def test_status__is_the_programs_when_the_story_can_not_be_told(monkeypatch, command, status):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # else nothing is left to Python's end
    with Path("/dev/full").open("w") as full:
        assert subprocess.run([*COMMAND, "--", *command], stderr=full).returncode == status
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        run = subprocess.run([*COMMAND, "--", *command], stdout=gone, stderr=gone)
    assert run.returncode == status


def test_program__not_there(tmp_path):
    done = emulate("--", str(tmp_path / "nothing"))
    assert done.returncode == 127
    assert "command not found" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("mode", "beyond", "why"),
    [
        (0o644, "", "Permission denied"),
        (0o755, "", "Exec format error"),
        (0o755, "x", "Not a directory"),
    ],
)
def test_program__that_can_not_be_run(tmp_path, mode, beyond, why):
    (tmp_path / "plain").write_text("no script\n")
    (tmp_path / "plain").chmod(mode)
    command = str(tmp_path / "plain" / beyond)
    done = emulate("--", command)
    assert done.returncode == 126
    assert f"kakao-session: {command}: cannot be executed: {why}\n" in done.stderr
    assert "AFTER" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signal__reaches_the_program(number):
    program = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True); time.sleep(30)"
    )
    with started("--", sys.executable, "-c", program) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(timeout=20) == 7
        assert "ON THE WIRE" in process.stderr.read()


def test_foreign_settings__are_replaced(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "kakao.com")
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "a real one")
    done = emulate(
        "--",
        sys.executable,
        "-c",
        TUTORIAL + "print(len(os.environ.get('KAKAO_CLIENT_SECRET', '')))",
    )
    assert done.stdout.splitlines()[-1] == "0"


def test_serve__until_ctrl_c(tmp_path):
    with started() as process:
        assert process.stdout
        variables = {}
        while "KAKAO_REST_API_KEY" not in variables:
            name, _, value = process.stdout.readline().removeprefix("export ").partition("=")
            variables[name] = value.strip()
        script = tmp_path / "tutorial.py"
        script.write_text(TUTORIAL)
        done = subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.stdout.startswith("123456789\n"), done.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert not Path(variables["KAKAO_SESSION_TOKEN_FILE"]).exists()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_port__is_the_proxys_and_the_control_pages():
    port = free_port()
    program = "import os; print(os.environ['HTTPS_PROXY'], os.environ['KAKAO_EMULATOR_URL'])"
    url = f"http://127.0.0.1:{port}"
    for _ in range(2):  # the second time right after the first
        done = emulate("--port", str(port), "--", sys.executable, "-c", program)
        assert done.stdout == f"{url} {url}\n", done.stderr


def test_port__is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = emulate("--port", str(port), "--", "true")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: port {port} can't be used: ")
    assert "Traceback" not in done.stderr


LIFE = """
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
        (["--no-rate-limit"], "200 21599 None"),
        (["--no-rate-limit", "--access-lifetime", "60"], "200 60 None"),
        (["--switch", "rate_limit_status=400"], "400 None KOE237"),
        (["--switch", "rate_limit=false", "--client-secret", "s"], "200 21599 None"),
    ],
)
def test_options__set_the_switches(options, printed):
    done = emulate(*options, "--", sys.executable, "-c", LIFE)
    assert done.stdout == f"{printed}\n", done.stderr


def test_options__of_the_authorization_page():
    program = (
        "import os, requests\n"
        "query = {'client_id': os.environ['KAKAO_REST_API_KEY'], 'response_type': 'code',\n"
        "         'redirect_uri': 'http://localhost:8765/callback', 'scope': 'friends'}\n"
        "answer = requests.get('https://kauth.kakao.com/oauth/authorize', query,\n"
        "                      allow_redirects=False)\n"
        "print(answer.status_code, answer.headers.get('Location', '').partition('=')[0])"
    )

    def ask(*options):
        return emulate(*options, "--", sys.executable, "-c", program).stdout.strip()

    uri = "http://localhost:8765/callback"
    assert ask() == "200"
    assert ask("--consent", "given") == f"302 {uri}?code"
    assert ask("--consent", "denied") == f"302 {uri}?error"
    assert ask("--redirect-uri", f"{uri}/") == "400"
    assert ask("--redirect-uri", f"{uri}/", "--redirect-uri", uri) == "200"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--explode"],
        ["--port", "many"],
        ["--port", "70000"],
        ["--access-lifetime", "0"],
        ["--consent", "perhaps"],
        ["--switch", "logout_ends=all"],
        ["--switch", "no_such_switch=1"],
        ["--switch", "rate_limit"],
        ["--client-secret"],
    ],
)
def test_usage__is_wrong(arguments):
    done = CliRunner().invoke(app, ["emulate", *arguments])
    assert done.exit_code == 2
    assert re.match(r"(Usage: .+)?Error: ", done.output, re.DOTALL)


def test_story__has_many_rows():
    program = (
        "import requests\n"
        "with requests.Session() as http:\n"
        "    for _ in range(60): http.get('https://kapi.kakao.com/v2/user/me')"
    )
    done = emulate("--", sys.executable, "-c", program)
    assert "0 to the login, 60 to the API; 60 failed" in done.stderr
    assert len(done.stderr.splitlines()) < 150


def test_story__has_no_colours_where_nobody_sees_them():
    assert "\x1b" not in emulate("--", "true").stderr


def test_interrupt__while_nothing_is_asked():
    with started("--port", "0") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith("export HTTP_PROXY=")
        while "control page" not in (line := process.stderr.readline()):
            assert line
        assert line.startswith("Its control page: http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        told = process.stderr.read()
        assert "unset HTTP_PROXY HTTPS_PROXY " in told
        assert "Traceback" not in told


def test_help__names_what_is_done():
    text = emulate("--help").stdout
    assert "COMMAND" in text
    assert "--fresh" in text


@pytest.mark.parametrize(
    ("missing", "arguments", "line"),
    [
        ("click", ["emulate", "true"], "pip install 'kakao-session[all]'"),
        ("rich", ["--help"], "pip install 'kakao-session[cli]'"),
        ("flask", ["emulate", "true"], "pip install 'kakao-session[emulator]'"),
        ("trustme", ["emulate", "true"], "pip install 'kakao-session[emulator]'"),
    ],
)
def test_extra__is_missing(tmp_path, missing, arguments, line):
    program = (
        "import sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "from kakao_session.cli import main\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert line in done.stderr
    assert "Traceback" not in done.stderr
