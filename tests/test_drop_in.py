"""Code written for ``OAuth2Session`` works when only the class name is changed."""

import inspect
import logging
from urllib.parse import urlsplit

import pytest
import requests
from oauthlib.oauth2 import InvalidGrantError, WebApplicationClient
from requests_oauthlib.oauth2_session import OAuth2Session, TokenUpdated

from kakao_session import (
    ConfigurationError,
    FileTokenStore,
    KakaoSession,
    KakaoWarning,
    LoginRequiredError,
)
from tests.conftest import LIFE, ME, ME_401, REDIRECT_URI, REFRESH, agree, at_once, query, wire


@pytest.fixture
def redirect(new_session):
    """A redirect that brings a code for this Kakao's app."""
    return agree(new_session(redirect_uri=REDIRECT_URI).authorization_url()[0])


def sent_fields(kakao, name):
    return [dict(request.form).get(name) for request in kakao.token_requests]


def test_keywords_of_the_parent(kakao, new_session, token, clock):
    saved = []
    session = new_session(
        kakao.app_key,
        token=dict(token),
        auto_refresh_url=kakao.endpoints.token_url,
        auto_refresh_kwargs={"client_id": kakao.app_key, "client_secret": "unused"},
        token_updater=saved.append,
        scope=["talk_message"],
        redirect_uri=REDIRECT_URI,
        pkce="S256",
        state="fixed",
    )
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]
    assert saved == [session.token]
    url, state = session.authorization_url(f"{kakao.endpoints.kauth_url}/oauth/authorize")
    assert state == "fixed"
    session.fetch_token(
        kakao.endpoints.token_url, authorization_response=agree(url), include_client_id=True
    )
    assert session.authorized


@pytest.mark.parametrize("name", ["authorization_url", "fetch_token", "refresh_token", "request"])
def test_signatures__are_the_parents(name):
    ours, theirs = (
        list(inspect.signature(getattr(owner, name)).parameters)
        for owner in (KakaoSession, OAuth2Session)
    )
    assert ours == theirs


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"pkce": "S512"}, AttributeError, "S512"),
        ({"nonsense": 1}, TypeError, "nonsense"),
        ({"token": {"nonsense": 1}}, ValueError, "access_token"),
    ],
)
def test_constructor__refuses_what_the_parent_refuses(kwargs, error, message):
    with pytest.raises(error, match=message):
        KakaoSession("id", **kwargs)


def test_state__callable_or_fixed(new_session, redirect):
    fresh = new_session(redirect_uri=REDIRECT_URI, state=lambda: "made")
    assert fresh.fetch_token(authorization_response=redirect)  # there is none to compare with
    assert fresh.authorization_url()[1] == "made"
    assert new_session(state="fixed").authorization_url()[1] == "fixed"
    first, second = (new_session().authorization_url()[1] for _ in range(2))
    assert first != second


def test_compliance_hook__is_not_called(new_session):
    sentence = (
        "KakaoSession ignores compliance hooks: it understands Kakao's answers without them. "
        "Delete this call."
    )
    with pytest.warns(UserWarning, match=f"^{sentence}$") as warned:
        new_session().register_compliance_hook("access_token_response", print)
    assert [warning.filename for warning in warned] == [__file__]  # where the caller is


def test_log_of_the_parent__does_not_run(new_session, token, clock, caplog):
    session = new_session(token=token, redirect_uri=REDIRECT_URI, pkce="S256")
    clock.advance(hours=7)
    with caplog.at_level(logging.DEBUG):
        session.get("/v2/user/me")
        session.refresh_token()
        session.fetch_token(authorization_response=agree(session.authorization_url()[0]))
    assert not [r for r in caplog.records if r.name.startswith("requests_oauthlib")]


# The app, given in a call or to the client ------------------------------------------------------


def test_client__as_the_parent_takes_it(kakao, new_session):
    session = new_session(None, client=WebApplicationClient(kakao.app_key))
    assert session.client_id == kakao.app_key
    session.client_id = "other"
    assert session.client_id == "other"
    del session.client_id
    assert session.client_id is None


def test_client__with_a_code(kakao, new_session, redirect):
    client = WebApplicationClient(kakao.app_key, code=query(redirect)["code"])
    session = new_session(None, redirect_uri=REDIRECT_URI, client=client)
    assert session.fetch_token()["access_token"]


