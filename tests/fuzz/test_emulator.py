"""Whatever is sent to the emulator: it answers, and says what is wrong."""

import re

from hypothesis import given
from hypothesis import strategies as st

from kakao_session.emulator import control
from tests.fuzz.harness import fuzz
from tests.fuzz.strategies import ANY_TEXT, BYTES, FIELDS

ACTIONS = re.findall(r"POST /api/([a-z-]+)", control.__doc__)


@fuzz
@given(st.sampled_from(ACTIONS), BYTES)
def test_control(kakao, http, action, body):
    answer = http.post(
        f"{kakao.control_url}/api/{action}",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=20,
    )
    assert answer.status_code in (200, 400, 413)
    assert answer.status_code == 413 or isinstance(answer.json(), dict)


FORMS = st.dictionaries(
    FIELDS | st.sampled_from(["grant_type", "client_id", "redirect_uri", "code_verifier"]),
    st.sampled_from(["authorization_code", "refresh_token"]) | st.text() | st.none(),
)


@fuzz
@given(FORMS, st.booleans())
def test_token_endpoint(kakao, http, form, knows_key):
    key = {"client_id": kakao.app_key} if knows_key else {}
    answer = http.post("https://kauth.kakao.com/oauth/token", data={**form, **key}, timeout=20)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"]


@fuzz
@given(ANY_TEXT, BYTES)
def test_api(kakao, http, name, body):
    path = name.encode("utf-8", "replace").decode()
    answer = http.post(f"https://kapi.kakao.com/{path}", data=body, timeout=20)
    assert 400 <= answer.status_code < 500
