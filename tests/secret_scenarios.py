"""Every path that a login can take, success and failure, for tests of what is shown on it."""

import copy
import errno
import os
import re
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import redis
import requests
import sqlalchemy
from cryptography.fernet import Fernet
from requests.adapters import HTTPAdapter

from kakao_session import (
    ConfigurationError,
    EncryptedTokenStore,
    FileTokenStore,
    KakaoAPIError,
    KakaoAuth,
    KakaoSession,
    KeyringTokenStore,
    LoginRequiredError,
    RateLimitedError,
    RedisTokenStore,
    ScopeRequiredError,
    SQLTokenStore,
    TemporaryError,
    Token,
    TokenStoreError,
    raise_for_kakao,
)
from kakao_session.errors import ForgedRedirectError
from tests.conftest import LIFE, ME_401, REDIRECT_URI, REFRESH, agree, at_once, query, wire
from tests.conftest import ME as ME_200
from tests.stores.keychain import Keychain

CLIENT_SECRET = "the-client-secret-of-the-app"
SCOPES = ("openid", "talk_message")
ME = "/v2/user/me"
ECHO = "/emulator/echo"

# What is looked for ---------------------------------------------------------------------------

PIECE = 12
ALPHABET = r"[A-Za-z0-9_.~-]{12,}"  # of every secret


def leaked(secrets, text):
    """:returns: the pieces of secrets, 12 characters long, that are in a text."""
    wanted = set().union(*map(pieces, secrets))
    assert all(re.fullmatch(ALPHABET, piece) for piece in wanted)
    return wanted & set().union(*map(pieces, re.findall(ALPHABET, text)))


def pieces(text):
    return {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}


class Sandbox:
    """A Kakao and a folder for one login.

    :ivar shown: what a program has in its hands on the way, and may show.
    """

    def __init__(self, kakao, folder, patch, redis_url):
        kakao.client_secret = CLIENT_SECRET
        kakao.openid_connect = True
        kakao.refresh_token_renewal = "always"
        self.kakao = kakao
        self.folder = folder
        self.path = folder / "token.json"
        self.patch = patch
        self.redis_url = redis_url
        self.shown = []
        self.noted = {CLIENT_SECRET}
        self.engines = []

    def login(self):
        """:returns: a new login at Kakao."""
        token = Token(self.kakao.login(scopes=SCOPES))
        self.noted.add(token["id_token"])
        return token

    def session(self, store=None, **settings):
        """:returns: a session that is logged in."""
        store = store or FileTokenStore(self.path)
        store.save(self.login())
        return self.new_session(token_store=store, **settings)

    def new_session(self, **settings):
        session = KakaoSession(
            self.kakao.app_key,
            client_secret=CLIENT_SECRET,
            endpoints=self.kakao.endpoints,
            redirect_uri=REDIRECT_URI,
            pkce="S256",
            **settings,
        )
        self.shown.append(session)
        return session

    def come_back(self, session):
        """:returns: the redirect that brings the code."""
        redirect = agree(session.authorization_url()[0])
        self.noted.add(query(redirect)["code"])
        return redirect

    def engine(self, **settings):
        """:returns: an engine for a database in the folder."""
        url = f"sqlite:///{self.folder / 'tokens.db'}"
        self.engines.append(engine := sqlalchemy.create_engine(url, **settings))
        return engine

    def new_key(self):
        """:returns: a key that encrypts tokens."""
        key = Fernet.generate_key()
        self.noted.add(key.decode().rstrip("="))
        return key

    def fail(self, failure, path="/oauth/token"):
        failing(self.kakao, failure, path)

    def close(self):
        for engine in self.engines:
            engine.dispose()

    def secrets(self):
        """:returns: all that came up."""
        secrets = self.noted | {issued.value for issued in self.kakao.tokens}
        for request in self.kakao.token_requests:
            form = dict(request.form)
            secrets |= {form[name] for name in ("code", "code_verifier") if name in form}
        for thing in self.shown:
            if isinstance(thing, KakaoSession):
                with suppress(TokenStoreError):
                    secrets.add(thing.token.get("id_token", CLIENT_SECRET))
        return secrets


