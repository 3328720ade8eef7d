"""OpenID Connect, checked by PyJWT through Kakao's public documents."""

import jwt
import pytest

from tests.emulator.client import KAUTH

SCOPES = ("profile_nickname", "account_email")


@pytest.fixture
def kakao(kakao):
    kakao.openid_connect = True
    return kakao


def claims_of(kakao, id_token):
    """:returns: the claims of a token whose signature, issuer and audience are good."""
    key = jwt.PyJWKClient(f"{KAUTH}/.well-known/jwks.json").get_signing_key_from_jwt(id_token)
    return jwt.decode(
        id_token,
        key.key,
        algorithms=["RS256"],
        audience=kakao.app_key,
        issuer=KAUTH,
        options={"verify_iat": False, "verify_exp": False, "require": ["exp", "iat", "sub"]},
    )


def token_info(client, id_token):
    return client.ask("POST", f"{KAUTH}/oauth/tokeninfo", data={"id_token": id_token})


def test_id_token__has_the_documented_claims(kakao):
    claims = claims_of(kakao, kakao.login(user=2**60, scopes=SCOPES)["id_token"])
    assert {*claims} == {"aud", "sub", "auth_time", "iss", "exp", "iat", "nickname", "email"}
    assert claims["sub"] == str(2**60)
    assert claims["exp"] - claims["iat"] == 21599
    assert abs(claims["iat"] - kakao.now()) < 10
    assert claims["nickname"] == "홍길동"
    assert claims["email"].endswith("@example.com")


def test_id_token__comes_with_every_login_if_openid_connect_is_on(kakao, client):
    for scope in ("", "account_email", "openid"):
        token = client.login(scope)
        assert claims_of(kakao, token["id_token"])["sub"] == "123456789"
        assert "openid" in token["scope"].split()
    kakao.openid_connect = False
    for token in (client.login(""), kakao.login(user=2, scopes=["openid"])):
        assert "id_token" not in token
        assert "openid" not in token.get("scope", "").split()


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        ([], set()),
        (["profile_nickname"], {"nickname"}),
        (["profile_nickname", "profile_image", "account_email"], {"nickname", "picture", "email"}),
    ],
)
def test_id_token__tells_nothing_without_consent(kakao, scopes, told):
    kakao.set_user(nickname="성춘향", email="c@example.com", profile_image="https://example.com/c")
    claims = claims_of(kakao, kakao.login(scopes=scopes)["id_token"])
    every = {"nickname": "성춘향", "picture": "https://example.com/c", "email": "c@example.com"}
    assert {name: claims[name] for name in every if name in claims} == {
        name: every[name] for name in told
    }


def test_id_token__of_a_login_in_the_browser(kakao, client):
    code, agreed_at = client.code(scope="openid", nonce="n-1"), kakao.now()
    kakao.advance(minutes=5)
    claims = claims_of(kakao, client.redeem(code).json()["id_token"])
    assert claims["nonce"] == "n-1"
    assert abs(claims["auth_time"] - agreed_at) < 10
    assert abs(claims["iat"] - agreed_at - 300) < 10


def test_refresh__brings_an_id_token_if_the_login_had_one(kakao, client):
    with_one = client.refresh(kakao.login(scopes=SCOPES)["refresh_token"]).json()
    assert list(with_one) == ["access_token", "token_type", "id_token", "expires_in"]
    assert claims_of(kakao, with_one["id_token"])["sub"] == "123456789"
    kakao.openid_connect = False
    assert "id_token" not in client.refresh(kakao.login(user=2)["refresh_token"]).json()


def test_discovery__names_kakaos_hosts(client):
    url = f"{KAUTH}/.well-known/openid-configuration"
    document = client.ask("GET", url).json()
    assert client.ask("GET", url, headers={"Host": "KAUTH.Kakao.com"}).json() == document
    assert document["issuer"] == KAUTH
    assert document["token_endpoint"] == f"{KAUTH}/oauth/token"
    assert document["userinfo_endpoint"] == "https://kapi.kakao.com/v1/oidc/userinfo"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["token_endpoint_auth_methods_supported"] == ["client_secret_post"]


def test_discovery__keeps_a_client_on_its_port(kakao, client):
    url = f"{kakao.endpoints.kauth_url}/.well-known/openid-configuration"
    document = client.ask("GET", url).json()
    assert document["issuer"] == KAUTH
    assert document["token_endpoint"] == kakao.endpoints.token_url
    assert document["jwks_uri"] == f"{kakao.endpoints.kauth_url}/.well-known/jwks.json"
    assert document["userinfo_endpoint"].startswith(kakao.endpoints.api_url)
    assert client.ask("GET", document["jwks_uri"]).json()["keys"][0]["kty"] == "RSA"


def test_token_info__returns_the_claims(kakao, client):
    id_token = kakao.login(scopes=SCOPES)["id_token"]
    assert token_info(client, id_token).json() == claims_of(kakao, id_token)


def other_key(id_token):
    head, payload, signature = id_token.split(".")
    return f"{head}.{payload}.{signature[::-1]}"


def unsigned(id_token):
    claims = jwt.decode(id_token, options={"verify_signature": False})
    return jwt.encode(claims, None, "none")


@pytest.mark.parametrize(
    "spoil", [lambda _: "", lambda _: "a.b", lambda _: "\0.\xff.한", other_key, unsigned]
)
def test_token_info__refuses_what_it_has_not_signed(kakao, client, spoil):
    response = token_info(client, spoil(kakao.login(scopes=SCOPES)["id_token"]))
    assert (response.status_code, response.json()["error_code"]) == (400, "KOE400")


def test_token_info__refuses_an_expired_token(kakao, client):
    id_token = kakao.login(scopes=SCOPES)["id_token"]
    kakao.advance(seconds=21590)
    assert token_info(client, id_token).status_code == 200
    kakao.advance(seconds=9)
    assert token_info(client, id_token).json()["error_code"] == "KOE400"


def test_userinfo(kakao, client):
    def ask(token):
        return client.call("/v1/oidc/userinfo", token["access_token"])

    assert ask(kakao.login(scopes=SCOPES)).json() == {
        "sub": "123456789",
        "nickname": "홍길동",
        "email": "user123456789@example.com",
        "email_verified": True,
    }
    kakao.openid_connect = False
    refused = ask(kakao.login(user=2))
    assert (refused.status_code, refused.json()["required_scopes"]) == (403, ["openid"])


def test_userinfo__knows_more_than_the_id_token(kakao, client):
    def ask(*scopes):
        kakao.unlink()
        token = kakao.login(scopes=scopes)
        return client.call("/v1/oidc/userinfo", token["access_token"]).json()

    assert ask() == {"sub": "123456789"}
    assert ask("name", "gender", "phone_number", "birthday", "birthyear") == {
        "sub": "123456789",
        "name": "홍길동",
        "gender": "male",
        "phone_number": "+82 10-1234-5678",
        "phone_number_verified": True,
        "birthdate": "2000-08-15",
    }
    assert ask("birthday")["birthdate"] == "0000-08-15"
    assert ask("birthyear")["birthdate"] == "2000"
    kakao.set_user(email_valid=False)
    assert ask("account_email")["email_verified"] is False
    kakao.set_user(email=None, phone_number=None, birthday=None)
    assert ask("account_email", "phone_number", "birthday") == {"sub": "123456789"}
