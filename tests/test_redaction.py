"""No token, secret or code, nor 12 characters of one, in anything that anybody gets to see.

An error leaves the package without its inner frames, a log record names a token by its fingerprint.
"""

import hashlib
import logging
import threading
import traceback
import warnings
from dataclasses import dataclass, field
from types import TracebackType

import pytest
import requests
from requests.adapters import HTTPAdapter
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from kakao_session import (
    KakaoWarning,
    LoginRequiredError,
    TemporaryError,
    Token,
    TokenStoreError,
)
from kakao_session.errors import TimedOutError
from kakao_session.redaction import drop_messages, fingerprint
from tests.conftest import LIFE, MemoryStore, at_once
from tests.secret_scenarios import SCENARIOS, Sandbox, leaked

# On every path --------------------------------------------------------------------------------


@pytest.fixture
def sandbox(kakao, tmp_path, monkeypatch, stopwatch, redis_server):
    sandbox = Sandbox(kakao, tmp_path, monkeypatch, redis_server.url)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_said(sandbox, name, caplog, capfd, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            SCENARIOS[name](sandbox)
        except (requests.RequestException, TypeError, ValueError) as error:
            sandbox.shown.append(error)
    texts = [text for thing in sandbox.shown for text in texts_of(thing)]
    texts += [logging.Formatter().format(record) for record in caplog.records]
    texts += [repr(record.__dict__) for record in caplog.records]
    values = [value for record in caplog.records for value in record.args or ()]
    assert not [value for value in values if isinstance(value, BaseException)]  # with frames
    texts += [str(warning.message) for warning in warned]
    texts += capfd.readouterr()
    assert len(texts) > 3
    assert leaked(sandbox.secrets(), "\n".join(texts)) == set()


def test_leak__is_found():
    """The search itself: a whole secret, a piece of 12, and not one of 11."""
    assert leaked(["abcdefghijklmnop"], "x abcdefghijklmnop x")
    assert leaked(["abcdefghijklmnop"], "x efghijklmnop x") == {"efghijklmnop"}
    assert leaked(["abcdefghijklmnop"], "x fghijklmnop x") == set()


def texts_of(thing):
    """All that programs print of a thing; of an error, with the local variables of its frames."""
    texts = [repr(thing), str(thing), pretty_repr(thing)]
    if isinstance(thing, BaseException):
        for link in chain(thing):
            link.__traceback__ = without_callers(link.__traceback__)
        texts += traceback.format_exception(thing)
        texts += traceback.TracebackException.from_exception(thing, capture_locals=True).format()
        texts += [shown_by_rich(thing), *map(repr, chain(thing))]
    return texts


def without_callers(traceback):
    """A traceback without the frames of the tests: what they hold is theirs."""
    kept = []
    while traceback is not None:
        if not traceback.tb_frame.f_globals["__name__"].startswith("tests."):
            kept.append(traceback)
        traceback = traceback.tb_next
    rebuilt = None
    for each in reversed(kept):
        rebuilt = TracebackType(rebuilt, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rebuilt


def shown_by_rich(error):
    """The local variables that rich shows of an error, whole, and without its boxes."""
    options = {"show_locals": True, "locals_max_length": None, "locals_max_string": None}
    trace = Traceback.extract(type(error), error, error.__traceback__, **options)
    frames = [frame for stack in trace.stacks for frame in stack.frames]
    shown = [str(node) for frame in frames for node in (frame.locals or {}).values()]
    assert shown
    return "\n".join(shown)


# Frames ---------------------------------------------------------------------------------------


def frames(error):
    """The functions of an error's traceback, with their modules."""
    walk = traceback.walk_tb(error.__traceback__)
    return [(frame.f_globals["__name__"], frame.f_code.co_name) for frame, _ in walk]


def chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def inner(error):
    """The modules of ours that have a frame in an error or in what it chains."""
    found = [module for link in chain(error) for module, _ in frames(link)]
    return [module for module in found if module.startswith("kakao_session.")]


def shows_only_doors(error):
    """:returns: whether no frame is shown of a module that has tokens and forms in its hands."""
    doors = ("session", "auth", "token_source", "redaction")
    return set(inner(error)) <= {f"kakao_session.{name}" for name in doors} and (
        inner(error)[-1] == "kakao_session.redaction"
    )


def test_failed_refresh__shows_no_inner_frame(kakao, new_session, token, clock, stopwatch):
    kakao.fail_next("reset", times=None)
    clock.advance(hours=7)
    session = new_session(token=token)
    with pytest.raises(TemporaryError) as caught:
        session.get("/v2/user/me")
    assert shows_only_doors(caught.value)
    cause = caught.value.__cause__
    assert isinstance(cause, requests.ConnectionError)
    assert all(link.__traceback__ is None for link in chain(cause))


def test_interrupted_refresh__shows_no_inner_frame(new_session, token):
    class Interrupted(HTTPAdapter):
        def send(self, request, **_):
            raise KeyboardInterrupt(request.body)

    session = new_session(token=token)
    session.mount("https://", Interrupted())
    with pytest.raises(KeyboardInterrupt) as caught:
        session.refresh_token()
    assert inner(caught.value) == ["kakao_session.redaction"]


def test_error_in_a_thread__shows_no_inner_frame(kakao, new_session, token, stopwatch, monkeypatch):
    seen = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    kakao.unlink()
    thread = threading.Thread(target=new_session(token=token).refresh_token)
    thread.start()
    thread.join()
    assert inner(seen[0].exc_value) == ["kakao_session.redaction"]


OLD = Token(access_token="a", refresh_token="r")


@pytest.mark.parametrize(
    "work",
    [
        lambda: OLD | {"access_token": "not sendable"},
        lambda: {"refresh_token": "r"} | Token(OLD, access_token="not sendable"),
        lambda: OLD.with_refresh_token("not sendable"),
    ],
)
def test_error_of_a_token__shows_no_inner_frame(work):
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        work()
    assert set(inner(caught.value)) == {"kakao_session.redaction"}


def test_error_of_our_store__shows_no_frame(new_session, token, tmp_path):
    folder = tmp_path / "folder"
    session = new_session(token=token, token_store=folder / "token.json")
    folder.write_text("no folder")
    with pytest.raises(TokenStoreError) as caught:
        session.refresh_token()
    assert not any(frames(link) for link in chain(caught.value.__cause__))


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


def test_error_that_the_caller_handles__stays_as_it_is(kakao, new_session, token, stopwatch):
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
        contexts = [caught.value]
        while contexts[-1].__context__ is not None:
            contexts.append(contexts[-1].__context__)
        assert contexts[-1] is handled


def test_waiting_threads__raise_copies(kakao, new_session, token, clock):
    kakao.fail_next("hang", times=None)
    clock.advance(hours=7)
    session = new_session(token=token, timeout=0.5)
    errors = at_once(8, lambda: session.get("/v2/user/me"))
    assert len({id(error) for error in errors}) == 8
    assert all(map(shows_only_doors, errors))
    assert len({len(inner(error)) for error in errors}) == 1


class Uncopyable(requests.ReadTimeout):
    def __init__(self, one, two):
        super().__init__(one, two)
        self.args = (one,)


@pytest.mark.parametrize(
    "cause", [requests.ReadTimeout("too long"), Uncopyable("too", "long")], ids=["usual", "odd"]
)
def test_waiting_threads__raise_copies_of_the_cause_if_they_can(new_session, token, clock, cause):
    class Params(dict):
        def items(self):
            entered.add(threading.get_ident())
            return super().items()

    class Failing(HTTPAdapter):
        def send(self, *_, **__):
            while len(entered) < 8:
                pass
            raise cause

    entered = set()
    clock.advance(hours=7)
    session = new_session(token=token)
    session.mount("https://", Failing())
    errors = at_once(8, lambda: session.get("/v2/user/me", params=Params(a="b")))
    assert {type(error) for error in errors} == {TimedOutError}
    if isinstance(cause, Uncopyable):
        assert {error.__cause__ for error in errors} == {cause, None}
    else:
        assert {str(error.__cause__) for error in errors} == {"too long"}
        assert len({id(error.__cause__) for error in errors}) > 1


def test_waiting_threads__leave_the_leaders_errors_alone(kakao, new_session, token, clock):
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
    leader, waiter = threading.Thread(target=lead), threading.Thread(target=wait)
    leader.start()
    while not kakao.token_requests:
        pass
    waiter.start()
    leader.join()
    waiter.join()
    assert kept == [[(__name__, "lead")]] * 2


def test_drop_messages__of_an_error_and_of_all_that_led_to_it():
    error, cause = ValueError("a quoted token"), UnicodeDecodeError("utf-8", b"token", 0, 1, "odd")
    error.__cause__ = cause
    drop_messages(error)
    assert [repr(link) for link in (error, cause)] == [
        "ValueError('...')",
        "UnicodeDecodeError('...')",
    ]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("", b""), ("한글", "한글".encode()), ("\ud800", b"\xed\xa0\x80")],
    ids=ascii,
)
def test_fingerprint__of_any_text(text, encoded):
    assert fingerprint(text) == hashlib.sha256(encoded).hexdigest()[:8]


