"""A token file that becomes something else between two calls, or during a refresh."""

import shutil
from pathlib import Path

import pytest

from kakao_session import FileTokenStore, Token, TokenStoreError


def to_folder(path):
    path.unlink()
    path.mkdir()


def to_link_in_a_circle(path):
    path.unlink()
    path.symlink_to(path)


def to_link_to_another_file(path):
    path.unlink()
    other = path.with_name("other.conf")
    other.write_text("precious = yes\n")
    path.symlink_to(other)


def to_empty_file(path):
    path.write_text("")


@pytest.fixture
def path(tmp_path, token):
    path = tmp_path / "folder" / "token.json"
    FileTokenStore(path).save(token)
    return path


class SwappedInTheLock(FileTokenStore):
    """A file that is swapped by ``swap``, when a refresh has just loaded it."""

    swap = None

    def load(self):
        token = super().load()
        if self.swap is not None:
            swap, self.swap = self.swap, None
            swap(self.path)
        return token


@pytest.fixture
def store(path):
    return SwappedInTheLock(path)


@pytest.fixture
def session(kakao, new_session, store, clock):
    """A session that has read the file. Its token has ended; its refresh token works once."""
    kakao.refresh_token_renewal = "always"
    session = new_session(token_store=store)
    assert session.authorized
    clock.advance(hours=7)
    return session


@pytest.mark.parametrize(
    "swap", [to_folder, to_link_in_a_circle, to_link_to_another_file, to_empty_file]
)
def test_swapped_before_a_refresh__nothing_is_spent_or_changed(kakao, session, path, swap):
    content = path.read_bytes()
    swap(path)
    with pytest.raises(TokenStoreError, match=str(path)):
        session.get("/v2/user/me")
    assert kakao.requests == []
    if swap is to_link_to_another_file:
        assert path.read_text() == "precious = yes\n"
    path.rmdir() if path.is_dir() else path.unlink()
    path.write_bytes(content)
    assert session.get("/v2/user/me").status_code == 200


def test_folder_moved_inside_the_lock__is_still_the_one_that_is_locked(path, token):
    store, moved = FileTokenStore(path), path.parent.with_name("moved")
    newer = Token(token, access_token="newer")
    with store.lock():
        path.parent.rename(moved)
        path.parent.mkdir()
        path.write_text('{"access_token": "another"}')
        assert store.load() == token
        store.save(newer)
    assert FileTokenStore(moved / path.name).load() == newer
    assert store.load() == Token(access_token="another")


@pytest.mark.parametrize("target", ["token.json", "precious.conf"])
def test_lock_swapped_for_a_link__what_it_leads_to_is_not_changed(kakao, session, path, target):
    path.with_name("precious.conf").write_text("precious = yes\n")
    lock = path.with_name("token.json.lock")
    lock.unlink()
    lock.symlink_to(path.with_name(target))
    content = lock.read_bytes()
    with pytest.raises(TokenStoreError, match="where the symbolic link there leads") as caught:
        session.get("/v2/user/me")
    assert str(lock) in str(caught.value)
    assert kakao.requests == []
    assert lock.read_bytes() == content
    lock.unlink()
    assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize("swap", [to_folder, to_link_in_a_circle, to_link_to_another_file])
def test_swapped_during_a_refresh__the_token_is_kept_until_it_can_be_saved(
    kakao, session, store, path, swap
):
    store.swap = swap
    for _ in range(2):
        with pytest.raises(TokenStoreError, match=str(path)):
            session.get("/v2/user/me")
    if swap is to_link_to_another_file:
        assert path.read_text() == "precious = yes\n"
    path.rmdir() if path.is_dir() else path.unlink()
    assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == 1
    assert FileTokenStore(path).load() == session.token


@pytest.mark.parametrize("swap", [lambda path: shutil.rmtree(path.parent), Path.unlink])
def test_removed_during_a_refresh__is_made_again(session, store, path, swap):
    store.swap = swap
    assert session.get("/v2/user/me").status_code == 200
    assert FileTokenStore(path).load() == session.token
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
