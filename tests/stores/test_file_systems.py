"""Token files on file systems that misbehave: real ones, or system calls that fail here."""

import errno
import fcntl
import itertools
import json
import os
import socket
import stat
import subprocess
import sys

import pytest

from kakao_session import FileTokenStore, KakaoSession, Token, TokenStoreError
from tests.required import as_root, missing, program
from tests.stores.conftest import as_user, error_of, lock, names
from tests.stores.factories import lock_and_save

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file systems of Linux")

OLD = Token(access_token="old", refresh_token="r", own="x" * 100)
NEW = Token(access_token="new", refresh_token="r2")
LONG = Token(access_token="long", refresh_token="r3", own="y" * 3000)
LONGER = Token(LONG, own="y" * 9000)
USER = 4321

SAVE = """
import json, os, sys
import encodings.ascii, filelock, platformdirs, kakao_session.stores.file  # before the user
from tests.stores.factories import lock_and_save
path, tokens, user = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
if user:
    os.setgroups([]); os.setgid(user); os.setuid(user)
print(json.dumps([lock_and_save(path, token) for token in tokens]))
"""


def save(path, *tokens, within, user=0):
    """Lock, load and save each token in another process.

    :param within: a command that runs the process.
    :param user: the user who does it, if not this one.
    :returns: whether the file was locked, and ``saved`` or the error; of the last token.
    """
    command = [*within, sys.executable, "-c", SAVE, path, json.dumps(tokens), str(user)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    outcomes = json.loads(done.stdout)
    assert all(outcome == outcomes[-1] for outcome in outcomes)
    return outcomes[-1]


SAVED = [True, "saved"]

MOUNT = 'mount --bind "$1" "$2"; shift 2; exec "$@"'
MOUNT_READ_ONLY = 'mount --bind "$1" "$2"; mount -o remount,bind,ro "$2"; shift 2; exec "$@"'
MOUNT_AND_REPLACE = 'mount --bind "$1" "$2"; mv "$3" "$1"; shift 3; exec "$@"'
MOUNT_SMALL_DISK = """
disk=$1 source=$2 path=$3 copy=$4
mount -t tmpfs -o size=32k none "$disk"
cp "$source" "$disk/token.json"
dd if=/dev/zero of="$disk/full" bs=1k count=64 2>/dev/null || true
mount --bind "$disk/token.json" "$path"
shift 4
"$@"
cp "$disk/token.json" "$copy"
"""


def mounted(*paths, script=MOUNT):
    """A command that runs another one where the first path is mounted on the second."""
    return [program("unshare"), "--mount", "sh", "-euc", script, "sh", *paths]


def fail(patch, module, call, error, times=None):
    """Let a system call fail, always or a number of times; fsync only for folders."""
    do_call = getattr(module, call)
    errors = itertools.repeat(error, *([] if times is None else [times]))

    def call_or_fail(*arguments, **where):
        is_meant = call != "fsync" or stat.S_ISDIR(os.fstat(arguments[0]).st_mode)
        if is_meant and (number := next(errors, None)):
            raise OSError(number, os.strerror(number))
        return do_call(*arguments, **where)

    patch.setattr(module, call, call_or_fail)


def in_user_namespace():
    return [program("unshare"), "--user", "--map-root-user"]


@pytest.fixture
def path(public_path):
    folder = public_path / "folder"
    folder.mkdir()
    FileTokenStore(folder / "token.json").save(OLD)
    return folder / "token.json"


@pytest.fixture
def outside(tmp_path):
    """A token file to be mounted into the folder of another one."""
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(OLD))
    outside.chmod(0o644)
    return outside


def loaded(path):
    return FileTokenStore(path).load()


# Replaced, because it can't be overwritten -------------------------------------------------------


@as_root
def test_read_only_file__is_replaced_in_a_folder_of_ones_own(path, public_path, monkeypatch):
    monkeypatch.chdir(public_path)
    path.with_name("token.json.lock").unlink()
    for place in (public_path, path.parent, path):
        os.chown(place, USER, USER)
    path.chmod(0o444)
    with as_user(USER):
        assert lock_and_save(path, NEW) == SAVED
        assert loaded(path) == NEW
    assert names(path.parent) == {"token.json", "token.json.lock"}
    assert names(public_path) == {"folder"}


# Overwritten, because it can't be replaced ------------------------------------------------------