def test_fetch_token__remembers_the_app(kakao, new_session, redirect):
    kakao.client_secret = "secret"
    session = new_session(None, redirect_uri=REDIRECT_URI)
    session.fetch_token(
        kakao.endpoints.token_url,
        authorization_response=redirect,
        client_id=kakao.app_key,
        client_secret="secret",
        include_client_id=True,
    )
    session.refresh_token()
    assert sent_fields(kakao, "client_id") == [kakao.app_key] * 2
    assert sent_fields(kakao, "client_secret") == ["secret"] * 2


def test_fetch_token__never_sends_a_scope(kakao, new_session):
    session = new_session(redirect_uri=REDIRECT_URI, scope=["talk_message"])
    with pytest.raises(LoginRequiredError):
        session.fetch_token(code="abc", scope="talk_message", state="s")
    names = {name for name, _ in kakao.token_requests[0].form}
    assert names == {"grant_type", "client_id", "redirect_uri", "code"}


def test_refresh_token__with_the_app_in_the_call(kakao, new_session, token):
    kakao.client_secret = "secret"
    session = new_session(None, token=token)
    app = {"client_id": kakao.app_key, "client_secret": "secret"}
    refreshed = session.refresh_token(
        kakao.endpoints.token_url, refresh_token=token["refresh_token"], **app
    )
    assert refreshed["refresh_token"] == token["refresh_token"]


# refresh_token(refresh_token=) ------------------------------------------------------------------


def test_refresh_token_given__the_sessions_own(new_session, token):
    updated = []
    session = new_session(token=token, token_updater=updated.append)
    refreshed = session.refresh_token(refresh_token=token["refresh_token"])
    assert refreshed["refresh_token_expires_at"] == token["refresh_token_expires_at"]
    assert [saved.refresh_token_changed for saved in updated] == [False]


def test_refresh_token_given__another(kakao, new_session, token):
    session, own, other = new_session(token=token), token["refresh_token"], kakao.login()
    with pytest.raises(LoginRequiredError):
        session.refresh_token(refresh_token="no-good")
    assert session.token == token
    assert session.refresh_token()["refresh_token"] == own
    refreshed = session.refresh_token(refresh_token=other["refresh_token"])
    assert sent_fields(kakao, "refresh_token") == ["no-good", own, other["refresh_token"]]
    assert refreshed["refresh_token"] == other["refresh_token"]
    assert refreshed["access_token"] != token["access_token"]


def test_refresh_token_given__another_is_sent_whatever_the_store_holds(
    kakao, new_session, store, clock
):
    session = new_session(token_store=store)
    assert session.authorized
    new_session(token_store=store).refresh_token()
    kakao.clear_requests()
    other = kakao.login()["refresh_token"]
    assert session.refresh_token(refresh_token=other)["refresh_token"] == other
    assert sent_fields(kakao, "refresh_token") == [other]
    assert store.load() == session.token


def test_refresh_token_given__without_any_token(kakao, new_session):
    updated = []
    given = kakao.login()["refresh_token"]
    session = new_session(token_updater=updated.append)
    assert session.refresh_token(refresh_token=given)["refresh_token"] == given
    assert updated[0].refresh_token_changed
    assert session.get("/v2/user/me").status_code == 200


