"""Every path that a login can take, success and failure, for those who look what is said on it."""

import errno
import os
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest
import redis
import requests
import sqlalchemy
from cryptography.fernet import Fernet

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
from kakao_session.emulator.openid import OpenID
from kakao_session.errors import KOE, ForgedRedirectError
from tests.conftest import ME as ME_200
from tests.conftest import ME_401, REFRESH, wire
from tests.stores.keychain import Keychain
from tests.test_login import REDIRECT_URI, agree
from tests.test_storms import at_once

CLIENT_SECRET = "the-client-secret-of-the-app"
SCOPES = ("openid", "talk_message")
TRANSPORT = ("reset", "close", "html", "garbage", "truncated", 429, 503)
ME = "/v2/user/me"
ECHO = "/emulator/echo"


class Drive:
    """A Kakao and a folder to drive a login through, and the secrets that come up on the way."""

    def __init__(self, kakao, folder, patch, redis_url):
        kakao.client_secret = CLIENT_SECRET
        kakao.refresh_token_renewal = "always"
        self.kakao = kakao
        self.folder = folder
        self.patch = patch
        self.redis_url = redis_url
        self.said = []
        self._engines = []
        self._others = {CLIENT_SECRET}
        issue = OpenID.id_token

        def noted(*arguments):
            self._others.add(id_token := issue(*arguments))
            return id_token

        patch.setattr(OpenID, "id_token", noted)
        patch.setattr("kakao_session.token_endpoint.time.sleep", lambda _: None)

    @property
    def path(self):
        return self.folder / "token.json"

    def session(self, store=None, **settings):
        """:returns: a session that is logged in."""
        kept = store or FileTokenStore(self.path)
        kept.save(Token(self.kakao.login(scopes=SCOPES)))
        return self.new_session(token_store=kept, **settings)

    def new_session(self, **settings):
        session = KakaoSession(
            self.kakao.app_key,
            client_secret=CLIENT_SECRET,
            endpoints=self.kakao.endpoints,
            redirect_uri=REDIRECT_URI,
            pkce="S256",
            **settings,
        )
        self.said.append(session)
        return session

    def come_back(self, session):
        """:returns: the redirect that brings the code."""
        redirect = agree(session.authorization_url()[0])
        self._others |= {dict(parse_qsl(urlsplit(redirect).query))["code"]}
        self._others |= {str(session._code_verifier)}
        return redirect

    def engine(self, **settings):
        """:returns: an engine for a database in the folder."""
        url = f"sqlite:///{self.folder / 'tokens.db'}"
        self._engines.append(engine := sqlalchemy.create_engine(url, **settings))
        return engine

    def new_key(self):
        """:returns: a key that encrypts tokens."""
        key = Fernet.generate_key()
        self._others.add(key.decode().rstrip("="))
        return key

    def move_clock(self, seconds):
        """Let it be later than it is, for everybody but Kakao."""
        moment = time.time() + seconds
        self.patch.setattr("kakao_session.token.time", SimpleNamespace(time=lambda: moment))

    def close(self):
        for engine in self._engines:
            engine.dispose()

    def secrets(self):
        """:returns: all that came up."""
        return self._others | {issue.value for issue in self.kakao.tokens}


Ending = type[Exception] | tuple[tuple[str, str, int | None], ...]


class Scenario(NamedTuple):
    """A path, and what it ends in: an error, or the requests that go out last."""

    act: object
    ends_in: Ending

    def __call__(self, drive):
        """Drive a login along the path.

        :raises Exception: the error that it ends in.
        """
        try:
            self.act(drive)
        except Exception as error:
            assert type(error) is self.ends_in, type(error)
            raise
        assert isinstance(self.ends_in, tuple), "nothing was raised"
        last = tuple(wire(drive.kakao)[-len(self.ends_in) :])
        assert last == self.ends_in, last


SCENARIOS = {}


def scenario(ends_in):
    def enter(act):
        SCENARIOS[act.__name__] = Scenario(act, ends_in)
        return act

    return enter