def failing(kakao, failure, path="/oauth/token"):
    """Let every request for a path fail in one way: a KOE code, or a kind of ``fail_next``."""
    is_code = isinstance(failure, str) and failure.startswith("KOE")
    kakao.fail_next(**{"error_code" if is_code else "kind": failure}, path=path, times=None)


class Scenario(NamedTuple):
    """A path, and what it ends in: an error, or the requests that go out last."""

    act: object
    ends_in: object

    def __call__(self, sandbox):
        """Go along the path.

        :raises Exception: the error that it ends in.
        """
        try:
            self.act(sandbox)
        except Exception as error:
            assert type(error) is self.ends_in, type(error)
            raise
        assert isinstance(self.ends_in, tuple), "nothing was raised"
        last = tuple(wire(sandbox.kakao)[-len(self.ends_in) :])
        assert last == self.ends_in, last


SCENARIOS = {}


def scenario(ends_in):
    def enter(act):
        SCENARIOS[act.__name__] = Scenario(act, ends_in)
        return act

    return enter


def scenarios(act, ends_in, **cases):
    """Enter a scenario for each case, which is its argument."""
    for name, case in cases.items():
        SCENARIOS[f"{act.__name__}_{name}"] = Scenario(partial(act, case=case), ends_in)


# Login ----------------------------------------------------------------------------------------


@scenario((REFRESH, ME_200, ("GET", "/v1/user/access_token_info", 200)))
def login(sandbox):
    session = sandbox.new_session(token_store=sandbox.path)
    session.fetch_token(authorization_response=sandbox.come_back(session))
    sandbox.shown += [session.get(ME), session.token_info(), session.ensure_active_token()]
    sandbox.shown += [session.auth, session.token, FileTokenStore(sandbox.path).load()]


@scenario(LoginRequiredError)
def login_with_a_used_code(sandbox):
    session = sandbox.new_session(token_store=sandbox.path)
    redirect = sandbox.come_back(session)
    session.fetch_token(authorization_response=redirect)
    session.fetch_token(authorization_response=redirect)


def login_with_another_redirect(sandbox, case):
    session = sandbox.new_session()
    session.fetch_token(authorization_response=case(sandbox.come_back(session)))


scenarios(
    login_with_another_redirect,
    LoginRequiredError,
    denied="{}&error=access_denied".format,
    without_a_code=lambda redirect: redirect.replace("code=", "cod="),
)
scenarios(
    login_with_another_redirect,
    ForgedRedirectError,
    forged=lambda redirect: redirect.replace("state=", "state=x"),
)


@scenario(ConfigurationError)
def login_with_another_verifier(sandbox):
    session = sandbox.new_session()
    code = query(sandbox.come_back(session))["code"]
    session.authorization_url()
    session.fetch_token(code=code)


@scenario(TokenStoreError)
def login_that_can_not_be_saved(sandbox):
    session = sandbox.new_session(token_store=FileTokenStore(sandbox.path))
    redirect = sandbox.come_back(session)
    fill_disk(sandbox)
    session.fetch_token(authorization_response=redirect)


@scenario(ConfigurationError)
def login_with_a_secret_in_the_call(sandbox):
    session = sandbox.new_session()
    redirect = sandbox.come_back(session)
    sandbox.fail("KOE010")
    session.fetch_token(
        authorization_response=redirect,
        client_secret=CLIENT_SECRET,
        auth=("key", CLIENT_SECRET),
        body=f"client_secret={CLIENT_SECRET}",
        password=CLIENT_SECRET,
    )


# Token requests that fail -----------------------------------------------------------------------


