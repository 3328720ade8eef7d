"""What a browser sees of kauth.kakao.com: consent, logout, and what is wrong with the app."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, request

from kakao_session.emulator.authorization import AuthorizationRequest, back
from kakao_session.emulator.consent_items import consent_item
from kakao_session.emulator.console import check_app, check_member, check_redirect_uri
from kakao_session.emulator.pages import page
from kakao_session.emulator.refusals import KauthRefusal
from kakao_session.emulator.services import current_record
from kakao_session.emulator.switches import USER_ID, Switches
from kakao_session.emulator.users import NICKNAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug import Response

    from kakao_session.emulator.grants import Grants
    from kakao_session.emulator.users import Users

_DESCRIPTIONS = {
    "access_denied": "User denied access",
    "login_required": "user authentication required.",
    "consent_required": "user consent required.",
    "interaction_required": "user interaction required.",
    "unsupported_response_type": "response_type must be code.",
    "invalid_request": "code_challenge_method must be S256.",
}


class BrowserPages:
    """The pages and their decisions."""

    def __init__(self, grants: Grants, users: Users, switches: Switches) -> None:
        self._grants = grants
        self._users = users
        self._switches = switches

    def blueprint(self) -> Blueprint:
        """:returns: the pages, ready to be registered at the application."""
        pages = Blueprint("pages", __name__)
        pages.get("/oauth/authorize")(self.authorize)
        pages.post("/oauth/authorize")(self.decide)
        pages.get("/oauth/logout")(self.logout)
        pages.register_error_handler(KauthRefusal, _refused)
        return pages

    def authorize(self) -> Response:
        """The authorization request, as the browser brings it."""
        asked = AuthorizationRequest.read(request.args, self._switches)
        if asked.mistake:
            return _fail(asked, asked.mistake)
        user_id = self._visitor(asked)
        user = self._users.find(user_id)
        if "none" in asked.prompt:
            error = asked.silent_error(user, self._switches)
            return _fail(asked, error) if error else self._agree(asked, user_id, asked.scopes)
        if self._switches.consent == "denied":
            return _fail(asked, "access_denied")
        if self._switches.consent == "page" and asked.needs_page(user):
            return self._ask(asked, user_id)
        return self._agree(asked, user_id, asked.scopes)

    def decide(self) -> Response:
        """What the user has ticked on the consent page, and which button he has pressed."""
        asked = AuthorizationRequest.read(request.args, self._switches)
        if asked.mistake:
            return _fail(asked, asked.mistake)
        if request.form.get("decision") != "agree":
            return _fail(asked, "access_denied")
        ticked = {*request.form.getlist("scope"), "openid"}
        user_id = _number(request.form.get("user", "")) or self._visitor(asked)
        return self._agree(asked, user_id, [scope for scope in asked.scopes if scope in ticked])

    def logout(self) -> Response:
        """The end of the login at the Kakao account, in the browser."""
        query, switches = request.args, self._switches
        check_app(query.get("client_id"), switches)
        redirect_uri = check_redirect_uri(query.get("logout_redirect_uri"), switches)
        current_record().note = "logged out of the Kakao account in the browser"
        if switches.browser_logout_ends == "tokens" and switches.browser_user is not None:
            self._grants.logout(switches.browser_user)
            current_record().note = "logged out of the Kakao account: every token of the user ends"
        switches.browser_user = None
        return back(redirect_uri, {"state": query["state"]} if "state" in query else {})

    def _visitor(self, asked: AuthorizationRequest) -> int:
        hinted = [user.id for user in self._users.all() if user.is_called(asked.login_hint)]
        return next(iter(hinted), self._switches.browser_user or USER_ID)

    def _agree(self, asked: AuthorizationRequest, user_id: int, scopes: Iterable[str]) -> Response:
        check_member(user_id, self._switches)
        self._switches.browser_user = user_id
        code = self._grants.new_code(
            user_id, scopes, asked.redirect_uri, challenge=asked.challenge, nonce=asked.nonce
        )
        current_record().note = f"the user agreed: code for {urlsplit(asked.redirect_uri).netloc}"
        return asked.back(code=code.value)

    def _ask(self, asked: AuthorizationRequest, user_id: int) -> Response:
        known = [user.id for user in self._users.all()]
        if "create" in asked.prompt:
            user_id = _next_id(known)
        check_member(user_id, self._switches)
        choosing = "select_account" in asked.prompt
        unasked = None if choosing else self._users.find(user_id)
        scopes = [scope for scope in asked.missing(unasked) if scope != "openid"]
        offered = list(dict.fromkeys((user_id, *known))) if choosing else [user_id]
        current_record().note = "the user is asked for consent"
        return page(
            "consent.html",
            action=request.full_path,
            app_id=self._switches.app_id,
            site=urlsplit(asked.redirect_uri).netloc,
            items=[consent_item(scope) for scope in scopes],
            nickname=NICKNAME,
            user_id=user_id,
            known=known,
            accounts=[*offered, _next_id(offered)] if choosing else offered,
        )


def _refused(refusal: KauthRefusal) -> Response:
    """What is wrong with the app is shown to the person and never told to the redirect URI."""
    current_record().note = refusal.why
    return page("refused.html", refusal.status, error=refusal.body, asked=request.args)


def _fail(asked: AuthorizationRequest, error: str) -> Response:
    cancelled = error == "access_denied"
    current_record().note = "the user cancelled" if cancelled else f"sent back with {error}"
    return asked.back(error=error, error_description=_DESCRIPTIONS[error])


def _next_id(known: Iterable[int]) -> int:
    return max(known, default=USER_ID - 1) + 1


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
