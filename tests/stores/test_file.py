"""A token in a file: private, whole, and never replaced by something worse."""

import json
import os
import pickle
import re
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from platformdirs import user_config_path

from kakao_session import FileTokenStore, KakaoSession, KakaoWarning, Token, TokenStoreError
from kakao_session.stores.file import default_path
from tests.free_port import free_port
from tests.required import as_root, on_posix
from tests.stores.conftest import as_user, error_in_thread, error_of, full_disk, lock, names

TOKEN = Token({"access_token": "a", "refresh_token": "r", "expires_at": 5.5, "별명": "홍길동"})


@pytest.fixture
def store(tmp_path):
    return FileTokenStore(tmp_path / "token.json")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def message_of(store, work):
    """The message of a failure, with PATH for the path."""
    error = error_of(work)
    assert isinstance(error.__cause__, OSError)
    return str(error).replace(str(store.path), "PATH")


# What is in the file --------------------------------------------------------------------------


def test_save__writes_readable_json(store):
    store.save(TOKEN)
    text = store.path.read_text(encoding="utf-8")
    assert text == json.dumps(TOKEN, ensure_ascii=False, indent=2) + "\n"


NO_TOKENS = {
    "torn": (b'{"access_token": "secret-acc', "not JSON"),
    "binary": (b"\xff\xfe\x00\x80secret", "not UTF-8"),
    "cp949": ('{"name": "홍길동", "access_token": "secret"}'.encode("cp949"), "not UTF-8"),
    "list": (b'[{"access_token": "secret"}]', "a JSON array, not an object"),
    "null": (b"null", "a JSON null, not an object"),
    "empty object": (b"{}", "an empty JSON object"),
    "another program's": (
        b'{"key": "secret"}',
        "neither access_token nor refresh_token is there",
    ),
    "number as a token": (
        b'{"access_token": 12345678}',
        "access_token is not a string of visible ASCII characters",
    ),
    "deep": (b'{"a":' * 100_000, "not JSON"),
    "endless number": (b'{"access_token": "secret", "expires_at": %s}' % (b"9" * 5000), "not JSON"),
    "huge": (b'{"access_token": "secret"}'.ljust((1 << 20) + 1), "it is larger than 1 MiB"),
    "error answer": (
        b'{"error": "secret", "error_code": "KOE010"}',
        "this is Kakao's error answer KOE010, not a token: the client secret is missing or "
        "wrong. Pass the client secret of this REST API key: client_secret= or "
        "KAKAO_CLIENT_SECRET.",
    ),
    "odd error answer": (
        b'{"error": "secret", "error_code": ["KOE010"]}',
        "this is Kakao's error answer, not a token",
    ),
    "unknown error answer": (
        b'{"error": "secret", "error_code": "KOE999"}',
        "this is Kakao's error answer KOE999, not a token",
    ),
}


@pytest.mark.parametrize(("content", "why"), NO_TOKENS.values(), ids=NO_TOKENS)
def test_load__what_is_not_a_token_is_not_changed(kakao, store, content, why):
    store.path.write_bytes(content)
    session = KakaoSession("key", token_store=store, endpoints=kakao.endpoints)
    for attempt in (store.load, lambda: session.get("/v2/user/me")):
        error = error_of(attempt)
        assert str(error) == (
            f"Could not read {store.path}: it holds no token ({why}). It was not changed. "
            f"Restore it, or move it away and run `kakao-session login --token-file {store.path}`."
        )
        assert str(error.__cause__) == why
    assert store.path.read_bytes() == content
    assert kakao.requests == []


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
def test_load__unusual_json_is_read_and_survives(store, content):
    store.path.write_bytes(content)
    token = store.load()
    assert token["access_token"] == "a"
    store.save(token)
    assert store.load() == token


@pytest.mark.parametrize(
    ("content", "ends_at"),
    [
        ({"expires_in": 21599, "refresh_token_expires_in": 5183999}, 2000 + 21599),
        ({"expires_in": "21599"}, 2000 + 21599),
        ({}, None),
        ({"expires_in": "soon"}, None),
        ({"expires_in": None}, None),
        ({"expires_in": 10, "expires_at": 77}, 77),
    ],
)
def test_load__tutorial_file_counts_from_when_it_was_written(store, content, ends_at):
    store.path.write_text(json.dumps({"access_token": "a", **content}))
    os.utime(store.path, (1000, 2000))
    token = store.load()
    assert token.get("expires_at") == ends_at
    assert "refresh_token_expires_at" not in token


