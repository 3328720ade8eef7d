"""OpenID Connect, checked by a library that knows nothing of the emulator."""

import jwt
import pytest

KAUTH = "https://kauth.kakao.com"
SCOPES = ("openid", "account_email")


def read(kakao, id_token):
    """:returns: the claims of a token whose signature, issuer and audience are good."""
    key = jwt.PyJWKClient(f"{KAUTH}/.well-known/jwks.json").get_signing_key_from_jwt(id_token)
    return jwt.decode(
        id_token,
        key,
        algorithms=["RS256"],
        audience=kakao.app_key,
        issuer=KAUTH,
        options={"verify_iat": False, "verify_exp": False, "require": ["exp", "iat", "sub"]},
    )


def test_id_token__is_good(kakao):
    claims = read(kakao, kakao.login(user=2**60, scopes=SCOPES)["id_token"])
    assert claims["sub"] == str(2**60)
    assert claims["exp"] - claims["iat"] == 21599
    assert abs(claims["iat"] - kakao.now()) < 10
    assert claims["nickname"] == "홍길동"
    assert claims["email"].endswith("@example.com")
    assert "nonce" not in claims


def test_id_token__only_with_openid_among_the_scopes(kakao):
    token = kakao.login(scopes=["account_email"])
    assert "id_token" not in token


def test_id_token__tells_no_email_without_consent(kakao):
    assert "email" not in read(kakao, kakao.login(scopes=["openid"])["id_token"])


def test_id_token__of_a_login_in_the_browser(http, kakao):
    redirect_uri = "http://localhost:8765/callback"
    query = {
        "client_id": kakao.app_key,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "nonce": "n-1",
    }
    answer = http.get(
        f"{KAUTH}/oauth/authorize", params=query, allow_redirects=False, timeout=10
    ).headers["Location"]
    agreed_at = kakao.now()
    kakao.advance(minutes=5)
    form = {
        "grant_type": "authorization_code",
        "client_id": kakao.app_key,
        "redirect_uri": redirect_uri,
        "code": answer.partition("code=")[2],
    }
    token = http.post(f"{KAUTH}/oauth/token", data=form, timeout=10).json()
    claims = read(kakao, token["id_token"])
    assert claims["nonce"] == "n-1"
    assert abs(claims["auth_time"] - agreed_at) < 10
    assert abs(claims["iat"] - agreed_at - 300) < 10


def test_refresh__brings_an_id_token_if_the_login_had_one(kakao, refresh):
    with_one = refresh(kakao.login(scopes=SCOPES)["refresh_token"]).json()
    assert list(with_one) == ["access_token", "token_type", "id_token", "expires_in"]
    assert read(kakao, with_one["id_token"])["sub"] == "123456789"
    kakao.reset()
    assert "id_token" not in refresh(kakao.login()["refresh_token"]).json()


def test_configuration__names_kakaos_hosts(http):
    document = http.get(f"{KAUTH}/.well-known/openid-configuration", timeout=10).json()
    assert document["issuer"] == KAUTH
    assert document["token_endpoint"] == f"{KAUTH}/oauth/token"
    assert document["userinfo_endpoint"] == "https://kapi.kakao.com/v1/oidc/userinfo"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["token_endpoint_auth_methods_supported"] == ["client_secret_post"]


def test_configuration__leads_nobody_out_who_came_by_port(http, kakao):
    url = f"{kakao.endpoints.kauth_url}/.well-known/openid-configuration"
    document = http.get(url, timeout=10).json()
    assert document["issuer"] == KAUTH
    assert document["token_endpoint"] == kakao.endpoints.token_url
    assert document["jwks_uri"] == f"{kakao.endpoints.kauth_url}/.well-known/jwks.json"
    assert document["userinfo_endpoint"].startswith(kakao.endpoints.api_url)
    assert http.get(document["jwks_uri"], timeout=10).json()["keys"][0]["kty"] == "RSA"


def test_token_info__tells_the_claims(http, kakao):
    id_token = kakao.login(scopes=SCOPES)["id_token"]
    form = {"id_token": id_token}
    response = http.post(f"{KAUTH}/oauth/tokeninfo", data=form, timeout=10)
    assert response.json() == read(kakao, id_token)


@pytest.mark.parametrize("spoil", ["", "a.b", "a.b.c", "\0.\xff.한", "signature", "expired"])
def test_token_info__refuses(http, kakao, spoil):
    id_token = kakao.login(scopes=SCOPES)["id_token"]
    if spoil == "expired":
        kakao.advance(hours=6)
    elif spoil == "signature":
        head, payload, signature = id_token.split(".")
        id_token = f"{head}.{payload}.{signature[::-1]}"
    else:
        id_token = spoil
    response = http.post(f"{KAUTH}/oauth/tokeninfo", data={"id_token": id_token}, timeout=10)
    assert (response.status_code, response.json()["error_code"]) == (400, "KOE400")


def test_userinfo(http, kakao):
    def ask(token):
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        return http.get("https://kapi.kakao.com/v1/oidc/userinfo", headers=headers, timeout=10)

    refused = ask(kakao.login(scopes=["account_email"]))
    assert (refused.status_code, refused.json()["required_scopes"]) == (403, ["openid"])
    told = ask(kakao.login(scopes=SCOPES)).json()
    assert told == {
        "sub": "123456789",
        "nickname": "홍길동",
        "email": "user123456789@example.com",
    }
