"""Root's cron job on a user's token file, while that user works against it."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from kakao_session import FileTokenStore, Token, TokenStoreError
from tests.required import as_root

pytestmark = as_root

USER = 65534
AS_USER = f"""
import ctypes, fcntl, os, sys
os.setgroups([]); os.setgid({USER}); os.setuid({USER})
"""
TOKEN = Token(access_token="a", refresh_token="r")
EVIL = Token(access_token="a", refresh_token="r", own=" /tmp/evil.so ")


@pytest.fixture
def home(public_path):
    """A folder of the user, with a token file in it."""
    home = public_path / "home" / "bot"
    home.mkdir(parents=True)
    FileTokenStore(home / "token.json").save(EVIL)
    for path in (home.parent, home, *home.iterdir()):
        os.chown(path, USER, USER)
    return home


@pytest.fixture
def precious(public_path):
    """A folder of root, with a token file of root in it."""
    precious = public_path / "etc"
    precious.mkdir(mode=0o755)
    FileTokenStore(precious / "token.json").save(TOKEN)
    (precious / "token.json.lock").unlink()
    (precious / "shadow").write_text("root:secret\n")
    return precious


def contents(folder):
    return {path.name: (path.read_bytes(), path.stat().st_uid) for path in folder.iterdir()}


def as_user(code, *arguments):
    """Let the user do something, in a process of their own."""
    subprocess.run([sys.executable, "-c", AS_USER + code, *map(str, arguments)], check=True)


TURN_FILE = """
home, target = sys.argv[1:]
os.rename(f"{home}/token.json", f"{home}/gone")
os.symlink(target, f"{home}/token.json")
"""
TURN_LOCK = """
home, target = sys.argv[1:]
os.rename(f"{home}/token.json.lock", f"{home}/gone")
os.symlink(target, f"{home}/token.json.lock")
"""
TURN_FOLDER = """
home, target = sys.argv[1:]
os.rename(home, f"{home}.gone")
os.symlink(os.path.dirname(target), home)
"""
ATTACKS = {
    "file to a file": (TURN_FILE, "shadow"),
    "file to a token file": (TURN_FILE, "token.json"),
    "file to nothing": (TURN_FILE, "ld.so.preload"),
    "file to nothing in no folder": (TURN_FILE, "no/folder/passwd"),
    "lock to a file": (TURN_LOCK, "shadow"),
    "lock to nothing": (TURN_LOCK, "ld.so.preload"),
    "folder": (TURN_FOLDER, "token.json"),
}


@pytest.mark.parametrize("step", ["before", "locked", "loaded", "saved"])
@pytest.mark.parametrize(("attack", "target"), ATTACKS.values(), ids=ATTACKS)
def test_turned_at_any_step__nothing_else_is_touched(home, precious, step, attack, target):
    before = contents(precious)
    store = FileTokenStore(home / "token.json")

    def reached(here):
        if here == step:
            as_user(attack, home, precious / target)

    loaded = []
    reached("before")
    with suppress(TokenStoreError), store.lock():
        reached("locked")
        loaded.append(store.load())
        reached("loaded")
        store.save(EVIL)
        reached("saved")
        store.delete()
    with suppress(TokenStoreError):
        store.delete()
    with suppress(TokenStoreError):
        store.save(EVIL)
    assert contents(precious) == before
    assert TOKEN not in loaded


def test_users_own_link__is_followed(home):
    as_user(
        "os.chdir(sys.argv[1]); os.rename('token.json', 'there.json'); "
        "os.symlink('there.json', 'token.json')",
        home,
    )
    store = FileTokenStore(home / "token.json")
    with store.lock():
        store.save(TOKEN)
    assert (home / "token.json").is_symlink()
    assert FileTokenStore(home / "there.json").load() == TOKEN
    assert (home / "there.json").stat().st_uid == USER
    assert (home / "there.json.lock").stat().st_uid == USER


def test_roots_own_link__is_followed(home, precious):
    link = precious / "bot.json"
    link.symlink_to(home / "token.json")
    FileTokenStore(link).save(TOKEN)
    assert FileTokenStore(home / "token.json").load() == TOKEN
    assert (home / "token.json").stat().st_uid == USER


RACE = """
import ctypes, itertools, time
home, target, turns = sys.argv[1:]
here, there = (home, os.path.dirname(target)) if turns == "folder" else (f"{home}/{turns}", target)
os.symlink(there, f"{here}.link")
names = (-100, here.encode(), -100, f"{here}.link".encode(), 2)  # they are exchanged
exchange = ctypes.CDLL(None).renameat2
assert exchange(*names) == 0
print("ready", flush=True)
end = time.monotonic() + 20
for _ in itertools.takewhile(lambda _: time.monotonic() < end, itertools.count()):
    exchange(*names)
