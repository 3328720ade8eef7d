"""A login step by step: what a browser or a person brings back, and what is kept of it."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from kakao_session import ConfigurationError, FileTokenStore, LoginRequiredError, Token
from kakao_session.login.flow import REDIRECT_URI, AppTokenStore, Login, note_user
from tests.conftest import agree


@pytest.fixture
def store(tmp_path):
    return FileTokenStore(tmp_path / "token.json")


@pytest.fixture
def login(new_session, store):
    return Login(new_session(redirect_uri=REDIRECT_URI, pkce="S256", token_store=store))


def query(url):
    return dict(parse_qsl(urlsplit(url).query))


def test_login__from_the_redirect(kakao, login, store):
    redirect = agree(login.url)
    assert login.is_answer(redirect)
    token = login.finish(login.read(redirect))
    assert store.load() == token
    assert query(login.url)["code_challenge_method"] == "S256"
    assert "code_verifier" in dict(kakao.token_requests[0].form)


@pytest.mark.parametrize(
    "form",
    [
        "{redirect}",
        "  '{redirect}'\n",
        '"{redirect}"',
        "<{redirect}>",
        "?{query}",
        "localhost:8765/callback?{query}#_=_",
        " {code} ",
    ],
)
def test_read__however_it_is_pasted(login, form):
    redirect = agree(login.url)
    code = query(redirect)["code"]
    pasted = form.format(redirect=redirect, query=urlsplit(redirect).query, code=code)
    assert login.read(pasted) == code


@pytest.mark.parametrize("code", ["x" * 10, "x" * 1000, "aZ09_~.+/=-"])
def test_read__bare_code(login, code):
    assert login.read(code) == code


@pytest.mark.parametrize(
    ("answer", "error", "ends"),
    [
        ("?code=abcdefghijkl&state=forged", "mismatching_state", False),
        ("?code=abcdefghijkl", "mismatching_state", False),
        ("?error=access_denied&state=forged", "mismatching_state", False),
        ("?error=access_denied&state={state}", "access_denied", True),
        ("?error=login_required&state={state}", "login_required", True),
        ("?code=&state={state}", "missing_code", False),
        ("?state={state}", "missing_code", False),
        ("https://kauth.kakao.com/oauth/authorize?response_type=code", "missing_code", False),
        ("two words", "missing_code", False),
        ("too-short", "missing_code", False),
        ("x" * 1001, "missing_code", False),
        ("한글한글한글한글한글한글", "missing_code", False),
        ("", "missing_code", False),
    ],
)
def test_read__no_code(login, answer, error, ends):
    answer = answer.format(state=query(login.url)["state"])
    with pytest.raises(LoginRequiredError) as caught:
        login.read(answer)
    assert caught.value.error == error
    assert login.is_answer(answer) is ends


def test_code_of_another_login__is_tied_to_it_by_pkce(login, new_session):
    other = Login(new_session(redirect_uri=REDIRECT_URI, pkce="S256"))
    stolen = query(agree(other.url))["code"]
    with pytest.raises(ConfigurationError, match="PKCE"):
        login.finish(login.read(stolen))


# What is kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize("is_required", [None, True, False])
def test_app_token_store__notes_whether_there_is_a_secret(store, is_required):
    kept = AppTokenStore(store, "key", secret_is_required=is_required)
    kept.save(Token(access_token="a"))
    assert store.load().get("client_secret_required") is is_required


@pytest.mark.parametrize("secret", [None, "s3cret"])
def test_app_token_store__keeps_the_keys_of_the_app(kakao, new_session, store, secret):
    store.save(Token(access_token="old", app_key="another-app", client_secret="its own"))
    kept = AppTokenStore(store, kakao.app_key, secret)
    login = Login(new_session(redirect_uri=REDIRECT_URI, token_store=kept))
    login.finish(login.read(agree(login.url)))
    stored = store.load()
    assert stored["app_key"] == kakao.app_key
    assert stored.get("client_secret") == secret
    assert "client_secret" in stored or secret is None
    assert "client_secret" not in dict(kakao.token_requests[0].form)


def test_app_token_store__is_otherwise_the_store_itself(store):
    kept = AppTokenStore(store, "key")
    assert kept.load() is None
    assert repr(kept) == repr(store)
    with kept.lock():
        kept.save(Token(access_token="a"))
    assert store.load() == kept.load() == Token(access_token="a", app_key="key")
    kept.delete()
    assert store.load() is None


def test_note_user__until_the_next_login(new_session, store, token):
    store.save(token)
    note_user(store, token, 2**60)
    assert store.load() == {**token, "user_id": 2**60}
    session = new_session(token_store=store, redirect_uri=REDIRECT_URI)
    assert session.refresh_token()["user_id"] == 2**60
    login = Login(session)
    assert "user_id" not in login.finish(login.read(agree(login.url)))


@pytest.mark.parametrize("now_there", [None, Token(access_token="another's")])
def test_note_user__not_with_another_token(store, token, now_there):
    if now_there:
        store.save(now_there)
    note_user(store, token, 1)
    assert store.load() == now_there
