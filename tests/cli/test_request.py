"""``kakao-session request``: what is sent, what is printed, and the exit status."""

import json
import signal
import socket

import pytest
import requests

from kakao_session.cli.output import printable
from kakao_session.cli.request import for_terminal
from tests.cli.conftest import failed, running, store, stored, wait_for_token_request

ME = "/v2/user/me"
SEND = "/v2/api/talk/memo/default/send"


def test_get__prints_the_body_as_it_came(login, kakao, run):
    result = run("request", "get", ME)
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    expected = requests.get(f"https://kapi.kakao.com{ME}", headers=headers, timeout=10).content
    assert (result.exit_code, result.stdout_bytes, result.stderr) == (0, expected, "")


def test_get__fields_go_into_the_query(login, kakao, run):
    kakao.clear_requests()
    result = run("request", "GET", f"https://kapi.kakao.com{ME}", "-d", "a=1", "-d", "b=x=y&z 제주")
    assert result.exit_code == 0
    assert kakao.requests[0].query == "a=1&b=x%3Dy%26z+%EC%A0%9C%EC%A3%BC"
    assert kakao.requests[0].body == b""


def test_post__fields_go_into_the_form(login, kakao, run):
    kakao.clear_requests()
    template = json.dumps({"object_type": "text", "text": "안녕", "link": {}})
    result = run("request", "POST", SEND, "-d", f"template_object={template}")
    assert result.exit_code == 0
    assert kakao.requests[0].form == [("template_object", template)]
    assert json.loads(result.stdout) == {"result_code": 0}


def test_own_authorization__needs_no_login(kakao, run):
    kakao.admin_key = "the-admin-key"
    result = run("request", "GET", "/v1/user/ids", "-H", "authorization: KakaoAK the-admin-key")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["elements"] == []
    assert [record.path for record in kakao.requests] == ["/v1/user/ids"]


def test_json__fields_go_into_an_object(login, kakao, run):
    kakao.clear_requests()
    fields = ("n=5", "text=안녕 5", 'quoted="5"', "list=[1, 2]", "nan=NaN", "empty=")
    options = [part for field in (*fields, "deep=" + "[" * 9999) for part in ("-d", field)]
    run("request", "POST", ME, "--json", *options)
    (sent,) = kakao.requests
    assert sent.headers["Content-Type"] == "application/json"
    assert json.loads(sent.body) == {
        "n": 5,
        "text": "안녕 5",
        "quoted": "5",
        "list": [1, 2],
        "nan": "NaN",
        "empty": "",
        "deep": "[" * 9999,
    }


def test_json__without_fields_has_no_body(login, kakao, run):
    kakao.clear_requests()
    assert json.loads(run("request", "GET", ME, "--json").stdout)["id"] == 123456789
    assert kakao.requests[0].body == b""


def test_headers__are_sent(login, kakao, run):
    kakao.clear_requests()
    assert run("request", "GET", ME, "-H", "X-One: 1", "-H", "X-Two:두:둘").exit_code == 0
    headers = kakao.requests[0].headers
    assert headers["X-One"] == "1"
    assert headers["X-Two"].encode("latin-1").decode() == "두:둘"


def test_head__has_no_body(login, run):
    result = run("request", "HEAD", ME)
    assert (result.exit_code, result.stdout) == (0, "")


def test_expired_token__is_refreshed(login, kakao, run, clock):
    clock.advance(hours=7)
    kakao.clear_requests()
    assert run("request", "GET", ME).exit_code == 0
    assert [record.path for record in kakao.requests] == ["/oauth/token", ME]


def test_dapi__gets_the_app_key_and_needs_no_login(kakao, token_file, run):
    result = run("request", "GET", "https://dapi.kakao.com/v2/search/web", "-d", "query=제주")
    assert result.exit_code == 0
    assert kakao.requests[0].headers["Authorization"] == f"KakaoAK {kakao.app_key}"


def test_other_hosts__get_no_credential(login, kakao, run, monkeypatch):
    seen = []

    def send(_, request, **__):
        seen.append(request)
        response = requests.Response()
        response.status_code = 200
        response._content = b"hello"
        response.url = str(request.url)
        return response

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    assert run("request", "GET", "https://example.com/").stdout == "hello"
    assert "Authorization" not in seen[0].headers


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (399, 0), (400, 1), (500, 1)])
def test_exit_status__depends_on_the_http_status(login, kakao, run, status, exit_code):
    body = {"msg": "no", "code": -10}
    kakao.fail_next(status, json=body, path=ME)
    result = run("request", "GET", ME)
    assert result.exit_code == exit_code
    assert json.loads(result.stdout) == body
    assert ("code -10" in result.stderr) is (exit_code == 1)


