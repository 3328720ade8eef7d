"""The first login, from the authorization URL to the token; the token of a session; the logout."""

import pytest
import requests
from requests_oauthlib import OAuth2Session

from kakao_session import (
    ConfigurationError,
    FileTokenStore,
    KakaoAPIError,
    KakaoSession,
    LoginRequiredError,
    TemporaryError,
    Token,
    TokenStoreError,
)
from tests.conftest import (
    LIFE,
    ME,
    ME_401,
    REDIRECT_URI,
    REFRESH,
    MemoryStore,
    Watching,
    agree,
    query,
    wire,
)


def test_login__from_the_url_to_the_file(kakao, new_session, clock, tmp_path):
    updated = []
    session = new_session(
        redirect_uri=REDIRECT_URI,
        scope=["talk_message", "friends"],
        token_store=tmp_path / "t.json",
        token_updater=updated.append,
    )
    url, state = session.authorization_url(prompt="login")
    assert url.startswith(f"{kakao.endpoints.kauth_url}/oauth/authorize?")
    assert query(url) == {
        "response_type": "code",
        "client_id": kakao.app_key,
        "redirect_uri": REDIRECT_URI,
        "scope": "talk_message friends",
        "state": state,
        "prompt": "login",
    }
    redirect = agree(url)
    kakao.clear_requests()
    token = session.fetch_token(authorization_response=redirect)
    (sent,) = kakao.requests
    assert sorted(sent.form) == [
        ("client_id", kakao.app_key),
        ("code", query(redirect)["code"]),
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT_URI),
    ]
    assert "Authorization" not in sent.headers
    assert token["expires_at"] == clock.moment + LIFE
    assert token["refresh_token_expires_at"] == clock.moment + 5_183_999
    assert token == session.token == FileTokenStore(tmp_path / "t.json").load()
    assert updated == [token]
    assert updated[0].refresh_token_changed
    assert session.get("/v2/user/me").status_code == 200


def test_login__by_the_code_with_pkce_and_a_secret(kakao, new_session):

    kakao.client_secret = "secret"
    session = new_session(redirect_uri=REDIRECT_URI, pkce="S256")
    url, _ = session.authorization_url()
    assert query(url)["code_challenge_method"] == "S256"
    session.fetch_token(code=query(agree(url))["code"], client_secret="secret")
    form = dict(kakao.token_requests[0].form)
    assert form["client_secret"] == "secret"
    assert 43 <= len(form["code_verifier"]) <= 128


def test_login__in_another_process_with_the_state_kept(new_session):
    url, state = new_session(redirect_uri=REDIRECT_URI).authorization_url()
    callback = new_session(redirect_uri=REDIRECT_URI, state=state)
    assert callback.fetch_token(authorization_response=agree(url))


def test_login__scope_other_than_asked_for(kakao, new_session):
    kakao.login(scopes=["friends", "talk_message"])
    session = new_session(redirect_uri=REDIRECT_URI, scope=["talk_message"])
    url, _ = session.authorization_url()
    token = session.fetch_token(authorization_response=agree(url))
    assert token.scopes >= {"friends", "talk_message"}


def test_login__keeps_what_belongs_to_the_app(kakao, new_session, store):
    kakao.client_secret = "secret"
    app = {"app_key": kakao.app_key, "client_secret": "secret"}
    store.save(Token({**kakao.login(), **app, "nickname": "the user's"}))
    session = new_session(None, token_store=store, redirect_uri=REDIRECT_URI)
    url, _ = session.authorization_url()
    token = session.fetch_token(authorization_response=agree(url))
    assert {name: token[name] for name in app} == app
    assert "nickname" not in token
    assert session.refresh_token()["access_token"] != token["access_token"]


def test_login__with_another_app_keeps_nothing_of_the_old_one(kakao, new_session, store):
    store.save(Token({**kakao.login(), "app_key": "the old one", "client_secret": "secret"}))
    session = new_session(kakao.app_key, token_store=store, redirect_uri=REDIRECT_URI)
    url, _ = session.authorization_url()
    token = session.fetch_token(authorization_response=agree(url))
    assert token["app_key"] == kakao.app_key
    assert "client_secret" not in token
    assert new_session(None, token_store=store).refresh_token()


def test_authorization_url__without_an_app_key():
    with pytest.raises(ConfigurationError, match="REST API key"):
        KakaoSession().authorization_url()


# The exchange ---------------------------------------------------------------------------------


