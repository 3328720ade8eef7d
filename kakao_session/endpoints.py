"""Kakao's URLs. No other module has one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoints:
    """The three hosts of Kakao's API, each as scheme and host, without a path.

    :param kauth_url: Kakao Login: authorization and tokens.
    :param api_url: the API for users' data. It takes the user's token.
    :param dapi_url: the APIs for search and maps. They take the REST API key.
    """

    kauth_url: str = "https://kauth.kakao.com"
    api_url: str = "https://kapi.kakao.com"
    dapi_url: str = "https://dapi.kakao.com"

    @property
    def authorize_url(self) -> str:
        """The authorization endpoint (RFC 6749, section 3.1)."""
        return f"{self.kauth_url}/oauth/authorize"

    @property
    def token_url(self) -> str:
        """The token endpoint (RFC 6749, section 3.2)."""
        return f"{self.kauth_url}/oauth/token"

    @property
    def token_info_url(self) -> str:
        """Information about an access token."""
        return f"{self.api_url}/v1/user/access_token_info"

    @property
    def logout_url(self) -> str:
        """Ends the tokens of the login that calls it."""
        return f"{self.api_url}/v1/user/logout"

    @property
    def unlink_url(self) -> str:
        """Ends all tokens of the user for the app, and the user's consent."""
        return f"{self.api_url}/v1/user/unlink"


KAKAO = Endpoints()
