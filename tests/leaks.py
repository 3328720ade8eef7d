"""Every path that a login can take, success and failure, for those who look what is said on it."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import redis
import sqlalchemy
from cryptography.fernet import Fernet

from kakao_session import (
    EncryptedTokenStore,
    FileTokenStore,
    KakaoSession,
    KeyringTokenStore,
    RedisTokenStore,
    SQLTokenStore,
    Token,
    TokenStore,
    raise_for_kakao,
)
from kakao_session.emulator import KakaoEmulator
from kakao_session.emulator.openid import OpenID
from kakao_session.errors import _API_HINTS, KOE
from kakao_session.kauth import Form
from kakao_session.secret import Secret
from tests.stores.keychain import Keychain
from tests.test_login import REDIRECT_URI, agree

CLIENT_SECRET = "the-client-secret-of-the-app"
SCOPES = ("openid", "talk_message")
TRANSPORT: tuple[Any, ...] = ("reset", "close", "html", "garbage", "truncated", 429, 503)
ME = "/v2/user/me"


class Drive:
    """A Kakao and a folder to drive a login through, and the secrets that come up on the way."""

    def __init__(
        self, kakao: KakaoEmulator, folder: Path, patch: pytest.MonkeyPatch, redis_url: str
    ) -> None:
        kakao.client_secret = CLIENT_SECRET
        kakao.refresh_token_renewal = "always"
        self.kakao = kakao
        self.folder = folder
        self.patch = patch
        self.redis_url = redis_url
        self.said: list[object] = []
        self._engines: list[sqlalchemy.Engine] = []
        self._others = {CLIENT_SECRET}
        issue = OpenID.id_token

        def noted(*arguments: Any) -> str:
            self._others.add(id_token := issue(*arguments))
            return id_token

        patch.setattr(OpenID, "id_token", noted)
        patch.setattr("kakao_session.kauth.time.sleep", lambda _: None)

    @property
    def path(self) -> Path:
        return self.folder / "token.json"

    def session(self, store: TokenStore | None = None, **settings: Any) -> KakaoSession:
        """:returns: a session that is logged in."""
        kept = store or FileTokenStore(self.path)
        kept.save(Token(self.kakao.login(scopes=SCOPES)))
        return self.new_session(token_store=kept, **settings)

    def new_session(self, **settings: Any) -> KakaoSession:
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

    def come_back(self, session: KakaoSession) -> Secret:
        """:returns: the redirect that brings the code."""
        redirect = agree(session.authorization_url()[0])
        self._others |= {dict(parse_qsl(urlsplit(redirect).query))["code"]}
        self._others |= {str(session._code_verifier)}
        return Secret(redirect)

    def engine(self, **settings: Any) -> sqlalchemy.Engine:
        """:returns: an engine for a database in the folder."""
        url = f"sqlite:///{self.folder / 'tokens.db'}"
        self._engines.append(engine := sqlalchemy.create_engine(url, **settings))
        return engine

    def close(self) -> None:
        for engine in self._engines:
            engine.dispose()

    def secrets(self) -> set[str]:
        """:returns: all that came up."""
        return self._others | {issue.value for issue in self.kakao.tokens}


Scenario = Callable[[Drive], object]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


def failing(kakao: KakaoEmulator, failure: Any, path: str = "/oauth/token") -> None:
    """Let every request for a path fail in one way."""
    is_code = isinstance(failure, str) and failure.startswith("KOE")
    kakao.fail_next(**{"error_code" if is_code else "kind": failure}, path=path, times=None)


# Login ----------------------------------------------------------------------------------------


@scenario
def login(drive: Drive) -> None:
    session = drive.new_session(token_store=drive.path)
    session.fetch_token(authorization_response=drive.come_back(session))
    drive.said += [session.get(ME), session.token_info(), session.ensure_active_token()]
    drive.said += [session.auth, session.token, FileTokenStore(drive.path).load()]
    drive.said += [Form(code=session.access_token), [session._source.authorization()]]


@scenario
def login_with_a_used_code(drive: Drive) -> None:
    session = drive.new_session(token_store=drive.path)
    redirect = drive.come_back(session)
    session.fetch_token(authorization_response=redirect)
    session.fetch_token(authorization_response=redirect)


@scenario
def login_with_a_forged_state(drive: Drive) -> None:
    session = drive.new_session()
    redirect = drive.come_back(session)
    session.new_state()
    session.fetch_token(authorization_response=redirect)


@scenario
def login_with_another_verifier(drive: Drive) -> None:
    session = drive.new_session()
    redirect = drive.come_back(session)
    session.authorization_url()
    session._state = None
    drive._others.add(str(session._code_verifier))
    session.fetch_token(authorization_response=redirect)


@scenario
def login_that_can_not_be_saved(drive: Drive) -> None:
    session = drive.new_session(token_store=FileTokenStore(drive.path))
    redirect = drive.come_back(session)
    fill_disk(drive)
    session.fetch_token(authorization_response=redirect)


def login_fails(drive: Drive, failure: Any) -> None:
    session = drive.new_session()
    redirect = drive.come_back(session)
    failing(drive.kakao, failure)
    session.fetch_token(authorization_response=redirect)


# Renewal --------------------------------------------------------------------------------------


def refresh_fails(drive: Drive, failure: Any) -> None:
    session = drive.session()
    failing(drive.kakao, failure)
    session.refresh_token()


def cure_fails(drive: Drive, failure: Any) -> None:
    session = drive.session()
    drive.kakao.revoke_access_tokens()
    failing(drive.kakao, failure)
    session.get(ME)


for failure in (*KOE, *TRANSPORT):
    SCENARIOS[f"login_fails_{failure}"] = partial(login_fails, failure=failure)
    SCENARIOS[f"refresh_fails_{failure}"] = partial(refresh_fails, failure=failure)
    SCENARIOS[f"cure_fails_{failure}"] = partial(cure_fails, failure=failure)


@scenario
def refresh(drive: Drive) -> None:
    drive.said.append(drive.session().refresh_token())


@scenario
def refresh_with_another_token(drive: Drive) -> None:
    session = drive.session()
    other = Secret(drive.kakao.login()["refresh_token"])
    drive.said.append(session.refresh_token(refresh_token=other))
    session.refresh_token(refresh_token=other)


@scenario
def cure(drive: Drive) -> None:
    session = drive.session()
    drive.kakao.revoke_access_tokens()
    drive.said.append(session.get(ME))


@scenario
def cure_that_is_none(drive: Drive) -> None:
    session = drive.session()
    failing(drive.kakao, "ip_mismatched", ME)
    raise_for_kakao(session.get(ME))


@scenario
def renewal_ahead_fails(drive: Drive) -> None:
    session = drive.session(refresh_ahead=1e9)
    failing(drive.kakao, 503)
    drive.said.append(session.get(ME))


@scenario
def login_is_over(drive: Drive) -> None:
    session = drive.session()
    drive.kakao.unlink()
    try:
        session.get(ME)
    except Exception as error:  # noqa: BLE001 - it is said, and so is the next
        drive.said.append(error)
    session.get(ME)


@scenario
def refresh_token_has_run_out(drive: Drive) -> None:
    token = Token({**drive.kakao.login(), "refresh_token_expires_at": 1})
    drive.new_session(token=token).refresh_token()


@scenario
def call_breaks_off(drive: Drive) -> None:
    session = drive.session()
    failing(drive.kakao, "reset", ME)
    session.get(ME)


@scenario
def call_in_a_thread(drive: Drive) -> None:
    session = drive.session()
    failing(drive.kakao, "KOE010")
    thread = threading.Thread(target=session.refresh_token)
    thread.start()
    thread.join()


@scenario
def logout_fails(drive: Drive) -> None:
    session = drive.session()
    failing(drive.kakao, 503, "/v1/user/logout")
    session.logout()


@scenario
def logout_breaks_off(drive: Drive) -> None:
    session = drive.session()
    failing(drive.kakao, "reset", "/v1/user/logout")
    session.logout()


@scenario
def unlink_fails(drive: Drive) -> None:
    session = drive.session()
    failing(drive.kakao, "garbage", "/v1/user/unlink")
    session.unlink()


def api_error(drive: Drive, code: int) -> None:
    session = drive.session()
    drive.kakao.fail_next(
        403, path=ME, json={"code": code, "msg": f"what is {session.access_token}?"}, times=None
    )
    raise_for_kakao(session.get(ME))


for code in _API_HINTS:
    SCENARIOS[f"api_error_{code}"] = partial(api_error, code=code)


# Stores ---------------------------------------------------------------------------------------


def fill_disk(drive: Drive) -> None:
    """Let a file be full before it holds a token."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if os.fstat(descriptor).st_size > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    drive.patch.setattr(os, "fsync", fsync)


