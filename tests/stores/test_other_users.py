"""Root's cron job uses a user's token file, and that user attacks it."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from kakao_session import FileTokenStore, Token, TokenStoreError
from tests.required import as_root
from tests.stores.conftest import as_user, error_of

pytestmark = as_root

USER = 65534
AS_USER = f"""
import ctypes, fcntl, os, sys
os.setgroups([]); os.setgid({USER}); os.setuid({USER})
"""
TOKEN = Token(access_token="a", refresh_token="r")
EVIL = Token(access_token="a", refresh_token="r", own=" /tmp/evil.so ")
OF_SOMEBODY_ELSE = "It is a hard link to another user's file"
OF_ANOTHER_USER = (
    ": A symbolic link of another user leads to a file that is not that user's. Check where the "
    "symbolic link there leads, and remove it."
)


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


def swap(path, target):
    """Let the user swap a file or a folder for a link."""
    with as_user(USER):
        path.rename(f"{path}.gone")
        path.symlink_to(target)


ATTACKS = {
    "file to a file": ("token.json", "shadow"),
    "file to a token file": ("token.json", "token.json"),
    "file to nothing": ("token.json", "ld.so.preload"),
    "file to nothing in no folder": ("token.json", "no/folder/passwd"),
    "lock to a file": ("token.json.lock", "shadow"),
    "lock to nothing": ("token.json.lock", "ld.so.preload"),
    "folder": ("", ""),
}


@pytest.mark.parametrize("step", ["before", "locked", "loaded", "saved"])
@pytest.mark.parametrize(("name", "target"), ATTACKS.values(), ids=ATTACKS)
def test_swapped_at_any_step__nothing_else_is_changed(home, precious, step, name, target):
    before = contents(precious)
    store = FileTokenStore(home / "token.json")

    def swap_at(this_step):
        if this_step == step:
            swap(home / name, precious / target)

    loaded = []
    swap_at("before")
    with suppress(TokenStoreError), store.lock():
        swap_at("locked")
        loaded.append(store.load())
        swap_at("loaded")
        store.save(EVIL)
        swap_at("saved")
        store.delete()
    for work in (store.delete, lambda: store.save(EVIL)):
        with suppress(TokenStoreError):
            work()
    assert contents(precious) == before
    assert TOKEN not in loaded


def test_users_own_link__is_followed(home):
    os.chown(home.parent, 0, 0)
    with as_user(USER):
        (home / "token.json").rename(home / "there.json")
        (home / "token.json").symlink_to("there.json")
    store = FileTokenStore(home / "token.json")
    with store.lock():
        store.save(TOKEN)
    assert (home / "token.json").is_symlink()
    assert FileTokenStore(home / "there.json").load() == TOKEN
    assert (home / "there.json").stat().st_uid == USER
    assert (home / "there.json.lock").stat().st_uid == USER


def test_users_own_link__to_a_folder_that_root_would_have_to_make(home):
    swap(home / "token.json", "new/token.json")
    assert OF_ANOTHER_USER in str(error_of(lambda: FileTokenStore(home / "token.json").save(TOKEN)))
    assert not (home / "new").exists()


def test_link_of_another_user__is_followed_by_everybody_but_root(home):
    (home / "link.json").symlink_to("token.json")
    os.chown(home / "link.json", USER - 1, USER - 1, follow_symlinks=False)
    store = FileTokenStore(home / "link.json")
    with as_user(USER):
        store.save(TOKEN)
        assert store.load() == TOKEN
    assert OF_ANOTHER_USER in str(error_of(store.load))


def test_links_of_two_users__are_not_followed(home):
    """Neither to what belongs to one of them, nor to what belongs to both."""
    for name, target, owner in (("a", "b", USER), ("b", "token.json", USER - 1)):
        (home / name).symlink_to(target)
        os.chown(home / name, owner, owner, follow_symlinks=False)
    for owner in (USER, USER - 1):
        os.chown(home / "token.json", owner, owner)
        assert OF_ANOTHER_USER in str(error_of(FileTokenStore(home / "a").load))


def test_users_link_to_roots_file_beside_it__is_not_followed(home):
    FileTokenStore(home / "roots.json").save(TOKEN)
    swap(home / "token.json", "roots.json")
    store = FileTokenStore(home / "token.json")
    for work in (store.load, lambda: store.save(EVIL), store.delete):
        assert OF_ANOTHER_USER in str(error_of(work))
    assert FileTokenStore(home / "roots.json").load() == TOKEN


def test_users_link__is_not_followed_where_there_is_no_proc(home, precious, monkeypatch):
    def no_file(path):
        raise FileNotFoundError(path)

    swap(home / "token.json", precious / "token.json")
    monkeypatch.setattr(Path, "read_bytes", no_file)
    assert OF_ANOTHER_USER in str(error_of(FileTokenStore(home / "token.json").load))


def test_roots_own_link__is_followed(home, precious):
    link = precious / "bot.json"
    link.symlink_to(home / "token.json")
    FileTokenStore(link).save(TOKEN)
    assert FileTokenStore(home / "token.json").load() == TOKEN
    assert (home / "token.json").stat().st_uid == USER


RACE = """
import ctypes, itertools, time
path, target = sys.argv[1:]
os.symlink(target, f"{path}.link")
names = (-100, path.encode(), -100, f"{path}.link".encode(), 2)  # they are exchanged
exchange = ctypes.CDLL(None).renameat2
assert exchange(*names) == 0
print("ready", flush=True)
end = time.monotonic() + 20
for _ in itertools.takewhile(lambda _: time.monotonic() < end, itertools.count()):
    exchange(*names)
