"""``kakao-session import``: the files that tutorials leave, and what is not overwritten."""

import errno
import json
import os
import re
import stat
import time

import pytest

from kakao_session import FileTokenStore, Token
from tests.cli.conftest import failed, raising, stored


@pytest.fixture
def tutorial(tmp_path, kakao, clock):
    """What a tutorial leaves: the answer of the token endpoint, written a moment ago."""
    return leave(tmp_path / "kakao_token.json", {**kakao.login(), "app_key": kakao.app_key}, clock)


def leave(path, fields, clock):
    path.write_text(json.dumps(fields), encoding="utf-8")
    os.utime(path, (clock.moment, clock.moment))
    return path


@pytest.fixture
def new_login(kakao, clock):
    """Makes logins that can be refreshed, issued now."""

    def make(**more):
        answer = Token.from_response(kakao.login(), clock.moment)
        return Token({**answer, "app_key": kakao.app_key, **more})

    return make


def test_import__a_file_of_any_name(tutorial, token_file, run, clock):
    file = tutorial.rename(tutorial.with_name("토큰.txt"))
    before = file.read_bytes()
    result = run("import", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    assert stored(token_file) == {**json.loads(before), "expires_at": clock.moment + 21_599}
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert file.read_bytes() == before
    assert result.stdout.startswith(f"Saved the login in {token_file}.\n")
    assert "(in 6 hours)" in result.stdout
    assert re.search(r"^refresh token +#[0-9a-f]{8}, expiry unknown$", result.stdout, re.M)
    assert result.stdout.splitlines()[-1].startswith(f"{file} still has the tokens.")
    assert run("request", "GET", "/v2/user/me").exit_code == 0


@pytest.mark.parametrize("has_key", [True, False])
def test_import__without_a_refresh_token(tutorial, token_file, run, clock, monkeypatch, has_key):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    fields = json.loads(tutorial.read_text())
    del fields["refresh_token"]
    if not has_key:
        del fields["app_key"]
    leave(tutorial, fields, clock)
    result = run("import", str(tutorial))
    assert result.exit_code == 0
    assert result.stderr == (
        "It has no refresh token and cannot be refreshed. Run: kakao-session login --token-file "
        f"{token_file}\n"
    )


def test_import__with_a_key_that_is_none(tutorial, token_file, run):
    error = failed(run("import", str(tutorial), "--client-id", "x y"))
    assert "has characters that no key has" in error
    assert not token_file.exists()


def test_import__without_an_app_key(tutorial, token_file, run, clock, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    fields = json.loads(tutorial.read_text())
    key = fields.pop("app_key")
    leave(tutorial, fields, clock)
    result = run("import", str(tutorial))
    assert result.exit_code == 0
    assert "KAKAO_REST_API_KEY" in result.stderr
    assert "Delete it" not in result.stdout  # it has to be imported once more
    assert run("import", str(tutorial), "--client-id", key).stderr == ""
    assert stored(token_file)["app_key"] == key


@pytest.mark.parametrize(("later", "status"), [(-1, 1), (0, 1), (1, 0)])
def test_import__does_not_overwrite_a_newer_login(tutorial, token_file, run, clock, later, status):
    end = clock.moment + 100 - later
    other = Token(access_token="a", refresh_token="r", expires_in=100, expires_at=end)
    FileTokenStore(token_file).save(other)
    result = run("import", str(tutorial))
    assert result.exit_code == status
    assert (stored(token_file) == other) is (status == 1)
    if status:
        assert "may be newer" in result.stderr
        assert run("import", str(tutorial), "--force").exit_code == 0
        assert stored(token_file)["app_key"]


def test_import__of_unknown_age(tutorial, token_file, run, tmp_path, clock):
    assert run("import", str(tutorial)).exit_code == 0
    ageless = leave(tmp_path / "ageless.json", {"access_token": "a"}, clock)
    assert run("import", str(ageless)).exit_code == 1
    assert run("import", str(ageless), "--force").exit_code == 0
    another = leave(tmp_path / "another.json", {"access_token": "b"}, clock)
    assert run("import", str(another)).exit_code == 1
    for _ in range(2):  # the second time, it is the same login
        assert run("import", str(tutorial)).exit_code == 0


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"refresh_token": None}, "no valid refresh token"),
        ({"refresh_token": ""}, "no valid refresh token"),
        ({"refresh_token_expires_at": 1}, "no valid refresh token"),
        ({"refresh_token_expires_at": time.time() + 5 * 86_400}, "may be newer"),
    ],
    ids=["none", "empty", "expired", "expires sooner"],
)
def test_import__does_not_replace_a_login_with_less(
    new_login, token_file, tmp_path, run, clock, fields, why
):
    FileTokenStore(token_file).save(login := new_login())
    clock.advance(hours=1)
    file = leave(tmp_path / "newer.json", {**new_login(), **fields}, clock)
    assert why in failed(run("import", str(file)))
    assert stored(token_file) == login
    assert run("import", str(file), "--force").exit_code == 0
    assert stored(token_file)["access_token"] != login["access_token"]


def test_import__replaces_a_login_that_has_ended(
    kakao, new_login, token_file, tmp_path, run, clock
):
    FileTokenStore(token_file).save(new_login(refresh_token_expires_at=1))
    clock.advance(hours=1)
    newer = {key: kakao.login()[key] for key in ("access_token", "expires_in")}
    result = run("import", str(leave(tmp_path / "newer.json", newer, clock)))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "refresh token   none"