@pytest.fixture
def before_the_second_look(store, monkeypatch):
    """:returns: a function that lets something happen to half a token before it is read again."""
    store.path.write_bytes(b'{"access_token": "half')

    def let(happen):
        do_open, opened = os.open, []

        def open_later(path, *args, **kwargs):
            if path == store.path.name and len(opened) < 2:
                opened.append(path)
                if len(opened) == 2:
                    happen()
            return do_open(path, *args, **kwargs)

        monkeypatch.setattr(os, "open", open_later)

    return let


def test_load__file_that_is_being_overwritten_is_read_again(store, before_the_second_look):
    before_the_second_look(lambda: store.path.write_text('{"access_token": "whole"}'))
    assert store.load() == {"access_token": "whole"}


def test_load__file_that_can_not_be_read_again(store, before_the_second_look):
    def fail():
        raise OSError(5, "Input/output error")

    before_the_second_look(fail)
    assert message_of(store, store.load) == (
        "Could not read PATH: Input/output error. Check the disk and the folder."
    )


def test_save__at_most_what_load_reads(store):
    store.save(Token(access_token="a"))
    largest = Token(access_token="a" * ((1 << 20) - store.path.stat().st_size + 1))
    store.save(largest)
    assert store.path.stat().st_size == 1 << 20
    error = error_of(lambda: store.save(Token(access_token=largest["access_token"] + "a")))
    assert str(error) == f"Could not save {store.path}: the file would be larger than 1 MiB."
    assert store.load() == largest


def test_save__what_is_not_json(store):
    store.save(TOKEN)
    error = error_of(lambda: store.save({"access_token": "a", "odd": b"bytes"}))
    assert str(error) == (
        f"Could not save {store.path}: the token can't be written as JSON: "
        "Object of type bytes is not JSON serializable."
    )
    assert store.load() == TOKEN


# Where the file is ----------------------------------------------------------------------------


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
    assert names(target.parent) == {"token.json", "token.json.lock"}
    store.delete()
    assert not target.exists()


@on_posix
@pytest.mark.parametrize("links", [40, 41])
def test_symlink__as_many_as_linux_follows(store, tmp_path, links):
    path = store.path
    for number in range(links):
        (tmp_path / str(number)).symlink_to(path)
        path = tmp_path / str(number)
    chain = FileTokenStore(path)
    if links == 40:
        assert chain.load() is None
    else:
        assert message_of(chain, chain.load) == (
            "Could not read PATH: Too many levels of symbolic links. Check where the symbolic link "
            "there leads, and remove it."
        )


@on_posix
def test_symlink__in_the_lock_both_paths_are_locked(store, tmp_path):
    link = FileTokenStore(tmp_path / "link.json")
    link.path.symlink_to(store.path)
    with store.lock():
        link.save(TOKEN)
        assert str(error_of(lambda: lock(link))) == (
            f"Could not lock {link.path}: this thread has locked it with another store. "
            "Use one store for both."
        )
    with link.lock():
        store.save(TOKEN)
        assert store.load() == TOKEN


@on_posix
def test_symlink__to_a_folder_above_it(tmp_path):
    (tmp_path / "there").mkdir()
    store = FileTokenStore(tmp_path / "here" / "token.json", lock_timeout=0)
    store.path.parent.mkdir()
    store.path.symlink_to("../there/token.json")
    with store.lock():
        store.save(TOKEN)
        error = error_in_thread(lambda: lock(store))
    assert f" has held {tmp_path / 'there' / 'token.json.lock'} for " in str(error)
    assert FileTokenStore(tmp_path / "there" / "token.json").load() == TOKEN


@on_posix
def test_symlink__that_was_turned_elsewhere(tmp_path):
    link, blue, green = (FileTokenStore(tmp_path / name) for name in ("link", "blue", "green"))
    link.path.symlink_to(blue.path)
    link.save(TOKEN)
    link.path.unlink()
    link.path.symlink_to(green.path)
    green.lock_timeout = 0
    with link.lock():
        assert "Could not lock" in str(error_in_thread(lambda: green.save(TOKEN)))
        with ThreadPoolExecutor(1) as thread:
            thread.submit(blue.delete).result()


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


@pytest.mark.parametrize("path", [None, "~/token.json", "~no-such-user/token.json", "token.json"])
def test_path__in_a_folder_that_does_not_exist(path, tmp_path, monkeypatch):
    def no_entry(_):
        raise KeyError

    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", no_entry)
    assert str(error_of(lambda: FileTokenStore(path))) == (
        "Could not find the token file: there is no home folder, or the working folder is gone. "
        "Give the full path of the file, here or in KAKAO_SESSION_TOKEN_FILE."
    )


