"""``kakao-session import``: the files that tutorials leave, and what is not overwritten."""

import json
import os
import re
import stat
from pathlib import Path

import pytest

from kakao_session import FileTokenStore, Token
from tests.cli.conftest import stored


@pytest.fixture
def tutorial(tmp_path, kakao, clock):
    """What a tutorial leaves: the answer of the token endpoint, written a moment ago."""
    return leave(tmp_path / "kakao_token.json", {**kakao.login(), "app_key": kakao.app_key}, clock)


def leave(path, fields, clock):
    path.write_text(json.dumps(fields), encoding="utf-8")
    os.utime(path, (clock.moment, clock.moment))
    return path


@pytest.mark.parametrize("name", ["kakao_token.json", "kakao_code.json", "토큰.txt"])
def test_import__a_file_of_any_name(tutorial, token_file, run, clock, name):
    file = tutorial.rename(tutorial.with_name(name))
    before = file.read_bytes()
    result = run("import", str(file))
    assert result.exit_code == 0
    assert stored(token_file) == {**json.loads(before), "expires_at": clock.moment + 21_599}
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert file.read_bytes() == before
    assert f"Imported into {token_file}." in result.stdout
    assert "(in 6 hours)" in result.stdout
    assert re.search(r"^refresh token +#[0-9a-f]{8}, its end is not known$", result.stdout, re.M)
    assert f"{file} still holds the tokens" in result.stdout
    assert result.stderr == ""
    assert run("request", "GET", "/v2/user/me").exit_code == 0


def test_import__with_a_byte_order_mark(tutorial, token_file, run):
    tutorial.write_bytes(b"\xef\xbb\xbf" + tutorial.read_bytes())
    assert run("import", str(tutorial)).exit_code == 0


def test_import__app_key_is_given(tutorial, token_file, run, clock, monkeypatch):
    monkeypatch.delenv("KAKAO_REST_API_KEY")
    fields = json.loads(tutorial.read_text())
    key = fields.pop("app_key")
    leave(tutorial, fields, clock)
    result = run("import", str(tutorial))
    assert result.exit_code == 0
    assert "KAKAO_REST_API_KEY" in result.stderr
    result = run("import", str(tutorial), "--client-id", key)
    assert result.stderr == ""
    assert stored(token_file)["app_key"] == key


@pytest.mark.parametrize(("later", "code"), [(-1, 1), (0, 1), (1, 0)])
def test_import__never_overwrites_a_newer_login_unasked(
    tutorial, token_file, run, clock, later, code
):
    end = clock.moment + 100 - later
    other = Token(access_token="a", refresh_token="r", expires_in=100, expires_at=end)
    FileTokenStore(token_file).save(other)
    result = run("import", str(tutorial))
    assert result.exit_code == code
    assert (stored(token_file) == other) is (code == 1)
    if code:
        assert "--force" in result.stderr
        assert run("import", str(tutorial), "--force").exit_code == 0
        assert stored(token_file)["app_key"]


def test_import__age_is_not_known(tutorial, token_file, run, tmp_path, clock):
    assert run("import", str(tutorial)).exit_code == 0
    ageless = leave(tmp_path / "ageless.json", {"access_token": "a"}, clock)
    assert run("import", str(ageless)).exit_code == 1
    assert run("import", str(ageless), "--force").exit_code == 0
    another = leave(tmp_path / "another.json", {"access_token": "b"}, clock)
    assert run("import", str(another)).exit_code == 1
    assert run("import", str(tutorial)).exit_code == 0


def test_import__once_more_is_no_harm(tutorial, token_file, run):
    assert run("import", str(tutorial)).exit_code == 0
    assert run("import", str(tutorial)).exit_code == 0


def test_import__into_itself_makes_it_private(tutorial, run):
    tutorial.chmod(0o644)
    result = run("import", str(tutorial), "--token-file", str(tutorial))
    assert result.exit_code == 0
    assert stat.S_IMODE(tutorial.stat().st_mode) == 0o600
    assert "still holds" not in result.stdout


def test_import__of_a_login_that_is_over(token_file, tmp_path, run, clock):
    fields = {"access_token": "a", "refresh_token": "r", "refresh_token_expires_at": 5}
    result = run("import", str(leave(tmp_path / "old.json", fields, clock)))
    assert result.exit_code == 0
    assert "refresh token has run out" in result.stderr


