"""An interrupt, such as Ctrl-C, at any function call while a token file is locked and saved."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

import kakao_session
from kakao_session import FileTokenStore, Token, TokenStoreError

fcntl = pytest.importorskip("fcntl")

OLD = Token(access_token="old", refresh_token="r")
NEW = Token(access_token="new", refresh_token="r")
INSIDE = tuple(str(Path(str(module.__file__)).parent) for module in (filelock, kakao_session))


class Interrupt(BaseException):
    """As KeyboardInterrupt, but nobody else's."""


def interrupted_at(number, work):
    """Do the work, interrupted at the so-manieth function call. :returns: how many there were."""
    calls = 0

    def follow(frame, event, _):
        nonlocal calls
        if event == "call" and frame.f_code.co_filename.startswith(INSIDE):
            calls += 1
            if calls == number:
                sys.setprofile(None)
                raise Interrupt

    sys.setprofile(follow)
    try:
        work()
    except Interrupt:
        pass
    finally:
        sys.setprofile(None)
    return calls


def is_free(lock):
    descriptor = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupt_at_any_call__leaves_no_lock_and_a_whole_file(tmp_path):
    store = FileTokenStore(tmp_path / "token.json", lock_timeout=0)
    store.save(OLD)

    def lock_and_save():
        with store.lock():
            store.save(NEW)

    number = 1
    while interrupted_at(number, lock_and_save) == number:
        assert is_free(f"{store.path}.lock"), number
        assert store.load() in (OLD, NEW)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(store.save, OLD).result()
        with store.lock():
            assert {path.name for path in tmp_path.iterdir()} == {"token.json", "token.json.lock"}
        number += 1
    assert number > 50


def test_interrupt_at_the_rename__is_not_lost_with_the_file_that_is_gone(tmp_path, monkeypatch):
    """A signal that comes during a system call is raised when that has succeeded."""
    store = FileTokenStore(tmp_path / "token.json")
    replace = os.replace

    def replace_and_interrupt(*args, **kwargs):
        replace(*args, **kwargs)
        raise Interrupt

    monkeypatch.setattr(os, "replace", replace_and_interrupt)
    with pytest.raises(Interrupt):
        store.save(NEW)
    assert store.load() == NEW
    assert is_free(f"{store.path}.lock")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("child_leaves", ["the lock", "the process"])
def test_fork_inside_the_lock__neither_ends_nor_keeps_it(tmp_path, child_leaves):
    store = FileTokenStore(tmp_path / "token.json")
    ready, go_on = os.pipe(), os.pipe()
    try:
        with store.lock():
            child = os.fork()
            if not child and child_leaves == "the process":
                os.write(ready[1], b"!")
                os.read(go_on[0], 1)  # it lives on without the lock
                os._exit(0)
            if child:
                if child_leaves == "the lock":
                    assert os.waitpid(child, 0)[1] == 0
                assert not is_free(f"{store.path}.lock")
    finally:
        if not child:
            os._exit(0)
    assert is_free(f"{store.path}.lock")
    if child_leaves == "the process":
        os.write(go_on[1], b"!")
        assert os.waitpid(child, 0)[1] == 0
    for descriptor in (*ready, *go_on):
        os.close(descriptor)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_holder_that_is_killed__while_its_child_lives_on(tmp_path):
    store = FileTokenStore(tmp_path / "token.json", lock_timeout=5)
    script = """
import os, sys, time
from kakao_session import FileTokenStore
with FileTokenStore(sys.argv[1]).lock():
    if os.fork():
        print("locked", flush=True)
    time.sleep(30)
"""
    command = [sys.executable, "-W", "ignore", "-c", script, store.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as holder:
        assert holder.stdout.readline() == b"locked\n"
        holder.kill()
        holder.wait()
        store.save(NEW)
        os.killpg(holder.pid, signal.SIGKILL)


def test_filelock__keeps_us_out_and_is_kept_out(tmp_path):
    store = FileTokenStore(tmp_path / "token.json", lock_timeout=0)
    other = filelock.FileLock(f"{store.path}.lock")
    with other, pytest.raises(TokenStoreError, match="Could not lock"):
        store.save(NEW)
    with store.lock(), pytest.raises(filelock.Timeout):
        other.acquire(timeout=0)
    with other:
        pass
    store.save(NEW)


def test_lock_file_that_is_removed_meanwhile__is_not_held_in_vain(tmp_path):
    store = FileTokenStore(tmp_path / "token.json", lock_timeout=5)
    with ThreadPoolExecutor(1) as thread:
        with store.lock():
            saving = thread.submit(FileTokenStore(store.path, lock_timeout=5).save, NEW)
            time.sleep(0.2)  # it waits by now, or comes later, which is the same
            Path(f"{store.path}.lock").unlink()
        saving.result(10)
    assert is_free(f"{store.path}.lock")
    assert store.load() == NEW
