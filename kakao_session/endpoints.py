"""Where Kakao is: every URL and host name of Kakao's that the package knows stands here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoints:
    """The three hosts that a Kakao client talks to, each as scheme and authority, without a path.

    :param kauth_url: Kakao Login: authorization and tokens.
    :param api_url: the API that takes a user's token.
    :param dapi_url: search and local; takes the REST API key and no user's token.
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
        """What Kakao says of an access token."""
        return f"{self.api_url}/v1/user/access_token_info"

    @property
    def logout_url(self) -> str:
        """Ends the tokens that a call is made with."""
        return f"{self.api_url}/v1/user/logout"

    @property
    def unlink_url(self) -> str:
        """Ends every token of the user for the app, and the user's consent."""
        return f"{self.api_url}/v1/user/unlink"


KAKAO = Endpoints()