@as_root
def test_mounted_file__is_overwritten(path, outside):
    inode = outside.stat().st_ino
    assert save(path, NEW, LONG, NEW, within=mounted(outside, path)) == SAVED
    assert loaded(outside) == NEW
    assert outside.stat().st_ino == inode
    assert 3000 < outside.stat().st_size < 4000  # filled up with spaces
    assert outside.read_text().startswith("{")
    assert loaded(path) == OLD  # what is below the mount
    assert names(path.parent) == {"token.json", "token.json.lock"}


@as_root
@pytest.mark.parametrize("folder_mode", [0o1777, 0o755], ids=["sticky folder", "closed folder"])
def test_another_users_folder__the_file_is_overwritten(path, folder_mode):
    path.parent.chmod(folder_mode)
    for file in path.parent.iterdir():
        file.chmod(0o666)
    inode = path.stat().st_ino
    with as_user(USER):
        assert lock_and_save(path, NEW) == SAVED
    assert loaded(path) == NEW
    assert (path.stat().st_ino, path.stat().st_uid) == (inode, 0)


@as_root
@pytest.mark.parametrize("first", [0, USER])
def test_sticky_folder__the_first_to_lock_locks_nobody_out(path, first):
    path.parent.chmod(0o1777)
    path.with_name("token.json.lock").unlink()
    for user, token in ((first, NEW), (USER - first, LONG), (9999, NEW)):
        os.chown(path, 9999, 9999)
        path.chmod(0o666)
        with as_user(user):
            assert lock_and_save(path, token) == SAVED
        assert loaded(path) == token


@pytest.mark.parametrize("error", [errno.EBUSY, errno.EACCES], ids=errno.errorcode.get)
def test_refused_rename__the_file_is_overwritten(path, monkeypatch, stopwatch, error):
    inode = path.stat().st_ino
    fail(monkeypatch, os, "replace", error)
    assert lock_and_save(path, NEW) == SAVED
    assert loaded(path) == NEW
    assert path.stat().st_ino == inode
    assert names(path.parent) == {"token.json", "token.json.lock"}
    assert (sum(stopwatch.naps) > 1) is (error == errno.EACCES)


def test_refused_rename__only_for_a_moment(path, monkeypatch, stopwatch):
    inode = path.stat().st_ino
    fail(monkeypatch, os, "replace", errno.EACCES, times=3)
    assert lock_and_save(path, NEW) == SAVED
    assert path.stat().st_ino != inode
    assert loaded(path) == NEW
    assert len(stopwatch.naps) == 3


def test_refused_rename__no_file_there_yet(path, monkeypatch, stopwatch):
    path.unlink()
    fail(monkeypatch, os, "replace", errno.EACCES)
    _, outcome = lock_and_save(path, NEW)
    assert sum(stopwatch.naps) > 1
    assert f"Could not save {path}: Permission denied" in outcome
    assert names(path.parent) == {"token.json.lock"}


def test_refused_rename__and_the_file_can_not_be_overwritten(path, monkeypatch):
    content = path.read_bytes()
    fail(monkeypatch, os, "replace", errno.EBUSY)
    fail(monkeypatch, os, "lseek", errno.EIO)
    assert lock_and_save(path, NEW) == [
        True,
        f"Could not save {path}: Device or resource busy. The file is mounted on its own. Mount "
        "its folder instead, or let this user write the file.",
    ]
    assert path.read_bytes() == content