@pytest.mark.parametrize("unit", [1, 1000])
def test_import__of_an_older_file_of_another_sdk(new_login, token_file, tmp_path, run, clock, unit):
    """50 days old, with moments in seconds or milliseconds."""
    old = new_login()
    for end in ("expires_at", "refresh_token_expires_at"):
        old[end] = int(old[end] * unit)
    clock.advance(days=50)
    FileTokenStore(token_file).save(today := new_login())
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert run("import", str(tmp_path / "old.json")).exit_code == 1
    assert stored(token_file) == today


def test_import__of_the_same_login_keeps_the_other_fields(new_login, token_file, tmp_path, run):
    login = new_login(user_id=5)
    FileTokenStore(token_file).save(login)
    file = tmp_path / "same.json"
    file.write_text(json.dumps({key: login[key] for key in ("access_token", "refresh_token")}))
    assert run("import", str(file)).exit_code == 0
    assert stored(token_file) == login


@pytest.mark.parametrize("file_key", [None, "the-same"])
def test_import__of_a_newer_login_keeps_the_key_and_secret_of_its_app(
    new_login, token_file, tmp_path, run, clock, monkeypatch, file_key
):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    app = {"app_key": "the-same", "client_secret": "s", "client_secret_required": True}
    FileTokenStore(token_file).save(new_login(**app, user_id=5))
    clock.advance(hours=1)
    newer = new_login(app_key=file_key)
    file = tmp_path / "newer.json"
    file.write_text(json.dumps(newer))
    assert run("import", str(file)).exit_code == 0
    assert stored(token_file) == newer | app


@pytest.mark.parametrize("how", ["in the file", "as an option", "as a variable"])
def test_import__of_a_login_of_another_app(
    new_login, token_file, tmp_path, run, clock, monkeypatch, how
):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    FileTokenStore(token_file).save(login := new_login(client_secret="s"))
    clock.advance(hours=1)
    file = leave(
        tmp_path / "other.json", new_login(app_key="B" if how == "in the file" else None), clock
    )
    command = ["import", str(file), *(["--client-id", "B"] if how == "as an option" else [])]
    if how == "as a variable":
        monkeypatch.setenv("KAKAO_REST_API_KEY", "B")
    assert failed(run(*command)) == (
        f"Error: {token_file} has a login of another app. To replace it anyway, use --force.\n"
    )
    assert stored(token_file) == login
    assert run(*command, "--force").exit_code == 0
    assert "client_secret" not in stored(token_file)


def test_import__over_a_login_of_unknown_age(new_login, token_file, tmp_path, run, clock):
    only = {"refresh_token": new_login()["refresh_token"]}
    FileTokenStore(token_file).save(only)
    clock.advance(hours=1)
    file = leave(tmp_path / "newer.json", new_login(), clock)
    assert "may be newer" in failed(run("import", str(file)))
    assert stored(token_file) == only


@pytest.mark.parametrize("is_overwritten", [False, True])
def test_import__of_the_token_file_by_another_path(
    new_login, token_file, tmp_path, run, monkeypatch, is_overwritten
):
    FileTokenStore(token_file).save(new_login())
    other = tmp_path / "link.json"
    other.hardlink_to(token_file)
    if is_overwritten:
        monkeypatch.setattr(
            "os.replace", raising(OSError(errno.EXDEV, "Invalid cross-device link"))
        )
    result = run("import", str(other))
    assert (result.exit_code, "Delete it" in result.stdout) == (0, not is_overwritten)


def test_import__into_itself_makes_it_private(tutorial, run):
    tutorial.chmod(0o644)
    result = run("import", str(tutorial), "--token-file", str(tutorial))
    assert result.exit_code == 0
    assert stat.S_IMODE(tutorial.stat().st_mode) == 0o600
    assert "still has" not in result.stdout


def test_import__of_a_login_that_has_ended(token_file, tmp_path, run, clock):
    fields = {"access_token": "a", "refresh_token": "r", "refresh_token_expires_at": 5}
    result = run("import", str(leave(tmp_path / "old.json", fields, clock)))
    assert result.exit_code == 0
    assert "kakao-session login" in result.stderr


@pytest.mark.parametrize(
    "content", ["", "no JSON", "[]", "{}", '{"code": "x"}', '{"access_token": 1}']
)
def test_import__without_a_token(tmp_path, login, token_file, run, content):
    before = token_file.read_bytes()
    file = tmp_path / "file.json"
    file.write_text(content)
    assert failed(run("import", "--force", str(file))).startswith(f"Error: {file} has no token: ")
    assert token_file.read_bytes() == before


def test_import__over_a_corrupt_file(tutorial, token_file, run):
    token_file.parent.mkdir()
    token_file.write_text("corrupt")
    assert run("import", str(tutorial)).exit_code == 1
    assert token_file.read_text() == "corrupt"
    assert run("import", "--force", str(tutorial)).exit_code == 0


@pytest.mark.parametrize("file", ["nothing.json", "."])
def test_import__without_a_file(tmp_path, token_file, run, file):
    assert run("import", str(tmp_path / file)).exit_code == 2


def test_import__of_a_file_that_cannot_be_read(tutorial, token_file, run, monkeypatch):
    refusal = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr("pathlib.Path.open", raising(refusal))
    error = failed(run("import", str(tutorial)))
    assert error == f"Error: Could not read {tutorial}: Permission denied.\n"
    assert not token_file.exists()