def test_exchange__transport_settings_of_the_session_or_its_own(new_session):
    adapter = Watching(cert=None, proxies={})
    session = new_session(redirect_uri=REDIRECT_URI, timeout=(3, 4))
    session.mount("https://", adapter)
    own = {"timeout": 7, "cert": "client.pem", "proxies": {"https": "http://127.0.0.1:1"}}
    for settings in ({}, own):
        with pytest.raises(LoginRequiredError):
            session.fetch_token(code="no-such-code", **settings)
    names = ("timeout", "cert", "proxies")
    assert [[options[name] for name in names] for options in adapter.sent] == [
        [(3, 10), None, {}],  # it brings a new refresh token
        [(7, 10), "client.pem", {"https": "http://127.0.0.1:1"}],
    ]


def test_exchange__with_its_own_verify(kakao, new_session, monkeypatch):
    session = new_session(redirect_uri=REDIRECT_URI)
    redirect = agree(session.authorization_url()[0])
    kakao.clear_requests()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    session.verify = True
    with pytest.raises(TemporaryError, match="SSLError"):
        session.fetch_token(authorization_response=redirect)
    session.fetch_token(authorization_response=redirect, verify=kakao.ca_file)
    assert wire(kakao) == [REFRESH]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ({"kind": 503}, TemporaryError),
        ({"kind": "reset"}, TemporaryError),
        ({"error_code": "KOE320"}, LoginRequiredError),
        ({"error_code": "KOE303"}, ConfigurationError),
    ],
)
def test_exchange_that_fails__leaves_the_old_token_in_place(
    kakao, new_session, token, store, stopwatch, failure, error
):
    content = store.path.read_bytes()
    session = new_session(redirect_uri=REDIRECT_URI, token_store=store)
    kakao.fail_next(**failure, times=None)
    with pytest.raises(error):
        session.fetch_token(code="a-code")

    kakao.clear_failures()
    assert session.token == token
    assert store.path.read_bytes() == content
    assert session.get("/v2/user/me").status_code == 200


def test_store_out_of_reach__the_code_is_not_sent(kakao, new_session, tmp_path):
    obstacle = tmp_path / "file"
    obstacle.touch()
    session = new_session(redirect_uri=REDIRECT_URI, token_store=obstacle / "token.json")
    redirect = agree(session.authorization_url()[0])
    with pytest.raises(TokenStoreError):
        session.fetch_token(authorization_response=redirect)
    assert kakao.token_requests == []
    obstacle.unlink()
    session.fetch_token(authorization_response=redirect)
    assert FileTokenStore(obstacle / "token.json").load() == session.token


def test_login_that_can_not_be_saved__is_kept_in_memory(kakao, new_session):
    store = MemoryStore()
    store.fails = {"save"}
    session = new_session(redirect_uri=REDIRECT_URI, token_store=store)
    url, _ = session.authorization_url()
    with pytest.raises(TokenStoreError):
        session.fetch_token(authorization_response=agree(url))
    with pytest.raises(TokenStoreError):
        session.get("/v2/user/me")
    store.fails = set()
    assert session.get("/v2/user/me").status_code == 200
    assert store.token == session.token
    assert len(kakao.token_requests) == 1