def test_pickle_and_repr(store):
    with store.lock():
        pass
    twin = pickle.loads(pickle.dumps(store))
    assert twin.path == store.path
    assert repr(twin) == f"FileTokenStore({str(store.path)!r})"
    twin.save(TOKEN)
    assert store.load() == TOKEN


# Private and whole ----------------------------------------------------------------------------


@on_posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_modes__whatever_the_umask(tmp_path, umask):
    store = FileTokenStore(tmp_path / "a" / "b" / "token.json")
    before = os.umask(umask)
    try:
        with store.lock():
            store.save(TOKEN)
    finally:
        os.umask(before)
    assert [mode(path) for path in store.path.parents[:2]] == [0o700, 0o700]
    assert {path.name: mode(path) for path in store.path.parent.iterdir()} == {
        "token.json": 0o600,
        "token.json.lock": 0o600,
    }


@on_posix
def test_modes__from_the_first_moment(tmp_path, monkeypatch):
    do_mkdir, modes = os.mkdir, []

    def mkdir(path, *mode, dir_fd):
        do_mkdir(path, *mode, dir_fd=dir_fd)
        modes.append(stat.S_IMODE(os.stat(path, dir_fd=dir_fd).st_mode))

    monkeypatch.setattr(os, "mkdir", mkdir)
    before = os.umask(0)
    try:
        FileTokenStore(tmp_path / "a" / "b" / "token.json").save(TOKEN)
    finally:
        os.umask(before)
    assert modes == [0o700, 0o700]


@as_root
def test_owner__stays_when_root_saves(store):
    store.path.write_text('{"access_token": "a"}')
    os.chown(store.path, 65534, 65533)
    store.save(TOKEN)
    for path in store.path.parent.iterdir():  # its lock is here by now, too
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533)
        assert mode(path) == 0o600


