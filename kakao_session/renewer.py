"""How a login changes: taken over from the store, renewed at Kakao, saved, dead.

One thread at a time is in here; :mod:`~kakao_session.source` sees to that, and decides when.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from kakao_session.credentials import ClientCredentials
from kakao_session.errors import LOGIN, LoginRequiredError, TokenStoreError
from kakao_session.held import Held
from kakao_session.kauth import Form, TokenEndpoint
from kakao_session.keeper import Keeper
from kakao_session.pause import Pause
from kakao_session.secret import fingerprint
from kakao_session.token import Token

log = logging.getLogger(__name__)

BOUGHT = Pause(60.0)
"""Of a token that was to cure a 401, and does not: it is not renewed for the next one."""


NOWHERE_TO_GO = (
    "Kakao replaced the refresh token, and nothing keeps the new one: it is lost when the program "
    "ends. Pass token_store= or token_updater=."
)
NOT_SAVED = (
    "The new token could not be saved. It is in memory and will be saved again before the next "
    "call; it is lost if the program ends before that."
)


class Need(NamedTuple):
    """What a caller needs, and what is peculiar to the renewal that brings it about.

    ``cures_401`` marks the new token as one that is to cure a 401; ``refresh_token`` is presented
    in the place of the token's own; ``transport`` goes to :meth:`TokenEndpoint.request`.
    """

    is_met_by: Callable[[Held], bool]
    cures_401: bool = False
    refresh_token: str | None = None
    transport: Mapping[str, Any] = MappingProxyType({})


class Renewer:
    """One login, and all that changes it.

    :param endpoint: where tokens are renewed.
    :param keeper: where they are kept; read at first use.
    :param credentials: who asks for a new one.
    :param hold: holds a token, with the moments at which it is to be renewed.
    :param token: a token to begin with; empty for none.
    """

    held: Held
    """What calls use."""
    is_saved: bool
    dead: LoginRequiredError | None
    """What Kakao said when the login ended."""
    risk: str | None = None
    """Why the login is at risk, for a warning once the flight has landed."""
    _replaced: frozenset[str] = frozenset()
    """Refresh tokens, by fingerprint, that Kakao has replaced."""

    def __init__(
        self,
        endpoint: TokenEndpoint,
        keeper: Keeper,
        credentials: ClientCredentials,
        hold: Callable[[Token], Held],
        token: Token,
    ) -> None:
        self.endpoint = endpoint
        self.keeper = keeper
        self.credentials = credentials
        self._hold = hold
        self.begin_with(token)

    def begin_with(self, token: Token) -> Held:
        """Hold another login's token, and forget whatever was known of the old one."""
        self.is_saved = True
        self.dead = None
        self.held = self._hold(token)
        if token:
            self.keeper.seen = None
        return self.held

    def meet(self, need: Need) -> Held:
        """Bring about what is needed: from the store if somebody put it there, else from Kakao.

        :raises KakaoError: it can't be had.
        """
        self.risk = None
        if self.dead or not self.held.token:
            self.take_over()
        if not self.is_saved:
            self._save_again()
        if need.is_met_by(self.held):
            return self.held
        if need.refresh_token is None:
            if self.dead:
                raise copy.copy(self.dead)
            if not self.held.token:
                raise self._login_required("There is no token")
        with ExitStack() as stack:
            try:
                stack.enter_context(self.keeper.lock())
            except TokenStoreError:
                # A reader without the right to write follows the writer.
                self.take_over(need.cures_401, can_save=False)
                if need.is_met_by(self.held):
                    return self.held
                raise
            self.take_over(need.cures_401)
            if not self.is_saved:
                self._save(self.held.token)
            # A token that could not be saved is none the worse for the call.
            if need.is_met_by(self._hold(self.held.token)):
                return self.held
            return self._renew(need)

    def exchange(self, endpoint: TokenEndpoint, form: Form, **transport: Any) -> Held:
        """Exchange a code for a token that takes the place of the old one, and save it.

        The code is not spent unless the store is ready to take the token.

        :raises KakaoError: there is no token, or it could not be saved.
        """
        old = self.held.token
        with self.keeper.lock():
            new = endpoint.request(form, **transport)
            for name in ("app_key", "client_secret"):  # the app's, not the user's
                if name in old:
                    new.setdefault(name, old[name])
            new.refresh_token_changed = True
            self.begin_with(new)
            return self._save(new)

    def drop(self) -> Held:
        """Drop the token, here and in the store.

        :raises TokenStoreError: the store did not let go of it.
        """
        self.begin_with(Token())
        with self.keeper.lock():
            self.keeper.delete()
        return self.held

    def take_over(self, cures_401: bool = False, *, can_save: bool = True) -> Held:
        """Take over what is stored, if somebody put it there since the store was last looked at.

        :param cures_401: whether it is to cure a 401.
        :param can_save: whether a refresh token that the store has lost can be given back to it.
        :raises TokenStoreError: the store could not be read.
        """
        stored = self.keeper.load()
        if stored is not None and self._is_replaced(stored):
            if self.held.token and self.dead is None:  # the store went back, to a backup, say
                self.is_saved, self.held = False, self.held.as_unsaved()
        elif stored is not None and self._is_news(stored):
            log.info("took over the access token %s%s", stored.fingerprint, self.keeper.place)
            adopted, gives_back = stored, False
            if self._lacks_our_refresh_token(stored):
                adopted = self.held.token.merged(stored)
                adopted.refresh_token_changed = (
                    not self.is_saved and self.held.token.refresh_token_changed
                )
                gives_back = can_save or adopted.refresh_token_changed
            held = self._hold(adopted)
            if cures_401 and BOUGHT.is_within(stored.issued_at):
                BOUGHT.begin(held.authorization)  # by somebody else, for all who share the store
            if gives_back:
                held = held.as_unsaved()  # so that the store gets the refresh token back
            self.is_saved, self.dead, self.held = not gives_back, None, held
        self.keeper.seen = stored or self.keeper.seen
        return self.held

    def _is_replaced(self, stored: Token) -> bool:
        return fingerprint(stored.get("refresh_token") or "") in self._replaced

    def _is_news(self, stored: Token) -> bool:
        held = self.held.token
        if stored.is_same_as(held):
            return False
        if held and not held.can_be_refreshed() and stored.can_be_refreshed():
            return True  # whatever ours is, the stored one lives longer
        if held and self.dead is None and self.keeper.seen is None:
            # Ours was given, not loaded, so the times of issue have to tell which is the later.
            return stored.issued_at > held.issued_at
        return self.dead is not None or not stored.is_same_as(self.keeper.seen)

    def _lacks_our_refresh_token(self, stored: Token) -> bool:
        """Whether a script has stored the answer of a refresh alone, over a whole login."""
        at_hand = self.held.token
        return self.dead is None and at_hand.can_be_refreshed() and not stored.get("refresh_token")

    def _renew(self, need: Need) -> Held:
        old = self.held.token
        if need.refresh_token is not None:
            old = old.with_refresh_token(need.refresh_token)
        if not old.get("refresh_token"):
            raise self._login_required("There is no refresh token")
        if old.is_refresh_token_expired():
            raise self._login_required("The refresh token has run out")
        form = self.credentials.form(
            lambda: old, "refresh_token", refresh_token=old["refresh_token"]
        )
        try:
            answer = self.endpoint.request(form, **need.transport)
        except LoginRequiredError as error:
            if need.refresh_token is None:
                self._die(error)
            raise
        new = old.merged(answer)
        if new.refresh_token_changed:
            self._replaced |= {fingerprint(old["refresh_token"])}
            if self.keeper.is_missing:
                self.risk = NOWHERE_TO_GO
        new.refresh_token_changed |= not self.is_saved and old.refresh_token_changed
        new.refresh_token_changed |= need.refresh_token is not None
        log.info("renewed the access token %s, now %s", old.fingerprint, new.fingerprint)
        if need.cures_401:
            BOUGHT.begin(self._hold(new).authorization)  # before anybody can use it
        return self._save(new)

    def _save(self, token: Token) -> Held:
        """Hold a new token and save it, the store being locked. No call goes out with it before."""
        held = self._hold(token)
        self.is_saved, self.dead, self.held = False, None, held.as_unsaved()
        with self._if_possible():
            self.keeper.save(token)
            self.is_saved, self.held = True, held
        return self.held

    def _save_again(self) -> None:
        with self._if_possible(), self.keeper.lock():
            self.take_over()
            if not self.is_saved:
                self._save(self.held.token)

    @contextmanager
    def _if_possible(self) -> Iterator[None]:
        """Let a save fail, unless the login hangs on it: the disk may be full, and the next call
        the one that says so."""
        try:
            yield
        except TokenStoreError as error:
            if self.held.token.refresh_token_changed:
                raise
            self.risk = f"{NOT_SAVED} {error}"
            log.error("the renewed token lives in memory only; saving is tried again: %s", error)  # noqa: TRY400  # the error's own words are enough

    def _die(self, error: LoginRequiredError) -> None:
        """Remember that the login is over: every call now looks whether the store shows another."""
        self.dead = copy.copy(error)
        self.held = Held.dead(self.held.token)
        log.error("the login of access token %s is over", self.held.token.fingerprint)

    def _login_required(self, what: str) -> LoginRequiredError:
        return LoginRequiredError(f"{what}{self.keeper.place}. {LOGIN}", hint=LOGIN)