def test_overwritten_file__in_several_writes(path, monkeypatch):
    do_write, writes = os.write, itertools.count()

    def write_half(descriptor, content):
        assert next(writes) < 50
        return do_write(descriptor, content[: len(content) // 2 + 1])

    fail(monkeypatch, os, "replace", errno.EBUSY)
    monkeypatch.setattr(os, "write", write_half)
    for token in (NEW, LONG, NEW):
        assert lock_and_save(path, token) == SAVED
        assert loaded(path) == token


@pytest.mark.parametrize("has_locks", [True, False])
def test_overwritten_file__when_another_container_has_written_it(
    path, monkeypatch, stopwatch, has_locks
):
    do_flock, seen = fcntl.flock, []

    def flock(descriptor, operation):
        if operation & fcntl.LOCK_EX and os.fstat(descriptor).st_ino == path.stat().st_ino:
            seen.append(loaded(path))
            if not has_locks:
                raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
            if len(seen) == 3:
                do_flock(other, fcntl.LOCK_UN)
        do_flock(descriptor, operation)

    fail(monkeypatch, os, "replace", errno.EBUSY)
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        monkeypatch.setattr(fcntl, "flock", flock)
        assert lock_and_save(path, NEW) == SAVED
    assert seen == [OLD] * (3 if has_locks else 1)
    assert len(stopwatch.naps) == len(seen) - 1
    assert loaded(path) == NEW


def test_overwritten_file__that_somebody_else_locks_for_ever(path, monkeypatch, stopwatch):
    fail(monkeypatch, os, "replace", errno.EBUSY)
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert lock_and_save(path, NEW) == SAVED
    assert 1 <= sum(stopwatch.naps) < 2
    assert loaded(path) == NEW


def test_mounted_file__on_a_system_that_does_not_tell_its_room(path, monkeypatch):
    fail(monkeypatch, os, "replace", errno.EBUSY)
    fail(monkeypatch, os, "link", errno.EXDEV)
    monkeypatch.delattr(os, "fstatvfs")
    assert lock_and_save(path, NEW) == SAVED
    assert loaded(path) == NEW


FILL_AND_SAVE = """
import json, os, sys
from pathlib import Path
from kakao_session import FileTokenStore, TokenStoreError
path, token, disk = sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3])
(disk / "full").unlink()
store = FileTokenStore(path)
with store.lock():
    full = os.open(disk / "full", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(full, bytes(512))
    except OSError:
        size = os.fstat(full).st_size
        os.ftruncate(full, (size - 1) // 4096 * 4096)  # a page is left
    try:
        store.save(token)
    except TokenStoreError as error:
        print(error)
"""


@as_root
@pytest.mark.parametrize("full", ["before the lock", "in the lock"])
def test_mounted_file__on_a_full_disk_stays_whole(path, outside, tmp_path, full):
    disk, copy = tmp_path / "disk", tmp_path / "copy.json"
    disk.mkdir()
    within = mounted(disk, outside, path, copy, script=MOUNT_SMALL_DISK)
    if full == "before the lock":
        locked, outcome = save(path, LONGER, within=within)
        assert not locked
    else:
        command = [sys.executable, "-c", FILL_AND_SAVE, path, json.dumps(LONGER), disk]
        done = subprocess.run([*within, *command], capture_output=True, text=True, check=True)
        outcome = done.stdout.strip()
    assert outcome == f"Could not save {path}: No space left on device. Free some space there."
    assert copy.read_bytes() == outside.read_bytes()


# Known before the refresh token is spent --------------------------------------------------------


def assert_not_locked(path, outcome, why):
    is_locked, error = outcome
    assert not is_locked
    assert error.startswith(f"Could not save {path}: {why}. ")
    assert names(path.parent) == {"token.json", "token.json.lock"}


@as_root
@pytest.mark.parametrize(
    ("script", "user", "why"),
    [(MOUNT_READ_ONLY, 0, "Read-only file system"), (MOUNT, USER, "Permission denied")],
    ids=["read-only", "another user's"],
)
def test_mounted_file__that_can_not_be_written(path, outside, script, user, why):
    os.chown(path.parent, USER, USER)
    os.chown(path.with_name("token.json.lock"), USER, USER)
    outcome = save(path, NEW, user=user, within=mounted(outside, path, script=script))
    assert_not_locked(path, outcome, why)
    assert loaded(outside) == OLD


@as_root
def test_mounted_file__that_was_replaced_outside(path, outside, tmp_path):
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(LONG))
    within = mounted(outside, path, newer, script=MOUNT_AND_REPLACE)
    why = "It was replaced outside of this container. Restart the container with the folder mounted"
    locked, outcome = save(path, NEW, within=within)
    assert not locked
    assert why in outcome
    assert loaded(outside) == LONG


@as_root
def test_sticky_folder__with_a_file_that_can_not_be_overwritten(path):
    path.parent.chmod(0o1777)
    path.chmod(0o644)
    path.with_name("token.json.lock").unlink()
    with as_user(USER):
        assert_not_locked(path, lock_and_save(path, NEW), "Permission denied")
    assert loaded(path) == OLD


@as_root
def test_immutable_file(path):
    change = program("chattr")
    if subprocess.run([change, "+i", path], capture_output=True, check=False).returncode:
        missing("this file system has no immutable files")
    try:
        assert_not_locked(path, lock_and_save(path, NEW), "Operation not permitted")
    finally:
        subprocess.run([change, "-i", path], check=True)
    assert loaded(path) == OLD


@pytest.mark.parametrize("length", [200, 234, 250])
def test_long_name__is_saved_or_refused_by_the_lock(public_path, length):
    path = public_path / ("t" * length)
    for exists in (False, True):
        store = FileTokenStore(path)
        try:
            with store.lock():
                store.save(NEW)
        except TokenStoreError as error:
            assert "File name too long. Choose a place with a shorter path." in str(error)
            assert path.exists() is exists
            path.write_text(json.dumps(OLD))
        else:
            assert loaded(path) == NEW


# What can't be preserved is no failure --------------------------------------------------------


@pytest.mark.parametrize("error", ["EINVAL", "EACCES", "EOPNOTSUPP", "ENOSYS", "EPERM", "EBADF"])
def test_folder__that_can_not_be_synced(path, monkeypatch, error):
    path.unlink()  # there is nothing that could be overwritten
    fail(monkeypatch, os, "fsync", getattr(errno, error))
    assert lock_and_save(path, NEW) == SAVED
    assert loaded(path) == NEW


def test_folder__whose_disk_fails_is_a_failure(path, monkeypatch):
    fail(monkeypatch, os, "fsync", errno.EIO)
    _, outcome = lock_and_save(path, NEW)
    assert f"Could not save {path}: Input/output error" in outcome


@as_root
def test_folder__that_may_not_be_read(path):
    for file in (path.parent, *path.parent.iterdir()):
        os.chown(file, USER, USER)
    path.parent.chmod(0o300)
    path.unlink()  # there is nothing that could be overwritten
    with as_user(USER):
        assert lock_and_save(path, NEW) == SAVED
    assert loaded(path) == NEW


@as_root
@pytest.mark.parametrize("within", ["without CAP_CHOWN", "in a user namespace"])
def test_owner__that_root_can_not_keep(path, within):
    os.chown(path, 1000, 1000)
    inode = path.stat().st_ino
    if within == "without CAP_CHOWN":
        command = [program("setpriv"), "--bounding-set", "-chown"]
    else:
        path.chmod(0o644)
        command = in_user_namespace()
    assert save(path, NEW, within=command) == SAVED
    assert loaded(path) == NEW
    assert path.stat().st_ino != inode


@as_root
def test_owner__of_a_link_unknown_in_the_user_namespace(path, tmp_path):
    link = tmp_path / "home"
    link.symlink_to(path.parent)
    os.lchown(link, 1000, 1000)
    assert save(link / "token.json", NEW, within=in_user_namespace()) == SAVED
    assert loaded(path) == NEW


def test_modes__that_the_file_system_does_not_have(path, monkeypatch):
    inode = path.stat().st_ino
    for call in ("fchmod", "fchown", "chmod"):
        fail(monkeypatch, os, call, errno.EPERM)
    assert lock_and_save(path, NEW) == SAVED
    assert loaded(path) == NEW
    assert path.stat().st_ino != inode
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert lock_and_save(path.parent / "new" / "token.json", NEW) == SAVED


@as_root
@pytest.mark.parametrize("umask", [0o277, 0o777])
def test_modes__of_folders_that_a_user_makes(path, umask):
    path.parent.chmod(0o777)
    before = os.umask(umask)
    try:
        with as_user(USER):
            assert lock_and_save(path.parent / "a" / "b" / "token.json", NEW) == SAVED
    finally:
        os.umask(before)
    folders = (path.parent / "a", path.parent / "a" / "b")
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


# Locks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_lock__file_system_without_locks(path, monkeypatch, error):
    fail(monkeypatch, fcntl, "flock", getattr(errno, error))
    is_locked, outcome = lock_and_save(path, NEW)
    assert not is_locked
    assert outcome.startswith(f"Could not lock {path}: {path}.lock: ")
    assert outcome.endswith("This file system has no locks. Keep the token on another one.")
    assert loaded(path) == OLD


READ = """
import sys
from kakao_session import Endpoints, KakaoSession, token as clock
path, key = sys.argv[1:3]
kakao = KakaoSession(key, token_store=path, endpoints=Endpoints(*sys.argv[3:6]))
for line in sys.stdin:
    now = float(line)
    clock.now.__globals__["time"] = type("At", (), {"time": lambda: now})
    print(kakao.get("/v2/user/me").status_code, flush=True)
"""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (OSError(), "OSError"),
    ],
    ids=str,
)
def test_lock__on_a_disk_that_fails(path, monkeypatch, error, said):
    def flock(*_):
        raise error

    monkeypatch.setattr(fcntl, "flock", flock)
    assert str(error_of(lambda: lock(FileTokenStore(path)))) == (
        f"Could not lock {path}: {path}.lock: {said}. Check the disk and the folder."
    )


