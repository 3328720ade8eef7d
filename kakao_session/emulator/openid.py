"""OpenID Connect at Kakao: the key, the ``id_token`` it signs, and the two documents on them."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from kakao_session.emulator.refusals import KauthRefusal
from kakao_session.endpoints import KAKAO, Endpoints

if TYPE_CHECKING:
    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User

ISSUER = KAKAO.kauth_url
_CLAIMS = ("iss", "aud", "sub", "auth_time", "exp", "iat", "nonce", "nickname", "email")


class OpenID:
    """Signs with a key of its own, which is made at first use, since that takes its time."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._lock = threading.Lock()
        self._made: RSAPrivateKey | None = None

    def id_token(self, user: User, nonce: str | None, auth_time: float) -> str:
        """:returns: a JWT signed with RS256."""
        now = int(self._clock.now())
        claims: dict[str, Any] = {
            "aud": self._switches.app_key,
            "sub": str(user.id),
            "auth_time": int(auth_time),
            "iss": ISSUER,
            "exp": now + self._switches.access_lifetime,
            "iat": now,
            **about(user),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        header = {"kid": self._key_id(), "typ": "JWT", "alg": "RS256"}
        signed = f"{_part(_json(header))}.{_part(_json(claims))}"
        signature = self._key().sign(signed.encode(), PKCS1v15(), SHA256())
        return f"{signed}.{_part(signature)}"

    def claims(self, id_token: str | None) -> Any:
        """:returns: what an ``id_token`` of this Kakao says.

        :raises KauthRefusal: KOE400.
        """
        try:
            header, payload, signature = (id_token or "").encode().split(b".")
            signed = b".".join((header, payload))
            public = self._key().public_key()
            public.verify(_bytes(signature), signed, PKCS1v15(), SHA256())
            claims = json.loads(_bytes(payload))
        except (ValueError, InvalidSignature) as error:
            raise KauthRefusal("KOE400", "no id_token of this Kakao") from error
        if claims["exp"] <= self._clock.now():
            raise KauthRefusal("KOE400", "the id_token has expired")
        return claims

    def keys(self) -> dict[str, Any]:
        """:returns: the JWKS document (RFC 7517)."""
        numbers = self._key().public_key().public_numbers()
        key = {
            "kid": self._key_id(),
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return {"keys": [key]}

    def _key(self) -> RSAPrivateKey:
        with self._lock:
            if self._made is None:
                self._made = generate_private_key(public_exponent=65_537, key_size=2048)
            return self._made

    def _key_id(self) -> str:
        modulus = self._key().public_key().public_numbers().n
        return hashlib.sha256(_number(modulus).encode()).hexdigest()[:32]


def about(user: User) -> dict[str, Any]:
    """:returns: the claims on a person, as far as he has agreed to them."""
    email = {"email": user.email} if "account_email" in user.scopes else {}
    return {"nickname": user.nickname, **email}


def discovery(hosts: Endpoints) -> dict[str, Any]:
    """:returns: the discovery document.

    :param hosts: as the client reaches them; the issuer is Kakao's name whatever they are.
    """
    return {
        "issuer": ISSUER,
        "authorization_endpoint": hosts.authorize_url,
        "token_endpoint": hosts.token_url,
        "userinfo_endpoint": f"{hosts.api_url}/v1/oidc/userinfo",
        "jwks_uri": f"{hosts.kauth_url}/.well-known/jwks.json",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "request_uri_parameter_supported": False,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": list(_CLAIMS),
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _part(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _number(number: int) -> str:
    return _part(number.to_bytes((number.bit_length() + 7) // 8, "big"))