"""


@pytest.mark.parametrize("turns", ["token.json", "token.json.lock", "folder"])
def test_turned_all_the_time__nothing_else_is_written(home, precious, turns):
    before = contents(precious)
    target = precious / "missing" / "passwd"
    command = [sys.executable, "-c", AS_USER + RACE, str(home), str(target), turns]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as racer:
        assert racer.stdout.readline() == b"ready\n"
        store = FileTokenStore(home / "token.json", lock_timeout=0.2)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            with suppress(TokenStoreError), store.lock():
                store.load()
                store.save(EVIL)
        racer.kill()
    assert contents(precious) == before


HOLD_AND_TURN = """
import time
home, target = sys.argv[1:]
lock = os.open(f"{home}/token.json.lock", os.O_RDWR)
fcntl.flock(lock, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.readline()
os.rename(home, f"{home}.gone")
os.symlink(os.path.dirname(target), home)
print("turned", flush=True)
sys.stdin.readline()
"""


def test_turned_while_root_waits_for_the_lock__no_lock_is_made_elsewhere(home, precious):
    before = contents(precious)
    command = [sys.executable, "-c", AS_USER + HOLD_AND_TURN, home, precious / "token.json"]
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    store = FileTokenStore(home / "token.json", lock_timeout=30)
    with subprocess.Popen(command, **pipes) as holder, ThreadPoolExecutor(1) as thread:
        assert holder.stdout.readline() == b"locked\n"
        saving = thread.submit(store.save, EVIL)
        time.sleep(0.3)  # root waits by now, or comes too late, which must be as harmless
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"turned\n"
        holder.stdin.close()  # that ends it, and its lock
        with suppress(TokenStoreError):  # root came too late
            saving.result(20)
    assert contents(precious) == before


def test_turned_on_the_way__no_link_is_followed(home, precious, monkeypatch):
    do_open = os.open

    def open_late(path, *args, **kwargs):
        if path == "bot":
            monkeypatch.undo()
            as_user(TURN_FOLDER, home, precious / "token.json")
        return do_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", open_late)
    before = contents(precious)
    with pytest.raises(TokenStoreError, match="Not a directory"):
        FileTokenStore(home / "token.json").save(EVIL)
    assert contents(precious) == before


def test_hard_link__is_neither_overwritten_nor_locked(home, precious):
    (home / "token.json").unlink()
    os.link(precious / "shadow", home / "token.json")
    (home / "token.json.lock").unlink()
    os.link(precious / "shadow", home / "token.json.lock")
    before = (precious / "shadow").read_bytes()
    store = FileTokenStore(home / "token.json", lock_timeout=0)
    with pytest.raises(TokenStoreError, match="another name of somebody else's file"):
        store.save(EVIL)
    (home / "token.json.lock").unlink()
    FileTokenStore(home / "token.json").save(EVIL)
    assert (precious / "shadow").read_bytes() == before
    assert FileTokenStore(home / "token.json").load() == EVIL


def test_folder_with_the_file__is_moved_and_the_lock_is_still_the_files_own(home):
    store = FileTokenStore(home / "token.json")
    with store.lock():
        as_user("os.rename(sys.argv[1], sys.argv[1] + '.moved')", home)
        store.save(TOKEN)
    moved = home.with_name("bot.moved")
    assert FileTokenStore(moved / "token.json").load() == TOKEN
    assert not home.exists()
    shutil.rmtree(moved)


REPLACE = """
os.chdir(sys.argv[1])
os.unlink("token.json")
open("token.json", "w").write("{}")
"""


def test_file_that_the_user_replaces_inside_the_lock__gets_no_token_of_root(home):
    (home / "token.json").unlink()
    FileTokenStore(home / "token.json").save(TOKEN)
    store = FileTokenStore(home / "token.json")
    with store.lock():
        store.load()
        as_user(REPLACE, home)
        with pytest.raises(TokenStoreError, match="It belongs to another user by now"):
            store.save(TOKEN)
    assert (home / "token.json").read_text() == "{}"


def test_hard_link__is_not_read(home, precious):
    (home / "token.json").unlink()
    os.link(precious / "token.json", home / "token.json")
    with pytest.raises(TokenStoreError, match="another name of somebody else's file"):
        FileTokenStore(home / "token.json").load()