def login_fails(sandbox, case):
    session = sandbox.new_session()
    redirect = sandbox.come_back(session)
    sandbox.fail(case)
    session.fetch_token(authorization_response=redirect)


def refresh_fails(sandbox, case):
    session = sandbox.session()
    sandbox.fail(case)
    session.refresh_token()


def refresh_after_a_401_fails(sandbox, case):
    session = sandbox.session()
    sandbox.kakao.revoke_access_tokens()
    sandbox.fail(case)
    session.get(ME)


for fails in (login_fails, refresh_fails, refresh_after_a_401_fails):
    scenarios(fails, LoginRequiredError, KOE322="KOE322")
    scenarios(fails, TemporaryError, reset="reset")
scenarios(refresh_fails, ConfigurationError, KOE010="KOE010")
scenarios(refresh_fails, RateLimitedError, http_429=429)
scenarios(refresh_fails, TemporaryError, garbage="garbage", cut="truncated", http_503=503)


@scenario(LoginRequiredError)
def refresh_with_another_token(sandbox):
    session, other = sandbox.session(), sandbox.login()
    sandbox.shown.append(session.refresh_token(refresh_token=other["refresh_token"]))
    session.refresh_token(refresh_token=other["refresh_token"])


@scenario(LoginRequiredError)
def refresh_of_four_threads_fails(sandbox):
    session = sandbox.session()
    sandbox.shown.append(session.token)  # a thread that loads it first does not wait for the others
    sandbox.fail("KOE322")
    sandbox.kakao.latency = 0.2
    errors = at_once(4, session.refresh_token)
    sandbox.shown += errors
    raise errors[-1]


@scenario((("POST", "/oauth/token", 401),))
def refresh_in_a_thread_fails(sandbox):
    session = sandbox.session()
    sandbox.fail("KOE010")
    thread = threading.Thread(target=session.refresh_token)
    thread.start()
    thread.join()


@scenario((("POST", "/oauth/token", 503), ME_200))
def refresh_ahead_fails(sandbox):
    session = sandbox.session()
    sandbox.fail(503)
    later = time.time() + LIFE - 200
    sandbox.patch.setattr("kakao_session.token.time", SimpleNamespace(time=lambda: later))
    sandbox.shown.append(session.get(ME))


@scenario(LoginRequiredError)
def refresh_token_has_run_out(sandbox):
    token = Token({**sandbox.login(), "refresh_token_expires_at": 1})
    sandbox.new_session(token=token).refresh_token()


# Arguments that are refused ---------------------------------------------------------------------


def give_what_is_no_token(sandbox, case):
    """One value is odd, and the others are good."""
    case(sandbox.session(), {**sandbox.login(), "refresh_token": [5]})


scenarios(
    give_what_is_no_token,
    ValueError,
    to_a_token=lambda _, values: Token(dict(values)),
    as_an_answer=lambda _, values: Token.from_response(values, 0.0),
    to_an_auth=lambda _, values: KakaoAuth(client_secret=CLIENT_SECRET, token=dict(values)),
    to_a_new_session=lambda _, values: KakaoSession(
        token=dict(values), auto_refresh_kwargs={"client_secret": CLIENT_SECRET}
    ),
    to_a_session=lambda session, values: setattr(session, "token", dict(values)),
    as_its_access_token=lambda session, values: setattr(
        session, "access_token", f"{values['access_token']} "
    ),
)


@scenario(ValueError)
def odd_hosts(_):
    KakaoSession("key", client_secret=CLIENT_SECRET, api_hosts=["/"])


@scenario(ConfigurationError)
def odd_token_url(_):
    KakaoSession("key", client_secret=CLIENT_SECRET, auto_refresh_url="http://kauth.example/token")


@scenario(ValueError)
def odd_key(sandbox):
    keys = [sandbox.new_key().decode() for _ in range(2)]
    EncryptedTokenStore(FileTokenStore(sandbox.path), [str(keys[0]), str(keys[1])[:-4]])