def test_missing_scope__names_the_command_that_asks_for_it(login, kakao, token_file, run):
    body = {"msg": "x", "code": -402, "required_scopes": ["friends", "$(a b)"]}
    kakao.fail_next(403, json=body, path=ME)
    error = failed(run("request", "GET", ME))
    options = f"--scope friends --scope '$(a b)' --token-file {token_file}"
    assert error.endswith(f"run: kakao-session login {options}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["GET", "v2/user/me"],
        ["GET", "http://kapi.kakao.com/v2/user/me"],
        ["GET", "https://"],
        ["GET", "https://[::1"],
        ["GET", "/\udcff"],
        ["GET", "https://kauth.kakao.com/oauth/token"],
        ["POST", "https://KAUTH.kakao.com:443/oauth/token/?a"],
        ["POST", "https://kauth.kakao.com/oauth%2ftoken"],
        ["POST", "https://kauth.kakao.com./x/.././oauth//token"],
        ["GET", ME, "-d", "secret-1"],
        ["GET", ME, "-d", "=secret-1"],
        ["GET", ME, "-d", "a=secret-1\udcff"],
        ["GET", ME, "-H", "X Y: secret-1"],
        ["GET", ME, "-H", "X: secret-1\r\nY: 1"],
        ["GET", ME, "-H", "한글: secret-1"],
    ],
)
def test_usage__is_wrong_and_nothing_is_sent(login, kakao, run, arguments):
    kakao.clear_requests()
    result = run("request", *arguments)
    assert result.exit_code == 2
    assert "Usage: kakao-session request" in result.stderr
    assert "secret-1" not in result.output
    assert kakao.requests == []


def test_kauth__can_be_asked_for_anything_but_tokens(kakao, token_file, run):
    url = "https://kauth.kakao.com/.well-known/openid-configuration"
    assert json.loads(run("request", "GET", url).stdout)["issuer"] == "https://kauth.kakao.com"


def test_kauth__tokens_are_not_printed_whatever_the_path(login, kakao, token_file, run):
    kakao.fail_next(200, path="/oauth/token;v=2", json={"access_token": "secret-1"})
    result = run("request", "POST", "https://kauth.kakao.com/oauth/token;v=2")
    assert result.exit_code == 1
    assert "secret-1" not in result.output
    assert "kakao-session refresh" in result.stderr


def test_interrupted__the_refresh_before_the_call_is_saved_first(login, kakao, token_file):
    store(token_file, **{**login, "expires_at": 5})
    kakao.latency = 1.0
    kakao.clear_requests()
    with running("request", "GET", ME) as command:
        wait_for_token_request(kakao)
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 130
    assert stored(token_file)["access_token"] != login["access_token"]
    assert [record.path for record in kakao.requests] == ["/oauth/token"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("https_proxy", "http://127.0.0.1:1"),
        ("https_proxy", "http://[broken"),
        ("https_proxy", "http://"),
        ("https_proxy", "socks5://127.0.0.1:1"),
        ("REQUESTS_CA_BUNDLE", "/nonexistent.pem"),
        ("REQUESTS_CA_BUNDLE", __file__),
    ],
)
@pytest.mark.parametrize("command", [["request", "GET", ME], ["refresh"]])
def test_network__the_variable_to_check_is_named(login, kakao, run, variable, value, command):
    error = failed(run(*command, **{variable: value}))
    assert error.startswith("Error: ")
    assert variable.upper() in error


@pytest.mark.parametrize("failure", ["reset", "close", "truncated", "garbage"])
def test_network__answer_is_broken(login, kakao, run, failure):
    kakao.fail_next(failure, path=ME)
    result = run("request", "GET", ME)
    assert result.exit_code == (0 if failure == "garbage" else 1)


@pytest.mark.parametrize("host", ["a..b", "127.0.0.1:1"])
def test_host__does_not_exist(login, run, monkeypatch, host):
    def find_none(host, *_, **__):
        host.encode("idna")
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("socket.getaddrinfo", find_none)
    result = run("request", "GET", f"https://{host}/")
    assert result.exit_code in (1, 2)
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"\x1b]0;title\x07\x1b[2Jplain\n", r"\x1b]0;title\x07\x1b[2Jplain"),
        ('{"a": "\x9b31m\u202e"}'.encode(), '{\n  "a": "\\x9b31m\\u202e"\n}'),
        (b"\xff\xfe\x00", "3 bytes of binary data. To save them, add: > FILE"),
        (b"[" * 100_000, "[" * 100_000),
        (
            '{"text": "안녕", "id": 9007199254740993}'.encode(),
            '{\n  "text": "안녕",\n  "id": 9007199254740993\n}',
        ),
    ],
)
def test_body__does_not_control_the_terminal(body, shown):
    assert printable(for_terminal(body)) == shown
