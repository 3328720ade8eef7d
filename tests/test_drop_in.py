"""Code written for ``OAuth2Session`` works when only the class name is changed."""

import inspect
import logging
import pickle
import warnings
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from oauthlib.oauth2 import (
    InvalidGrantError,
    MismatchingStateError,
    TokenExpiredError,
    WebApplicationClient,
)
from requests_oauthlib.oauth2_session import OAuth2Session, TokenUpdated

from kakao_session import (
    ConfigurationError,
    FileTokenStore,
    KakaoSession,
    KakaoWarning,
    LoginRequiredError,
    TemporaryError,
)
from tests.conftest import ME, ME_401, REFRESH, wire
from tests.test_login import REDIRECT_URI, agree
from tests.test_storms import at_once


def test_parents_keywords__one_by_one(kakao, new_session, token, clock):
    saved = []
    session = new_session(
        kakao.app_key,
        token=dict(token),
        auto_refresh_url=f"{kakao.endpoints.kauth_url}/oauth/token",
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
        f"{kakao.endpoints.kauth_url}/oauth/token",
        authorization_response=agree(url),
        include_client_id=True,
    )
    assert session.authorized


def test_fetch_token__with_the_client_in_the_call(kakao, new_session):
    url, _ = new_session(redirect_uri=REDIRECT_URI).authorization_url()
    session = new_session(None, redirect_uri=REDIRECT_URI)
    session.fetch_token(
        authorization_response=agree(url), client_id=kakao.app_key, include_client_id=True
    )
    assert dict(kakao.token_requests[0].form)["client_id"] == kakao.app_key
    session.refresh_token()


def test_auto_refresh_url__is_where_tokens_are_renewed(kakao, new_session, token):
    url = f"{kakao.endpoints.token_url}?by=auto_refresh_url"
    new_session(token=token, auto_refresh_url=url).refresh_token()
    assert [request.query for request in kakao.token_requests] == ["by=auto_refresh_url"]


def test_parents_refresh_token__with_client_in_the_call(kakao, new_session, token):
    kakao.client_secret = "secret"
    session = new_session(None, token=token)
    extra = {"client_id": kakao.app_key, "client_secret": "secret"}
    renewed = session.refresh_token(
        kakao.endpoints.token_url, refresh_token=token["refresh_token"], **extra
    )
    assert renewed["refresh_token"] == token["refresh_token"]


def test_refresh_token__its_own_said_in_the_call(kakao, new_session, token):
    updated = []
    session = new_session(token=token, token_updater=updated.append)
    renewed = session.refresh_token(refresh_token=token["refresh_token"])
    assert renewed["refresh_token_expires_at"] == token["refresh_token_expires_at"]
    assert [saved.refresh_token_changed for saved in updated] == [False]


def test_refresh_token__another_than_its_own(kakao, new_session, token):
    other = kakao.login()
    session = new_session(token=token)
    renewed = session.refresh_token(refresh_token=other["refresh_token"])
    assert ("refresh_token", other["refresh_token"]) in kakao.token_requests[0].form
    assert renewed["refresh_token"] == other["refresh_token"]
    assert renewed["access_token"] != token["access_token"]


def test_refresh_token__another_that_is_no_good(kakao, new_session, token):
    session = new_session(token=token)
    with pytest.raises(LoginRequiredError):
        session.refresh_token(refresh_token="no-good")
    assert session.token == token
    assert session.refresh_token()["refresh_token"] == token["refresh_token"]


def test_refresh_token__with_no_token_at_all(kakao, new_session, clock):
    updated = []
    given = kakao.login()["refresh_token"]
    session = new_session(token_updater=updated.append)
    assert session.refresh_token(refresh_token=given)["refresh_token"] == given
    assert updated[0].refresh_token_changed
    assert session.get("/v2/user/me").status_code == 200


def test_refresh_token__another_after_its_own_has_run_out(kakao, new_session, token, clock):
    session = new_session(token=token)
    clock.advance(days=61)
    other = kakao.login()["refresh_token"]
    assert "refresh_token_expires_at" not in session.refresh_token(refresh_token=other)