def test_lock__of_smb_is_waited_for(path, monkeypatch, stopwatch):
    store = FileTokenStore(path, lock_timeout=5)
    with monkeypatch.context() as patch:
        fail(patch, fcntl, "flock", errno.EACCES, times=3)
        with store.lock():
            assert len(stopwatch.naps) == 3
    fail(monkeypatch, fcntl, "flock", errno.EACCES)
    assert "another program or thread has held" in str(error_of(lambda: lock(store)))


@pytest.mark.parametrize(
    ("of_the_file", "of_the_lock"),
    [(0o644, 0o600), (0o645, 0o600), (0o660, 0o660), (0o667, 0o666)],
)
def test_lock__is_for_those_who_may_write_the_file(path, of_the_file, of_the_lock):
    lock_file = path.with_name("token.json.lock")
    lock_file.unlink()
    path.chmod(of_the_file)
    with FileTokenStore(path).lock():
        assert stat.S_IMODE(lock_file.stat().st_mode) == of_the_lock


def test_lock__file_system_where_files_change_their_identity(path, monkeypatch, stopwatch):
    store = FileTokenStore(path, lock_timeout=5)
    with monkeypatch.context() as patch:
        patch.setattr(os.path, "samestat", lambda *_: False)
        error = error_of(lambda: lock(store))
    assert str(error) == (
        f"Could not lock {path}: {path}.lock: It is another file each time. "
        "This file system has no locks. Keep the token on another one."
    )
    assert 5 <= sum(stopwatch.naps) < 6


