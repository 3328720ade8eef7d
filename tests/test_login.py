"""The first login: the authorization URL, the redirect, the exchange."""

from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from oauthlib.oauth2 import OAuth2Error

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
from tests.conftest import REFRESH, wire
from tests.test_saving import MemoryStore

REDIRECT_URI = "http://localhost:8765/callback"


def agree(url):
    """What the browser does: :returns: where Kakao sends it back to."""
    answer = requests.get(url, allow_redirects=False)
    assert answer.status_code == 302
    return answer.headers["Location"]


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
    assert dict(parse_qsl(urlsplit(url).query)) == {
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
        ("code", dict(parse_qsl(urlsplit(redirect).query))["code"]),
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT_URI),
    ]
    assert "Authorization" not in sent.headers
    assert token["expires_at"] == clock.moment + 21_599
    assert token["refresh_token_expires_at"] == clock.moment + 5_183_999
    assert token == session.token == FileTokenStore(tmp_path / "t.json").load()
    assert updated == [token]
    assert updated[0].refresh_token_changed
    assert session.get("/v2/user/me").status_code == 200


def test_login__with_pkce_and_a_secret(kakao, new_session):
    kakao.client_secret = "secret"
    session = new_session(redirect_uri=REDIRECT_URI, pkce="S256")
    url, _ = session.authorization_url()
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["code_challenge_method"] == "S256"
    session.fetch_token(authorization_response=agree(url), client_secret="secret")
    form = dict(kakao.token_requests[0].form)
    assert form["client_secret"] == "secret"
    assert 43 <= len(form["code_verifier"]) <= 128


def test_login__by_the_code_alone(kakao, new_session):
    session = new_session(redirect_uri=REDIRECT_URI)
    url, _ = session.authorization_url(state="mine")
    code = dict(parse_qsl(urlsplit(agree(url)).query))["code"]
    assert session.fetch_token(code=code)["access_token"]


def test_login__with_a_state_of_ones_own(kakao, new_session):
    session = new_session(redirect_uri=REDIRECT_URI)
    url, state = session.authorization_url(state="mine")
    assert dict(parse_qsl(urlsplit(url).query))["state"] == state == "mine"
    redirect = agree(url)
    with pytest.raises(LoginRequiredError, match="forged"):
        session.fetch_token(authorization_response=redirect.replace("mine", "yours"))
    assert session.fetch_token(authorization_response=redirect)["access_token"]


def test_login__in_another_process_with_the_state_kept(kakao, new_session):
    url, state = new_session(redirect_uri=REDIRECT_URI).authorization_url()
    callback = new_session(redirect_uri=REDIRECT_URI, state=state)
    assert callback.fetch_token(authorization_response=agree(url))


def test_exchange__has_the_sessions_time_out_or_its_own(kakao, new_session):
    seen = []

    class Watching(requests.adapters.HTTPAdapter):
        def send(self, request, *args, **kwargs):
            seen.append({name: kwargs[name] for name in ("timeout", "cert", "proxies")})
            return super().send(request, *args, **{**kwargs, "cert": None, "proxies": {}})

    session = new_session(redirect_uri=REDIRECT_URI, timeout=(3, 4))
    session.mount("https://", Watching())
    with pytest.raises(LoginRequiredError):
        session.fetch_token(code="no-such-code")
    own = {
        "timeout": 7,
        "cert": "client.pem",
        "proxies": {"https": "http://127.0.0.1:1"},
    }
    with pytest.raises(LoginRequiredError):
        session.fetch_token(code="no-such-code", **own)
    own["timeout"] = (7, 7)
    assert seen == [{"timeout": (3, 4), "cert": None, "proxies": {}}, own]


@pytest.mark.parametrize("returned", ["", "&state=", "&state=forged"])
def test_login__whose_state_is_lost(kakao, new_session, returned):
    callback = new_session(redirect_uri=REDIRECT_URI, state="")
    with pytest.raises(LoginRequiredError) as caught:
        callback.fetch_token(authorization_response=f"{REDIRECT_URI}?code=forged{returned}")
    assert caught.value.error == "mismatching_state"
    assert kakao.requests == []


