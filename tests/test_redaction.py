"""An error leaves the package without its inner frames. Those of other people's code stay."""

import threading
import traceback

import pytest
import requests

from kakao_session import TemporaryError, Token, TokenStoreError
from kakao_session.redaction import without_words
from tests.test_storms import at_once

OLD = Token(access_token="a", refresh_token="r")


def frames(error):
    """The functions of an error's traceback, by module."""
    walk = traceback.walk_tb(error.__traceback__)
    return [(frame.f_globals["__name__"], frame.f_code.co_name) for frame, _ in walk]


def chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def inner(error):
    """The frames from inside the package, in the whole chain."""
    found = [frame for link in chain(error) for frame in frames(link)]
    return [name for module, name in found if module.startswith("kakao_session.")]


def test_failed_refresh__shows_only_the_doors(kakao, new_session, token, clock):
    kakao.fail_next("reset", times=None)
    clock.advance(hours=7)
    session = new_session(token=token)
    with pytest.raises(TemporaryError) as caught:
        session.get("/v2/user/me")
    assert inner(caught.value) == [
        "request",
        "prepare_request",
        "__call__",
        "authorization",
        "call",
    ]
    cause = caught.value.__cause__
    assert isinstance(cause, requests.ConnectionError)
    assert all(frames(link) == [] for link in chain(cause))


def test_interrupted_refresh__too(kakao, new_session, token):
    class Interrupted(requests.adapters.HTTPAdapter):
        def send(self, request, **_):
            raise KeyboardInterrupt(request.body)

    session = new_session(token=token)
    session.mount("https://", Interrupted())
    with pytest.raises(KeyboardInterrupt) as caught:
        session.refresh_token()
    assert frames(caught.value)[1:] == [("kakao_session.redaction", "call")]


def test_exception_that_the_caller_handles__stays_as_it_is(kakao, new_session, token):
    def theirs():
        raise KeyError("theirs")

    kakao.fail_next("reset", times=None)
    session = new_session(token=token)
    try:
        theirs()
    except KeyError as handled:
        before = frames(handled)
        with pytest.raises(TemporaryError) as caught:
            session.refresh_token()
        assert frames(handled) == before
        assert before[-1] == (__name__, "theirs")
        links = [caught.value]
        while links[-1].__context__ is not None:
            links.append(links[-1].__context__)
        assert links[-1] is handled


def test_own_saver__keeps_its_frames(kakao, new_session, token):
    def write():
        try:
            raise ValueError("first")  # noqa: TRY301  # as people write it
        except ValueError as error:
            raise OSError("disk full") from error

    kakao.refresh_token_renewal = "always"
    session = new_session(token=token, token_updater=lambda _: write())
    with pytest.raises(TokenStoreError) as caught:
        session.refresh_token()
    cause = caught.value.__cause__
    assert frames(cause) == [(__name__, "<lambda>"), (__name__, "write")]
    assert frames(cause.__cause__) == [(__name__, "write")]


def test_own_saver__that_is_interrupted_keeps_its_frames(new_session, token):
    def updater(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        new_session(token=token, token_updater=updater).refresh_token()
    assert frames(caught.value)[1:] == [("kakao_session.redaction", "call"), (__name__, "updater")]


def test_store_of_ours__shows_no_frame(kakao, new_session, token, tmp_path):
    folder = tmp_path / "folder"
    session = new_session(token=token, token_store=folder / "token.json")
    folder.write_text("no folder")
    with pytest.raises(TokenStoreError) as caught:
        session.refresh_token()
    assert not any(frames(link) for link in chain(caught.value.__cause__))


def test_waiters__raise_copies(kakao, new_session, token, clock):
    kakao.fail_next("hang", times=None)
    clock.advance(hours=7)
    session = new_session(token=token, timeout=0.5)
    errors = at_once(8, lambda: session.get("/v2/user/me"))
    assert len({id(error) for error in errors}) == 8
    for error in errors:
        assert len(inner(error)) == 5


def test_thread__that_ends_in_an_error(kakao, new_session, token, monkeypatch):
    seen = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    kakao.fail_next("reset", times=None)
    thread = threading.Thread(target=new_session(token=token).refresh_token)
    thread.start()
    thread.join()
    assert inner(seen[0].exc_value) == ["call"]


def test_waiter__leaves_the_leaders_errors_alone(kakao, new_session, token, clock):
    def lead():
        try:
            int("x")
        except ValueError as mine:
            kept.append(frames(mine))
            with pytest.raises(TemporaryError):
                session.get("/v2/user/me")
            waited.wait()
            kept.append(frames(mine))

    def wait():
        with pytest.raises(TemporaryError):
            session.get("/v2/user/me", timeout=20)
        waited.set()

    kept, waited = [], threading.Event()
    kakao.fail_next("hang", times=None)
    clock.advance(hours=7)
    session = new_session(token=token, timeout=0.5)
    leader = threading.Thread(target=lead)
    leader.start()
    while not kakao.token_requests:
        pass
    waiter = threading.Thread(target=wait)
    waiter.start()
    leader.join()
    waiter.join()
    assert kept == [[(__name__, "lead")]] * 2


@pytest.mark.parametrize(
    "work",
    [
        lambda: OLD | {"access_token": "not sendable"},
        lambda: {"refresh_token": "r"} | Token(OLD, access_token="not sendable"),
        lambda: OLD.with_refresh_token("not sendable"),
    ],
)
def test_token__shows_no_frame_of_its_own(work):
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        work()
    assert set(inner(caught.value)) == {"call"}


def test_without_words__takes_them_off_all_that_led_to_it():
    error, cause = ValueError("a quoted token"), UnicodeDecodeError("utf-8", b"token", 0, 1, "odd")
    error.__cause__ = cause
    without_words(error)
    assert [repr(link) for link in (error, cause)] == [
        "ValueError('...')",
        "UnicodeDecodeError('...')",
    ]
