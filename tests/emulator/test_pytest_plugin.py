"""The pytest plugin in the test suite of somebody's bot: own folder, own pytest process."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

# A bot that knows Kakao's real hosts and nothing about the emulator.
BOT = """
import json, os, sys
from kakao_session import KakaoSession

def send(text, session=None):
    session = session or KakaoSession(token_store=os.environ["KAKAO_SESSION_TOKEN_FILE"])
    template = {"object_type": "text", "text": text, "link": {"web_url": "https://example.com"}}
    form = {"template_object": json.dumps(template)}
    return session.post("/v2/api/talk/memo/default/send", data=form).json()

if __name__ == "__main__":
    print(send(sys.argv[1]))
"""

SUITE = """
import json, os, subprocess, sys
import pytest, requests
import bot

ME = "https://kapi.kakao.com/v2/user/me"

def test_session__is_logged_in(kakao, kakao_session):
    assert kakao_session.get("/v2/user/me").json()["id"] == 123456789
    assert kakao_session.get(ME).status_code == 200
    prepared = kakao_session.prepare_request(requests.Request("GET", ME))
    assert kakao_session.send(prepared).status_code == 200
    assert {record.host for record in kakao.requests} == {"kapi.kakao.com"}

@pytest.mark.parametrize("turn", range(3))
def test_state__is_new_each_time(kakao, turn):
    assert (kakao.requests, kakao.users, kakao.rate_limit) == ([], [], False)
    kakao.login()
    kakao.rate_limit = True
    kakao.advance(days=1)
    kakao.fail_next(503)
    requests.get(ME)

@pytest.mark.parametrize("own_session", [True, False])
def test_bot__in_this_process(kakao, kakao_session, own_session):
    kakao.advance(hours=7)
    assert bot.send("hello", None if own_session else kakao_session) == {"result_code": 0}
    assert len(kakao.token_requests) == 1

def test_bot__as_a_process_of_its_own(kakao, kakao_session):
    kakao.advance(hours=7)
    done = subprocess.run(
        [sys.executable, "bot.py", "hello"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "{'result_code': 0}\\n"
    assert [record.path for record in kakao.token_requests] == ["/oauth/token"]
    assert json.loads(kakao.requests[-1].form[0][1])["text"] == "hello"

def test_way_out__is_closed(kakao):
    with pytest.raises(requests.exceptions.ProxyError):
        requests.get("https://example.com/")

def test_kakao__hides_the_developers_own_login(kakao):
    assert not {"KAKAO_CLIENT_SECRET", "KAKAO_SESSION_TOKEN_KEY"} & {*os.environ}
    assert os.environ["KAKAO_REST_API_KEY"] == kakao.app_key
    assert not os.path.exists(os.environ["KAKAO_SESSION_TOKEN_FILE"])
"""

WITHOUT_KAKAO = """
import os, sys

def test_nothing__is_loaded_or_set():
    assert not {"flask", "werkzeug", "trustme", "cryptography", "requests"} & {*sys.modules}
    assert "HTTPS_PROXY" not in os.environ
    assert os.environ["KAKAO_CLIENT_SECRET"] == "a real one"
"""


BLOCKED_FIRST = """
import socket
import pytest


def bind(*_):
    raise RuntimeError("A test tried to use socket.socket.")


@pytest.fixture
def blocked(monkeypatch):
    monkeypatch.setattr(socket.socket, "bind", bind)


def test_first(blocked, kakao):
    pass


def test_second(kakao):
    assert kakao.requests == []
"""


@pytest.fixture
def run_suite(tmp_path, monkeypatch):
    """Run a suite as a user would who has a real login in the environment."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAKAO_CLIENT_SECRET", "a real one")
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_KEY", "a real one")
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", str(tmp_path / "a-real-login.json"))
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "bot.py").write_text(BOT)

    def run(source, *arguments):
        (tmp_path / "test_suite.py").write_text(source)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_suite(run_suite):
    done = run_suite(SUITE, *(("-n", "1") if find_spec("xdist") else ()))
    assert (done.returncode, "9 passed" in done.stdout) == (0, True), done.stdout


@pytest.fixture
def run_alone(run_suite, monkeypatch):
    """Runs a suite without the plugins of others, which may load the same modules."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return lambda source, *arguments: run_suite(source, "-p", "kakao_session", *arguments)


def test_suite__without_the_extra(run_alone, tmp_path):
    error = "raise ModuleNotFoundError(\"No module named 'flask'\", name='flask')"
    (tmp_path / "flask.py").write_text(error)
    done = run_alone("def test_bot(kakao): pass")
    assert 'The emulator needs flask. Run: pip install "kakao-session[emulator]"' in done.stdout
    assert (done.returncode, "Traceback" in done.stdout) == (1, False)


def test_suite__whose_first_test_may_not_use_sockets(run_alone):
    """As with pytest-socket: later tests that may use them have an emulator."""
    done = run_alone(BLOCKED_FIRST)
    assert "1 passed, 1 error" in done.stdout, done.stdout


def test_suite__without_kakao(run_alone):
    done = run_alone(WITHOUT_KAKAO)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout


def test_fixtures__are_documented(run_alone):
    done = run_alone("", "--fixtures")
    for name, kind in {"kakao": "KakaoEmulator", "kakao_session": "KakaoSession"}.items():
        assert re.search(rf"^{name} -- .*\n +A .*{kind}", done.stdout, re.MULTILINE), name