def test_login__scope_other_than_asked_for(kakao, new_session, clock):
    kakao.login(scopes=["friends", "talk_message"])
    session = new_session(redirect_uri=REDIRECT_URI, scope=["talk_message"])
    url, _ = session.authorization_url()
    token = session.fetch_token(authorization_response=agree(url))
    assert token.scopes >= {"friends", "talk_message"}


def test_login__keeps_what_is_the_apps(kakao, new_session, clock, tmp_path):
    kakao.client_secret = "secret"
    store = FileTokenStore(tmp_path / "token.json")
    apps = {"app_key": kakao.app_key, "client_secret": "secret"}
    store.save(Token({**kakao.login(), **apps, "nickname": "the user's"}))
    session = new_session(None, token_store=store, redirect_uri=REDIRECT_URI)
    url, _ = session.authorization_url()
    token = session.fetch_token(authorization_response=agree(url))
    assert {name: token[name] for name in apps} == apps
    assert "nickname" not in token
    assert session.refresh_token()["access_token"] != token["access_token"]


def test_login__transport_settings_of_one_exchange(kakao, new_session, monkeypatch):
    session = new_session(redirect_uri=REDIRECT_URI)
    redirect = agree(session.authorization_url()[0])
    kakao.clear_requests()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    session.verify = True
    with pytest.raises(TemporaryError, match="SSLError"):
        session.fetch_token(authorization_response=redirect)
    session.fetch_token(authorization_response=redirect, verify=kakao.ca_file)
    assert wire(kakao) == [REFRESH]


@pytest.mark.parametrize("returned", ["state=forged", "", "state=", "state=\ud800"])
def test_forged_state__never_reaches_the_token_endpoint(kakao, new_session, token, returned):
    session = new_session(redirect_uri=REDIRECT_URI, token=token)
    session.authorization_url()
    with pytest.raises(LoginRequiredError) as caught:
        session.fetch_token(authorization_response=f"{REDIRECT_URI}?code=x&{returned}")
    assert str(caught.value) == (
        "The redirect does not belong to this login: its state is not the one that was sent. "
        "Somebody may have forged it, or it is from an earlier try. Start the login anew."
    )
    assert caught.value.error == "mismatching_state"
    assert isinstance(caught.value, OAuth2Error)
    assert kakao.token_requests == []
    assert session.token == token


@pytest.mark.parametrize(
    ("query", "error", "sentence"),
    [
        (
            "error=access_denied&error_description=User%20denied%20access",
            "access_denied",
            "The user did not agree.",
        ),
        (
            "error=consent_required",
            "consent_required",
            "The user has to agree first, and prompt=none forbids to ask.",
        ),
        ("error=odd%3Cscript%3E", "odd<script>", "Kakao gave no code."),
        ("", "missing_code", "What came back holds no code."),
        ("code=", "missing_code", "What came back holds no code."),
        ("code=a%0Ab", "missing_code", "What came back holds no code."),
    ],
)
def test_redirect__without_a_code(kakao, new_session, query, error, sentence):
    session = new_session(redirect_uri=REDIRECT_URI)
    _, state = session.authorization_url()
    with pytest.raises(LoginRequiredError) as caught:
        session.fetch_token(authorization_response=f"{REDIRECT_URI}?state={state}&{query}")
    assert str(caught.value) == f"{sentence} Log in again: run `kakao-session login`."
    assert caught.value.hint == "Log in again: run `kakao-session login`."
    assert caught.value.error == error
    assert kakao.token_requests == []


def test_redirect__that_is_no_url(kakao, new_session):
    with pytest.raises(LoginRequiredError, match="holds no code") as caught:
        new_session().fetch_token(authorization_response="https://[/?code=x")
    assert caught.value.error == "missing_code"
    assert kakao.token_requests == []


@pytest.mark.parametrize("code", ["\udcff", "한글", "a\nb", "\0"])
def test_code__that_can_be_none(kakao, new_session, code):
    with pytest.raises(LoginRequiredError) as caught:
        new_session(redirect_uri=REDIRECT_URI).fetch_token(code=code)
    assert caught.value.error == "missing_code"
    assert kakao.token_requests == []


