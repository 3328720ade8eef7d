"""A token in a file: private, whole, and never replaced by something worse."""

import json
import os
import pickle
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from platformdirs import user_config_path

from kakao_session import FileTokenStore, KakaoSession, Token, TokenStore, TokenStoreError
from kakao_session.stores.file import default_path
from tests.required import as_root, on_posix

TOKEN = Token({"access_token": "a", "refresh_token": "r", "expires_at": 5.5, "별명": "홍길동"})


@pytest.fixture
def store(tmp_path):
    return FileTokenStore(tmp_path / "token.json")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_save_and_load(store):
    assert store.load() is None
    store.save(TOKEN)
    assert store.load() == TOKEN
    text = store.path.read_text(encoding="utf-8")
    assert text == json.dumps(TOKEN, ensure_ascii=False, indent=2) + "\n"
    store.delete()
    assert store.load() is None
    store.delete()
    assert isinstance(store, TokenStore)


@on_posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes__whatever_the_umask(tmp_path, umask):
    store = FileTokenStore(tmp_path / "a" / "b" / "token.json")
    before = os.umask(umask)
    try:
        with store.lock():
            store.save(TOKEN)
    finally:
        os.umask(before)
    assert mode(store.path) == 0o600
    assert mode(store.path.parent) == 0o700
    assert mode(store.path.with_name("token.json.lock")) == 0o600


@on_posix
def test_open_file__becomes_private(store):
    store.path.write_text("{}")
    store.path.chmod(0o644)
    store.save(TOKEN)
    assert mode(store.path) == 0o600


@on_posix
def test_symlink__is_followed(tmp_path):
    target = tmp_path / "real" / "token.json"
    target.parent.mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(target)
    store = FileTokenStore(link)
    store.save(TOKEN)
    assert link.is_symlink()
    assert FileTokenStore(target).load() == TOKEN
    with store.lock():
        assert (target.parent / "token.json.lock").exists()
    store.delete()
    assert not target.exists()


@on_posix
def test_symlink__that_is_turned_elsewhere(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "blue.json")
    store = FileTokenStore(tmp_path / "link.json")
    store.save(TOKEN)
    store.path.unlink()
    store.path.symlink_to(tmp_path / "green.json")
    with store.lock():
        assert said_when_locked(FileTokenStore(tmp_path / "green.json", lock_timeout=0))
        FileTokenStore(tmp_path / "blue.json", lock_timeout=0).delete()


def said_when_locked(store):
    """What another thread hears that wants to save."""

    def save():
        with pytest.raises(TokenStoreError, match="is locked") as caught:
            store.save(TOKEN)
        return str(caught.value)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(save).result()


def test_lock_timeout(tmp_path):
    assert FileTokenStore(tmp_path / "token.json").lock_timeout == 120
    with FileTokenStore(tmp_path / "token.json").lock():
        sentence = said_when_locked(FileTokenStore(tmp_path / "token.json", lock_timeout=0.1))
    assert "for more than 0.1 seconds" in sentence


def test_relative_path__stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = FileTokenStore("token.json")
    store.save(TOKEN)
    monkeypatch.chdir("/")
    assert store.load() == TOKEN


def test_default_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert default_path() == user_config_path("kakao-session") / "token.json"
    assert tmp_path in default_path().parents
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", "~/mine.json")
    assert FileTokenStore().path == tmp_path / "mine.json"


@pytest.mark.parametrize("path", [None, "~/token.json", "~nobody-of-that-name/token.json"])
def test_home_that_is_missing__is_said(path, monkeypatch):
    def nobody(_):
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(TokenStoreError) as caught:
        FileTokenStore(path)
    assert str(caught.value) == (
        "It can't be told where the token file is: there is no home folder, or the working folder "
        "is gone. Name the file by its whole path, here or in KAKAO_SESSION_TOKEN_FILE."
    )