def test_save_and_delete__reach_the_disk(store, monkeypatch):
    synced = []
    fsync = os.fsync

    def note(descriptor):
        fsync(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            synced.append("folder")
            return
        (name,) = names(store.path.parent) - {"token.json", "token.json.lock"}
        assert re.fullmatch(r"\.token\.json\.[0-9a-f]{16}\.tmp", name)
        assert mode(store.path.with_name(name)) == 0o600
        synced.append("file")

    store.path.write_text("{}")
    store.path.chmod(0o644)
    monkeypatch.setattr(os, "fsync", note)
    store.save(TOKEN)
    assert synced == ["file", "folder"]
    assert mode(store.path) == 0o600
    store.delete()
    assert synced == ["file", "folder", "folder"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_save__that_fails_leaves_the_old_file_and_nothing_else(store, monkeypatch, step):
    store.save(TOKEN)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    assert message_of(store, lambda: store.save(Token({"access_token": "b"}))) == (
        "Could not save PATH: No space left on device. Free some space there."
    )
    assert store.load() == TOKEN
    assert names(store.path.parent) == {"token.json", "token.json.lock"}


def test_lock__removes_what_killed_writers_left(store):
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
    kept = {"token.json", "token.json.lock", f".token.json.{16 * 'a'}.tmp"}
    assert names(folder) == others | kept


# Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verb", "why"),
    [
        ("folder", "save", "Is a directory. Choose a file, not a folder."),
        (
            "file/token.json",
            "lock",
            "Not a directory. There is a file where a folder should be. Choose another place.",
        ),
        ("t" * 300, "lock", "File name too long. Choose a place with a shorter path."),
        ("/", "lock", "Is a directory. Choose a file, not a folder."),
        pytest.param(
            "link", "lock", "Is a directory. Choose a file, not a folder.", marks=on_posix
        ),
    ],
    ids=["folder", "in a file", "long name", "root folder", "link to the root folder"],
)
def test_error__says_what_to_do(tmp_path, name, verb, why):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    if name == "link":
        (tmp_path / name).symlink_to("/")
    store = FileTokenStore(tmp_path / name)
    assert message_of(store, store.load) == f"Could not read PATH: {why}"
    assert message_of(store, lambda: store.save(TOKEN)) == f"Could not {verb} PATH: {why}"
    assert message_of(store, store.delete) == f"Could not delete PATH: {why}"
    assert names(tmp_path) <= {"folder", "file", "folder.lock", "link"}


def test_lock__wait_ends(store):
    assert store.lock_timeout == 120
    waiting = FileTokenStore(store.path, lock_timeout=0.1)
    store.save(TOKEN)
    with store.lock():
        for work in (waiting.delete, lambda: waiting.save(TOKEN), lambda: lock(waiting)):
            assert str(error_in_thread(work)) == (
                f"Could not lock {store.path}: another program or thread has held "
                f"{store.path}.lock for more than 0.1 seconds. Find the one that hangs "
                f"(`fuser {store.path}.lock`), end it and try again."
            )
    assert store.load() == TOKEN


def test_lock__the_thread_that_holds_it_comes_in_again(store):
    with store.lock():
        with store.lock():
            store.save(TOKEN)
        assert "Could not lock" in str(
            error_in_thread(lambda: lock(FileTokenStore(store.path, lock_timeout=0)))
        )
    assert store.load() == TOKEN


def test_lock__of_the_same_file_with_another_store(store):
    with store.lock():
        assert str(error_of(lambda: lock(FileTokenStore(store.path)))) == (
            f"Could not lock {store.path}: this thread has locked it with another store. "
            "Use one store for both."
        )


def test_lock__folder_removed_in_the_meantime(tmp_path):
    store = FileTokenStore(tmp_path / "folder" / "token.json")
    with store.lock():
        shutil.rmtree(store.path.parent)
        store.save(Token(access_token="first"))
        store.save(TOKEN)
    assert store.load() == TOKEN


def test_delete__nothing_there_makes_nothing(tmp_path):
    FileTokenStore(tmp_path / "token.json").delete()
    FileTokenStore(tmp_path / "folder" / "token.json").delete()
    assert names(tmp_path) == set()


# Before a refresh token is spent ---------------------------------------------------------------


@as_root
@pytest.mark.parametrize("obstacle", ["unreadable file", "unwritable folder", "both unwritable"])
def test_permissions__checked_before_the_refresh_token_is_spent(
    kakao, new_session, token, public_path, obstacle
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
    session = new_session(token_store=store)
    with as_user(65534):
        error = str(error_of(lambda: session.get("/v2/user/me")))
    assert str(store.path) in error
    assert "Permission denied. Let this user read and write the file and its folder" in error
    assert kakao.requests == []
    assert store.path.read_bytes() == content


@on_posix
def test_full_disk__has_room_for_a_small_token_only(kakao, new_session, token, store, clock):
    store.save({**token, "memo": "x" * 60_000})
    session = new_session(token_store=store)
    clock.advance(days=40)
    with full_disk(60_000), pytest.raises(TokenStoreError, match="File too large"):
        session.get("/v2/user/me")
    assert kakao.requests == []


@on_posix
def test_full_disk__noticed_before_the_refresh_token_is_spent(
    kakao, new_session, token, store, clock
):
    store.save(token)
    session = new_session(token_store=store)
    clock.advance(days=40)  # Kakao would replace it now
    with full_disk(), pytest.raises(TokenStoreError, match="File too large"):
        session.get("/v2/user/me")
    assert kakao.requests == []
    assert session.get("/v2/user/me").status_code == 200
    assert names(store.path.parent) == {"token.json", "token.json.lock"}


@on_posix
def test_full_disk__does_not_stop_the_message_that_tells_of_it(
    kakao, new_session, token, store, clock
):
    store.save(token)
    session = new_session(token_store=store)
    clock.advance(hours=7)
    with full_disk():
        for _ in range(2):
            with pytest.warns(
                KakaoWarning, match=r"could not be saved.*too large. Raise the limit"
            ):
                assert session.get("/v2/user/me").status_code == 200
        with pytest.raises(TokenStoreError, match="File too large"):
            session.refresh_token(refresh_token=kakao.login()["refresh_token"])
    assert len(kakao.token_requests) == 1
    assert store.load() == token
    assert session.get("/v2/user/me").status_code == 200
    assert store.load() == session.token != token
    assert names(store.path.parent) == {"token.json", "token.json.lock"}


@on_posix
def test_full_disk__the_refresh_uses_the_settings_it_was_given(
    kakao, new_session, token, store, stopwatch
):
    store.save(token)
    session = new_session(token_store=store)
    proxies = {"https": f"http://127.0.0.1:{free_port()}"}  # nothing listens there
    with full_disk(), pytest.raises(requests.ConnectionError):
        session.refresh_token(proxies=proxies)
    assert kakao.requests == []


@on_posix
def test_full_disk__and_the_new_token_is_rejected_too(kakao, new_session, token, store):
    store.save(token)
    session = new_session(token_store=store)
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=None)
    for _ in range(3):
        with full_disk(), pytest.warns(KakaoWarning, match="could not be saved"):
            assert session.get("/v2/user/me").status_code == 401
    assert len(kakao.token_requests) == 1
