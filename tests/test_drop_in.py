"""Code written for ``OAuth2Session`` works when only the class name is changed."""

from __future__ import annotations

import inspect
import logging
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib.oauth2_session import OAuth2Session

from kakao_session import KakaoSession, LoginRequiredError, Token
from tests.conftest import ME, REFRESH, Clock, wire
from tests.test_login import REDIRECT_URI, agree

if TYPE_CHECKING:
    from kakao_session.emulator import KakaoEmulator
    from tests.conftest import NewSession


def test_parents_keywords__one_by_one(
    kakao: KakaoEmulator, new_session: NewSession, token: Token, clock: Clock
) -> None:
    saved: list[Any] = []
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


def test_parents_walk__without_token_updater(
    kakao: KakaoEmulator, new_session: NewSession, token: Token, clock: Clock
) -> None:
    session = new_session(token=token, auto_refresh_url=kakao.endpoints.token_url)
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200


def test_fetch_token__with_the_client_in_the_call(
    kakao: KakaoEmulator, new_session: NewSession
) -> None:
    url, _ = new_session(redirect_uri=REDIRECT_URI).authorization_url()
    session = new_session(None, redirect_uri=REDIRECT_URI)
    session.fetch_token(
        authorization_response=agree(url), client_id=kakao.app_key, include_client_id=True
    )
    assert dict(kakao.token_requests[0].form)["client_id"] == kakao.app_key
    session.refresh_token()


def test_auto_refresh_url__is_where_tokens_are_renewed(
    kakao: KakaoEmulator, new_session: NewSession, token: Token
) -> None:
    url = f"{kakao.endpoints.token_url}?by=auto_refresh_url"
    new_session(token=token, auto_refresh_url=url).refresh_token()
    assert [request.query for request in kakao.token_requests] == ["by=auto_refresh_url"]


def test_parents_refresh_token__with_client_in_the_call(
    kakao: KakaoEmulator, new_session: NewSession, token: Token
) -> None:
    kakao.client_secret = "secret"
    session = new_session(None, token=token)
    extra: Any = {"client_id": kakao.app_key, "client_secret": "secret"}
    renewed = session.refresh_token(
        kakao.endpoints.token_url, refresh_token=token["refresh_token"], **extra
    )
    assert renewed["refresh_token"] == token["refresh_token"]


def test_refresh_token__its_own_said_in_the_call(
    kakao: KakaoEmulator, new_session: NewSession, token: Token
) -> None:
    updated: list[Token] = []
    session = new_session(token=token, token_updater=updated.append)
    renewed = session.refresh_token(refresh_token=token["refresh_token"])
    assert renewed["refresh_token_expires_at"] == token["refresh_token_expires_at"]
    assert [saved.refresh_token_changed for saved in updated] == [False]


def test_refresh_token__another_than_its_own(
    kakao: KakaoEmulator, new_session: NewSession, token: Token
) -> None:
    other = kakao.login()
    session = new_session(token=token)
    renewed = session.refresh_token(refresh_token=other["refresh_token"])
    assert ("refresh_token", other["refresh_token"]) in kakao.token_requests[0].form
    assert renewed["refresh_token"] == other["refresh_token"]
    assert renewed["access_token"] != token["access_token"]


def test_refresh_token__another_that_is_no_good(
    kakao: KakaoEmulator, new_session: NewSession, token: Token
) -> None:
    session = new_session(token=token)
    with pytest.raises(LoginRequiredError):
        session.refresh_token(refresh_token="no-good")
    assert session.token == token
    assert session.refresh_token()["refresh_token"] == token["refresh_token"]


def test_refresh_token__with_no_token_at_all(
    kakao: KakaoEmulator, new_session: NewSession, clock: Clock
) -> None:
    updated: list[Any] = []
    given = kakao.login()["refresh_token"]
    session = new_session(token_updater=updated.append)
    assert session.refresh_token(refresh_token=given)["refresh_token"] == given
    assert updated[0].refresh_token_changed
    assert session.get("/v2/user/me").status_code == 200


def test_refresh_token__another_after_its_own_has_run_out(
    kakao: KakaoEmulator, new_session: NewSession, token: Token, clock: Clock
) -> None:
    session = new_session(token=token)
    clock.advance(days=61)
    other = kakao.login()["refresh_token"]
    assert "refresh_token_expires_at" not in session.refresh_token(refresh_token=other)


def test_client__as_the_parent_takes_it(kakao: KakaoEmulator, new_session: NewSession) -> None:
    session = new_session(None, client=WebApplicationClient(kakao.app_key))
    assert session.client_id == kakao.app_key
    session.client_id = "other"
    assert session.client_id == "other"
    del session.client_id
    assert session.client_id is None


@pytest.mark.parametrize("name", ["authorization_url", "fetch_token", "refresh_token", "request"])
def test_signatures__are_the_parents(name: str) -> None:
    def names(owner: type) -> list[str]:
        return list(inspect.signature(getattr(owner, name)).parameters)

    assert names(KakaoSession) == names(OAuth2Session)


def test_constructor__refuses_what_the_parent_refuses() -> None:
    with pytest.raises(AttributeError):
        KakaoSession("id", pkce="S512")
    with pytest.raises(TypeError):
        KakaoSession("id", nonsense=1)
    with pytest.raises(ValueError, match="access_token"):
        KakaoSession("id", token={"nonsense": 1})


def test_state__callable_or_fixed(new_session: NewSession) -> None:
    assert new_session(state=lambda: "made").authorization_url()[1] == "made"
    assert new_session(state="fixed").authorization_url()[1] == "fixed"
    first, second = (new_session().authorization_url()[1] for _ in range(2))
    assert first != second


def test_state_callable__is_not_compared_with(
    kakao: KakaoEmulator, new_session: NewSession
) -> None:
    url, _ = new_session(redirect_uri=REDIRECT_URI).authorization_url()
    fresh = new_session(redirect_uri=REDIRECT_URI, state=lambda: "made")
    assert fresh.fetch_token(authorization_response=agree(url))


def test_compliance_hook__says_that_it_is_not_called(new_session: NewSession) -> None:
    sentence = "KakaoSession speaks Kakao's dialect itself and calls no compliance hook."
    with pytest.warns(UserWarning, match=f"^{sentence}$"):
        new_session().register_compliance_hook("access_token_response", print)


def test_compliance_hook__points_at_the_caller(new_session: NewSession) -> None:
    with pytest.warns(UserWarning, match="compliance hook") as warned:
        new_session().register_compliance_hook("access_token_response", print)
    (warning,) = warned
    assert warning.filename == __file__


def test_parents_log__does_not_run(
    kakao: KakaoEmulator,
    new_session: NewSession,
    token: Token,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = new_session(token=token, redirect_uri=REDIRECT_URI, pkce="S256")
    clock.advance(hours=7)
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        session.get("/v2/user/me")
        session.refresh_token()
        url, _ = session.authorization_url()
        session.fetch_token(authorization_response=agree(url))
    assert not [r for r in caplog.records if r.name.startswith("requests_oauthlib")]
