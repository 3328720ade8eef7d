"""``/oauth/authorize`` and ``/oauth/logout``: the part of kauth that the user's browser visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from flask import Blueprint, request
from werkzeug import Response
from werkzeug.urls import iri_to_uri

from kakao_session.emulator.backend import current_backend
from kakao_session.emulator.console import (
    check_app,
    check_login,
    check_member,
    check_redirect_uri,
    check_scopes,
    consent_item,
    is_required,
    scopes_of_login,
)
from kakao_session.emulator.errors import KauthError
from kakao_session.emulator.journal import note
from kakao_session.emulator.pages import page
from kakao_session.emulator.switches import USER_ID, Switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kakao_session.emulator.users import User

views = Blueprint("authorize", __name__)

_ASK_AGAIN = {"login", "select_account", "create"}
_DESCRIPTIONS = {
    "access_denied": "User denied access",
    "login_required": "user authentication required.",
    "consent_required": "user consent required.",
    "interaction_required": "user interaction required.",
    "unsupported_response_type": "response_type must be code.",
    "invalid_request": "code_challenge_method must be S256.",
}


@dataclass(frozen=True)
class AuthorizationRequest:
    """An authorization request (RFC 6749, section 4.1.1) whose app and redirect URI are valid.

    :param scopes: the requested scopes, in their order.
    :param usual_scopes: what a new user is asked for if no scope is requested.
    :param prompts: the values of ``prompt``.
    :param error: the OAuth error for the redirect URI if the request is wrong; ``None`` if not.
    """

    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    usual_scopes: tuple[str, ...]
    prompts: frozenset[str]
    login_hint: str
    challenge: str | None
    nonce: str | None
    error: str | None

    @classmethod
    def read(cls, query: Mapping[str, str], switches: Switches) -> AuthorizationRequest:
        """:returns: the request.

        :raises KauthError: KOE101, KOE004, KOE006, KOE205: these don't go to the redirect URI.
        """
        check_app(query.get("client_id"), switches)
        check_login(switches)
        redirect_uri = check_redirect_uri(query.get("redirect_uri"), switches)
        scopes = tuple(dict.fromkeys(_words(query.get("scope", ""))))
        check_scopes(scopes, switches)
        return cls(
            redirect_uri=redirect_uri,
            state=query.get("state"),
            scopes=scopes,
            usual_scopes=scopes_of_login(switches),
            prompts=frozenset(_words(query.get("prompt", ""))),
            login_hint=query.get("login_hint", ""),
            challenge=query.get("code_challenge"),
            nonce=query.get("nonce"),
            error=_error_of(query),
        )

    def missing_scopes(self, user: User | None) -> tuple[str, ...]:
        """:returns: the scopes that the user has to be asked for: without ``scope``, none if the
        user is linked to the app already.
        """
        if user is None:
            return self.scopes or self.usual_scopes
        return tuple(scope for scope in self.scopes if scope not in user.scopes)

    def needs_page(self, user: User | None, switches: Switches) -> bool:
        """:returns: whether Kakao has to ask the user, or nobody is logged in."""
        is_known = user is not None and switches.browser_user is not None
        return not is_known or bool(self.missing_scopes(user)) or bool(self.prompts & _ASK_AGAIN)

    def silent_error(self, user: User | None, switches: Switches) -> str | None:
        """:returns: why ``prompt=none`` fails; ``None`` if it succeeds."""
        if switches.browser_user is None:
            return "login_required"
        if switches.needs_interaction:
            return "interaction_required"
        if user is None or self.missing_scopes(user):
            return "consent_required"
        return None

    def redirect(self, **answer: str) -> Response:
        """:returns: a redirect to the redirect URI, with the answer and the state."""
        state = {} if self.state is None else {"state": self.state}
        return _redirect(self.redirect_uri, {**answer, **state})

    def fail(self, error: str) -> Response:
        """:returns: a redirect to the redirect URI, with an error."""
        if error == "access_denied":
            note("the user cancelled")
        else:
            note("sent back with {error}", error=error)
        return self.redirect(error=error, error_description=_DESCRIPTIONS[error])


@views.get("/oauth/authorize")
def authorize() -> Response:
    """The authorization request."""
    kakao = current_backend()
    asked = AuthorizationRequest.read(request.args, kakao.switches)
    if asked.error:
        return asked.fail(asked.error)
    user_id = _user_id(asked)
    user = kakao.users.find(user_id)
    if "none" in asked.prompts:
        error = asked.silent_error(user, kakao.switches)
        if error != "login_required":
            check_member(user_id, kakao.switches)
        return asked.fail(error) if error else _agree(asked, user_id, ())
    check_member(user_id, kakao.switches)
    if kakao.switches.consent == "denied":
        return asked.fail("access_denied")
    if kakao.switches.consent == "page" and asked.needs_page(user, kakao.switches):
        return _consent_page(asked, user_id)
    return _agree(asked, user_id, asked.missing_scopes(user))


@views.post("/oauth/authorize")
def decide() -> Response:
    """The form of the consent page: the user agrees to what is ticked, or cancels."""
    asked = AuthorizationRequest.read(request.args, current_backend().switches)
    if asked.error:
        return asked.fail(asked.error)
    user_id = request.form.get("user", type=int) or _user_id(asked)
    ticked, switches = request.form.getlist("scope"), current_backend().switches
    check_member(user_id, switches)
    if request.form.get("decision") != "agree":
        return asked.fail("access_denied")
    agreed = [
        scope
        for scope in _asked_scopes(asked, user_id)
        if scope in ticked or is_required(scope, switches)
    ]
    return _agree(asked, user_id, agreed)


@views.get("/oauth/logout")
def logout() -> Response:
    """End the session of the Kakao account in the browser."""
    kakao, query = current_backend(), request.args
    check_app(query.get("client_id"), kakao.switches)
    redirect_uri = check_redirect_uri(query.get("logout_redirect_uri"), kakao.switches)
    note("logged out of the Kakao account in the browser")
    user_id = kakao.switches.browser_user
    if kakao.switches.browser_logout_ends == "tokens" and user_id is not None:
        kakao.issuer.logout(user_id)
        note("logged out of the Kakao account: every token of the user ends")
    kakao.switches.browser_user = None
    return _redirect(redirect_uri, {"state": query["state"]} if "state" in query else {})


@views.errorhandler(KauthError)
def show_error(error: KauthError) -> Response:
    """Show a wrong configuration to the user. The redirect URI never hears of it."""
    note(error.why)
    return page("refused.html", error.status, error=error.body, asked=request.args)


def _user_id(asked: AuthorizationRequest) -> int:
    kakao = current_backend()
    hinted = kakao.users.with_login_name(asked.login_hint)
    return hinted or kakao.switches.browser_user or USER_ID


def _agree(asked: AuthorizationRequest, user_id: int, scopes: Iterable[str]) -> Response:
    kakao = current_backend()
    kakao.switches.browser_user = user_id
    code = kakao.issuer.new_code(
        user_id, scopes, asked.redirect_uri, challenge=asked.challenge, nonce=asked.nonce
    )
    note("the user agreed: code for {site}", site=urlsplit(asked.redirect_uri).netloc)
    return asked.redirect(code=code.value)


def _asked_scopes(asked: AuthorizationRequest, user_id: int) -> tuple[str, ...]:
    """:returns: the scopes on the consent page. A user who can choose an account sees all of
    them."""
    choosing = "select_account" in asked.prompts
    return asked.missing_scopes(None if choosing else current_backend().users.find(user_id))


def _consent_page(asked: AuthorizationRequest, user_id: int) -> Response:
    kakao = current_backend()
    known = [user.id for user in kakao.users.all()]
    if "create" in asked.prompts:
        user_id = _next_id(known)
        check_member(user_id, kakao.switches)
    choosing = "select_account" in asked.prompts
    scopes = [scope for scope in _asked_scopes(asked, user_id) if scope != "openid"]
    accounts = list(dict.fromkeys((user_id, *known))) if choosing else [user_id]
    if choosing:
        accounts.append(_next_id(accounts))
    note("the user is asked for consent")
    return page(
        "consent.html",
        action=request.full_path,
        app_id=kakao.switches.app_id,
        site=urlsplit(asked.redirect_uri).netloc,
        items=[consent_item(scope) for scope in scopes],
        required=[scope for scope in scopes if is_required(scope, kakao.switches)],
        names={each: kakao.users.account(each)["nickname"] for each in accounts},
        user_id=user_id,
        known=known,
        accounts=accounts,
    )


def _redirect(redirect_uri: str, answer: Mapping[str, str]) -> Response:
    query = f"?{urlencode(answer, quote_via=quote)}" if answer else ""
    return Response(status=302, headers={"Location": f"{iri_to_uri(redirect_uri)}{query}"})


def _error_of(query: Mapping[str, str]) -> str | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    if "code_challenge" in query and query.get("code_challenge_method") != "S256":
        return "invalid_request"
    return None


def _words(text: str) -> list[str]:
    """:returns: the words of a list, separated by commas (Kakao's docs) or spaces (its SDKs)."""
    return text.replace(",", " ").split()


def _next_id(known: Iterable[int]) -> int:
    return max(known, default=USER_ID - 1) + 1