def test_working_folder_that_is_gone__is_said(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(TokenStoreError, match="whole path"):
        FileTokenStore("token.json")
    assert FileTokenStore(tmp_path / "token.json").load() is None


BAD = {
    "empty": (b"", "not JSON"),
    "torn": (b'{"access_token": "secret-acc', "not JSON"),
    "not JSON": (b"access_token=secret", "not JSON"),
    "binary": (b"\xff\xfe\x00\x80secret", "not JSON"),
    "a JSON list": (b'[{"access_token": "secret"}]', "a JSON list, not an object"),
    "a JSON string": (b'"secret"', "a JSON str, not an object"),
    "null": (b"null", "a JSON NoneType, not an object"),
    "an empty object": (b"{}", "an empty JSON object"),
    "another program's": (
        b'{"key": "secret"}',
        "neither access_token nor refresh_token is there",
    ),
    "a token that is a number": (
        b'{"access_token": 12345678}',
        "access_token is not a string of visible ASCII characters",
    ),
    "deep": (b'{"a":' * 100_000, "not JSON"),
    "an endless number": (
        b'{"access_token": "secret", "expires_at": ' + b"9" * 5000 + b"}",
        "not JSON",
    ),
    "huge": (b'{"access_token": "secret"}'.ljust((1 << 20) + 1), "it is larger than 1 MiB"),
}


@pytest.mark.parametrize(("content", "why"), BAD.values(), ids=BAD)
def test_bad_content__says_so_and_stays(kakao, store, content, why):
    store.path.write_bytes(content)
    session = KakaoSession("key", token_store=store, endpoints=kakao.endpoints)
    for attempt in (store.load, lambda: session.token, lambda: session.get("/v2/user/me")):
        with pytest.raises(TokenStoreError) as caught:
            attempt()
        assert str(caught.value) == (
            f"Token file {store.path} holds no token ({why}): It was left as it is. "
            "Restore it, or move it away and run `kakao-session login`."
        )
        assert caught.value.__cause__ is None
    assert store.path.read_bytes() == content
    assert kakao.requests == []


def test_large_file__is_read_up_to_1_mib(store):
    store.path.write_bytes(b'{"access_token": "a"'.ljust((1 << 20) - 1) + b"}")
    assert store.load() == {"access_token": "a"}


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"access_token": "a"}',
        '{"access_token": "a"}'.encode("utf-16"),
        b'{"access_token": "a", "access_token": "a"}',
        b'{"access_token": "a", "odd": "\\ud800\\u0000"}',
    ],
    ids=["bom", "utf-16", "duplicate", "lone surrogate"],
)
def test_odd_content__is_read_and_survives(store, content):
    store.path.write_bytes(content)
    token = store.load()
    assert token is not None
    assert token["access_token"] == "a"
    store.save(token)
    assert store.load() == token


@pytest.mark.parametrize("lifetime", [21599, "21599"])
def test_tutorial_file__counts_from_its_last_writing(store, lifetime):
    answer = {"access_token": "a", "expires_in": lifetime, "refresh_token_expires_in": 5183999}
    store.path.write_text(json.dumps(answer))
    os.utime(store.path, (1000, 2000))
    token = store.load()
    assert token == {**answer, "expires_at": 2000 + 21599}


@pytest.mark.parametrize("more", [{}, {"expires_in": "soon"}, {"expires_in": None}])
def test_unknown_life__stays_unknown(store, more):
    store.path.write_text(json.dumps({"access_token": "a", **more}))
    token = store.load()
    assert token is not None
    assert "expires_at" not in token


def test_known_end__is_not_counted_anew(store):
    store.path.write_text('{"access_token": "a", "expires_in": 10, "expires_at": 77}')
    token = store.load()
    assert token is not None
    assert token["expires_at"] == 77


def test_save__what_load_would_refuse(store):
    nested = []
    for _ in range(900):
        nested = [nested]
    content = json.dumps({"access_token": "a", "odd": nested}).encode()
    store.path.write_bytes(content)  # small as it is, and large when each level is indented
    token = store.load()
    assert token is not None
    with pytest.raises(TokenStoreError) as caught:
        store.save(token)
    assert str(caught.value) == (
        f"Token file {store.path} can't be written: it would be larger than 1 MiB."
    )
    assert store.path.read_bytes() == content


def test_save__up_to_what_load_takes(store):
    store.save(Token(access_token="a"))
    largest = Token(access_token="a" * ((1 << 20) - store.path.stat().st_size + 1))
    store.save(largest)
    assert store.path.stat().st_size == 1 << 20
    assert store.load() == largest


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_save__what_is_no_json(store, value):
    store.save(TOKEN)
    content = store.path.read_bytes()
    with pytest.raises(TokenStoreError) as caught:
        store.save(Token({"access_token": "a", "odd": value}))
    assert str(caught.value) == (
        f"Token file {store.path} can't be written: the token is no JSON: "
        f"Object of type {type(value).__name__} is not JSON serializable."
    )
    assert store.path.read_bytes() == content


def said(store, deed):
    """What a deed of a store that fails has to say about its file."""
    with pytest.raises(TokenStoreError) as caught:
        deed()
    assert isinstance(caught.value.__cause__, OSError)
    return str(caught.value).removeprefix(f"Token file {store.path} ")


