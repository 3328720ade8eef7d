"""The authorization request: what it asks for, and what Kakao can say without asking the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from werkzeug import Response
from werkzeug.urls import iri_to_uri

from kakao_session.emulator.console import (
    check_app,
    check_login,
    check_redirect_uri,
    check_scopes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kakao_session.emulator.switches import Switches
    from kakao_session.emulator.users import User

_ASKS_AGAIN = {"login", "select_account", "create"}


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request whose answer may go to its redirect URI.

    :param scopes: in the order in which they were asked for.
    :param mistake: the OAuth error that it gets at once; ``None`` if it is in order.
    """

    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    prompt: frozenset[str]
    login_hint: str
    challenge: str | None
    nonce: str | None
    mistake: str | None

    @classmethod
    def read(cls, query: Mapping[str, str], switches: Switches) -> AuthorizationRequest:
        """:returns: the request.

        :raises KauthRefusal: KOE101, KOE004, KOE006, KOE205, which no redirect URI is told.
        """
        check_app(query.get("client_id"), switches)
        check_login(switches)
        redirect_uri = check_redirect_uri(query.get("redirect_uri"), switches)
        scopes = tuple(dict.fromkeys(query.get("scope", "").replace(",", " ").split()))
        check_scopes(scopes, switches)
        return cls(
            redirect_uri=redirect_uri,
            state=query.get("state"),
            scopes=scopes,
            prompt=frozenset(query.get("prompt", "").replace(",", " ").split()),
            login_hint=query.get("login_hint", ""),
            challenge=query.get("code_challenge"),
            nonce=query.get("nonce"),
            mistake=_mistake(query),
        )

    def missing(self, user: User | None) -> tuple[str, ...]:
        """:returns: what the user, who may be new to the app, has yet to agree to."""
        agreed = user.scopes if user else ()
        return tuple(scope for scope in self.scopes if scope not in agreed)

    def needs_page(self, user: User | None) -> bool:
        """:returns: whether the user has to be asked."""
        return user is None or bool(self.missing(user)) or bool(self.prompt & _ASKS_AGAIN)

    def silent_error(self, user: User | None, switches: Switches) -> str | None:
        """:returns: why ``prompt=none`` fails; ``None`` if it does not."""
        if switches.browser_user is None:
            return "login_required"
        if switches.needs_interaction:
            return "interaction_required"
        if user is None or self.missing(user):
            return "consent_required"
        return None

    def back(self, **answer: str) -> Response:
        """:returns: the way back to the redirect URI, with the answer and the state."""
        state = {} if self.state is None else {"state": self.state}
        return back(self.redirect_uri, {**answer, **state})


def back(redirect_uri: str, answer: Mapping[str, str]) -> Response:
    """:returns: the redirect that takes an answer to where it was asked for."""
    joint = "&" if "?" in redirect_uri else "?"
    query = f"{joint}{urlencode(answer, quote_via=quote)}" if answer else ""
    return Response(status=302, headers={"Location": f"{iri_to_uri(redirect_uri)}{query}"})


def _mistake(query: Mapping[str, str]) -> str | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    if "code_challenge" in query and query.get("code_challenge_method") != "S256":
        return "invalid_request"
    return None
