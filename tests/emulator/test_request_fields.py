"""What ``/api/state`` shows of a request: query, form and JSON, and no secret."""

import json

import pytest

from kakao_session.emulator.tokens import fingerprint
from tests.emulator.client import KAPI, KAUTH


@pytest.fixture
def shown(kakao, http):
    """Reads the requests in the state, the newest first."""

    def requests():
        response = http.get(f"{kakao.control_url}/api/state", timeout=10)
        assert response.status_code == 200, response.text
        return response.json()["requests"]

    return requests


def test_form_and_query__with_a_name_that_comes_twice(kakao, client, shown):
    client.send_to_me(kakao.login()["access_token"])
    client.ask("GET", f"{KAPI}/v2/user/me?a=1&b=%EA%B0%80&b=&c")
    query, form = shown()
    assert query["query"] == {"a": "1", "b": ["가", ""], "c": ""}
    assert json.loads(form["form"]["template_object"])["text"] == "안녕"
    assert (form["query"], form["json"]) == ({}, None)


@pytest.mark.parametrize(
    ("body", "there"),
    [
        (b'{"a": [1, {"b": null}], "c": 1.5}', {"a": [1, {"b": None}], "c": 1.5}),
        (b'"text"', "text"),
        (b'{"a": "\\ud800", "\\ud800": 1}', {"a": "?", "?": 1}),
        (b"[NaN, 1e999]", ["nan", "inf"]),
        (b"{", None),
        (b"\xff", None),
        (b"[" * 50_000, None),
        (b"9" * 5_000, None),
        (b'"' + b"x" * 65_534 + b'"', "x" * 65_534),
        (b'"' + b"x" * 65_535 + b'"', None),
    ],
    ids=["object", "text", "surrogate", "numbers", "half", "bytes", "deep", "long", "most", "more"],
)
def test_json__of_any_kind(client, shown, body, there):
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    client.ask("POST", f"{KAPI}/v2/user/me", data=body, headers=headers)
    assert shown()[0]["json"] == there


def test_secrets__are_fingerprints(kakao, client, http, shown):
    kakao.client_secret = "emulator-secret"
    code, token = client.code(scope="talk_message"), kakao.login()
    access_token, refresh_token = token["access_token"], token["refresh_token"]
    client.refresh(refresh_token, client_secret="emulator-secret")
    client.redeem(code, code_verifier="a-verifier", client_secret="mistyped")
    client.ask("GET", f"{KAPI}/v2/user/me", params={"access_token": access_token})
    client.ask("POST", f"{KAPI}/x", json={"deep": [{"anything": access_token, "token": "t"}]})
    client.ask("POST", f"{KAUTH}/x", data={"anything": [kakao.admin_key, "visible"]})
    form, in_json, query, redeemed, refreshed, _ = shown()
    assert form["form"] == {"anything": [fingerprint(kakao.admin_key), "visible"]}
    same = fingerprint(access_token)
    assert in_json["json"] == {"deep": [{"anything": same, "token": fingerprint("t")}]}
    assert query["query"] == {"access_token": same}
    assert query["sent"] == same
    assert redeemed["form"]["code"] == fingerprint(code)
    assert redeemed["form"]["code_verifier"] == fingerprint("a-verifier")
    assert refreshed["form"] == {
        "grant_type": "refresh_token",
        "client_id": kakao.app_key,
        "refresh_token": fingerprint(refresh_token),
        "client_secret": fingerprint("emulator-secret"),
    }
    text = http.get(f"{kakao.control_url}/api/state", timeout=10).text
    for secret in (code, access_token, refresh_token, "emulator-secret", "mistyped", "a-verifier"):
        assert secret not in text


def test_failure__is_never_cut_off(kakao, client, shown):
    access_token = kakao.login()["access_token"]
    client.me("nobody's")
    for _ in range(205):
        client.call("/v1/user/access_token_info", access_token)
    assert [request["status"] for request in shown()] == [200] * 200 + [401]


def test_secrets__inside_of_other_texts(kakao, client, http, shown):
    token = kakao.login()["access_token"]
    text = json.dumps({"note": f"Bearer {token}", token: 1})
    client.ask(
        "POST", f"{KAPI}/v2/{token}?{token}&x=Bearer+{token}", data={"template_object": text}
    )
    everything = json.dumps(shown())
    assert token not in everything
    assert everything.count(fingerprint(token)) >= 5
