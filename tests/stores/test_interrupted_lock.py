"""An interrupt, such as Ctrl-C, at any function call while a token file is locked and saved."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

import kakao_session
from kakao_session import FileTokenStore, Token

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
    assert number > 100
