"""Token files on file systems that misbehave: real ones first, strace where there is none."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import time

import pytest

from kakao_session import FileTokenStore, KakaoSession, Token, TokenStoreError
from tests.required import as_root, missing, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file systems of Linux")

OLD = Token(access_token="old", refresh_token="r", own="x" * 100)
NEW = Token(access_token="new", refresh_token="r2")
LONG = Token(access_token="long", refresh_token="r3", own="y" * 3000)
USER = 4321

SAVE = """
import json, os, sys, time
import encodings.ascii, filelock, platformdirs  # before the user, who may not read them
from kakao_session import FileTokenStore, Token, TokenStoreError
path, tokens, user = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
if user:
    os.setgroups([]); os.setgid(user); os.setuid(user)
store = FileTokenStore(path, lock_timeout=30)
for token in tokens:
    started, locked = time.monotonic(), False
    try:
        with store.lock():
            locked = True
            store.load()
            store.save(token)
        said = "saved"
    except TokenStoreError as error:
        said = str(error)
    print(json.dumps([locked, said, time.monotonic() - started]))
"""

MOUNTED = 'mount --bind "$1" "$2"; shift 2; exec "$@"'
MOUNTED_READ_ONLY = 'mount --bind "$1" "$2"; mount -o remount,bind,ro "$2"; shift 2; exec "$@"'


def save(path, *tokens, user=0, before=()):
    """Lock, load and save, in another process.

    :param user: who does it, if not this user.
    :param before: a command that runs it.
    :returns: for each token whether the lock was had, what was said, and how long it took.
    """
    command = [sys.executable, "-c", SAVE, path, json.dumps(tokens), str(user)]
    done = subprocess.run([*before, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(outcomes) == len(tokens), done.stderr
    return outcomes


def mounted(source, target, script=MOUNTED):
    """A command that runs another one where *source* is mounted on *target*."""
    return [program("unshare"), "--mount", "sh", "-euc", script, "sh", source, target]


def tampered(*injections, path=None):
    """A command that runs another one whose system calls fail."""
    options = [f"--inject={injection}" for injection in injections]
    if path is not None:
        options += ["-P", path]
    return [program("strace"), "-f", "-q", "-o", os.devnull, *options]


@pytest.fixture
def folder(public_path):
    folder = public_path / "folder"
    folder.mkdir()
    return folder


@pytest.fixture
def path(folder):
    FileTokenStore(folder / "token.json").save(OLD)
    return folder / "token.json"


def loaded(path):
    return FileTokenStore(path).load()


def names(folder):
    return {path.name for path in folder.iterdir()}


# A place that can't be replaced ---------------------------------------------------------------


@as_root
def test_single_file_that_is_mounted__is_overwritten(path, tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(OLD))
    inode = outside.stat().st_ino
    outcomes = save(path, NEW, LONG, NEW, before=mounted(outside, path))
    assert [said for _, said, _ in outcomes] == ["saved"] * 3
    assert loaded(outside) == NEW
    assert outside.stat().st_ino == inode
    assert outside.stat().st_size > 3000  # filled up with spaces
    assert loaded(path) == OLD  # what is below the mount
    assert names(path.parent) == {"token.json", "token.json.lock"}


@as_root
def test_single_file_that_is_mounted__a_login_lives_on_for_months(
    kakao, token, path, tmp_path, clock
):
    kakao.refresh_token_renewal = "always"
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(token))
    script = """
import sys
from kakao_session import Endpoints, KakaoSession
kakao = KakaoSession(sys.argv[1], token_store=sys.argv[2], endpoints=Endpoints(*sys.argv[3:6]))
for _ in range(3):
    kakao.refresh_token()