@pytest.mark.parametrize(
    ("settings", "arguments", "sentence"),
    [
        ({}, {}, r"Give fetch_token a code or an authorization_response\."),
        (
            {"pkce": "S256"},
            {"code": "c"},
            r"With pkce, call authorization_url on this session first\.",
        ),
    ],
)
def test_fetch_token__with_too_little(new_session, settings, arguments, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        new_session(**settings).fetch_token(**arguments)


@pytest.mark.parametrize("deed", ["fetch_token", "refresh_token"])
def test_token_url__has_to_be_https(new_session, token, deed):
    session = new_session(token=token)
    kwargs = {"code": "c"} if deed == "fetch_token" else {}
    sentence = r"^The token endpoint has to be an https:// URL\.$"
    with pytest.raises(ConfigurationError, match=sentence):
        getattr(session, deed)("http://127.0.0.1/oauth/token", **kwargs)


# The token ------------------------------------------------------------------------------------


def test_assigned_token__replaces_and_clears(kakao, new_session, token):
    session = new_session(token=token)
    session.token = {"access_token": "other"}
    assert session.token == {"access_token": "other"}
    assert session.access_token == "other"
    session.token = {}
    assert session.token == {}
    assert session.access_token is None
    assert not session.authorized
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")
    assert kakao.requests == []


def test_access_token__assigned_and_deleted(kakao, new_session, token):
    session = new_session(token=token)
    session.access_token = "other"
    ends = {"expires_in", "expires_at"}
    kept = {name: value for name, value in token.items() if name not in ends}
    assert session.token == {**kept, "access_token": "other"}
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [ME_401, REFRESH, ME]
    del session.access_token
    assert session.token == {}


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_token__from_secrets_that_are_not_set(new_session, token, name):
    """As a CI job gives it: ``token={"refresh_token": os.environ.get("SECRET", "")}``."""
    with pytest.raises(ValueError, match="neither access_token nor refresh_token is there"):
        new_session(token={name: ""})
    other = {"access_token", "refresh_token"} - {name}
    session = new_session(token={name: "", **{key: token[key] for key in other}})
    assert session.get("/v2/user/me").status_code == 200


# Logout ---------------------------------------------------------------------------------------


def test_logout__ends_the_login_here_there_and_in_the_file(kakao, new_session, token, store):
    session = new_session(token_store=store)
    assert session.token_info()["app_id"] == kakao.app_id
    assert session.logout() == {"id": 123456789}
    assert not session.authorized
    assert store.load() is None
    without_store = new_session(token=token)
    with pytest.raises(LoginRequiredError):
        without_store.get("/v2/user/me")


def test_logout__and_a_login_that_another_process_stores_later(kakao, new_session, token, store):
    session = new_session(token_store=store)
    session.logout()
    later = Token.from_response(kakao.login(), kakao.now())
    store.save(later)
    assert session.get("/v2/user/me").status_code == 200
    assert session.token == later


@pytest.mark.parametrize("end", ["logout", "unlink"])
@pytest.mark.parametrize(
    "whose", ["another process refreshed", "replaced", "without a refresh token", "of another user"]
)
def test_end_of_a_login__and_what_is_in_the_store_by_then(
    kakao, new_session, token, store, whose, end
):
    session = new_session(token_store=store)
    if whose == "another process refreshed":
        session.ensure_active_token()
        new_session(token_store=store).refresh_token()
    elif whose == "without a refresh token":
        store.save({"access_token": token["access_token"]})
        assert session.authorized
    elif whose == "replaced":
        kakao.refresh_token_renewal = "always"
        session.refresh_token()
        store.save(token)
    else:
        session.ensure_active_token()
        other = Token.from_response(kakao.login(user=42), kakao.now())
        store.save(other)
    getattr(session, end)()
    assert store.load() == (other if whose == "of another user" else None)
    with pytest.raises(LoginRequiredError):
        session.get("/v2/user/me")


@pytest.mark.parametrize("failure", [500, "reset"])
def test_logout__although_kakao_fails(kakao, new_session, store, failure):
    session = new_session(token_store=store)
    kakao.fail_next(failure, path="/v1/user/logout")
    with pytest.raises(requests.RequestException):
        session.logout()
    assert store.load() is None


@pytest.mark.parametrize("end", ["logout", "unlink"])
def test_end_of_a_login__not_at_kakao_if_the_token_would_stay(kakao, new_session, token, end):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    assert session.authorized
    store.fails = {"lock"}
    with pytest.raises(TokenStoreError, match="Could not lock"):
        getattr(session, end)()
    assert kakao.requests == []
    assert session.token == store.token == token


def test_unlink__not_if_kakao_refuses(kakao, new_session, token, store):
    session = new_session(token_store=store)
    kakao.fail_next(500, path="/v1/user/unlink")
    with pytest.raises(requests.RequestException):
        session.unlink()
    assert store.load() == token
    assert session.unlink() == {"id": 123456789}
    assert store.load() is None
    assert session.token == {}


@pytest.mark.parametrize("answer", [{"json": [["id", 1]]}, {"json": None}, {"kind": "html"}])
def test_token_info__answer_that_is_no_object(kakao, new_session, token, answer):
    kakao.fail_next(**{"kind": 200, **answer}, path="/v1/user/access_token_info")
    with pytest.raises(KakaoAPIError) as caught:
        new_session(token=token).token_info()
    assert str(caught.value) == "Kakao's answer could not be read. Try again later."
    assert caught.value.response.status_code == 200


@pytest.mark.parametrize("token", [{}, {"refresh_token": "r"}, {"access_token": "a"}])
def test_authorized__as_in_the_parent(token):
    sessions = [kind("key", token=token) for kind in (KakaoSession, OAuth2Session)]
    assert len({session.authorized for session in sessions}) == 1