def test_refresh_token_given__after_the_sessions_own_has_run_out(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(days=61)
    other = kakao.login()["refresh_token"]
    assert "refresh_token_expires_at" not in session.refresh_token(refresh_token=other)


# The parent's recipes -------------------------------------------------------------------------


@pytest.fixture
def auto_refreshing(kakao, new_session, token):
    """Makes sessions for the recipe in which the session tells the caller of a new token."""
    return lambda **kwargs: new_session(
        **{"token": token, "auto_refresh_url": kakao.endpoints.token_url, **kwargs}
    )


@pytest.mark.parametrize("renewal", ["always", "never"])
@pytest.mark.parametrize("trouble", ["expired", "revoked"])
def test_recipe__token_updated(kakao, auto_refreshing, token, clock, renewal, trouble):
    kakao.refresh_token_renewal = renewal
    if trouble == "expired":
        clock.advance(hours=7)
    else:
        kakao.revoke_access_tokens()
    session = auto_refreshing(auto_refresh_kwargs={"client_id": kakao.app_key})
    with pytest.raises(TokenUpdated) as caught:
        session.get("/v2/user/me")
    assert wire(kakao) == [ME_401, REFRESH][trouble == "expired" :]  # and not sent again
    assert caught.value.token == session.token
    assert caught.value.token["access_token"] != token["access_token"]
    assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize("keeper", ["token_updater", "token_store"])
def test_recipe__token_updater_or_a_store_instead(auto_refreshing, clock, tmp_path, keeper):
    saved = []
    session = auto_refreshing(
        token_store=tmp_path / "token.json" if keeper == "token_store" else None
    )
    clock.advance(hours=7)
    if keeper == "token_updater":
        session.token_updater = saved.append
    assert session.get("/v2/user/me").status_code == 200
    assert saved == ([session.token] if keeper == "token_updater" else [])


def test_token_updated__in_the_thread_that_refreshed(kakao, auto_refreshing, clock):
    kakao.latency = 0.2
    clock.advance(hours=7)
    session = auto_refreshing()
    outcomes = at_once(8, lambda: session.get("/v2/user/me").status_code)
    assert sorted(map(str, outcomes)) == ["", *["200"] * 7]
    assert len(kakao.token_requests) == 1


def test_token_updated__by_calls_alone(auto_refreshing, clock):
    session = auto_refreshing()
    assert session.refresh_token()
    clock.advance(hours=7)
    assert session.ensure_active_token()
    clock.advance(hours=7)
    assert session.prepare_request(requests.Request("GET", "/v2/user/me"))


def test_token_updated__not_ahead_of_time(kakao, auto_refreshing, clock):
    kakao.refresh_token_renewal = "always"
    clock.advance(seconds=LIFE - 300)
    session = auto_refreshing()
    with pytest.warns(KakaoWarning, match="replaced the refresh token"):
        assert session.get("/v2/user/me").status_code == 200


def test_token_updated__not_for_another_login(
    kakao, auto_refreshing, new_auth, token, clock, tmp_path
):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    owner = auto_refreshing(token=kakao.login())
    clock.advance(hours=7)
    assert owner.get("/v2/user/me", auth=new_auth(token_store=store)).status_code == 200
    assert store.load()["access_token"] != token["access_token"]


def test_token_updated__not_by_the_owner_of_a_hook(auto_refreshing, clock):
    def hook(*_, **__):
        session.refresh_token()
        clock.advance(hours=7)
        session.ensure_active_token()

    session = auto_refreshing()
    assert session.get("/v2/user/me", hooks={"response": hook}).status_code == 200


@pytest.mark.parametrize("name", ["logout", "unlink", "token_info"])
@pytest.mark.parametrize("trouble", ["expired", "revoked"])
def test_token_updated__is_not_raised_by_the_sessions_own_calls(
    kakao, auto_refreshing, clock, name, trouble
):
    session = auto_refreshing()
    if trouble == "expired":
        clock.advance(hours=7)
    else:
        kakao.revoke_access_tokens()
    assert getattr(session, name)()["id"] == 123456789
    assert session.authorized == (name == "token_info")


# What is assigned later -----------------------------------------------------------------------


def test_auto_refresh_url__given_and_assigned_later(kakao, new_session, token):
    url = f"{kakao.endpoints.token_url}?by="
    session = new_session(token=token, auto_refresh_url=f"{url}given")
    session.refresh_token()
    session.auto_refresh_url = f"{url}assigned"
    assert session.auto_refresh_url == f"{url}assigned"
    session.refresh_token()
    session.auto_refresh_url = None
    session.refresh_token()
    assert [request.query for request in kakao.token_requests] == ["by=given", "by=assigned", ""]


@pytest.mark.parametrize("url", ["http://example.org/", "nonsense", "https://", 5])
def test_auto_refresh_url__that_is_refused_changes_nothing(new_session, token, clock, url):
    session = new_session(token=token)
    with pytest.raises(ConfigurationError, match="https:// URL"):
        session.auto_refresh_url = url
    assert session.auto_refresh_url is None
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize("remembered", ["constructor", "refresh_token"])
def test_auto_refresh_kwargs__later_count_more_than_what_was_given(
    kakao, new_session, token, clock, remembered
):
    kakao.client_secret = "new"
    given = {"client_secret": "old"} if remembered == "constructor" else {}
    session = new_session("wrong", token=token, **given)
    if remembered == "refresh_token":
        with pytest.raises(ConfigurationError):
            session.refresh_token(client_secret="old")
    session.auto_refresh_kwargs = {"client_id": kakao.app_key, "client_secret": "new"}
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize("deed", ["fetch_token", "refresh_token"])
def test_body__with_the_app(kakao, new_session, token, deed):
    kakao.client_secret = "secret"
    session = new_session("wrong", token=token, redirect_uri=REDIRECT_URI)
    body = f"client_id={kakao.app_key}&client_secret=secret"
    if deed == "fetch_token":
        session.client_id = kakao.app_key
        url, _ = session.authorization_url()
        response = agree(url)
        session.client_id = "wrong"
        new = session.fetch_token(authorization_response=response, body=body)
    else:
        new = session.refresh_token(body=body)
    assert new["access_token"] != token["access_token"]


@pytest.mark.parametrize("how", ["assigned", "updated"])
def test_auto_refresh_kwargs__later(kakao, new_session, token, how):
    kakao.client_secret = "secret"
    session = new_session(None, token=token, auto_refresh_kwargs={"client_id": "wrong"})
    app = {"client_id": kakao.app_key, "client_secret": "secret"}
    if how == "assigned":
        session.auto_refresh_kwargs = app
    else:
        session.auto_refresh_kwargs.update(app)
    session.refresh_token()
    assert sent_fields(kakao, "client_secret") == ["secret"]
    assert session.auto_refresh_kwargs == app
    session.auto_refresh_kwargs = None
    assert session.auto_refresh_kwargs == {}
    assert session.client_id is None


def test_auth_none__keeps_the_login(kakao, new_session, token, clock):
    session = new_session(token=token)
    session.auth = None
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    assert session.get("/v2/user/me").status_code == 200
    assert session.get("/v2/user/me", withhold_token=True).status_code == 401
    assert session.get("/v2/user/me", auth=("user", "password")).status_code == 401
    assert wire(kakao) == [REFRESH, ME, ME_401, REFRESH, ME, ME_401, ME_401]


def test_auth_none__lets_netrc_decide(kakao, new_session, token, tmp_path, monkeypatch):
    host = urlsplit(kakao.endpoints.api_url).hostname
    (tmp_path / "netrc").write_text(f"machine {host} login user password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session = new_session(token=token)
    assert session.get("/v2/user/me").status_code == 200
    session.auth = None
    assert session.get("/v2/user/me").status_code == 401
    assert kakao.requests[-1].headers["Authorization"].startswith("Basic ")
    session.trust_env = False
    assert session.get("/v2/user/me").status_code == 200


# Errors that existing programs catch ----------------------------------------------------------


def test_invalid_grant__is_a_login_that_ended(kakao, new_session, token, clock):
    session, ran_out = new_session(token=token), new_session(token=token)
    kakao.unlink()
    for _ in range(2):  # from Kakao, and from memory
        with pytest.raises(InvalidGrantError) as caught:
            session.refresh_token()
        assert isinstance(caught.value, LoginRequiredError)
        assert caught.value.error == "invalid_grant"
    clock.advance(days=61)
    with pytest.raises(InvalidGrantError):
        ran_out.get("/v2/user/me")


# Other classes, and what programs patch ---------------------------------------------------------


class Logged(requests.Session):
    """A session of somebody else's, mixed in behind ours."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = []

    def request(self, method, url, **kwargs):
        self.calls.append("request")
        return super().request(method, url, **kwargs)

    def prepare_request(self, request):
        self.calls.append("prepare_request")
        return super().prepare_request(request)

    def merge_environment_settings(self, *args):
        self.calls.append("merge_environment_settings")
        return super().merge_environment_settings(*args)

    def get_adapter(self, url):
        self.calls.append("get_adapter")
        return super().get_adapter(url)

    def send(self, request, **kwargs):
        self.calls.append("send")
        return super().send(request, **kwargs)


def test_session_in_the_mro__is_called(kakao, token, clock):
    class Both(KakaoSession, Logged):
        pass

    with Both(kakao.app_key, token=token, endpoints=kakao.endpoints) as session:
        steps = ["request", "prepare_request", "merge_environment_settings", "send", "get_adapter"]
        assert session.get("/v2/user/me").status_code == 200
        assert session.calls == steps
        session.calls.clear()
        session.refresh_token()
        assert session.calls == ["merge_environment_settings", "send", "get_adapter"]


def test_patched_session__is_asked(new_session, token, monkeypatch, me_url):
    """The well-known way to switch off verification for everything."""
    original = requests.Session.merge_environment_settings

    def patched(self, *args):
        asked.append(args[0])
        return original(self, *args)

    asked = []
    monkeypatch.setattr(requests.Session, "merge_environment_settings", patched)
    new_session(token=token).get("/v2/user/me")
    assert asked == [me_url]
