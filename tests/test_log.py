"""What is logged of a login: each change once, a token by its fingerprint."""

import logging

import pytest

from kakao_session import KakaoWarning, LoginRequiredError, TemporaryError
from tests.test_saving import MEND, MemoryStore


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG, "kakao_session")
    return caplog


def lines(log):
    return [
        (record.levelname, record.getMessage())
        for record in log.records
        if record.name.startswith("kakao_session") and "emulator" not in record.name
    ]


def test_call__is_not_logged(new_session, token, log):
    new_session(token=token).get("/v2/user/me")
    assert lines(log) == []


def test_renewal__names_both_tokens(new_session, token, log):
    renewed = new_session(token=token).refresh_token()
    assert lines(log) == [
        ("INFO", f"renewed the access token {token.fingerprint}, now {renewed.fingerprint}")
    ]


def test_token_of_the_store__names_the_place(new_session, token, log):
    store = MemoryStore(token)
    new_session(token_store=store).get("/v2/user/me")
    assert lines(log) == [
        ("INFO", f"took over the access token {token.fingerprint} in {store!r}"),
    ]


def test_renewal_ahead__that_fails_is_a_warning(
    kakao,
    new_session,
    token,
    clock,
    log,
):
    session = new_session(token=token)
    clock.advance(seconds=21_599 - 300)
    kakao.fail_next(503, times=4)
    session.get("/v2/user/me")
    with pytest.raises(TemporaryError) as caught:
        session.refresh_token()
    assert lines(log) == [
        (
            "WARNING",
            f"could not renew ahead of time, going on with the token at hand: {caught.value}",
        )
    ]


def test_save_that_fails__is_an_error(new_session, token, clock, log):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    store.fails = {"save"}
    with pytest.warns(KakaoWarning):
        renewed = session.refresh_token()
    _, renewal, unsaved = lines(log)
    assert renewal == (
        "INFO",
        f"renewed the access token {token.fingerprint}, now {renewed.fingerprint}",
    )
    assert unsaved == (
        "ERROR",
        "the renewed token lives in memory only; saving is tried again: "
        f"The token in {store!r} could not be saved (OSError). {MEND}",
    )


def test_login_that_is_over__is_an_error_once(kakao, new_session, token, log):
    session = new_session(token=token)
    kakao.unlink()
    for _ in range(2):
        with pytest.raises(LoginRequiredError):
            session.get("/v2/user/me")
    assert lines(log) == [("ERROR", f"the login of access token {token.fingerprint} is over")]