def lock(store):
    with store.lock():
        pytest.fail("it was locked")


def test_place_that_is_a_folder(store):
    store.path.mkdir()
    why = "Is a directory. Name a file, not a folder."
    assert said(store, store.load) == f"can't be read: {why}"
    assert said(store, lambda: store.save(TOKEN)) == f"can't be written: {why}"
    assert said(store, store.delete) == f"can't be removed: {why}"
    assert [path.name for path in store.path.parent.iterdir() if path.suffix == ".tmp"] == []


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    store = FileTokenStore(tmp_path / "file" / "token.json")
    remedy = "A file is in the place of a folder: name another place."
    assert said(store, store.load) == f"can't be read: Not a directory. {remedy}"
    assert said(store, lambda: lock(store)) == f"can't be locked: Not a directory. {remedy}"
    assert said(store, store.delete) == f"can't be removed: Not a directory. {remedy}"


def test_name_that_is_too_long(tmp_path):
    store = FileTokenStore(tmp_path / ("t" * 300))
    why = "File name too long. Name a place with a shorter path."
    assert said(store, store.load) == f"can't be read: {why}"
    assert said(store, lambda: lock(store)) == f"can't be locked: {why}"


def test_delete__while_another_holds_the_lock(store):
    store.save(TOKEN)
    other = FileTokenStore(store.path, lock_timeout=0)
    with (
        store.lock(),
        ThreadPoolExecutor(1) as thread,
        pytest.raises(TokenStoreError, match="is locked"),
    ):
        thread.submit(other.delete).result()
    assert store.load() == TOKEN


def test_delete__somebody_else_was_faster(store, monkeypatch):
    store.save(TOKEN)
    unlink = os.unlink

    def unlink_late(*args, **kwargs):
        unlink(*args, **kwargs)
        unlink(*args, **kwargs)

    monkeypatch.setattr(os, "unlink", unlink_late)
    store.delete()
    assert store.load() is None


AS_NOBODY = """
import os, sys
from kakao_session import Endpoints, KakaoSession, TokenStoreError
kakao = KakaoSession("key", token_store=sys.argv[1], endpoints=Endpoints(*sys.argv[2:5]))
os.setgid(65534); os.setuid(65534)  # from here on this Python's own files may be out of reach
try:
    kakao.get("/v2/user/me")
except TokenStoreError as error:
    print(error)
"""


@as_root
@pytest.mark.parametrize("obstacle", ["unreadable file", "unwritable folder", "both unwritable"])
def test_permissions__noticed_before_the_refresh_token_is_spent(
    kakao, token, public_path, obstacle
):
    store = FileTokenStore(public_path / "token.json")
    token["expires_at"] = 1
    store.save(token)
    content = store.path.read_bytes()
    if obstacle == "unwritable folder":
        os.chown(store.path, 65534, 65534)
    elif obstacle == "both unwritable":
        store.path.chmod(0o644)
    lock = store.path.with_name("token.json.lock")
    os.chown(lock, 65534, 65534)
    if obstacle == "unwritable folder":
        lock.unlink()
    urls = (kakao.endpoints.kauth_url, kakao.endpoints.api_url, kakao.endpoints.dapi_url)
    said = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(store.path), *urls],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(store.path) in said
    assert "Permission denied. Let this user read and write the file and its folder" in said
    assert kakao.requests == []
    assert store.path.read_bytes() == content


@as_root
def test_owner__stays_when_root_renews(store):
    store.save(TOKEN)
    os.chown(store.path, 65534, 65534)
    store.save(TOKEN)
    assert (store.path.stat().st_uid, store.path.stat().st_gid) == (65534, 65534)
    assert mode(store.path) == 0o600


@as_root
def test_owner__has_the_lock_too_when_root_is_the_first_to_take_it(store):
    store.path.write_text('{"access_token": "a"}')
    os.chown(store.path, 65534, 65533)
    with store.lock():
        sidecar = store.path.with_name("token.json.lock").stat()
        assert (sidecar.st_uid, sidecar.st_gid) == (65534, 65533)
        assert stat.S_IMODE(sidecar.st_mode) == 0o600