"""


@pytest.mark.parametrize("name", ["token.json", "token.json.lock", ""], ids=lambda n: n or "folder")
def test_swapped_all_the_time__nothing_else_is_changed(home, precious, name):
    before = contents(precious)
    target = precious / "missing" / "passwd" if name else precious
    command = [sys.executable, "-c", AS_USER + RACE, home / name, target]
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


HOLD_AND_SWAP = """
import time
home, target = sys.argv[1:]
lock = os.open(f"{home}/token.json.lock", os.O_RDWR)
fcntl.flock(lock, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.readline()
os.rename(home, f"{home}.gone")
os.symlink(os.path.dirname(target), home)
print("swapped", flush=True)
sys.stdin.readline()
"""


def test_swapped_while_root_waits_for_the_lock__no_lock_is_made_elsewhere(home, precious):
    before = contents(precious)
    command = [sys.executable, "-c", AS_USER + HOLD_AND_SWAP, home, precious / "token.json"]
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    store = FileTokenStore(home / "token.json", lock_timeout=30)
    with subprocess.Popen(command, **pipes) as holder, ThreadPoolExecutor(1) as thread:
        assert holder.stdout.readline() == b"locked\n"
        saving = thread.submit(store.save, EVIL)
        time.sleep(0.3)  # root waits by now, or comes too late, which must be as harmless
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"swapped\n"
        holder.stdin.close()  # that ends it, and its lock
        with suppress(TokenStoreError):  # root came too late
            saving.result(20)
    assert contents(precious) == before


def test_swapped_on_the_way__no_link_is_followed(home, precious, monkeypatch):
    do_open = os.open

    def open_late(path, *args, **kwargs):
        if path == "bot":
            monkeypatch.undo()
            swap(home, precious)
        return do_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", open_late)
    before = contents(precious)
    error = error_of(lambda: FileTokenStore(home / "token.json").save(EVIL))
    assert "Not a directory" in str(error)
    assert contents(precious) == before


def test_made_folder__swapped_at_once_for_a_link(home, precious, monkeypatch):
    do_mkdir = os.mkdir

    def mkdir(path, *mode, dir_fd):
        do_mkdir(path, *mode, dir_fd=dir_fd)
        swap(home / path, precious)

    monkeypatch.setattr(os, "mkdir", mkdir)
    before = contents(precious)
    error_of(lambda: FileTokenStore(home / "new" / "token.json").save(EVIL))
    assert precious.stat().st_mode & 0o777 == 0o755
    assert contents(precious) == before


@pytest.fixture
def hard_link(home, precious):
    """:returns: a function that gives root's token file another name in the user's folder."""

    def link(name):
        (home / name).unlink(missing_ok=True)
        os.link(precious / "token.json", home / name)

    return link


def test_hard_link__is_not_read_and_not_overwritten(home, precious, hard_link):
    hard_link("token.json")
    before, store = contents(precious), FileTokenStore(home / "token.json")
    with pytest.raises(TokenStoreError, match=f"{OF_SOMEBODY_ELSE}. Let this user"):
        store.load()
    store.save(EVIL)
    assert contents(precious) == before
    assert store.load() == EVIL


def test_hard_link__in_a_folder_that_is_swapped_in_the_lock(home, precious, hard_link):
    store = FileTokenStore(home / "token.json")
    store.path.unlink()
    with store.lock():
        hard_link("token.json")
        swap(home, precious)
        assert OF_SOMEBODY_ELSE in str(error_of(store.load))


def test_hard_link__swapped_for_a_link_before_it_is_linked(home, precious, hard_link, monkeypatch):
    do_link, linked = os.link, []

    def link(source, target, *, src_dir_fd, dst_dir_fd, **how):
        swap(home / source, precious / "shadow")
        do_link(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, **how)
        linked.append((precious / "shadow").stat().st_nlink)

    hard_link("token.json")
    monkeypatch.setattr(os, "link", link)
    with suppress(TokenStoreError), FileTokenStore(home / "token.json").lock():
        pass
    assert linked == [1]


def test_hard_link_instead_of_the_lock__is_not_locked(home, precious, hard_link):
    hard_link("token.json.lock")
    before, saved = contents(precious), contents(home)
    with pytest.raises(TokenStoreError, match=OF_SOMEBODY_ELSE):
        FileTokenStore(home / "token.json", lock_timeout=0).save(TOKEN)
    assert contents(precious) == before
    assert contents(home) == saved


@pytest.mark.parametrize("made_by", ["root before the lock", "root in the lock"])
def test_file_of_another_user__that_appears_in_the_lock_gets_no_token_of_root(home, made_by):
    store = FileTokenStore(home / "token.json")
    store.path.unlink()
    if made_by == "root before the lock":
        store.save(TOKEN)
    with store.lock():
        if made_by == "root in the lock":
            store.save(TOKEN)
        with as_user(USER):
            store.path.unlink()
            store.path.write_text("{}")
        error = error_of(lambda: store.save(TOKEN))
    assert ": Its owner has changed. Let this user" in str(error)
    assert store.path.read_text() == "{}"


def test_file_of_a_user__can_be_saved_twice_in_the_lock(home):
    store = FileTokenStore(home / "token.json")
    with store.lock():
        store.save(EVIL)
        store.save(TOKEN)
    assert store.load() == TOKEN
    assert store.path.stat().st_uid == USER