@scenario
def saver_fails(drive: Drive) -> None:
    drive.session(token_updater=broken).refresh_token()


def broken(*_: object, **__: object) -> Any:
    raise RuntimeError("out of order")


@scenario
def file_is_full(drive: Drive) -> None:
    session = drive.session()
    fill_disk(drive)
    session.refresh_token()


@scenario
def file_can_not_be_replaced(drive: Drive) -> None:
    session = drive.session()
    drive.patch.setattr(Path, "replace", broken)
    session.refresh_token()


@scenario
def file_takes_no_such_token(drive: Drive) -> None:
    FileTokenStore(drive.path).save(Token({**drive.kakao.login(), "odd": {1, 2}}))


def file_holds(drive: Drive, damage: Callable[[bytes], bytes]) -> None:
    session = drive.session()
    drive.path.write_bytes(damage(drive.path.read_bytes()))
    session.get(ME)


SCENARIOS["file_torn"] = partial(file_holds, damage=lambda content: content[:-40])
SCENARIOS["file_not_utf_8"] = partial(file_holds, damage=lambda content: b"\xff" + content)
SCENARIOS["file_a_list"] = partial(file_holds, damage=lambda content: b"[%s]" % content)
SCENARIOS["file_two"] = partial(file_holds, damage=lambda content: content * 2)
SCENARIOS["file_odd"] = partial(
    file_holds,
    damage=lambda content: content.replace(b'"expires_in": ', b'"expires_at": "x", "": '),
)
SCENARIOS["file_large"] = partial(file_holds, damage=lambda content: content + b" " * (1 << 20))


