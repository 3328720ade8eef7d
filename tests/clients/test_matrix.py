"""Unmodified releases of other people's clients log in to the emulator and use the API."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.clients.matrix import CLIENTS, DOCUMENT, HERE, with_table
from tests.free_port import free_port
from tests.required import missing, on_posix, program

BUILD = HERE.parents[1] / "build" / "clients"
NODE = 20  # the lowest version that all clients run on
USER, NICKNAME = "987654321", "홍길동"  # a user who has never logged in to the app
STEPS = {
    "authorization_code": "login",
    "refresh_token": "refresh",
    "/v1/oidc/userinfo": "profile",
    "/v1/user/unlink": "unlink",
    "/v2/api/talk/memo/default/send": "message",
    "/v2/user/me": "profile",
}
"""What Kakao was asked for, by the grant type or the path."""


@pytest.fixture(scope="session")
def folder():
    """A folder with the drivers, and the clients that they use."""
    npm = program("npm")
    shutil.copytree(HERE, BUILD, dirs_exist_ok=True)
    install(sys.executable, "-m", "venv", "venv")
    install("venv/bin/pip", "install", "-q", "-r", "requirements.txt")
    install(npm, "ci", "--no-audit", "--no-fund")
    return BUILD


def install(*command):
    done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines() or ["failed"]
        missing(f"{' '.join(command)}: {reason[-1]}")


def check_node():
    """Skip the test, or fail it in CI, if Node.js is too old: Debian 12 has version 18."""
    command = [program("node"), "--version"]
    version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < NODE:
        missing(f"Node.js {NODE} or newer is needed, and this is {version}")


def run(client, folder, *, openid):
    """:returns: the finished process: the driver's answer, and a line with the emulator's state."""
    driver = client.driver.split()
    if driver[0] == "node":
        check_node()
    program(driver[0])
    redirect_uri = f"http://localhost:{free_port()}{client.path}"
    command = [
        *(sys.executable, "-m", "kakao_session", "emulate", "--redirect-uri", redirect_uri),
        *("--switch", f"browser_user={USER}", "--switch", f"openid_connect={json.dumps(openid)}"),
        *client.options,
        *("--", "sh", "-c", '"$@" && curl -sS "$KAKAO_EMULATOR_URL/api/state"', "sh", *driver),
    ]
    path = f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "REDIRECT_URI": redirect_uri},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("openid", [False, True], ids=["plain", "openid"])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_client(client, openid, folder):
    done = run(client, folder, openid=openid)
    if openid and client.openid_error:
        assert done.returncode == 1
        assert client.openid_error in done.stderr
        return
    if client.needs_openid and not openid:
        assert done.returncode != 0
        assert "KOE205" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    answer, state = done.stdout.split("\n", 1)
    answer, requests = json.loads(answer), json.loads(state)["requests"]
    assert all(answer.values())
    assert str(answer.get("profile", USER)) in (USER, NICKNAME)
    assert {"login", *answer} == set(client.does.split())
    assert {request["status"] for request in requests} == {200, 302}
    assert ("POST", "/oauth/authorize") in {(each["method"], each["path"]) for each in requests}
    steps = {STEPS.get(each["form"].get("grant_type", each["path"])) for each in requests}
    assert steps - {None} == set(client.does.split())


@on_posix
@pytest.mark.parametrize(
    ("no_skip", "raised"), [("0", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_node__that_is_too_old(tmp_path, monkeypatch, no_skip, raised):
    node = tmp_path / "node"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("KAKAO_SESSION_NO_SKIP", no_skip)
    for version in ("v18.20.4", "v19.9.0"):
        node.write_text(f"#!/bin/sh\necho {version}\n")
        node.chmod(0o755)
        with pytest.raises(raised, match=f"Node.js 20 or newer is needed, and this is {version}"):
            check_node()
    node.write_text("#!/bin/sh\necho v20.0.0\n")
    check_node()


def test_table_is_up_to_date():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_table(text) == text, "run: python -m tests.clients.matrix"
