"""A login that is over: said at once, from memory, until somebody logs in again."""

import pytest

from kakao_session import FileTokenStore, LoginRequiredError, Token
from kakao_session.token import Bearer
from tests.conftest import ME, REFRESH, wire

LOGIN = "Log in again: run `kakao-session login`."


@pytest.fixture
def store(token, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    return store


def test_koe322__no_further_request_until_somebody_logs_in(kakao, new_session, store, clock):
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    content = store.path.read_bytes()
    kakao.unlink()
    kakao.clear_requests()
    for _ in range(3):
        with pytest.raises(LoginRequiredError, match="kakao-session login") as caught:
            session.get("/v2/user/me")
        assert caught.value.error_code == "KOE322"
        assert caught.value.status_code == 400
    assert [record.path for record in kakao.requests] == ["/v2/user/me", "/oauth/token"]
    assert store.path.read_bytes() == content

    store.save(Token.from_response(kakao.login(), clock.moment))
    kakao.clear_requests()
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME]

    clock.advance(hours=7)
    kakao.clear_requests()
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]


def test_koe322__heals_by_a_refresh_token_that_is_given(kakao, new_session, token, clock):
    session = new_session(token=token)
    kakao.unlink()
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    session.refresh_token(refresh_token=kakao.login()["refresh_token"])
    for _ in range(2):
        assert session.get("/v2/user/me").status_code == 200
        clock.advance(hours=7)


def test_koe322__heals_by_assigning_too(kakao, new_session, token, clock):
    session = new_session(token=token)
    kakao.unlink()
    for _ in range(2):
        with pytest.raises(LoginRequiredError):
            session.get("/v2/user/me")
    session.token = Token.from_response(kakao.login(), clock.moment)
    assert session.get("/v2/user/me").status_code == 200


def test_dead_token__given_beside_a_live_one_in_the_store(kakao, new_session, store, clock):
    later = clock.moment + 10**6
    other = Token({"access_token": "a", "refresh_token": "r", "expires_at": later})
    session = new_session(token=other, token_store=store)
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize(
    "bearer", [Bearer.of(Token(), 60, 300), Bearer.unusable(Token(access_token="a"))]
)
def test_no_token_or_a_dead_one__is_for_no_call(bearer):
    assert not bearer.is_fresh()
    assert not bearer.is_usable()


def test_errors__are_separate_objects(kakao, new_session, token):
    session = new_session(token=token)
    kakao.unlink()
    errors = []
    for _ in range(3):
        with pytest.raises(LoginRequiredError) as caught:
            session.get("/v2/user/me")
        errors.append(caught.value)
    assert len({id(error) for error in errors}) == 3
    assert len({str(error) for error in errors}) == 1


def test_refresh_token_run_out__without_a_request(kakao, new_session, store, clock):
    session = new_session(token_store=store)
    clock.advance(seconds=5_183_999 - 1)
    kakao.fail_next(503, times=3)
    with pytest.raises(Exception, match="503"):
        session.get("/v2/user/me")
    kakao.clear_requests()
    clock.advance(seconds=1)
    for _ in range(2):
        with pytest.raises(LoginRequiredError) as caught:
            session.get("/v2/user/me")
        assert str(caught.value) == f"The refresh token has run out in {store!r}. {LOGIN}"
        assert caught.value.hint == LOGIN
        assert (caught.value.error, caught.value.error_code) == (None, None)
        assert caught.value.status_code is None
    assert kakao.requests == []
    store.save(Token.from_response(kakao.login(), clock.moment))
    assert session.get("/v2/user/me").status_code == 200


def test_refresh_token_run_out__only_because_the_clock_was_wrong(kakao, new_session, token, clock):
    session = new_session(token=token)
    moment, clock.moment = clock.moment, 4_300_000_000.0  # the year 2106
    with pytest.raises(LoginRequiredError, match="run out"):
        session.get("/v2/user/me")
    clock.moment = moment
    assert session.get("/v2/user/me").status_code == 200


def test_access_token_alone__can_not_be_renewed(kakao, new_session, token):
    session = new_session(token={"access_token": token["access_token"]})
    assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    with pytest.raises(LoginRequiredError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == f"There is no refresh token. {LOGIN}"
    assert kakao.token_requests == []


def test_refresh_token_only__is_enough_to_begin_with(kakao, new_session, token):
    session = new_session(token={"refresh_token": token["refresh_token"]})
    assert session.get("/v2/user/me").status_code == 200


def test_absent_file__names_it_and_heals(kakao, new_session, token, tmp_path):
    path = tmp_path / "folder" / "token.json"
    session = new_session(token_store=path)
    assert not session.authorized
    with pytest.raises(LoginRequiredError) as caught:
        session.get("/v2/user/me")
    assert str(caught.value) == f"There is no token in {FileTokenStore(path)!r}. {LOGIN}"
    assert not path.parent.exists()
    FileTokenStore(path).save(token)
    assert session.authorized
    assert session.get("/v2/user/me").status_code == 200