@as_root
@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to])
def test_owner__gets_nothing_that_lies_in_the_place_of_the_lock(store, tmp_path, plant):
    precious = tmp_path / "precious"
    precious.touch()
    store.path.write_text('{"access_token": "a"}')
    os.chown(store.path, 65534, 65534)
    plant(store.path.with_name("token.json.lock"), precious)
    with suppress(TokenStoreError), store.lock():
        pass
    assert precious.stat().st_uid == 0
    precious.unlink()
    with suppress(TokenStoreError), store.lock():
        pass
    assert not precious.exists()


@pytest.mark.skipif(not hasattr(os, "fchown"), reason="no owners here")
def test_owner__is_left_as_it_is_by_all_but_root(store, monkeypatch):
    store.save(TOKEN)
    store.path.with_name("token.json.lock").unlink()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "fchown", lambda *_: pytest.fail("it was given away"))
    store.save(Token({"access_token": "b"}))
    assert store.load() == {"access_token": "b"}


def test_save_and_delete__reach_the_disk(store, monkeypatch):
    synced = []
    fsync = os.fsync

    def spy(descriptor):
        fsync(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            synced.append("folder")
            return
        names = {path.name for path in store.path.parent.iterdir()} - {store.path.name}
        (name,) = names - {"token.json.lock"}
        assert re.fullmatch(r"\.token\.json\.[0-9a-f]{16}\.tmp", name)
        assert mode(store.path.with_name(name)) == 0o600
        synced.append("file")

    monkeypatch.setattr(os, "fsync", spy)
    store.save(TOKEN)
    assert synced == ["file", "folder"]
    store.delete()
    assert synced == ["file", "folder", "folder"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failure_on_the_way__leaves_the_old_file_and_no_litter(store, monkeypatch, step):
    store.save(TOKEN)
    content = store.path.read_bytes()

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    why = said(store, lambda: store.save(Token({"access_token": "b"})))
    assert why == "can't be written: No space left on device. Make room there."
    assert store.path.read_bytes() == content
    assert {path.name for path in store.path.parent.iterdir()} == {"token.json", "token.json.lock"}


def test_folder_that_became_read_only__noticed_by_the_lock(store, monkeypatch):
    do_open = os.open

    def fail(path, flags, *args, **kwargs):
        if flags & (os.O_WRONLY | os.O_RDWR) and "lock" not in path:
            raise OSError(30, "Read-only file system")
        return do_open(path, flags, *args, **kwargs)

    store.save(TOKEN)
    monkeypatch.setattr(os, "open", fail)
    why = "Read-only file system. Name a place that can be written to."
    assert said(store, lambda: lock(store)) == f"can't be written: {why}"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for files")
def test_disk_that_is_full__noticed_before_the_refresh_token_is_spent(
    kakao, new_session, token, store, clock
):
    import resource

    kakao.refresh_token_renewal = "always"
    store.save(token)
    session = new_session(token_store=store)
    clock.advance(hours=7)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # as a full disk: a file fits, but
    try:  # not what is to go into it
        with pytest.raises(TokenStoreError, match="File too large"):
            session.get("/v2/user/me")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kakao.requests == []
    assert session.get("/v2/user/me").status_code == 200
    assert {path.name for path in store.path.parent.iterdir()} == {"token.json", "token.json.lock"}


def test_litter_of_the_killed__is_swept(store):
    store.save(TOKEN)
    folder = store.path.parent
    (folder / f".token.json.{16 * '0'}.tmp").touch()
    (folder / f".token.json.{16 * 'a'}.tmp").mkdir()  # whatever that is
    others = {
        f".token.json.{16 * 'g'}.tmp",
        f".token.json.lee.{16 * '0'}.tmp",
        f".json.{16 * '0'}.tmp",
        f".token.json.{17 * '0'}.tmp",
        "token.json.tmp",
    }
    for name in others:
        (folder / name).touch()
    with store.lock():
        pass
    names = {path.name for path in folder.iterdir()}
    kept = {"token.json", "token.json.lock", f".token.json.{16 * 'a'}.tmp"}
    assert names == others | kept


def test_lock__lets_its_thread_in_again(store):
    store.lock_timeout = 0.1
    with store.lock():
        store.save(TOKEN)
        with store.lock():
            store.delete()


def test_pickle_and_repr(store):
    with store.lock():
        pass
    twin = pickle.loads(pickle.dumps(store))
    assert twin.path == store.path
    assert repr(twin) == f"FileTokenStore({str(store.path)!r})"
    twin.save(TOKEN)
    assert store.load() == TOKEN


def test_renewals__leave_no_litter(kakao, new_session, token, clock, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    for _ in range(20):
        session.refresh_token()
    assert {path.name for path in tmp_path.iterdir()} == {"token.json", "token.json.lock"}