def test_client__as_the_parent_takes_it(kakao, new_session):
    session = new_session(None, client=WebApplicationClient(kakao.app_key))
    assert session.client_id == kakao.app_key
    session.client_id = "other"
    assert session.client_id == "other"
    del session.client_id
    assert session.client_id is None


@pytest.mark.parametrize("name", ["authorization_url", "fetch_token", "refresh_token", "request"])
def test_signatures__are_the_parents(name):
    def names(owner):
        return list(inspect.signature(getattr(owner, name)).parameters)

    assert names(KakaoSession) == names(OAuth2Session)


def test_constructor__refuses_what_the_parent_refuses():
    with pytest.raises(AttributeError):
        KakaoSession("id", pkce="S512")
    with pytest.raises(TypeError):
        KakaoSession("id", nonsense=1)
    with pytest.raises(ValueError, match="access_token"):
        KakaoSession("id", token={"nonsense": 1})


def test_state__callable_or_fixed(new_session):
    assert new_session(state=lambda: "made").authorization_url()[1] == "made"
    assert new_session(state="fixed").authorization_url()[1] == "fixed"
    first, second = (new_session().authorization_url()[1] for _ in range(2))
    assert first != second


def test_state_callable__is_not_compared_with(kakao, new_session):
    url, _ = new_session(redirect_uri=REDIRECT_URI).authorization_url()
    fresh = new_session(redirect_uri=REDIRECT_URI, state=lambda: "made")
    assert fresh.fetch_token(authorization_response=agree(url))


def test_compliance_hook__says_that_it_is_not_called(new_session):
    sentence = "KakaoSession speaks Kakao's dialect itself and calls no compliance hook."
    with pytest.warns(UserWarning, match=f"^{sentence}$"):
        new_session().register_compliance_hook("access_token_response", print)


def test_compliance_hook__points_at_the_caller(new_session):
    with pytest.warns(UserWarning, match="compliance hook") as warned:
        new_session().register_compliance_hook("access_token_response", print)
    (warning,) = warned
    assert warning.filename == __file__


def test_parents_log__does_not_run(
    kakao,
    new_session,
    token,
    clock,
    caplog,
):
    session = new_session(token=token, redirect_uri=REDIRECT_URI, pkce="S256")
    clock.advance(hours=7)
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        session.get("/v2/user/me")
        session.refresh_token()
        url, _ = session.authorization_url()
        session.fetch_token(authorization_response=agree(url))
    assert not [r for r in caplog.records if r.name.startswith("requests_oauthlib")]


# The parent's recipes -------------------------------------------------------------------------


def test_recipe__catch_the_expiry(kakao, new_session, token, clock):
    clock.advance(hours=7)
    session = new_session(token=token)
    try:
        response = session.get("/v2/user/me")
    except TokenExpiredError:
        pytest.fail("it refreshes by itself")
    assert response.status_code == 200