def failing(kakao, failure, path="/oauth/token"):
    """Let every request for a path fail in one way."""
    is_code = isinstance(failure, str) and failure.startswith("KOE")
    kakao.fail_next(**{"error_code" if is_code else "kind": failure}, path=path, times=None)


# Login ----------------------------------------------------------------------------------------


@scenario((REFRESH, ME_200, ("GET", "/v1/user/access_token_info", 200)))
def login(drive):
    session = drive.new_session(token_store=drive.path)
    session.fetch_token(authorization_response=drive.come_back(session))
    drive.said += [session.get(ME), session.token_info(), session.ensure_active_token()]
    drive.said += [session.auth, session.token, FileTokenStore(drive.path).load()]


@scenario(LoginRequiredError)
def login_with_a_used_code(drive):
    session = drive.new_session(token_store=drive.path)
    redirect = drive.come_back(session)
    session.fetch_token(authorization_response=redirect)
    session.fetch_token(authorization_response=redirect)


@scenario(ForgedRedirectError)
def login_with_a_forged_state(drive):
    session = drive.new_session()
    redirect = drive.come_back(session)
    session.new_state()
    session.fetch_token(authorization_response=redirect)


@scenario(LoginRequiredError)
def login_that_is_denied(drive):
    session = drive.new_session()
    session.fetch_token(authorization_response=f"{drive.come_back(session)}&error=access_denied")


@scenario(LoginRequiredError)
def login_without_a_code(drive):
    session = drive.new_session()
    session.fetch_token(authorization_response=drive.come_back(session).replace("code=", "cod="))


@scenario(ConfigurationError)
def login_with_another_verifier(drive):
    session = drive.new_session()
    redirect = drive.come_back(session)
    session.authorization_url()
    session._state = None
    drive._others.add(str(session._code_verifier))
    session.fetch_token(authorization_response=redirect)


@scenario(TokenStoreError)
def login_that_can_not_be_saved(drive):
    session = drive.new_session(token_store=FileTokenStore(drive.path))
    redirect = drive.come_back(session)
    fill_disk(drive)
    session.fetch_token(authorization_response=redirect)


def login_fails(drive, failure):
    session = drive.new_session()
    redirect = drive.come_back(session)
    failing(drive.kakao, failure)
    session.fetch_token(authorization_response=redirect)


# Renewal --------------------------------------------------------------------------------------


def refresh_fails(drive, failure):
    session = drive.session()
    failing(drive.kakao, failure)
    session.refresh_token()


def cure_fails(drive, failure):
    session = drive.session()
    drive.kakao.revoke_access_tokens()
    failing(drive.kakao, failure)
    session.get(ME)


ERRORS = {
    **{code: KOE[code].kind for code in ("KOE003", "KOE010", "KOE237", "KOE322")},
    **dict.fromkeys(TRANSPORT, TemporaryError),
    429: RateLimitedError,
}
for failure, kind in ERRORS.items():
    for fails in (login_fails, refresh_fails, cure_fails):
        SCENARIOS[f"{fails.__name__}_{failure}"] = Scenario(partial(fails, failure=failure), kind)


@scenario((REFRESH,))
def refresh(drive):
    drive.said.append(drive.session().refresh_token())


@scenario(LoginRequiredError)
def refresh_with_another_token(drive):
    session = drive.session()
    other = Token(drive.kakao.login())  # which does not show what it holds, as a string does
    drive.said.append(session.refresh_token(refresh_token=other["refresh_token"]))
    session.refresh_token(refresh_token=other["refresh_token"])


@scenario(ConfigurationError)
def refresh_with_a_secret_in_the_call(drive):
    session = drive.session()
    failing(drive.kakao, "KOE010")
    session.refresh_token(client_secret=CLIENT_SECRET, auth=("key", CLIENT_SECRET))