"""
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    for _ in range(3):
        command = [sys.executable, "-c", script, kakao.app_key, str(path), *urls]
        subprocess.run([*mounted(outside, path), *command], check=True)
    assert len(kakao.token_requests) == 9
    session = KakaoSession(kakao.app_key, token=loaded(outside), endpoints=kakao.endpoints)
    assert session.get("/v2/user/me").status_code == 200


@as_root
@pytest.mark.parametrize("obstacle", ["the mount is read-only", "it is another user's"])
def test_single_file_that_is_mounted__known_before_where_it_can_not_be_written(
    path, tmp_path, obstacle
):
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(OLD))
    outside.chmod(0o644)
    read_only = obstacle == "the mount is read-only"
    os.chown(path.parent, USER, USER)
    os.chown(path.with_name("token.json.lock"), USER, USER)
    before = mounted(outside, path, MOUNTED_READ_ONLY if read_only else MOUNTED)
    ((locked, said, _),) = save(path, NEW, user=0 if read_only else USER, before=before)
    assert not locked
    assert said.startswith(f"Token file {path} can't be written: ")
    assert ("Read-only file system" if read_only else "Permission denied") in said
    assert loaded(outside) == OLD
    assert names(path.parent) == {"token.json", "token.json.lock"}


REPLACED = 'mount --bind "$1" "$2"; mv "$3" "$1"; shift 3; exec "$@"'


@as_root
def test_single_file_that_is_mounted__known_before_where_it_was_replaced_outside(path, tmp_path):
    outside, newer = tmp_path / "outside.json", tmp_path / "newer.json"
    outside.write_text(json.dumps(OLD))
    newer.write_text(json.dumps(NEW))
    before = [*mounted(outside, path, REPLACED), newer]
    ((locked, said, _),) = save(path, LONG, before=before)
    assert not locked
    assert "It was replaced outside of this container. Start it again with the folder" in said
    assert loaded(outside) == NEW


FULL = """
mount -t tmpfs -o size=32k none "$1"
cp "$2" "$1/token.json"
dd if=/dev/zero of="$1/full" bs=1k count=64 2>/dev/null || true
touch "$3"
mount --bind "$1/token.json" "$3"
copy=$4
place=$1
shift 4
"$@"
cp "$place/token.json" "$copy"
"""


@as_root
def test_single_file_on_a_full_disk__stays_whole_and_the_lock_says_so(path, tmp_path):
    full, copy, source = tmp_path / "full", tmp_path / "copy.json", tmp_path / "source.json"
    full.mkdir()
    source.write_text(json.dumps(OLD))
    before = [program("unshare"), "--mount", "sh", "-euc", FULL, "sh", full, source, path, copy]
    ((locked, said, _),) = save(path, LONG | {"own": "y" * 9000}, before=before)
    assert not locked
    assert said.endswith("No space left on device. Make room there.")
    assert copy.read_bytes() == source.read_bytes()


FILL = """
import json, os, sys
from pathlib import Path
from kakao_session import FileTokenStore, TokenStoreError
path, tokens, disk = sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3])
for name in ("full", "room"):
    (disk / name).unlink(missing_ok=True)
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
        store.save(tokens[0])
    except TokenStoreError as error:
        print(error)
