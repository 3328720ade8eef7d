"""``KAKAO_SESSION_TOKEN_KEY``: every command reads and writes an encrypted token file."""

import json
import stat

import pytest
from cryptography.fernet import Fernet

from kakao_session import EncryptedTokenStore, FileTokenStore
from tests.cli.conftest import come_back, failed, running, store, stored
from tests.conftest import agree

EVERY_COMMAND = [
    ["login", "--timeout", "1"],
    ["status"],
    ["status", "--check"],
    ["refresh"],
    ["request", "GET", "/v2/user/me"],
    ["send", "hello"],
    ["logout"],
    ["unlink", "--yes"],
]
every_command = pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)


@pytest.fixture
def key(monkeypatch):
    """A key, in the environment."""
    key = Fernet.generate_key().decode()
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_KEY", key)
    return key


@pytest.fixture
def encrypted(token_file, key):
    """The token file as a program reads it."""
    return EncryptedTokenStore(FileTokenStore(token_file), key)


@pytest.fixture
def encrypted_login(login, encrypted):
    """A new login, in the encrypted token file."""
    encrypted.save(login)
    return login


@pytest.mark.parametrize("command", EVERY_COMMAND[1:], ids=" ".join)
def test_command__with_an_encrypted_file(encrypted_login, encrypted, token_file, run, command):
    result = run(*command)
    assert (result.exit_code, result.stderr) == (0, "")
    if token_file.exists():
        assert stored(token_file)["encrypted"] == "fernet"
        assert encrypted.load()["refresh_token"] == encrypted_login["refresh_token"]
        assert encrypted_login["refresh_token"] not in token_file.read_text()
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    else:
        assert command[0] in ("logout", "unlink")


def test_refresh__saves_the_new_token_encrypted(encrypted_login, encrypted, run):
    assert run("refresh").exit_code == 0
    assert encrypted.load()["access_token"] != encrypted_login["access_token"]


def test_login__is_encrypted(kakao, encrypted, port):
    with running("login", "--port", str(port)) as command:
        come_back(agree(command.url()))
        assert command.end() == 0, command.errors()
    assert "EncryptedTokenStore(FileTokenStore(" in command.seen
    assert encrypted.load()["app_key"] == kakao.app_key
    assert encrypted.load()["user_id"] == 123456789


# A plain file -----------------------------------------------------------------------------------


@every_command
def test_plain_file__is_an_error_that_names_import(login, token_file, key, run, command):
    before = token_file.read_bytes()
    result = run(*command)
    assert result.exit_code == 1
    assert f"kakao-session import {token_file} --token-file {token_file}" in result.stderr
    assert key not in result.output
    assert token_file.read_bytes() == before


def test_plain_file__is_encrypted_by_import(login, encrypted, token_file, run):
    result = run("import", str(token_file), "--token-file", str(token_file))
    assert result.exit_code == 0
    assert encrypted.load() == login
    assert run("status").exit_code == 0


def test_plain_file__is_not_replaced_by_less(login, token_file, tmp_path, key, run):
    less = tmp_path / "less.json"
    less.write_text(json.dumps({"access_token": "a", "expires_in": 99_999}))
    assert run("import", str(less)).exit_code == 1
    assert stored(token_file) == login


# The key ----------------------------------------------------------------------------------------


@every_command
def test_key__is_missing(encrypted_login, token_file, run, monkeypatch, command):
    monkeypatch.delenv("KAKAO_SESSION_TOKEN_KEY")
    before = token_file.read_bytes()
    assert "KAKAO_SESSION_TOKEN_KEY" in failed(run(*command))
    assert token_file.read_bytes() == before


def test_key__is_another_one(encrypted_login, token_file, run):
    before = token_file.read_bytes()
    error = failed(run("status", KAKAO_SESSION_TOKEN_KEY=Fernet.generate_key().decode()))
    assert "the key is wrong" in error
    assert token_file.read_bytes() == before


@pytest.mark.parametrize("key", ["", "secret-but-short", "가" * 44, "\udcff"])
def test_key__is_not_a_key(login, kakao, run, key):
    result = run("status", KAKAO_SESSION_TOKEN_KEY=key)
    assert result.exit_code == 1
    assert "Fernet.generate_key()" in result.stderr
    assert not key or key not in result.output


def test_key__with_a_newline(encrypted_login, key, run):
    assert run("status", KAKAO_SESSION_TOKEN_KEY=f"{key}\n").exit_code == 0


def test_key__is_not_read_by_the_library(login, token_file, key):
    assert FileTokenStore(token_file).load() == login


def test_key__without_cryptography(login, key, run, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cryptography.fernet", None)
    monkeypatch.delitem(__import__("sys").modules, "kakao_session.stores.encrypted")
    assert 'pip install "kakao-session[cli,crypto]"' in failed(run("status"))


def test_import__of_an_encrypted_file(encrypted_login, token_file, tmp_path, run):
    other = token_file.rename(tmp_path / "other.json")
    assert "--token-file" in failed(run("import", str(other)))
    assert not token_file.exists()


def test_messages__name_the_file_by_its_path(encrypted, token_file, kakao, run):
    encrypted.save({"access_token": "a", "expires_at": 1})
    result = run("refresh")
    assert f"No refresh token in {token_file}. Run: kakao-session login" in result.stderr
    store(token_file, access_token="a", encrypted="fernet")
    assert f"Could not decrypt the token in {token_file}: " in run("refresh").stderr


def test_file__with_a_field_of_that_name(login, token_file, run):
    store(token_file, **{**login, "encrypted": False})
    assert run("request", "GET", "/v2/user/me").exit_code == 0
    assert run("import", str(token_file)).exit_code == 0
