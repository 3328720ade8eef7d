"""A process that is killed, or let down by the system, at every system call of a renewal."""

import json
import signal
import subprocess
import sys
from collections import Counter

import pytest

from kakao_session import FileTokenStore, LoginRequiredError, Token
from tests.required import missing, program

# Forks a process for each line that it reads. The system calls of its renewal are those between
# the first two calls of getppid, which nothing else makes.
NURSERY = """
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

def renew():
    kakao = KakaoSession(app_key, token_store=place, endpoints=Endpoints(*urls))
    print(outcome(kakao.refresh_token), outcome(lambda: kakao.get("/v2/user/me")), flush=True)

for _ in sys.stdin:
    starts, start = os.pipe()
    child = os.fork()
    if not child:
        os.close(start)
        print(os.getpid(), flush=True)  # from now on it may be watched, and its calls are counted
        os.read(starts, 1)
        renew()
        os._exit(0)
    os.close(starts)
    sys.stdin.readline()
    with contextlib.suppress(BrokenPipeError):  # it was killed as soon as it was watched
        os.write(start, b"!")
    os.close(start)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Nursery:
    """Processes that renew the login of a token file, watched by strace."""

    def __init__(self, process, log):
        self._process = process
        self._log = log

    def renew(self, *tampering):
        """Let a process renew the login.

        :param tampering: what strace is to do to it.
        :returns: what it said of its renewal and of the call after it; nothing if it was killed.
        """
        pid = self._ask()
        with subprocess.Popen(
            [program("strace"), "-y", "-o", str(self._log), "-p", pid, *tampering],
            stderr=subprocess.PIPE,
            text=True,
        ) as strace:
            assert strace.stderr is not None
            if "attached" not in (said := strace.stderr.readline()):
                self._ask()
                missing(f"strace may not trace here: {said}")
            said = self._ask()
            if said == str(-signal.SIGKILL):
                return []
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == "0\n"
        return said.split()

    def steps(self):
        """:returns: the system calls of the last renewal: name, the how-manieth of it, and all."""
        counts = Counter()
        renewals = 0
        steps = []
        for line in self._log.read_text(errors="replace").splitlines():
            name = line.partition("(")[0]
            if not name.isidentifier():  # a signal, or the end
                continue
            counts[name] += 1
            renewals += name == "getppid"
            if renewals == 1:
                steps.append((name, counts[name], line))
        assert len(steps) > 30
        return steps

    def _ask(self):
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "folder").mkdir(mode=0o700)
    return tmp_path / "folder" / "token.json"


@pytest.fixture
def nursery(kakao, place, tmp_path):
    """Processes that renew a login whose refresh token dies when it has been used."""
    kakao.refresh_token_renewal = "always"
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    task = json.dumps([str(place), kakao.app_key, urls])
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY, task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Nursery(process, tmp_path / "strace.log")
        assert process.stdin is not None
        process.stdin.close()


def log_in(kakao, place, clock):
    token = Token.from_response(kakao.login(), clock.moment)
    FileTokenStore(place).save(token)
    kakao.clear_requests()
    return token


def check_file(place):
    """What must hold of a token file whatever has happened: whole, private, free, no litter."""
    assert place.stat().st_mode & 0o777 == 0o600
    store = FileTokenStore(place, lock_timeout=1)
    token = store.load()
    assert token is not None
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
def test_killed__nothing_is_torn_and_the_next_one_goes_on(
    kakao,
    nursery,
    place,
    clock,
    new_session,
    calls,
):
    log_in(kakao, place, clock)
    assert nursery.renew() == ["fine", "fine"]
    steps = [step for step in nursery.steps() if calls == "all" or is_of_files(step, place)]
    killed = lost = 0
    for name, count, _ in steps:
        old = log_in(kakao, place, clock)
        if nursery.renew(f"--inject={name}:signal=KILL:when={count}"):
            continue  # how often a socket is polled differs from run to run
        killed += 1
        token = check_file(place)
        session = new_session(token_store=place)
        try:
            session.refresh_token()
        except LoginRequiredError:
            lost += 1  # between Kakao's answer and the file; nothing in this world saves that
            assert token.is_same_as(old)
            assert [record for record in kakao.token_requests if record.issued]
        else:
            assert session.get("/v2/user/me").status_code == 200
    assert killed > 0.9 * len(steps)
    assert lost > 0


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS"])
def test_system_call_that_fails__nothing_is_lost(kakao, nursery, place, clock, error):
    log_in(kakao, place, clock)
    assert nursery.renew() == ["fine", "fine"]
    failed = 0
    for name, count, line in [step for step in nursery.steps() if is_of_files(step, place)]:
        old = log_in(kakao, place, clock)
        renewed, called = nursery.renew(f"--inject={name}:error={error}:when={count}")
        assert renewed in ("fine", "TokenStoreError"), line
        assert called == "fine", line
        failed += renewed != "fine"
        token = check_file(place)
        granted = [record.issued for record in kakao.token_requests if record.issued]
        assert token.fingerprint == (granted[-1] if granted else old.fingerprint), line
    assert failed > 5