# The log: each change once --------------------------------------------------------------------


@pytest.fixture
def log(caplog):
    """Gives the level and message of what the package has logged, but for the emulator."""
    caplog.set_level(logging.DEBUG, "kakao_session")
    return lambda: [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name.startswith("kakao_session") and "emulator" not in record.name
    ]


def test_call__is_not_logged(new_session, token, log):
    new_session(token=token).get("/v2/user/me")
    assert log() == []


def test_refresh__names_both_tokens(new_session, token, log):
    new = new_session(token=token).refresh_token()
    message = f"refreshed the access token {token.fingerprint}, now {new.fingerprint}"
    assert log() == [("INFO", message)]


def test_token_of_the_store__names_the_place(new_session, token, log):
    store = MemoryStore(token)
    new_session(token_store=store).get("/v2/user/me")
    message = f"adopted the access token {token.fingerprint} in MemoryStore"
    assert log() == [("INFO", message)]


def test_store_that_writes_down_its_token__is_named_by_its_class(new_session, token, log):
    @dataclass
    class Plain(MemoryStore):
        token: dict
        fails: set = field(default_factory=set)
        log: list = field(default_factory=list)

    store = Plain(dict(token))
    assert token["access_token"] in repr(store)
    session = new_session(token_store=store)
    session.get("/v2/user/me")
    store.fails = {"save"}
    with pytest.warns(KakaoWarning) as warned:
        session.refresh_token()
    texts = [message for _, message in log()] + [str(each.message) for each in warned]
    assert len(texts) == 4
    assert leaked({token["access_token"], token["refresh_token"]}, "\n".join(texts)) == set()
    assert all("Plain" in text for text in texts if "in " in text)