@scenario
def file_is_a_folder(drive: Drive) -> None:
    drive.path.mkdir()
    drive.new_session(token_store=drive.path).get(ME)


@scenario
def file_is_gone(drive: Drive) -> None:
    session = drive.session()
    drive.path.unlink()
    session.get(ME)


@scenario
def file_is_locked(drive: Drive) -> None:
    session = drive.session(FileTokenStore(drive.path, lock_timeout=0))
    with FileTokenStore(drive.path).lock():
        session.refresh_token()


@scenario
def ciphertext_of_another_key(drive: Drive) -> None:
    file = FileTokenStore(drive.path)
    session = drive.session(EncryptedTokenStore(file, Fernet.generate_key()))
    drive.said += [session.get(ME), session.refresh_token()]
    drive.new_session(token_store=EncryptedTokenStore(file, Fernet.generate_key())).get(ME)


@scenario
def never_encrypted(drive: Drive) -> None:
    drive.session()
    file = FileTokenStore(drive.path)
    drive.new_session(token_store=EncryptedTokenStore(file, Fernet.generate_key())).get(ME)


@scenario
def no_cipher_takes_it(drive: Drive) -> None:
    store = EncryptedTokenStore(FileTokenStore(drive.path), Fernet.generate_key())
    store.save(Token({**drive.kakao.login(), "odd": {1, 2}}))


@scenario
def ciphertext_can_not_be_saved(drive: Drive) -> None:
    store = EncryptedTokenStore(FileTokenStore(drive.path), Fernet.generate_key())
    session = drive.session(store)
    fill_disk(drive)
    session.refresh_token()


# The first has come with redis-py 5.
CONNECTION = getattr(redis.connection, "AbstractConnection", redis.connection.Connection)


def redis_store(drive: Drive, **settings: Any) -> RedisTokenStore:
    client = redis.Redis.from_url(drive.redis_url, **settings)
    return RedisTokenStore(client, f"{drive.folder.name}-{len(drive.said)}", lock_timeout=0)


@scenario
def redis_out_of_reach(drive: Drive) -> None:
    store = RedisTokenStore(redis.Redis(port=1), "key")
    drive.new_session(token_store=store).get(ME)


@scenario
def redis_goes_away(drive: Drive) -> None:
    session = drive.session(redis_store(drive))
    with session._source.keeper.lock():
        drive.patch.setattr(CONNECTION, "read_response", gone)
        session._source.keeper.save(Token(drive.kakao.login(scopes=SCOPES)))