@scenario(ConfigurationError)
def login_with_a_secret_in_the_call(drive):
    session = drive.new_session()
    failing(drive.kakao, "KOE010")
    session.fetch_token(
        authorization_response=drive.come_back(session),
        client_secret=CLIENT_SECRET,
        auth=("key", CLIENT_SECRET),
        body=f"client_secret={CLIENT_SECRET}",
        password=CLIENT_SECRET,
    )


def give_what_is_no_token(drive, take):
    """Let somebody take a token of whose values one is odd, and the others are good."""
    take(drive.session(), {**drive.kakao.login(), "refresh_token": [5]})


TAKERS = {
    "token": lambda _, values: Token(dict(values)),
    "answer": lambda _, values: Token.from_response(values, 0.0),
    "auth": lambda _, values: KakaoAuth(client_secret=CLIENT_SECRET, token=dict(values)),
    "session": lambda _, values: KakaoSession(
        token=dict(values), auto_refresh_kwargs={"client_secret": CLIENT_SECRET}
    ),
    "token of a session": lambda session, values: setattr(session, "token", dict(values)),
    "access token of a session": lambda session, values: setattr(
        session, "access_token", f"{values['access_token']} "
    ),
}
for name, take in TAKERS.items():
    SCENARIOS[f"no_{name}"] = Scenario(partial(give_what_is_no_token, take=take), ValueError)


@scenario(ValueError)
def odd_hosts(drive):
    KakaoSession("key", client_secret=CLIENT_SECRET, api_hosts=["/"])


@scenario(ConfigurationError)
def odd_token_url(drive):
    KakaoSession("key", client_secret=CLIENT_SECRET, auto_refresh_url="http://kauth.example/token")


@scenario(ValueError)
def odd_key(drive):
    keys = [drive.new_key().decode() for _ in range(2)]
    EncryptedTokenStore(FileTokenStore(drive.path), [str(keys[0]), str(keys[1])[:-4]])


@scenario((ME_401, REFRESH, ME_200))
def cure(drive):
    session = drive.session()
    drive.kakao.revoke_access_tokens()
    drive.said.append(session.get(ME))


@scenario(KakaoAPIError)
def cure_that_is_none(drive):
    session = drive.session()
    failing(drive.kakao, "ip_mismatched", ME)
    raise_for_kakao(session.get(ME))


@scenario((("POST", "/oauth/token", 503), ME_200))
def renewal_ahead_fails(drive):
    session = drive.session()
    failing(drive.kakao, 503)
    drive.move_clock(drive.kakao.access_lifetime - 200)
    drive.said.append(session.get(ME))


@scenario(LoginRequiredError)
def renewal_is_shared(drive):
    session = drive.session()
    drive.said.append(session.token)  # whoever has to load it first does not wait for the others
    failing(drive.kakao, "KOE322")
    drive.kakao.latency = 0.2
    errors = at_once(4, session.refresh_token)
    drive.said += errors
    raise errors[-1]


@scenario(LoginRequiredError)
def token_is_assigned(drive):
    session = drive.session()
    for token in (drive.kakao.login(), Token(drive.kakao.login())):
        drive.said.append(session.get(ME))
        session.token = token
    session.access_token = session.access_token
    drive.said += [session.get(ME), session, session.token]
    assert wire(drive.kakao) == [ME_200] * 3
    session.token = {}
    session.get(ME)


@scenario((("POST", ECHO, 401), REFRESH, ("POST", ECHO, 200)))
def cure_of_a_file(drive):
    session = drive.session()
    drive.kakao.revoke_access_tokens()
    with Path(__file__).open("rb") as file:
        drive.said.append(session.post(ECHO, data=file))


@scenario((("POST", ECHO, 401), REFRESH))
def cure_of_a_generator(drive):
    session = drive.session()
    drive.kakao.revoke_access_tokens()
    drive.said.append(session.post(ECHO, data=iter([b"once"])))


@scenario((("GET", "/v2/search/web", 200),))
def call_to_dapi(drive):
    url = f"{drive.kakao.endpoints.dapi_url}/v2/search/web"
    drive.said.append(drive.session().get(url, params={"query": "kakao"}))