@pytest.mark.parametrize("failure", [503, "KOE320", "KOE303", "KOE010", "html", "reset"])
def test_failed_exchange__leaves_the_old_token_in_place(
    kakao,
    new_session,
    token,
    tmp_path,
    failure,
):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    content = store.path.read_bytes()
    session = new_session(redirect_uri=REDIRECT_URI, token_store=store)
    if isinstance(failure, str) and failure.startswith("KOE"):
        kakao.fail_next(error_code=failure, times=None)
    else:
        kakao.fail_next(failure, times=None)
    with pytest.raises((LoginRequiredError, ConfigurationError, TemporaryError)):
        session.fetch_token(code="a-code")
    assert session.token == token
    assert store.path.read_bytes() == content
    assert session.get("/v2/user/me").status_code == 200


def test_store_out_of_reach__the_code_is_not_spent(kakao, new_session, tmp_path):
    obstacle = tmp_path / "file"
    obstacle.touch()
    session = new_session(redirect_uri=REDIRECT_URI, token_store=obstacle / "token.json")
    url, _ = session.authorization_url()
    redirect = agree(url)
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


def test_fetch_token__without_code_or_redirect(new_session):
    with pytest.raises(
        ValueError, match=r"^Give fetch_token a code or an authorization_response\.$"
    ):
        new_session().fetch_token()


def test_fetch_token__pkce_without_the_url(new_session):
    with pytest.raises(
        ValueError, match=r"^With pkce, call authorization_url on this session first\.$"
    ):
        new_session(pkce="S256").fetch_token(code="c")


@pytest.mark.parametrize("deed", ["fetch_token", "refresh_token"])
def test_token_url__has_to_be_https(new_session, token, deed):
    session = new_session(token=token)
    kwargs = {"code": "c"} if deed == "fetch_token" else {}
    sentence = r"^The token endpoint has to be an https:// URL\.$"
    with pytest.raises(ConfigurationError, match=sentence):
        getattr(session, deed)("http://127.0.0.1/oauth/token", **kwargs)


def test_authorization_url__without_an_app_key():
    with pytest.raises(ConfigurationError, match="REST API key"):
        KakaoSession().authorization_url()


def test_logout__ends_the_login_here_there_and_in_the_file(kakao, new_session, token, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    assert session.token_info()["app_id"] == kakao.app_id
    answer = session.logout()
    assert answer == {"id": 123456789}
    assert not session.authorized
    assert store.load() is None
    with pytest.raises(LoginRequiredError):
        new_session(token=token).get("/v2/user/me")


def test_logout__without_a_store(kakao, new_session, token):
    session = new_session(token=token)
    session.logout()
    assert not session.authorized


@pytest.mark.parametrize("failure", [500, "reset"])
def test_logout__when_kakao_can_not_be_told(kakao, new_session, token, tmp_path, failure):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    kakao.fail_next(failure, path="/v1/user/logout")
    with pytest.raises(requests.RequestException):
        session.logout()
    assert store.load() is None


@pytest.mark.parametrize("answer", [[], [1], [["id", 1]], "id", None, "html", "garbage"])
def test_token_info__answer_that_is_no_object(kakao, new_session, token, answer):
    path = "/v1/user/access_token_info"
    if answer in ("html", "garbage"):
        kakao.fail_next(answer, path=path)
    else:
        kakao.fail_next(200, json=answer, path=path)
    with pytest.raises(KakaoAPIError) as caught:
        new_session(token=token).token_info()
    assert str(caught.value) == "Kakao's answer could not be read. Try again later."
    assert caught.value.response is not None
    assert caught.value.response.status_code == 200


def test_unlink__when_kakao_refuses(kakao, new_session, token, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    kakao.fail_next(500, path="/v1/user/unlink")
    with pytest.raises(requests.RequestException):
        session.unlink()
    assert store.load() == token
    assert session.unlink() == {"id": 123456789}
    assert store.load() is None
    assert session.token == {}
