"""OpenID Connect: the signing key, ``id_token``, and the documents about both."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from kakao_session.emulator.errors import KauthError
from kakao_session.emulator.user_info import claims
from kakao_session.endpoints import KAKAO, Endpoints

if TYPE_CHECKING:
    from kakao_session.emulator.clock import Clock
    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User

ISSUER = KAKAO.kauth_url
_ALGORITHM = "RS256"
_CLAIMS = [
    *("iss", "aud", "sub", "auth_time", "exp", "iat", "nonce"),
    *("nickname", "picture", "email"),
]


class OpenID:
    """Signs with a key of its own. Making the key is slow, so it is made at first use."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._lock = threading.Lock()
        self._private_key: RSAPrivateKey | None = None

    def id_token(self, user: User, nonce: str | None, auth_time: float) -> str:
        """:returns: the signed JWT."""
        now = int(self._clock.now())
        payload: dict[str, Any] = {
            "aud": self._switches.app_key,
            "sub": str(user.id),
            "auth_time": int(auth_time),
            "iss": ISSUER,
            "exp": now + self._switches.access_lifetime,
            "iat": now,
            **claims(user),
        }
        if nonce is not None:
            payload["nonce"] = nonce
        return jwt.encode(payload, self._key(), _ALGORITHM, headers={"kid": self._key_id()})

    def claims(self, id_token: str | None) -> dict[str, Any]:
        """:returns: the claims of an ``id_token`` that the emulator has signed.

        :raises KauthError: KOE400.
        """
        try:
            payload: dict[str, Any] = jwt.decode(
                id_token or "",
                self._key().public_key(),
                algorithms=[_ALGORITHM],
                # exp and iat are checked by Kakao's clock, not by the machine's.
                options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
            )
        except jwt.InvalidTokenError as error:
            raise KauthError("KOE400", "no id_token of this Kakao") from error
        if payload["exp"] <= self._clock.now():
            raise KauthError("KOE400", "the id_token has expired")
        return payload

    def keys(self) -> dict[str, Any]:
        """:returns: the JWKS document (RFC 7517)."""
        key = self._public_key()
        return {
            "keys": [
                {
                    "kid": self._key_id(),
                    "kty": "RSA",
                    "alg": _ALGORITHM,
                    "use": "sig",
                    "n": key["n"],
                    "e": key["e"],
                }
            ]
        }

    def _key(self) -> RSAPrivateKey:
        with self._lock:
            if self._private_key is None:
                self._private_key = generate_private_key(public_exponent=65_537, key_size=2048)
            return self._private_key

    def _public_key(self) -> dict[str, Any]:
        return dict(json.loads(RSAAlgorithm.to_jwk(self._key().public_key())))

    def _key_id(self) -> str:
        return hashlib.sha256(self._public_key()["n"].encode()).hexdigest()[:32]


def discovery(hosts: Endpoints) -> dict[str, Any]:
    """:returns: the discovery document.

    :param hosts: as the client reaches them. The issuer is always Kakao's.
    """
    return {
        "issuer": ISSUER,
        "authorization_endpoint": hosts.authorize_url,
        "token_endpoint": hosts.token_url,
        "userinfo_endpoint": f"{hosts.api_url}/v1/oidc/userinfo",
        "jwks_uri": f"{hosts.kauth_url}/.well-known/jwks.json",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [_ALGORITHM],
        "request_uri_parameter_supported": False,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": _CLAIMS,
    }