@pytest.mark.parametrize(
    "content", ["", "no JSON", "[]", "{}", '{"code": "x"}', '{"access_token": 1}']
)
def test_import__what_is_no_token(tmp_path, login, token_file, run, content):
    before = token_file.read_bytes()
    file = tmp_path / "file.json"
    file.write_text(content)
    result = run("import", "--force", str(file))
    assert result.exit_code == 1
    assert str(file) in result.stderr
    assert token_file.read_bytes() == before


def test_import__over_a_spoilt_file(tutorial, token_file, run):
    token_file.parent.mkdir()
    token_file.write_text("spoilt")
    result = run("import", str(tutorial))
    assert result.exit_code == 1
    assert token_file.read_text() == "spoilt"
    assert run("import", "--force", str(tutorial)).exit_code == 0


def test_import__file_is_gone_a_moment_later(tutorial, token_file, run, monkeypatch):
    monkeypatch.setattr("kakao_session.cli.import_file.Path", lambda file: Path(f"{file}.gone"))
    assert run("import", str(tutorial)).exit_code == 2
    assert not token_file.exists()


@pytest.mark.parametrize("file", ["nothing.json", "."])
def test_import__no_file(tmp_path, token_file, run, file):
    result = run("import", str(tmp_path / file))
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def whole(kakao, clock, **more):
    """A login that can be refreshed, issued now."""
    answer = Token.from_response(kakao.login(), clock.moment)
    return Token({**answer, "app_key": kakao.app_key, **more})


LESS = "holds a login that can be refreshed, and this file has no refresh token that is still good"


@pytest.mark.parametrize(
    "lacking",
    [{"refresh_token": None}, {"refresh_token": ""}, {"refresh_token_expires_at": 1}],
    ids=["none", "empty", "run out"],
)
def test_import__never_replaces_a_login_with_less_unasked(
    kakao, token_file, tmp_path, run, clock, lacking
):
    login = whole(kakao, clock)
    FileTokenStore(token_file).save(login)
    clock.advance(hours=1)
    file = leave(tmp_path / "newer.json", {**whole(kakao, clock), **lacking}, clock)
    result = run("import", str(file))
    assert result.exit_code == 1
    assert LESS in " ".join(result.stderr.split())
    assert stored(token_file) == login
    assert run("import", str(file), "--force").exit_code == 0
    assert stored(token_file)["access_token"] != login["access_token"]


def test_import__less_over_a_login_that_has_ended_anyway(kakao, token_file, tmp_path, run, clock):
    FileTokenStore(token_file).save(whole(kakao, clock, refresh_token_expires_at=1))
    clock.advance(hours=1)
    newer = {key: kakao.login()[key] for key in ("access_token", "expires_in")}
    assert run("import", str(leave(tmp_path / "newer.json", newer, clock))).exit_code == 0


@pytest.mark.parametrize("unit", [1, 1000])
def test_import__older_file_of_another_sdk(kakao, token_file, tmp_path, run, clock, unit):
    """50 days old, and its moments perhaps in milliseconds."""
    old = whole(kakao, clock)
    for end in ("expires_at", "refresh_token_expires_at"):
        old[end] = int(old[end] * unit)
    clock.advance(days=50)
    today = whole(kakao, clock)
    FileTokenStore(token_file).save(today)
    file = tmp_path / "old.json"
    file.write_text(json.dumps(old))
    result = run("import", str(file))
    assert result.exit_code == 1
    assert "this one is not known to be newer" in " ".join(result.stderr.split())
    assert stored(token_file) == today


def test_import__same_login_keeps_what_only_the_stored_one_knows(
    kakao, token_file, tmp_path, run, clock
):
    login = whole(kakao, clock, user_id=5)
    FileTokenStore(token_file).save(login)
    file = tmp_path / "same.json"
    file.write_text(json.dumps({key: login[key] for key in ("access_token", "refresh_token")}))
    assert run("import", str(file)).exit_code == 0
    assert stored(token_file) == login


def test_import__refresh_token_that_ends_sooner(kakao, token_file, tmp_path, run, clock):
    stored_login = whole(kakao, clock)
    FileTokenStore(token_file).save(stored_login)
    clock.advance(hours=1)
    ends = {"refresh_token_expires_at": clock.moment + 5 * 86_400}
    file = leave(tmp_path / "file.json", {**whole(kakao, clock), **ends}, clock)
    assert run("import", str(file)).exit_code == 1
    assert stored(token_file) == stored_login


def test_import__file_that_can_not_be_read(tutorial, token_file, run, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    result = run("import", str(tutorial))
    assert result.exit_code == 1
    assert f"Could not read {tutorial}: Permission denied." in " ".join(result.stderr.split())
