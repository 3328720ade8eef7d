"""What the browser brings back from a login: a code, a refusal, or something forged."""

import uuid

import pytest
from oauthlib.oauth2 import MismatchingStateError

from kakao_session import LoginRequiredError
from tests.conftest import REDIRECT_URI, agree, query

LOGIN = "Log in again."


@pytest.fixture
def session(new_session):
    return new_session(redirect_uri=REDIRECT_URI)


@pytest.mark.parametrize("returned", ["state=forged", "", "state=", "state=\ud800"])
def test_forged_state__never_reaches_the_token_endpoint(kakao, session, token, returned):
    session.token = token
    session.authorization_url()
    with pytest.raises(LoginRequiredError) as caught:
        session.fetch_token(authorization_response=f"{REDIRECT_URI}?code=x&{returned}")
    assert str(caught.value) == (
        "The redirect does not belong to this login, because its state is another one. "
        "It may be forged, or come from an earlier try. Start the login again."
    )
    assert caught.value.error == "mismatching_state"
    assert isinstance(caught.value, MismatchingStateError)
    assert kakao.token_requests == []
    assert session.token == token


def test_state_of_ones_own__is_compared(session):
    url, state = session.authorization_url(state="mine")
    assert state == "mine"
    redirect = agree(url)
    assert "state=mine" in redirect
    with pytest.raises(LoginRequiredError, match="forged"):
        session.fetch_token(authorization_response=redirect.replace("mine", "yours"))
    assert session.fetch_token(authorization_response=redirect)["access_token"]


@pytest.mark.parametrize("state", [12345, uuid.UUID(int=7)])
def test_state_of_ones_own__of_another_type(kakao, new_session, state):
    asking = new_session(redirect_uri=REDIRECT_URI)
    url, _ = asking.authorization_url(state=state)
    assert query(url)["state"] == str(state)
    returning = new_session(redirect_uri=REDIRECT_URI, state=state)
    forged = f"{REDIRECT_URI}?code=forged&state=forged"
    for session in (asking, returning):
        with pytest.raises(MismatchingStateError):
            session.fetch_token(authorization_response=forged)
    assert kakao.token_requests == []
    assert asking.fetch_token(authorization_response=agree(url))["access_token"]


@pytest.mark.parametrize("returned", ["", "&state=", "&state=forged"])
def test_state_that_was_lost__matches_none(kakao, new_session, returned):
    callback = new_session(redirect_uri=REDIRECT_URI, state="")
    with pytest.raises(MismatchingStateError):
        callback.fetch_token(authorization_response=f"{REDIRECT_URI}?code=forged{returned}")
    assert kakao.requests == []


@pytest.mark.parametrize(
    ("brought", "sentence"),
    [
        ("error=access_denied&error_description=User%20denied", "The user did not agree."),
        ("error=consent_required", "The user has to agree first: leave out prompt=none."),
        ("error=interaction_required", "The user has to act first: leave out prompt=none."),
        ("error=login_required", "The user is not logged in to Kakao: leave out prompt=none."),
        ("error=odd%3Cscript%3E", "Kakao gave no code."),
        ("", "There is no code."),
        ("code=", "There is no code."),
        ("code=a%0Ab", "The code has characters that a code can't have."),
    ],
)
def test_redirect__without_a_code(kakao, session, brought, sentence):
    _, state = session.authorization_url()
    redirect = f"{REDIRECT_URI}?state={state}&{brought}"
    with pytest.raises(LoginRequiredError) as caught:
        session.fetch_token(authorization_response=redirect)
    assert str(caught.value) == f"{sentence} {LOGIN}"
    assert caught.value.hint == LOGIN
    assert caught.value.error == query(redirect).get("error", "missing_code")
    assert kakao.token_requests == []


@pytest.mark.parametrize(
    ("argument", "why"),
    [({"authorization_response": "https://[/?code=x"}, "There is no code")]
    + [({"code": code}, "can't have") for code in ("\udcff", "한글", "code\n", "\0")],
)
def test_code__that_can_be_none(kakao, session, argument, why):
    with pytest.raises(LoginRequiredError, match=why) as caught:
        session.fetch_token(**argument)
    assert caught.value.error == "missing_code"
    assert kakao.token_requests == []