def call_with_an_auth(drive):
    """:returns: what Kakao answers to a call with an auth that is made for it."""
    auth = KakaoAuth(
        drive.kakao.app_key,
        client_secret=CLIENT_SECRET,
        token_store=drive.path,
        endpoints=drive.kakao.endpoints,
    )
    drive.said.append(auth)
    return requests.get(drive.kakao.endpoints.api_url + ME, auth=auth, timeout=10)


@scenario((ME_200, ME_401, REFRESH, ME_200))
def auth_for_each_call(drive):
    drive.session()
    drive.said.append(call_with_an_auth(drive))
    drive.kakao.revoke_access_tokens()
    drive.said.append(call_with_an_auth(drive))


@scenario(LoginRequiredError)
def auth_of_a_login_that_is_over(drive):
    drive.session()
    drive.kakao.unlink()
    call_with_an_auth(drive)


@scenario(LoginRequiredError)
def login_is_over(drive):
    session = drive.session()
    drive.kakao.unlink()
    try:
        session.get(ME)
    except Exception as error:  # noqa: BLE001 - it is said, and so is the next
        drive.said.append(error)
    session.get(ME)


@scenario(LoginRequiredError)
def refresh_token_has_run_out(drive):
    token = Token({**drive.kakao.login(), "refresh_token_expires_at": 1})
    drive.new_session(token=token).refresh_token()


@scenario((("POST", "/oauth/token", 401),))
def call_in_a_thread(drive):
    session = drive.session()
    failing(drive.kakao, "KOE010")
    thread = threading.Thread(target=session.refresh_token)
    thread.start()
    thread.join()


@scenario(KakaoAPIError)
def logout_fails(drive):
    session = drive.session()
    failing(drive.kakao, 503, "/v1/user/logout")
    session.logout()


@scenario(KakaoAPIError)
def unlink_fails(drive):
    session = drive.session()
    failing(drive.kakao, "garbage", "/v1/user/unlink")
    session.unlink()


@scenario((("POST", "/v1/user/unlink", 200),))
def unlink(drive):
    session = drive.session()
    drive.said += [session.unlink(), session]
    assert not drive.path.exists()


def api_error(drive, code):
    session = drive.session()
    drive.kakao.fail_next(
        403, path=ME, json={"code": code, "msg": f"what is {session.access_token}?"}, times=None
    )
    raise_for_kakao(session.get(ME))


for code in (-1, -401, -402):
    SCENARIOS[f"api_error_{code}"] = Scenario(
        partial(api_error, code=code), ScopeRequiredError if code == -402 else KakaoAPIError
    )


# Stores ---------------------------------------------------------------------------------------


def fill_disk(drive):
    """Let a file be full before it holds a token."""
    real = os.fsync

    def fsync(descriptor):
        if os.fstat(descriptor).st_size > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    drive.patch.setattr(os, "fsync", fsync)


@scenario(TokenStoreError)
def saver_fails(drive):
    drive.session(token_updater=broken).refresh_token()


def broken(*_, **__):
    raise RuntimeError("out of order")


@scenario((REFRESH, ME_200, ME_200))
def save_is_tried_again(drive):
    drive.kakao.refresh_token_renewal = "last_month"
    session = drive.session(token_updater=broken)
    drive.said += [session.refresh_token(), session.get(ME)]
    assert not session._source._refresher.state.is_saved
    session.token_updater = None
    drive.said += [session.get(ME), session]
    assert session._source._refresher.state.is_saved


@scenario(TokenStoreError)
def save_is_tried_again_in_vain(drive):
    session = drive.session(token_updater=broken)
    with pytest.raises(TokenStoreError) as caught:
        session.refresh_token()
    drive.said.append(caught.value)
    session.get(ME)


@scenario(TokenStoreError)
def file_is_full(drive):
    session = drive.session()
    fill_disk(drive)
    session.refresh_token()


@scenario(TokenStoreError)
def file_can_not_be_replaced(drive):
    session = drive.session()
    drive.patch.setattr(os, "replace", broken)
    session.refresh_token()