"""


@as_root
def test_disk_that_fills_up_after_the_lock__leaves_an_overwritten_file_whole(path, tmp_path):
    full, copy, source = tmp_path / "full", tmp_path / "copy.json", tmp_path / "source.json"
    full.mkdir()
    source.write_text(json.dumps(OLD))
    mounts = [program("unshare"), "--mount", "sh", "-euc", FULL, "sh", full, source, path, copy]
    tokens = json.dumps([LONG | {"own": "y" * 9000}])
    command = [sys.executable, "-c", FILL, path, tokens, full]
    done = subprocess.run([*mounts, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "can't be written: No space left on device. Make room there." in done.stdout
    assert copy.read_bytes() == source.read_bytes()


@as_root
def test_sticky_folder__another_users_file_is_overwritten(path):
    path.parent.chmod(0o1777)
    path.chmod(0o666)
    path.with_name("token.json.lock").unlink()
    inode = path.stat().st_ino
    ((_, said, _),) = save(path, NEW, user=USER)
    assert said == "saved"
    assert loaded(path) == NEW
    assert (path.stat().st_ino, path.stat().st_uid) == (inode, 0)


@as_root
@pytest.mark.parametrize("first", [0, USER])
def test_sticky_folder__whoever_makes_the_lock_locks_nobody_out(path, first):
    path.parent.chmod(0o1777)
    path.chmod(0o666)
    os.chown(path, 9999, 9999)
    path.with_name("token.json.lock").unlink()
    for user, token in ((first, NEW), (USER - first, LONG), (9999, NEW)):
        assert save(path, token, user=user)[0][1] == "saved"
        assert loaded(path) == token
        os.chown(path, 9999, 9999)
        path.chmod(0o666)


@as_root
def test_sticky_folder__known_before_where_the_file_can_not_be_overwritten(path):
    path.parent.chmod(0o1777)
    path.chmod(0o644)
    path.with_name("token.json.lock").unlink()
    ((locked, said, _),) = save(path, NEW, user=USER)
    assert not locked
    assert "can't be written: Permission denied" in said
    assert loaded(path) == OLD


@as_root
def test_immutable_file__known_before(path):
    change = program("chattr")
    if subprocess.run([change, "+i", path], capture_output=True, check=False).returncode:
        missing("this file system has no immutable files")
    try:
        ((locked, said, _),) = save(path, NEW)
    finally:
        subprocess.run([change, "-i", path], check=True)
    assert not locked
    assert "can't be written: Operation not permitted" in said
    assert loaded(path) == OLD


@as_root
def test_folder_that_can_not_be_written__the_file_is_overwritten(path):
    path.chmod(0o666)
    path.with_name("token.json.lock").chmod(0o666)
    ((_, said, _),) = save(path, NEW, user=USER)
    assert said == "saved"
    assert loaded(path) == NEW
    assert path.stat().st_uid == 0


@as_root
def test_folder_that_can_not_be_written__nor_the_file(path):
    path.chmod(0o644)
    path.with_name("token.json.lock").chmod(0o666)
    ((locked, said, _),) = save(path, NEW, user=USER)
    assert not locked
    assert "can't be written: Permission denied" in said
    assert loaded(path) == OLD


@pytest.mark.parametrize("error", ["EBUSY", "EXDEV", "EPERM", "EACCES"])
def test_rename_that_is_refused__the_file_is_overwritten(path, error):
    ((_, said, _),) = save(path, NEW, before=tampered(f"renameat:error={error}"))
    assert said == "saved"
    assert loaded(path) == NEW
    assert names(path.parent) == {"token.json", "token.json.lock"}


def test_rename_that_is_refused_for_a_moment__the_file_is_replaced(path):
    inode = path.stat().st_ino
    before = tampered("renameat:error=EACCES:when=1..3")
    ((_, said, _),) = save(path, NEW, before=before)
    assert said == "saved"
    assert path.stat().st_ino != inode
    assert loaded(path) == NEW


def test_rename_that_is_refused__no_file_there_yet(folder):
    path = folder / "token.json"
    ((_, said, took),) = save(path, NEW, before=tampered("renameat:error=EACCES"))
    assert "can't be written: Permission denied" in said
    assert 1 <= took < 15
    assert names(folder) == {"token.json.lock"}


@pytest.mark.parametrize("error", ["ENOSYS", "EINVAL", "EOPNOTSUPP"])
def test_rename_that_is_not_known_there__the_file_is_overwritten(path, error):
    ((_, said, _),) = save(path, NEW, before=tampered(f"renameat:error={error}"))
    assert said == "saved"
    assert loaded(path) == NEW


@pytest.mark.parametrize("length", [200, 234, 250])
def test_long_name__is_saved_or_refused_by_the_lock(folder, length):
    path = folder / ("t" * length)
    for exists in (False, True):
        store = FileTokenStore(path)
        try:
            with store.lock():
                store.save(NEW)
        except TokenStoreError as error:
            assert "File name too long. Name a place with a shorter path." in str(error)
            assert path.exists() is exists
            path.write_text(json.dumps(OLD))
        else:
            assert loaded(path) == NEW


@as_root
def test_link_from_outside_of_a_user_namespace__is_followed(path, tmp_path):
    link = tmp_path / "home"
    link.symlink_to(path.parent)
    os.lchown(link, 1000, 1000)
    before = [program("unshare"), "--user", "--map-root-user"]
    ((_, said, _),) = save(link / "token.json", NEW, before=before)
    assert said == "saved"
    assert loaded(path) == NEW


# What can't be preserved is no failure --------------------------------------------------------


@pytest.mark.parametrize("error", ["EINVAL", "EACCES", "EOPNOTSUPP", "ENOSYS", "EPERM"])
def test_folder_that_can_not_be_synced__is_no_failure(path, error):
    before = tampered(f"fsync:error={error}", path=path.parent)
    inode = path.stat().st_ino
    ((_, said, _),) = save(path, NEW, before=before)
    assert said == "saved"
    assert loaded(path) == NEW
    assert path.stat().st_ino != inode  # it was replaced, not overwritten


def test_folder_whose_disk_fails__is_a_failure(path):
    ((_, said, _),) = save(path, NEW, before=tampered("fsync:error=EIO", path=path.parent))
    assert "can't be written: Input/output error" in said


@as_root
def test_folder_that_may_not_be_read__is_no_failure(path):
    for file in (path.parent, path, path.with_name("token.json.lock")):
        os.chown(file, USER, USER)
    path.parent.chmod(0o300)
    inode = path.stat().st_ino
    ((_, said, _),) = save(path, NEW, user=USER)
    path.parent.chmod(0o700)
    assert said == "saved"
    assert loaded(path) == NEW
    assert path.stat().st_ino != inode


@as_root
def test_root_without_cap_chown__saves_all_the_same(path):
    os.chown(path, USER, USER)
    before = [program("setpriv"), "--bounding-set", "-chown"]
    inode = path.stat().st_ino
    ((_, said, _),) = save(path, NEW, before=before)
    assert said == "saved"
    assert loaded(path) == NEW
    assert path.stat().st_ino != inode  # it was replaced, not overwritten


@as_root
def test_owner_without_a_name_in_the_namespace__saves_all_the_same(path):
    os.chown(path, 1000, 1000)
    path.chmod(0o644)
    before = [program("unshare"), "--user", "--map-root-user"]
    inode = path.stat().st_ino
    ((_, said, _),) = save(path, NEW, before=before)
    assert said == "saved"
    assert loaded(path) == NEW
    assert path.stat().st_ino != inode  # it was replaced, not overwritten


def test_file_system_without_modes__saves_all_the_same(path):
    before = tampered("fchmod,fchown:error=EPERM")
    inode = path.stat().st_ino
    ((_, said, _),) = save(path, NEW, before=before)
    assert said == "saved"
    assert loaded(path) == NEW
    assert path.stat().st_ino != inode  # it was replaced, not overwritten
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_folders_that_are_made__are_their_owners_alone(folder, umask):
    before = ["sh", "-c", f'umask {umask:04o}; exec "$@"', "sh"]
    path = folder / "a" / "b" / "c" / "token.json"
    ((_, said, _),) = save(path, NEW, before=before)
    assert said == "saved"
    made = [path.parent, path.parent.parent, folder / "a"]
    assert {stat.S_IMODE(place.stat().st_mode) for place in made} == {0o700}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@as_root
@pytest.mark.parametrize("umask", [0o277, 0o777])
def test_folders_that_are_made__by_a_user(folder, umask):
    folder.chmod(0o777)
    before = ["sh", "-c", f'umask {umask:04o}; exec "$@"', "sh"]
    ((_, said, _),) = save(folder / "a" / "b" / "token.json", NEW, user=USER, before=before)
    assert said == "saved"
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("a", "a/b")} == {0o700}


# Locks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_file_system_without_locks__is_said_at_once(path, error):
    ((locked, said, took),) = save(path, NEW, before=tampered(f"flock:error={error}"))
    assert not locked
    assert took < 10
    assert f"Token file {path} can't be locked: {path}.lock: " in said
    assert "another program" not in said
    if error != "EOPNOTSUPP":
        assert said.endswith("The file system there has no locks. Keep the token on another one.")
    assert loaded(path) == OLD
    assert names(path.parent) <= {"token.json", "token.json.lock"}


@as_root
def test_reader_on_a_read_only_mount__follows_the_writer(kakao, token, path, tmp_path, clock):
    FileTokenStore(path).save(token)
    there = tmp_path / "there"
    there.mkdir()
    script = """