def test_recipe__catch_the_expiry_and_lose_the_new_refresh_token(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    clock.advance(hours=7)
    with pytest.warns(KakaoWarning, match="replaced the refresh token"):
        new_session(token=token).get("/v2/user/me")


@pytest.mark.parametrize("renewal", ["always", "never"])
def test_recipe__token_updated(kakao, new_session, token, clock, renewal):
    kakao.refresh_token_renewal = renewal
    clock.advance(hours=7)
    session = new_session(
        token=token,
        auto_refresh_url=kakao.endpoints.token_url,
        auto_refresh_kwargs={"client_id": kakao.app_key},
    )
    with pytest.raises(TokenUpdated) as caught:
        session.post("/v2/api/talk/memo/default/send", data={"template_object": "{}"})
    assert wire(kakao) == [REFRESH]  # the message is not sent twice
    assert caught.value.token == session.token
    assert caught.value.token["access_token"] != token["access_token"]
    assert session.get("/v2/user/me").status_code == 200


def test_recipe__token_updated_after_a_401(kakao, new_session, token):
    kakao.revoke_access_tokens()
    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    with pytest.raises(TokenUpdated):
        session.get("/v2/user/me")
    assert wire(kakao) == [ME_401, REFRESH]
    assert session.get("/v2/user/me").status_code == 200


def test_recipe__token_updated_in_the_thread_that_refreshed(kakao, new_session, token, clock):
    kakao.latency = 0.2
    clock.advance(hours=7)
    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    outcomes = at_once(8, lambda: session.get("/v2/user/me").status_code)
    assert sorted(map(str, outcomes)) == ["", *["200"] * 7]
    assert len(kakao.token_requests) == 1


def test_recipe__token_updated_is_for_calls_alone(kakao, new_session, token, clock):
    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    assert session.refresh_token()
    clock.advance(hours=7)
    assert session.ensure_active_token()
    clock.advance(hours=7)
    assert session.prepare_request(requests.Request("GET", "/v2/user/me"))


def test_recipe__token_updated_not_ahead_of_time(kakao, new_session, token, clock):
    kakao.refresh_token_renewal = "always"
    clock.advance(seconds=21_599 - 300)
    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    with pytest.warns(KakaoWarning, match="replaced the refresh token"):
        assert session.get("/v2/user/me").status_code == 200


@pytest.mark.parametrize("keeper", ["token_updater", "token_store"])
def test_recipe__token_updater_instead(kakao, new_session, token, clock, tmp_path, keeper):
    saved = []
    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    clock.advance(hours=7)
    if keeper == "token_updater":
        session.token_updater = saved.append
    else:
        session = new_session(
            token=token,
            auto_refresh_url=kakao.endpoints.token_url,
            token_store=tmp_path / "token.json",
        )
    assert session.get("/v2/user/me").status_code == 200
    assert saved in ([], [session.token])


# What is assigned later -----------------------------------------------------------------------


def test_auto_refresh_url__assigned_later(kakao, new_session, token):
    session = new_session(token=token)
    url = f"{kakao.endpoints.token_url}?by=auto_refresh_url"
    session.auto_refresh_url = url
    assert session.auto_refresh_url == url
    session.refresh_token()
    session.auto_refresh_url = None
    session.refresh_token()
    assert [request.query for request in kakao.token_requests] == ["by=auto_refresh_url", ""]


@pytest.mark.parametrize("how", ["assigned", "updated"])
def test_auto_refresh_kwargs__later(kakao, new_session, token, how):
    kakao.client_secret = "secret"
    session = new_session(None, token=token, auto_refresh_kwargs={"client_id": "wrong"})
    extra = {"client_id": kakao.app_key, "client_secret": "secret"}
    if how == "assigned":
        session.auto_refresh_kwargs = extra
    else:
        session.auto_refresh_kwargs.update(extra)
    session.refresh_token()
    assert ("client_secret", "secret") in kakao.token_requests[0].form
    assert session.auto_refresh_kwargs == extra
    session.auto_refresh_kwargs = None
    assert session.auto_refresh_kwargs == {}
    assert session.client_id is None


def test_fetch_token__remembers_the_client_secret(kakao, new_session):
    kakao.client_secret = "secret"
    session = new_session(redirect_uri=REDIRECT_URI)
    url, _ = session.authorization_url()
    session.fetch_token(
        kakao.endpoints.token_url, authorization_response=agree(url), client_secret="secret"
    )
    session.refresh_token()
    assert [dict(sent.form)["client_secret"] for sent in kakao.token_requests] == ["secret"] * 2


# auth = None ----------------------------------------------------------------------------------


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
    session = new_session(token=token)
    kakao.unlink()
    for _ in range(2):  # from Kakao, and from memory
        with pytest.raises(InvalidGrantError) as caught:
            session.refresh_token()
        assert isinstance(caught.value, LoginRequiredError)
        assert caught.value.error == "invalid_grant"
    ran_out = new_session(token=token)
    clock.advance(days=61)
    with pytest.raises(InvalidGrantError):
        ran_out.get("/v2/user/me")


def test_mismatching_state__is_a_forged_redirect(new_session):
    session = new_session(redirect_uri=REDIRECT_URI)
    session.authorization_url()
    forged = f"{REDIRECT_URI}?code=c&state=forged"
    with pytest.raises(MismatchingStateError) as caught:
        session.fetch_token(authorization_response=forged)
    assert isinstance(caught.value, LoginRequiredError)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (requests.ConnectionError("refused"), requests.ConnectionError),
        (requests.ConnectTimeout("slow"), requests.Timeout),
        (requests.ReadTimeout("slow"), requests.Timeout),
    ],
)
def test_out_of_reach__is_what_requests_raises(new_session, token, raised, kind):
    class Broken(requests.adapters.HTTPAdapter):
        def send(self, *_, **__):
            raise raised

    session = new_session(token=token)
    session.mount("https://", Broken())
    with pytest.raises(kind) as caught:
        session.refresh_token()
    assert isinstance(caught.value, TemporaryError)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert type(twin) is type(caught.value)