@scenario(TokenStoreError)
def file_takes_no_such_token(drive):
    FileTokenStore(drive.path).save(Token({**drive.kakao.login(), "odd": {1, 2}}))


def file_holds(drive, damage):
    session = drive.session()
    drive.path.write_bytes(damage(drive.path.read_bytes()))
    session.get(ME)


DAMAGES = {
    "torn": lambda content: content[:-40],
    "not_utf_8": lambda content: b"\xff" + content,
    "a_list": lambda content: b"[%s]" % content,
    "two": lambda content: content * 2,
    "odd": lambda content: content.replace(b'"expires_in": ', b'"refresh_token": 5, "": '),
    "large": lambda content: content + b" " * (1 << 20),
}
for name, damage in DAMAGES.items():
    SCENARIOS[f"file_{name}"] = Scenario(partial(file_holds, damage=damage), TokenStoreError)


@scenario(TokenStoreError)
def file_is_a_folder(drive):
    drive.path.mkdir()
    drive.new_session(token_store=drive.path).get(ME)


@scenario(LoginRequiredError)
def file_is_gone(drive):
    session = drive.session()
    drive.path.unlink()
    session.get(ME)


@scenario(TokenStoreError)
def file_is_locked(drive):
    session = drive.session(FileTokenStore(drive.path, lock_timeout=0))
    with FileTokenStore(drive.path).lock():
        session.refresh_token()


@scenario(TokenStoreError)
def ciphertext_of_another_key(drive):
    file = FileTokenStore(drive.path)
    session = drive.session(EncryptedTokenStore(file, drive.new_key()))
    drive.said += [session.get(ME), session.refresh_token()]
    drive.new_session(token_store=EncryptedTokenStore(file, drive.new_key())).get(ME)


@scenario(TokenStoreError)
def never_encrypted(drive):
    drive.session()
    file = FileTokenStore(drive.path)
    drive.new_session(token_store=EncryptedTokenStore(file, drive.new_key())).get(ME)


@scenario(TokenStoreError)
def no_cipher_takes_it(drive):
    store = EncryptedTokenStore(FileTokenStore(drive.path), drive.new_key())
    store.save(Token({**drive.kakao.login(), "odd": {1, 2}}))


@scenario(TokenStoreError)
def ciphertext_can_not_be_saved(drive):
    store = EncryptedTokenStore(FileTokenStore(drive.path), drive.new_key())
    session = drive.session(store)
    fill_disk(drive)
    session.refresh_token()


# The first has come with redis-py 5.
CONNECTION = getattr(redis.connection, "AbstractConnection", redis.connection.Connection)


def redis_store(drive, **settings):
    client = redis.Redis.from_url(drive.redis_url, **settings)
    return RedisTokenStore(client, f"{drive.folder.name}-{len(drive.said)}", lock_timeout=0)


@scenario(TokenStoreError)
def redis_out_of_reach(drive):
    store = RedisTokenStore(redis.Redis(port=1), "key")
    drive.new_session(token_store=store).get(ME)


@scenario(TokenStoreError)
def redis_goes_away(drive):
    session = drive.session(redis_store(drive))
    with session._source.persistence.lock():
        drive.patch.setattr(CONNECTION, "read_response", gone)
        session._source.persistence.save(Token(drive.kakao.login(scopes=SCOPES)))


@scenario(TokenStoreError)
def redis_can_not_send(drive):
    session = drive.session(redis_store(drive))
    with session._source.persistence.lock():
        drive.patch.setattr(CONNECTION, "send_packed_command", gone)
        session._source.persistence.save(Token(drive.kakao.login(scopes=SCOPES)))


def gone(*_, **__):
    raise redis.ConnectionError("gone")


@scenario(TokenStoreError)
def redis_lost_the_lock(drive):
    store = redis_store(drive)
    session = drive.session(store)
    with session._source.persistence.lock():
        store.client.set(store.key, "somebody else's")
        session._source.persistence.save(Token(drive.kakao.login(scopes=SCOPES)))