def test_refresh_ahead__that_fails_is_a_warning(kakao, new_session, token, clock, stopwatch, log):
    session = new_session(token=token)
    clock.advance(seconds=LIFE - 300)
    kakao.fail_next(503, times=4)
    session.get("/v2/user/me")
    with pytest.raises(TemporaryError) as caught:
        session.refresh_token()
    message = f"could not refresh ahead of time, using the current token: {caught.value}"
    assert log() == [("WARNING", message)]


def test_refresh_ahead__with_a_store_that_fails_is_a_warning(new_session, token, clock, log):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    assert session.authorized
    clock.advance(seconds=LIFE - 300)
    store.fails = {"lock"}
    assert session.get("/v2/user/me").status_code == 200
    [_, (level, message)] = log()
    assert level == "WARNING"
    assert message.startswith(
        "could not refresh ahead of time, using the current token: Could not lock the token in "
    )


def test_save_that_fails__is_an_error(new_session, token, log):
    store = MemoryStore(token)
    session = new_session(token_store=store)
    store.fails = {"save"}
    with pytest.warns(KakaoWarning) as warned:
        session.refresh_token()
    _, (level, message), (refreshed, _) = log()
    assert (refreshed, level) == ("INFO", "ERROR")
    start = "could not save the new token, will try again: "
    assert message.startswith(f"{start}Could not save the token in MemoryStore")
    assert str(warned[0].message).endswith(message.removeprefix(start))


def test_login_that_has_ended__is_an_error_once(kakao, new_session, token, log):
    session = new_session(token=token)
    kakao.unlink()
    for _ in range(2):
        with pytest.raises(LoginRequiredError):
            session.get("/v2/user/me")
    assert log() == [("ERROR", f"the login with the access token {token.fingerprint} has ended")]