def test_answer_with_503__is_no_timeout(kakao, new_session, token):
    kakao.fail_next(503, times=None)
    with pytest.raises(TemporaryError) as caught:
        new_session(token=token).refresh_token()
    assert not isinstance(caught.value, requests.Timeout)


# Other classes in the MRO ---------------------------------------------------------------------


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


class Both(KakaoSession, Logged):
    pass


def test_session_in_the_mro__is_called(kakao, token, clock):
    with Both(kakao.app_key, token=token, endpoints=kakao.endpoints) as session:
        steps = ["request", "prepare_request", "merge_environment_settings", "send", "get_adapter"]
        assert session.get("/v2/user/me").status_code == 200
        assert session.calls == steps
        session.calls.clear()
        session.refresh_token()
        assert session.calls == ["merge_environment_settings", "send", "get_adapter"]


def test_code__of_the_client(kakao, new_session):
    session = new_session(redirect_uri=REDIRECT_URI)
    url, _ = session.authorization_url()
    code = dict(parse_qsl(urlsplit(agree(url)).query))["code"]
    session = new_session(
        None, redirect_uri=REDIRECT_URI, client=WebApplicationClient(kakao.app_key, code=code)
    )
    assert session.fetch_token()["access_token"]


# TokenUpdated is for one login --------------------------------------------------------------


def test_token_updated__not_for_another_login(kakao, new_session, new_auth, token, clock, tmp_path):
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    owner = new_session(token=kakao.login(), auto_refresh_url=kakao.endpoints.token_url)
    clock.advance(hours=7)
    assert owner.get("/v2/user/me", auth=new_auth(token_store=store)).status_code == 200
    assert store.load()["access_token"] != token["access_token"]


def test_token_updated__not_by_the_owner_of_a_hook(kakao, new_session, token, clock):
    def hook(*_, **__):
        session.refresh_token()
        clock.advance(hours=7)
        session.ensure_active_token()

    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    assert session.get("/v2/user/me", hooks={"response": hook}).status_code == 200


@pytest.mark.parametrize("name", ["logout", "unlink", "token_info"])
@pytest.mark.parametrize("trouble", ["expired", "revoked"])
def test_token_updated__not_by_what_the_session_asks_itself(
    kakao, new_session, token, clock, name, trouble
):
    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    if trouble == "expired":
        clock.advance(hours=7)
    else:
        kakao.revoke_access_tokens()
    assert getattr(session, name)()["id"] == 123456789
    assert session.authorized == (name == "token_info")


# What programs patch, and mistakes ------------------------------------------------------------


def test_patched_session__is_asked(kakao, new_session, token, monkeypatch):
    """The well-known way to switch off verification for everything."""
    original = requests.Session.merge_environment_settings

    def patched(self, *args):
        asked.append(args[0])
        return original(self, *args)

    asked = []
    monkeypatch.setattr(requests.Session, "merge_environment_settings", patched)
    new_session(token=token).get("/v2/user/me")
    assert asked == [f"{kakao.endpoints.api_url}/v2/user/me"]


@pytest.mark.parametrize("url", ["http://example.org/", "nonsense", "https://", 5])
def test_auto_refresh_url__that_is_refused_changes_nothing(kakao, new_session, token, clock, url):
    session = new_session(token=token)
    with pytest.raises(ConfigurationError, match="https:// URL"):
        session.auto_refresh_url = url
    assert session.auto_refresh_url is None
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200


def test_fetch_token__never_sends_a_scope(kakao, new_session):
    session = new_session(redirect_uri=REDIRECT_URI, scope=["talk_message"])
    with pytest.raises(LoginRequiredError):
        session.fetch_token(code="abc", scope="talk_message", state="s")
    assert {name for name, _ in kakao.token_requests[0].form} == {
        "grant_type",
        "client_id",
        "redirect_uri",
        "code",
    }
