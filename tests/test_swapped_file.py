"""A token file that has become something else since it was last looked at, or does so now."""

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


def to_link_to_somebody_elses_file(path):
    path.unlink()
    other = path.with_name("other.conf")
    other.write_text("precious = yes\n")
    path.symlink_to(other)


def to_empty_file(path):
    path.unlink()
    path.write_text("")


@pytest.fixture
def place(tmp_path, token):
    place = tmp_path / "folder" / "token.json"
    FileTokenStore(place).save(token)
    return place


@pytest.fixture
def session(kakao, new_session, place, clock):
    """A session that has read the file; its token has ended, and its refresh token dies of use."""
    kakao.refresh_token_renewal = "always"
    session = new_session(token_store=place)
    assert session.authorized
    clock.advance(hours=7)
    return session


@pytest.mark.parametrize(
    "swap", [to_folder, to_link_in_a_circle, to_link_to_somebody_elses_file, to_empty_file]
)
def test_swapped_before_a_renewal__nothing_is_spent_or_touched(kakao, session, place, swap):
    content = place.read_bytes()
    swap(place)
    seen = sorted(path.name for path in place.parent.iterdir())
    with pytest.raises(TokenStoreError, match=str(place)):
        session.get("/v2/user/me")
    assert kakao.requests == []
    assert seen == sorted({path.name for path in place.parent.iterdir()} - {"other.conf.lock"})
    if swap is to_link_to_somebody_elses_file:
        assert place.read_text() == "precious = yes\n"
    place.rmdir() if place.is_dir() else place.unlink()
    place.write_bytes(content)
    assert session.get("/v2/user/me").status_code == 200


def test_swapped_for_a_link_to_another_login__is_followed(kakao, session, place, clock):
    other = FileTokenStore(place.with_name("other.json"))
    other.save(Token.from_response(kakao.login(2), clock.moment - 30_000))
    place.unlink()
    place.symlink_to(other.path)
    assert session.get("/v2/user/me").json()["id"] == 2
    assert place.is_symlink()
    assert other.load() == session.token


@pytest.mark.parametrize("target", ["token.json", "precious.conf"])
def test_lock_swapped_for_a_link__what_it_leads_to_is_left_alone(kakao, session, place, target):
    place.with_name("precious.conf").write_text("precious = yes\n")
    lock = place.with_name("token.json.lock")
    lock.unlink()
    lock.symlink_to(place.with_name(target))
    content = lock.read_bytes()
    with pytest.raises(TokenStoreError, match="Look where the link that is there leads") as caught:
        session.get("/v2/user/me")
    assert str(lock) in str(caught.value)
    assert kakao.requests == []
    assert lock.read_bytes() == content
    lock.unlink()
    assert session.get("/v2/user/me").status_code == 200


class Swapping(FileTokenStore):
    """A file that is swapped while a renewal holds its lock."""

    swap = None

    def load(self):
        token = super().load()
        if self.swap is not None:
            swap, self.swap = self.swap, None
            swap(self.path)
        return token


@pytest.mark.parametrize("swap", [to_folder, to_link_in_a_circle])
def test_swapped_during_a_renewal__the_token_is_kept_until_it_can_be_saved(
    kakao,
    new_session,
    place,
    session,
    swap,
):
    store = Swapping(place)
    session = new_session(token_store=store)
    assert session.authorized
    store.swap = swap
    for _ in range(2):
        with pytest.raises(TokenStoreError, match=str(place)):
            session.get("/v2/user/me")
    assert len(kakao.token_requests) == 1
    place.rmdir() if place.is_dir() else place.unlink()
    assert session.get("/v2/user/me").status_code == 200
    assert len(kakao.token_requests) == 1
    assert FileTokenStore(place).load() == session.token


@pytest.mark.parametrize("swap", [lambda path: shutil.rmtree(path.parent), Path.unlink])
def test_removed_during_a_renewal__is_made_anew(kakao, new_session, place, session, swap):
    store = Swapping(place)
    session = new_session(token_store=store)
    assert session.authorized
    store.swap = swap
    assert session.get("/v2/user/me").status_code == 200
    assert FileTokenStore(place).load() == session.token
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
