"""Errors of Kakao, of a store and of the network, as sentences of the command."""

import ast
import json
import re
from pathlib import Path

import pytest
import requests

import kakao_session
from kakao_session import errors
from kakao_session.cli.errors import explain, fixes
from tests.cli.conftest import failed


def response(status, **body):
    answer = requests.Response()
    answer.status_code = status
    answer._content = json.dumps(body).encode()
    return answer


def koe_errors():
    """:returns: the error for each code of Kakao Login."""
    return [errors.token_endpoint_error(response(400), None, code) for code in errors.KOE]


def api_errors():
    """:returns: the error for each code of the API that has a hint."""
    found = []
    for code in range(-10_000, 0):
        try:
            errors.raise_for_kakao(response(400, code=code))
        except errors.KakaoAPIError as error:
            if error.hint:
                found.append(error)
    assert len(found) > 10
    return found


def kinds():
    """:returns: each class of errors of the library."""
    found = [errors.KakaoError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__ == errors.__name__]


def test_code__is_explained_with_options_instead_of_keywords():
    for error in koe_errors():
        text = explain(error)
        assert f"({error.error_code}, HTTP 400)." in text
        assert not re.search(r"\w=|fetch_token|authorization_url", text)


KEYWORD = re.compile(r"\b(client_id|client_secret|redirect_uri|scope|token_store)=(?![\w\"'])")


def sentences():
    """:returns: each text of the library that names a keyword of its own."""
    library = Path(kakao_session.__file__).parent
    files = [*library.glob("*.py"), *library.glob("stores/*.py"), *library.glob("login/*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return [text for text in texts if isinstance(text, str) and KEYWORD.search(text)]


@pytest.mark.parametrize("language", ["C", "ko_KR.UTF-8"])
def test_keyword__is_an_option_here(monkeypatch, language):
    monkeypatch.setenv("LC_ALL", language)
    texts = sentences()
    assert len(texts) > 5
    for text in texts:
        for error in (errors.KakaoError(text), errors.TokenStoreError(f"Could not ({text}).")):
            assert not KEYWORD.search(explain(error)), text
            assert not KEYWORD.search(explain(errors.LoginRequiredError("What", hint=text))), text


def test_hint__of_a_file_with_kakaos_error(tmp_path, token_file, run):
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"error": "invalid_client", "error_code": "KOE010"}))
    for command in (["import", str(answer)], ["refresh", "--token-file", str(answer)]):
        error = failed(run(*command))
        assert "--store-secret" in error
        assert "client_secret=" not in error


def test_kind__has_words_of_its_own(monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR")
    special = {errors.ForgedRedirectError, errors.TimedOutError}  # named as their parents
    assert len({explain(kind("?")) for kind in kinds()}) == len(kinds()) - len(special)


def test_fixes__are_those_of_errors_that_stay_on_kakaos_page():
    codes = re.findall(r"^    (KOE\d+): \S.*\. \S.*\.$", fixes(), re.MULTILINE)
    assert codes == ["KOE004", "KOE005", "KOE006", "KOE101", "KOE205"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (requests.exceptions.SSLError(), "certificate"),
        (requests.exceptions.ProxyError(), "HTTPS_PROXY"),
        (requests.exceptions.ConnectTimeout(), "in time"),
        (requests.exceptions.ReadTimeout(), "in time"),
        (requests.exceptions.ConnectionError("https://secret"), "Check your network"),
        (requests.exceptions.ChunkedEncodingError(), "Could not read"),
        (requests.exceptions.RequestException("secret"), "Could not send"),
        (OSError("no CA bundle at secret"), "REQUESTS_CA_BUNDLE"),
        (requests.exceptions.InvalidSchema("secret"), "ALL_PROXY"),
        (requests.exceptions.InvalidSchema("no SOCKS support, secret"), '"requests[socks]"'),
        (Exception("secret"), "Could not send"),
    ],
)
def test_network_error__is_explained_without_its_own_message(error, text):
    assert text in explain(error)
    assert "secret" not in explain(error)


@pytest.mark.parametrize("kind", [errors.TemporaryError, errors.TokenStoreError])
@pytest.mark.parametrize("cause", [None, requests.exceptions.SSLError()])
def test_cause__is_explained_if_it_is_the_network(kind, cause):
    error = kind("What happened.")
    error.__cause__ = cause
    text = explain(error)
    is_network = kind is errors.TemporaryError and cause is not None
    what = "Kakao Login does not respond. You stay logged in." if is_network else "What happened."
    assert text.startswith(what)
    assert ("certificate" in text) is is_network


def test_cause__on_this_machine_is_not_blamed_on_kakao():
    error = errors.TemporaryError("What happened.")
    error.__cause__ = OSError("no CA bundle")
    assert explain(error).startswith("REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file")


def test_temporary_error__is_told_in_korean(monkeypatch):
    monkeypatch.setenv("LANG", "ko_KR")
    text = explain(errors.TemporaryError("Kakao has one (no code).", status_code=503))
    assert text == "카카오에 일시적인 오류가 발생했습니다 (HTTP 503)."
