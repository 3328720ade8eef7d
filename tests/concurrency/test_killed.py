"""A process that is killed, or whose system call fails, at every system call of a refresh."""

import json
import signal
import subprocess
import sys
from collections import Counter

import pytest

from kakao_session import FileTokenStore, LoginRequiredError, Token
from tests.required import missing, program

# Forks a process for each line that it reads, which refreshes the token. Its system calls are those
# between the first two calls of getppid, which nothing else makes.
FORK_SERVER = """
import contextlib, json, os, sys
import filelock, platformdirs, tempfile
from kakao_session import Endpoints, FileTokenStore, KakaoError, KakaoSession

place, app_key, urls = json.loads(sys.argv[1])

def outcome(call):
    os.getppid()
    try:
        call()
    except KakaoError as error:
        return type(error).__name__
    finally:
        os.getppid()
    return "fine"

def refresh():
    kakao = KakaoSession(app_key, token_store=place, endpoints=Endpoints(*urls))
    print(outcome(kakao.refresh_token), outcome(lambda: kakao.get("/v2/user/me")), flush=True)

for _ in sys.stdin:
    starts, start = os.pipe()
    child = os.fork()
    if not child:
        os.close(start)
        print(os.getpid(), flush=True)  # from now on strace may count its calls
        os.read(starts, 1)
        refresh()
        os._exit(0)
    os.close(starts)
    sys.stdin.readline()
    with contextlib.suppress(BrokenPipeError):  # it was killed as soon as it was watched
        os.write(start, b"!")
    os.close(start)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class ForkServer:
    """Makes processes that refresh the token in a file, each watched by strace."""

    def __init__(self, process, log):
        self._process = process
        self._log = log

    def refresh(self, *tampering):
        """Let a process refresh the token.

        :param tampering: what strace does to it.
        :returns: what came of its refresh and of the call after it; nothing if it was killed.
        """
        pid = self._ask()
        with subprocess.Popen(
            [program("strace"), "-y", "-o", str(self._log), "-p", pid, *tampering],
            stderr=subprocess.PIPE,
            text=True,
        ) as strace:
            if "attached" not in (said := strace.stderr.readline()):
                self._ask()
                missing(f"strace may not trace here: {said}")
            said = self._ask()
            if said == str(-signal.SIGKILL):
                return []
            assert self._process.stdout.readline() == "0\n"
        return said.split()

    def steps(self):
        """:returns: the system calls of the last refresh: name, number among its name, line."""
        counts = Counter()
        refreshes = 0
        steps = []
        for line in self._log.read_text(errors="replace").splitlines():
            name = line.partition("(")[0]
            if not name.isidentifier():  # a signal, or the end
                continue
            counts[name] += 1
            refreshes += name == "getppid"
            if refreshes == 1:
                steps.append((name, counts[name], line))
        assert len(steps) > 30
        return steps

    def _ask(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "folder").mkdir(mode=0o700)
    return tmp_path / "folder" / "token.json"


@pytest.fixture
def fork_server(kakao, place, tmp_path):
    """A fork server, and a Kakao that replaces the refresh token each time."""
    kakao.refresh_token_renewal = "always"
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    task = json.dumps([str(place), kakao.app_key, urls])
    with subprocess.Popen(
        [sys.executable, "-c", FORK_SERVER, task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield ForkServer(process, tmp_path / "strace.log")
        process.stdin.close()


def log_in(kakao, place, clock):
    token = Token.from_response(kakao.login(), clock.moment)
    FileTokenStore(place).save(token)
    kakao.clear_requests()
    return token


def check_file(place):
    """The token file is whole, private and not locked, and no temporary file is left."""
    assert place.stat().st_mode & 0o777 == 0o600
    store = FileTokenStore(place, lock_timeout=1)
    token = store.load()
    with store.lock():
        names = {path.name for path in place.parent.iterdir()}
    assert names == {"token.json", "token.json.lock"}
    return token


OF_FILES = {
    "openat", "write", "fsync", "rename", "unlink", "flock", "fchown", "close", "getdents64",
}  # fmt: skip


def is_of_files(step, place):
    name, _, line = step
    return name in OF_FILES and str(place.parent) in line


@pytest.mark.parametrize("calls", ["of files", pytest.param("all", marks=pytest.mark.slow)])
def test_killed__the_file_is_whole_and_the_next_process_goes_on(
    kakao,
    fork_server,
    place,
    clock,
    new_session,
    calls,
):
    log_in(kakao, place, clock)
    assert fork_server.refresh() == ["fine", "fine"]
    steps = [step for step in fork_server.steps() if calls == "all" or is_of_files(step, place)]
    killed = lost = 0
    for name, count, _ in steps:
        old = log_in(kakao, place, clock)
        if fork_server.refresh(f"--inject={name}:signal=KILL:when={count}"):
            continue  # A socket is polled more often in some runs than in others.
        killed += 1
        token = check_file(place)
        session = new_session(token_store=place)
        try:
            session.refresh_token()
        except LoginRequiredError:
            lost += 1  # Killed between Kakao's answer and the write.
            assert token.is_same_as(old)
            assert [record for record in kakao.token_requests if record.issued]
        else:
            assert session.get("/v2/user/me").status_code == 200
    assert killed > 0.9 * len(steps)
    assert lost > 0


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS"])
def test_system_call_that_fails__nothing_is_lost(kakao, fork_server, place, clock, error):
    log_in(kakao, place, clock)
    assert fork_server.refresh() == ["fine", "fine"]
    failed = 0
    for name, count, line in [step for step in fork_server.steps() if is_of_files(step, place)]:
        old = log_in(kakao, place, clock)
        refreshed, called = fork_server.refresh(f"--inject={name}:error={error}:when={count}")
        assert refreshed in ("fine", "TokenStoreError"), line
        assert called == "fine", line
        failed += refreshed != "fine"
        token = check_file(place)
        granted = [record.issued for record in kakao.token_requests if record.issued]
        assert token.fingerprint == (granted[-1] if granted else old.fingerprint), line
    assert failed > 5
