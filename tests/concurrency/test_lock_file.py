"""The lock of a token file: forks, a killed holder, filelock, and a lock file that is removed."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, TimeoutError

import filelock
import pytest

from kakao_session import FileTokenStore, Token, TokenStoreError
from tests.required import on_posix
from tests.stores.conftest import error_of

TOKEN = Token(access_token="a", refresh_token="r")

pytestmark = on_posix


@pytest.fixture
def store(memory_path):
    return FileTokenStore(memory_path / "token.json", lock_timeout=5)


def is_free(store):
    try:
        filelock.FileLock(f"{store.path}.lock", timeout=0).acquire().lock.release()
    except filelock.Timeout:
        return False
    return True


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("child_leaves", ["the lock", "the process"])
def test_fork_inside_the_lock__neither_ends_nor_keeps_it(store, child_leaves):
    ready, go_on = os.pipe(), os.pipe()
    status = 1
    try:
        with store.lock():
            child = os.fork()
            if not child and child_leaves == "the process":
                os.write(ready[1], b"!")
                os.read(go_on[0], 1)  # It lives on without the lock.
                os._exit(0)
            if child:
                if child_leaves == "the lock":
                    assert os.waitpid(child, 0)[1] == 0
                assert not is_free(store)
                store.save(TOKEN)
            else:
                error_of(FileTokenStore(store.path, lock_timeout=0).lock().__enter__)
                status = 0
    finally:
        if not child:
            os._exit(status)
    assert is_free(store)
    if child_leaves == "the process":
        os.write(go_on[1], b"!")
        assert os.waitpid(child, 0)[1] == 0
    for descriptor in (*ready, *go_on):
        os.close(descriptor)


def test_holder_that_is_killed__while_its_child_lives_on(store):
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
        assert not is_free(store)
        holder.kill()
        holder.wait()
        store.save(TOKEN)
        os.killpg(holder.pid, signal.SIGKILL)


def test_filelock__keeps_us_out_and_is_kept_out(store):
    store.lock_timeout = 0
    with filelock.FileLock(f"{store.path}.lock"), pytest.raises(TokenStoreError):
        store.save(TOKEN)
    with store.lock():
        assert not is_free(store)
    assert is_free(store)
    store.save(TOKEN)


def test_two_files_that_one_thread_locks__are_both_locked(store):
    other = FileTokenStore(store.path.with_name("other.json"))
    with store.lock(), other.lock():
        assert not is_free(store)
        assert not is_free(other)
        other.save(TOKEN)
        assert not is_free(other)
    assert is_free(store)
    assert is_free(other)


def interrupt_at(step, work):
    """Interrupt *work* at the n-th line of the stores. :returns: whether it came so far."""

    def trace(frame, event, _):
        nonlocal left
        code = frame.f_code
        if "kakao_session/stores/" not in code.co_filename or code.co_name == "close":
            return None  # Python ignores an error in a destructor, and says so
        left -= event == "line"
        if left == 0 and event == "line":
            raise KeyboardInterrupt
        return trace

    left, outer = step, sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(outer)
    return False


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # what was open closes itself
def test_interrupt_at_any_line__leaves_a_lock_that_works(store):
    def lock():
        with store.lock():
            pass

    step = 1
    while interrupt_at(step, lock):
        with store.lock():
            assert not is_free(store)
            store.save(TOKEN)
        assert is_free(store)
        step += 1
    assert step > 50


@pytest.mark.parametrize("kind", ["a pipe", "a folder"])
def test_lock_file_that_is_no_file__is_an_error_and_stays(store, kind):
    lock = store.path.with_name("token.json.lock")
    os.mkfifo(lock) if kind == "a pipe" else lock.mkdir()
    with pytest.raises(TokenStoreError, match=re.escape(str(lock))):
        store.save(TOKEN)
    assert lock.is_fifo() if kind == "a pipe" else lock.is_dir()
    assert not store.path.exists()


def test_lock_file_that_is_removed__lets_nobody_in_beside_the_holder_of_the_next(store):
    def hold_the_next():
        with FileTokenStore(store.path).lock():
            inside.set()
            leave.wait(10)

    inside, leave = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as threads:
        with store.lock():
            saving = threads.submit(FileTokenStore(store.path, lock_timeout=5).save, TOKEN)
            time.sleep(0.2)  # It waits by now.
            store.path.with_name("token.json.lock").unlink()
            holding = threads.submit(hold_the_next)
            assert inside.wait(5)
        with pytest.raises(TimeoutError):
            saving.result(0.3)
        leave.set()
        saving.result(10)
        holding.result(10)
    assert is_free(store)
    assert store.load() == TOKEN