def odd_place(sandbox, case):
    """Somebody gives a store a token, or the URL with the password."""
    case(sandbox.login())


scenarios(
    odd_place,
    TypeError,
    file=lambda token: FileTokenStore(dict(token)),
    redis=lambda token: RedisTokenStore(f"redis://:{token['access_token']}@localhost", "key"),
    sql=lambda token: SQLTokenStore(f"mysql://user:{token['access_token']}@localhost", "key"),
)


# Calls ----------------------------------------------------------------------------------------


@scenario((ME_401, REFRESH, ME_200))
def call_after_a_401(sandbox):
    session = sandbox.session()
    sandbox.kakao.revoke_access_tokens()
    sandbox.shown.append(session.get(ME))


def upload_after_a_401(sandbox, case):
    session = sandbox.session()
    sandbox.kakao.revoke_access_tokens()
    with Path(__file__).open("rb") as file:
        sandbox.shown.append(session.post(ECHO, data=case(file)))


ECHO_401 = ("POST", ECHO, 401)
scenarios(upload_after_a_401, (ECHO_401, REFRESH, ("POST", ECHO, 200)), of_a_file=lambda file: file)
scenarios(upload_after_a_401, (ECHO_401, REFRESH), of_a_generator=lambda _: iter([b"once"]))


@scenario(KakaoAPIError)
def call_whose_401_stays(sandbox):
    session = sandbox.session()
    sandbox.fail("ip_mismatched", ME)
    raise_for_kakao(session.get(ME))


@scenario(LoginRequiredError)
def call_after_the_end_of_the_login(sandbox):
    session = sandbox.session()
    sandbox.kakao.unlink()
    with pytest.raises(LoginRequiredError) as caught:
        session.get(ME)
    sandbox.shown.append(caught.value)
    session.get(ME)


@scenario(LoginRequiredError)
def call_with_tokens_that_are_assigned(sandbox):
    session = sandbox.session()
    for token in (dict(sandbox.login()), sandbox.login()):
        sandbox.shown.append(session.get(ME))
        session.token = token
    session.access_token = session.access_token
    sandbox.shown += [session.get(ME), session, session.token]
    assert wire(sandbox.kakao) == [ME_200] * 3
    session.token = {}
    session.get(ME)


def call_with_an_auth(sandbox):
    auth = KakaoAuth(
        sandbox.kakao.app_key,
        client_secret=CLIENT_SECRET,
        token_store=sandbox.path,
        endpoints=sandbox.kakao.endpoints,
    )
    sandbox.shown.append(auth)
    url = sandbox.kakao.endpoints.api_url + ME
    sandbox.shown.append(requests.get(url, auth=auth, timeout=10))


@scenario(LoginRequiredError)
def calls_with_an_auth_each(sandbox):
    sandbox.session()
    call_with_an_auth(sandbox)
    sandbox.kakao.revoke_access_tokens()
    call_with_an_auth(sandbox)
    sandbox.kakao.unlink()
    call_with_an_auth(sandbox)


@scenario(ScopeRequiredError)
def call_whose_error_repeats_the_token(sandbox):
    session = sandbox.session()
    body = {"code": -402, "msg": f"what is {session.access_token}?"}
    sandbox.kakao.fail_next(403, path=ME, json=body)
    raise_for_kakao(session.get(ME))


# Saving ---------------------------------------------------------------------------------------


def fill_disk(sandbox):
    """Let the disk be full before a file holds a token."""
    fsync = os.fsync

    def full(descriptor):
        if os.fstat(descriptor).st_size > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    sandbox.patch.setattr(os, "fsync", full)


def broken(*_, **__):
    raise RuntimeError("out of order")


