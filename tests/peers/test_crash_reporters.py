"""Crash reporters walk the local variables of every frame. They find no token, secret or code.

What rich and the standard library show is tested in ``tests/test_redaction.py``.
"""

import json
import os
import subprocess
import sys

from tests.required import package
from tests.secret_scenarios import leaked

# A program whose secrets are in the environment and in a token file. It holds none itself.
PROGRAM = """
import io, json, os, time

import requests
import sentry_sdk, sentry_sdk.transport
from kakao_session import FileTokenStore, KakaoAuth, KakaoSession, Token
from kakao_session.emulator import KakaoEmulator

REPORTS = []
time.sleep = lambda _: None  # between two tries


def sentry(error):
    sentry_sdk.capture_exception(error)


class Envelopes(sentry_sdk.transport.Transport):
    def capture_envelope(self, envelope):
        REPORTS.append(("sentry", envelope.serialize().decode()))


sentry_sdk.init("https://public@sentry.invalid/1", transport=Envelopes)


def rollbar(error):
    import rollbar
    rollbar.init("access", handler="blocking", locals={"enabled": True})
    rollbar.send_payload = send_to_rollbar
    try:
        raise error
    except BaseException:
        rollbar.report_exc_info()


def send_to_rollbar(payload, *_):
    REPORTS.append(("rollbar", json.dumps(payload, default=repr)))


def loguru(error):
    from loguru import logger
    stream = io.StringIO()
    logger.remove()
    logger.add(stream, backtrace=True, diagnose=True)
    logger.opt(exception=error).error("it broke")
    REPORTS.append(("loguru", stream.getvalue()))


REPORTERS = [sentry, rollbar, loguru]


def full_disk(_):
    raise OSError(28, "No space left on device")


def refresh(session):
    session.refresh_token()


def call(session):
    session.get("/v2/user/me")


def call_with_auth(session):
    requests.get(
        session.endpoints.api_url + "/v2/user/me",
        auth=KakaoAuth(token_store=os.environ["TOKEN_FILE"], endpoints=session.endpoints),
    )


def exchange(session):
    session.fetch_token(authorization_response=REDIRECTS[-1])


REDIRECTS = []


def main():
    with KakaoEmulator() as kakao:
        os.environ["REQUESTS_CA_BUNDLE"] = kakao.ca_file
        os.environ["KAKAO_REST_API_KEY"] = kakao.app_key
        for failure in (503, "KOE322", "hang"):
            run(kakao, refresh, failure, False)
        for failure in ("KOE320", "garbage"):
            run(kakao, exchange, failure, False)
        for after_401 in (False, True):
            run(kakao, call, "KOE322", after_401)
            run(kakao, call, "garbage", after_401)
            run(kakao, call_with_auth, "reset", after_401)
            run(kakao, call_with_auth, "KOE010", after_401)
            run(kakao, call, full_disk, after_401)
        run(kakao, exchange, full_disk, False)


def run(kakao, act, failure, after_401):
    kakao.reset()
    kakao.client_secret = os.environ["KAKAO_CLIENT_SECRET"]
    kakao.refresh_token_renewal = "always"
    token = Token.from_response(kakao.login(), time.time()).with_app(kakao.app_key, None)
    if not after_401:
        token["expires_at"] = 1.0
    FileTokenStore(os.environ["TOKEN_FILE"]).save(token)
    session = KakaoSession(
        token_store=os.environ["TOKEN_FILE"],
        endpoints=kakao.endpoints,
        redirect_uri="http://localhost:8080/callback",
        timeout=0.3,
    )
    url, _ = session.authorization_url()
    REDIRECTS.append(requests.get(url, allow_redirects=False).headers["Location"])
    if after_401:
        kakao.revoke_access_tokens()
    fsync = os.fsync
    if failure is full_disk:
        os.fsync = full_disk
    elif isinstance(failure, str) and failure.startswith("KOE"):
        kakao.fail_next(error_code=failure, path="/oauth/token", times=None)
    else:
        kakao.fail_next(failure, path="/oauth/token", times=None)
    REPORTS.clear()
    error = caught(act, session)
    os.fsync = fsync
    for reporter in REPORTERS:
        reporter(error)
    session.close()
    secrets = [issued.value for issued in kakao.tokens] + [os.environ["KAKAO_CLIENT_SECRET"]]
    secrets += [REDIRECTS[-1].partition("code=")[2].partition("&")[0]]
    kind = type(error).__name__
    print(json.dumps([act.__name__, str(failure), after_401, kind, secrets, REPORTS]))


def caught(act, session):
    try:
        act(session)
    except Exception as error:
        return error


main()
"""


def test_reporters__see_every_failure_and_no_secret(tmp_path):
    for name in ("sentry_sdk", "rollbar", "loguru"):
        package(name)
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "TOKEN_FILE": str(tmp_path / "token.json"),
            "KAKAO_CLIENT_SECRET": "a-client-secret-of-the-environment",
            "PYTHONWARNINGS": "ignore",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == 16
    assert {error for _, _, _, error, *_ in reports} == {
        "ConfigurationError",
        "LoginRequiredError",
        "TemporaryError",
        "TimedOutError",
        "TokenStoreError",
    }
    of_sentry = []
    for act, failure, after_401, _, secrets, texts in reports:
        assert {reporter for reporter, _ in texts} == {"sentry", "rollbar", "loguru"}
        for reporter, text in texts:
            assert not leaked(secrets, text), (act, failure, after_401, reporter)
        of_sentry += [text for reporter, text in texts if reporter == "sentry"]
    assert any("program.py" in text and '"vars"' in text for text in of_sentry)


# A test of somebody's own that fails, run with --showlocals.
THEIR_TEST = """
import pytest

@pytest.mark.parametrize("failure", ["reset", "garbage"])
def test_refresh(kakao, kakao_session, failure):
    kakao.fail_next(failure, path="/oauth/token", times=None)
    kakao_session.refresh_token()

@pytest.mark.parametrize("code", ["KOE322", "KOE010"])
def test_call(kakao, kakao_session, code):
    kakao.advance(hours=7)
    kakao.fail_next(error_code=code, path="/oauth/token", times=None)
    kakao_session.get("/v2/user/me")

def test_call_after_a_401(kakao, kakao_session):
    kakao.revoke_access_tokens()
    kakao.fail_next(503, path="/oauth/token", times=None)
    kakao_session.get("/v2/user/me")

@pytest.fixture(autouse=True)
def note(kakao):
    yield
    with open("secrets.txt", "a") as file:
        file.writelines(issued.value + chr(10) for issued in kakao.tokens)
"""


def test_pytest__with_showlocals(tmp_path):
    (tmp_path / "test_theirs.py").write_text(THEIR_TEST)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-vv", "--showlocals", "--tb=long", "-c", os.devnull),
            *("--rootdir", str(tmp_path), "--log-level=DEBUG", "-p", "no:cacheprovider"),
            "test_theirs.py",
        ],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "5 failed" in done.stdout
    assert "kakao_session = <" in done.stdout
    secrets = (tmp_path / "secrets.txt").read_text().split()
    assert len(secrets) >= 10
    assert not leaked(secrets, done.stdout + done.stderr)