@scenario(TokenStoreError)
def redis_holds_a_list(drive):
    store = redis_store(drive)
    store.client.rpush(store.key, *drive.kakao.login().values())
    drive.new_session(token_store=store).get(ME)


def redis_holds(drive, damage, **settings):
    store = redis_store(drive, **settings)
    session = drive.session(store)
    store.client.append(store.key, damage)
    session.get(ME)


for texts in (False, True):
    for name, garbage in {"torn": b"}", "bytes": b"\xff"}.items():
        SCENARIOS[f"redis_{name}_{texts}"] = Scenario(
            partial(redis_holds, damage=garbage, decode_responses=texts), TokenStoreError
        )


def sql_store(drive, **settings):
    return SQLTokenStore(drive.engine(**settings), "key", lock_timeout=0.01)


@scenario((ME_200, REFRESH, ("POST", "/v1/user/logout", 200)))
def sql(drive):
    session = drive.session(sql_store(drive, echo="debug"))
    drive.said += [session.get(ME), session.refresh_token(), session.logout()]


def sql_fails(drive, statement):
    store = sql_store(drive)
    session = drive.session(store)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    store.engine.dispose()
    session.refresh_token()


NEVER = "CREATE TRIGGER t BEFORE UPDATE ON kakao_tokens WHEN NEW.token <> OLD.token BEGIN {} END"
for name, statement in {
    "no_table": "DROP TABLE kakao_tokens",
    "torn": "UPDATE kakao_tokens SET token = substr(token, 1, length(token) - 20)",
    "undecodable": "UPDATE kakao_tokens SET token = CAST(x'ff' || token AS TEXT)",
    "refused": NEVER.format("SELECT RAISE(ABORT, 'no') ;"),
    "quoted": NEVER.format("INSERT INTO kakao_tokens VALUES (OLD.id, NEW.token) ;"),
    "no_function": NEVER.format("SELECT no_such_function(NEW.token) ;"),
}.items():
    SCENARIOS[f"sql_{name}"] = Scenario(partial(sql_fails, statement=statement), TokenStoreError)


@scenario(TokenStoreError)
def sql_row_is_locked(drive):
    session = drive.session(sql_store(drive))
    with sql_store(drive).lock():
        session.refresh_token()


@scenario(TokenStoreError)
def sql_row_was_changed(drive):
    store = sql_store(drive)
    session = drive.session(store)
    with session._source.persistence.lock():
        session._source.persistence.save(Token(drive.kakao.login(scopes=SCOPES)))
        other = sql_store(drive)
        other.save(Token(drive.kakao.login(scopes=SCOPES)))
        session._source.persistence.save(Token(drive.kakao.login(scopes=SCOPES)))


def keyring_fails(drive, act, error):
    keychain = Keychain()
    drive.patch.setattr("keyring.core._keyring_backend", keychain)
    drive.patch.setenv("XDG_STATE_HOME", str(drive.folder))
    session = drive.session(KeyringTokenStore(username="user"))
    if act == "save":
        with session._source.persistence.lock():
            keychain.refusals["set"] = error
            session._source.persistence.save(Token(drive.kakao.login(scopes=SCOPES)))
    keychain.refusals[act] = error
    drive.said.append(session.get(ME))
    session.logout()


for name in ("get", "set", "delete", "save"):
    SCENARIOS[f"keyring_{name}"] = Scenario(
        partial(keyring_fails, act=name, error=OSError("D-Bus")), TokenStoreError
    )


@scenario(TokenStoreError)
def keyring_is_torn(drive):
    keychain = Keychain()
    drive.patch.setattr("keyring.core._keyring_backend", keychain)
    drive.patch.setenv("XDG_STATE_HOME", str(drive.folder))
    session = drive.session(KeyringTokenStore(username="user"))
    keychain.entries = {entry: text[:-20] for entry, text in keychain.entries.items()}
    session.get(ME)