class AfterTheAnswer(HTTPAdapter):
    """Does something between a token request and the save of the new token."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    def send(self, request, **options):
        answer = super().send(request, **options)
        self.act()
        return answer


def refresh_with_trouble_after_the_answer(sandbox, session, act):
    session.mount(sandbox.kakao.endpoints.kauth_url, AfterTheAnswer(act))
    session.refresh_token()


@scenario(TokenStoreError)
def save_callback_fails(sandbox):
    session = sandbox.session(token_updater=broken)
    with pytest.raises(TokenStoreError) as caught:
        session.refresh_token()
    sandbox.shown.append(caught.value)
    session.get(ME)


@scenario((REFRESH, ME_200, ME_200))
def save_is_tried_again(sandbox):
    sandbox.kakao.refresh_token_renewal = "last_month"
    saved = []
    session = sandbox.session(token_updater=broken)
    sandbox.shown += [session.refresh_token(), session.get(ME)]
    session.token_updater = saved.append
    sandbox.shown += [session.get(ME), session]
    assert saved == [session.token]


# Files ----------------------------------------------------------------------------------------


def endless():
    """:returns: a list that JSON has no form for, because it contains itself."""
    made = []
    made.append(made)
    return made


@scenario(TokenStoreError)
def file_on_a_full_disk(sandbox):
    session = sandbox.session()
    fill_disk(sandbox)
    session.refresh_token()


@scenario(TokenStoreError)
def file_for_a_token_that_is_no_json(sandbox):
    FileTokenStore(sandbox.path).save(Token({**sandbox.login(), "odd": endless()}))


def file_that_is_damaged(sandbox, case):
    session = sandbox.session()
    sandbox.path.write_bytes(case(sandbox.path.read_bytes()))
    session.get(ME)


scenarios(
    file_that_is_damaged,
    TokenStoreError,
    torn=lambda content: content[:-40],
    not_utf_8=lambda content: b"\xff" + content,
    odd=lambda content: content.replace(b'"expires_in": ', b'"refresh_token": 5, "": '),
)


@scenario(TokenStoreError)
def file_that_is_locked(sandbox):
    session = sandbox.session(FileTokenStore(sandbox.path, lock_timeout=0))
    with FileTokenStore(sandbox.path).lock():
        session.refresh_token()


# Encrypted ------------------------------------------------------------------------------------


def encrypted_store(sandbox):
    return EncryptedTokenStore(FileTokenStore(sandbox.path), sandbox.new_key())


@scenario(TokenStoreError)
def ciphertext_of_another_key(sandbox):
    session = sandbox.session(encrypted_store(sandbox))
    sandbox.shown += [session.get(ME), session.refresh_token()]
    sandbox.new_session(token_store=encrypted_store(sandbox)).get(ME)


@scenario(TokenStoreError)
def ciphertext_that_is_none(sandbox):
    sandbox.session()
    sandbox.new_session(token_store=encrypted_store(sandbox)).get(ME)


@scenario(TokenStoreError)
def ciphertext_of_a_token_that_is_no_json(sandbox):
    encrypted_store(sandbox).save(Token({**sandbox.login(), "odd": endless()}))


# Redis ----------------------------------------------------------------------------------------

# The first has come with redis-py 5.
CONNECTION = getattr(redis.connection, "AbstractConnection", redis.connection.Connection)


def redis_store(sandbox, **settings):
    client = redis.Redis.from_url(sandbox.redis_url, **settings)
    return RedisTokenStore(client, f"{sandbox.folder.name}-{len(sandbox.shown)}", lock_timeout=0)


def redis_goes_away(sandbox, case):
    def gone(*_, **__):
        raise redis.ConnectionError("gone")

    refresh_with_trouble_after_the_answer(
        sandbox,
        sandbox.session(redis_store(sandbox)),
        lambda: sandbox.patch.setattr(CONNECTION, case, gone),
    )


scenarios(redis_goes_away, TokenStoreError, reads="read_response", sends="send_packed_command")


@scenario(TokenStoreError)
def redis_was_overwritten(sandbox):
    store = redis_store(sandbox)
    refresh_with_trouble_after_the_answer(
        sandbox, sandbox.session(store), lambda: store.client.set(store.key, "somebody else's")
    )


@scenario(TokenStoreError)
def redis_holds_a_list(sandbox):
    store = redis_store(sandbox)
    store.client.rpush(store.key, *sandbox.login().values())
    sandbox.new_session(token_store=store).get(ME)


@scenario(TokenStoreError)
def redis_is_undecodable(sandbox):
    store = redis_store(sandbox, decode_responses=True)
    session = sandbox.session(store)
    store.client.append(store.key, b"\xff")
    session.get(ME)


# SQL ------------------------------------------------------------------------------------------


def sql_store(sandbox, **settings):
    return SQLTokenStore(sandbox.engine(**settings), "key", lock_timeout=0.01)


@scenario((ME_200, REFRESH, ("POST", "/v1/user/logout", 200)))
def sql_with_a_log(sandbox):
    session = sandbox.session(sql_store(sandbox, echo="debug"))
    sandbox.shown += [session.get(ME), session.refresh_token(), session.logout()]


def sql_fails(sandbox, case):
    store = sql_store(sandbox)
    session = sandbox.session(store)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(case)
    store.engine.dispose()
    session.refresh_token()


TRIGGER = "CREATE TRIGGER t BEFORE UPDATE ON kakao_tokens WHEN NEW.token <> OLD.token BEGIN {} END"
scenarios(
    sql_fails,
    TokenStoreError,
    undecodable="UPDATE kakao_tokens SET token = CAST(x'ff' || token AS TEXT)",
    refused=TRIGGER.format("SELECT RAISE(ABORT, 'no') ;"),
    quoted=TRIGGER.format("INSERT INTO kakao_tokens VALUES (OLD.id, NEW.token) ;"),
)


@scenario(TokenStoreError)
def sql_row_is_locked(sandbox):
    session = sandbox.session(sql_store(sandbox))
    with sql_store(sandbox).lock():
        session.refresh_token()


@scenario(TokenStoreError)
def sql_row_was_changed(sandbox):
    store, other = sql_store(sandbox), sql_store(sandbox)
    store.save(sandbox.login())
    with store.lock():
        store.save(sandbox.login())
        other.save(sandbox.login())
        store.save(sandbox.login())


# Keyring --------------------------------------------------------------------------------------


def keyring_session(sandbox):
    """:returns: a session whose token is in a keychain, and the keychain."""
    keychain = Keychain()
    sandbox.patch.setattr("keyring.core._keyring_backend", keychain)
    sandbox.patch.setenv("XDG_STATE_HOME", str(sandbox.folder))
    return sandbox.session(KeyringTokenStore(username="user")), keychain


def keyring_fails(sandbox, case):
    session, keychain = keyring_session(sandbox)
    refused = {case: OSError("D-Bus")}
    if case == "set":
        refresh_with_trouble_after_the_answer(
            sandbox, session, lambda: keychain.refusals.update(refused)
        )
    keychain.refusals.update(refused)
    sandbox.shown.append(session.get(ME))
    session.logout()


scenarios(keyring_fails, TokenStoreError, get="get", set="set", delete="delete")


@scenario(TokenStoreError)
def keyring_can_not_be_locked(sandbox):
    _, keychain = keyring_session(sandbox)
    keychain.refusals["set"] = OSError("D-Bus")
    with KeyringTokenStore(username="user").lock():
        pass


# The lock of a store, without a session -------------------------------------------------------


def lock_within_the_lock_of_another_store(sandbox, case):
    store = case(sandbox)
    store.save(sandbox.login())
    with store.lock(), copy.copy(store).lock():
        pass


scenarios(
    lock_within_the_lock_of_another_store,
    TokenStoreError,
    file=lambda sandbox: FileTokenStore(sandbox.path),
    redis=redis_store,
    sql=sql_store,
)