@scenario
def redis_can_not_send(drive: Drive) -> None:
    session = drive.session(redis_store(drive))
    with session._source.keeper.lock():
        drive.patch.setattr(CONNECTION, "send_packed_command", gone)
        session._source.keeper.save(Token(drive.kakao.login(scopes=SCOPES)))


def gone(*_: object, **__: object) -> Any:
    raise redis.ConnectionError("gone")


@scenario
def redis_lost_the_lock(drive: Drive) -> None:
    store = redis_store(drive)
    session = drive.session(store)
    with session._source.keeper.lock():
        store.client.set(store.key, "somebody else's")
        session._source.keeper.save(Token(drive.kakao.login(scopes=SCOPES)))


@scenario
def redis_holds_a_list(drive: Drive) -> None:
    store = redis_store(drive)
    store.client.rpush(store.key, *drive.kakao.login().values())
    drive.new_session(token_store=store).get(ME)


def redis_holds(drive: Drive, damage: bytes, **settings: Any) -> None:
    store = redis_store(drive, **settings)
    session = drive.session(store)
    store.client.append(store.key, damage)
    session.get(ME)


for texts in (False, True):
    SCENARIOS[f"redis_torn_{texts}"] = partial(redis_holds, damage=b"}", decode_responses=texts)
    SCENARIOS[f"redis_bytes_{texts}"] = partial(redis_holds, damage=b"\xff", decode_responses=texts)


def sql_store(drive: Drive, **settings: Any) -> SQLTokenStore:
    return SQLTokenStore(drive.engine(**settings), "key", lock_timeout=0.01)


@scenario
def sql(drive: Drive) -> None:
    session = drive.session(sql_store(drive, echo="debug"))
    drive.said += [session.get(ME), session.refresh_token(), session.logout()]


def sql_fails(drive: Drive, statement: str) -> None:
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
    "a_blob": "UPDATE kakao_tokens SET token = CAST(token AS BLOB)",
    "refused": NEVER.format("SELECT RAISE(ABORT, 'no') ;"),
    "quoted": NEVER.format("INSERT INTO kakao_tokens VALUES (OLD.id, NEW.token) ;"),
    "no_function": NEVER.format("SELECT no_such_function(NEW.token) ;"),
}.items():
    SCENARIOS[f"sql_{name}"] = partial(sql_fails, statement=statement)


@scenario
def sql_row_is_locked(drive: Drive) -> None:
    session = drive.session(sql_store(drive))
    with sql_store(drive).lock():
        session.refresh_token()


@scenario
def sql_row_was_changed(drive: Drive) -> None:
    store = sql_store(drive)
    session = drive.session(store)
    with session._source.keeper.lock():
        session._source.keeper.save(Token(drive.kakao.login(scopes=SCOPES)))
        other = sql_store(drive)
        other.save(Token(drive.kakao.login(scopes=SCOPES)))
        session._source.keeper.save(Token(drive.kakao.login(scopes=SCOPES)))


def keyring_fails(drive: Drive, act: str, error: Exception) -> None:
    keychain = Keychain()
    drive.patch.setattr("keyring.core._keyring_backend", keychain)
    drive.patch.setenv("XDG_STATE_HOME", str(drive.folder))
    session = drive.session(KeyringTokenStore(username="user"))
    if act == "save":
        with session._source.keeper.lock():
            keychain.refusals["set"] = error
            session._source.keeper.save(Token(drive.kakao.login(scopes=SCOPES)))
    keychain.refusals[act] = error
    drive.said.append(session.get(ME))
    session.logout()


for act in ("get", "set", "delete", "save"):
    SCENARIOS[f"keyring_{act}"] = partial(keyring_fails, act=act, error=OSError("D-Bus"))


@scenario
def keyring_is_torn(drive: Drive) -> None:
    keychain = Keychain()
    drive.patch.setattr("keyring.core._keyring_backend", keychain)
    drive.patch.setenv("XDG_STATE_HOME", str(drive.folder))
    session = drive.session(KeyringTokenStore(username="user"))
    keychain.entries = {entry: text[:-20] for entry, text in keychain.entries.items()}
    session.get(ME)