@as_root
def test_lock__reader_on_a_read_only_mount_follows_the_writer(kakao, token, path, tmp_path, clock):
    FileTokenStore(path).save(token)
    there = tmp_path / "there"
    there.mkdir()
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    command = [sys.executable, "-c", READ, there / "token.json", kakao.app_key, *urls]
    within = mounted(path.parent, there, script=MOUNT_READ_ONLY)
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    with subprocess.Popen([*within, *command], text=True, **pipes) as reader:

        def call():
            reader.stdin.write(f"{clock.moment}\n")
            reader.stdin.flush()
            return reader.stdout.readline()

        assert call() == "200\n"
        for _ in range(2):
            clock.advance(hours=7)
            with KakaoSession(kakao.app_key, token_store=path, endpoints=kakao.endpoints) as writer:
                writer.refresh_token()
            kakao.clear_requests()
            assert call() == "200\n"
            assert kakao.token_requests == []
        reader.stdin.close()


# What is not a file ---------------------------------------------------------------------------


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)  # a socket's path has to be short


@pytest.mark.parametrize(
    "make", [os.mkfifo, make_socket, lambda path: path.symlink_to("/dev/full")]
)
def test_pipe_socket_or_device__is_an_error_at_once(public_path, monkeypatch, make):
    monkeypatch.chdir(public_path)
    path = public_path / "token.json"
    make(path)
    store = FileTokenStore(path)
    before = path.stat()
    for work in (store.load, lambda: store.save(NEW), lambda: lock(store), store.delete):
        assert ": It is a pipe, a socket or a device. Choose a regular file." in str(error_of(work))
    assert path.stat() == before


def test_pipe__that_was_a_file_a_moment_before(path, monkeypatch):
    do_open = os.open

    def open_late(name, *arguments, **where):
        if name == path.name:
            path.unlink()
            os.mkfifo(path)
        return do_open(name, *arguments, **where)

    monkeypatch.setattr(os, "open", open_late)
    assert ": It is a pipe, a socket" in str(error_of(FileTokenStore(path).load))


# Windows, as far as it can be had here --------------------------------------------------------


SAVE_WITHOUT_FLOCK = """
import filelock, os, sys
sys.modules["fcntl"], os.supports_dir_fd = None, set()
from tests.stores.factories import lock_and_save
for _ in sys.stdin:
    print(lock_and_save(sys.argv[1], {"access_token": "newer"}, lock_timeout=0.1)[1], flush=True)
"""


def test_system_without_flock_and_open_folders__waits_for_the_lock_and_leaves_it(public_path):
    store = FileTokenStore(public_path / "new" / "folder" / "token.json", lock_timeout=0)
    command = [sys.executable, "-c", SAVE_WITHOUT_FLOCK, store.path]
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as process:

        def save():
            process.stdin.write("\n")
            process.stdin.flush()
            return process.stdout.readline()

        assert save() == "saved\n"  # in folders that it makes
        with store.lock():
            store.save(OLD)
            assert save() == (
                f"Could not lock {store.path}: another program or thread has held "
                f"{store.path}.lock for more than 0.1 seconds. Find the one that hangs "
                f"(`fuser {store.path}.lock`), end it and try again.\n"
            )
        assert store.load() == OLD
        assert [save(), save()] == ["saved\n"] * 2
        assert store.load() == Token(access_token="newer")
        store.save(OLD)
        assert names(store.path.parent) == {"token.json", "token.json.lock"}
        process.stdin.close()