import sys
from kakao_session import Endpoints, KakaoSession, token as clock
path, key = sys.argv[1:3]
kakao = KakaoSession(key, token_store=path, endpoints=Endpoints(*sys.argv[3:6]))
for line in sys.stdin:
    now = float(line)
    clock.now.__globals__["time"] = type("At", (), {"time": lambda: now})
    print(kakao.get("/v2/user/me").status_code, flush=True)
"""
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    command = [sys.executable, "-c", script, there / "token.json", kakao.app_key, *urls]
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    with subprocess.Popen(
        [*mounted(path.parent, there, MOUNTED_READ_ONLY), *command], text=True, **pipes
    ) as reader:

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


# What is no file ------------------------------------------------------------------------------


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)  # a socket's path has to be short
        server.bind(path.name)


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "link to a device"])
@pytest.mark.parametrize("deed", ["load", "save", "lock", "delete"])
def test_pipe_socket_or_device__is_an_error_at_once(folder, monkeypatch, kind, deed):
    path = folder / "token.json"
    monkeypatch.chdir(folder)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        make_socket(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/full")
    else:
        path = type(path)("/dev/null")
    store = FileTokenStore(path)
    before = path.stat()
    deeds = {
        "load": store.load,
        "save": lambda: store.save(NEW),
        "lock": lambda: store.lock().__enter__(),
        "delete": store.delete,
    }
    started = time.monotonic()
    with pytest.raises(TokenStoreError, match=r"a pipe, a socket or a device\. Name a regular"):
        deeds[deed]()
    assert time.monotonic() - started < 5
    assert path.stat() == before


# Two files in one folder ----------------------------------------------------------------------


@pytest.mark.parametrize("pair", [("kim", "kim.lee"), ("token", "token.json"), ("k", "k.tmp")])
def test_two_files_in_one_folder__leave_each_other_alone(folder, monkeypatch, pair):
    """While one is saved, the other is locked and saved, too."""
    one, other = (FileTokenStore(folder / name) for name in pair)
    replace, replaced = os.replace, []

    def replace_late(*args, **kwargs):
        monkeypatch.undo()
        with one.lock():
            one.save(OLD)
        replace(*args, **kwargs)
        replaced.append(True)

    for _ in range(2):
        monkeypatch.setattr(os, "replace", replace_late)
        other.save(NEW)
        one, other = other, one
    assert len(replaced) == 2
    assert (one.load(), other.load()) == (NEW, OLD)
    assert names(folder) == {*pair, *(f"{name}.lock" for name in pair)}


def test_names__no_temporary_file_can_be_taken_for_another_files(folder, monkeypatch):
    made = []
    do_open = os.open

    def spy(path, flags, *args, **kwargs):
        if flags & os.O_CREAT and str(path).endswith(".tmp"):
            made.append(str(path))
        return do_open(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", spy)
    for name in ("kim", "kim.lee"):
        FileTokenStore(folder / name).save(NEW)
    kims, lees = made
    assert re.fullmatch(r"\.kim\.[0-9a-f]{16}\.tmp", kims)
    assert re.fullmatch(r"\.kim\.lee\.[0-9a-f]{16}\.tmp", lees)


# Windows, as far as it can be had here --------------------------------------------------------


def test_without_open_folders__by_path(folder):
    """Where the system can't work in a folder that is held open, the store works by path."""
    script = f"import os; os.supports_dir_fd = set()\n{SAVE}"
    path = folder / "new" / "token.json"
    for token in (OLD, NEW, LONG):
        command = [sys.executable, "-c", script, path, json.dumps([token]), "0"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)[:2] == [True, "saved"]
        assert loaded(path) == token
    assert names(path.parent) == {"token.json", "token.json.lock"}
