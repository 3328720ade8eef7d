"""How a login changes: it is adopted from the store, refreshed, saved, or ended by Kakao.

Only one thread at a time works here. :mod:`~kakao_session.token_source` sees to that, and decides
when to refresh.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kakao_session.call import at_most, bounded
from kakao_session.errors import LoginRequiredError, TokenStoreError
from kakao_session.persistence import Persistence
from kakao_session.redaction import fingerprint
from kakao_session.token import Bearer, Token, now
from kakao_session.token_endpoint import (
    TIME_TO_ANSWER,
    ClientCredentials,
    Form,
    TokenEndpoint,
)

log = logging.getLogger(__name__)

NOWHERE_TO_GO = (
    "Kakao replaced the refresh token, and nothing keeps the new one: it is lost when the program "
    "ends. Pass token_store= or token_updater=."
)
NOT_SAVED = (
    "The new access token could not be saved. It is in memory and will be saved again before the "
    "next call. The login is not lost, because the refresh token is the same as before."
)

REMOVED = "The token was removed from this session. Call fetch_token, or assign another one."

IsEnough = Callable[[Bearer], bool]
"""Whether a bearer is good enough for the caller, so that no refresh is needed."""

BeforeUse = Callable[[str, float], object]
"""Called with the header of a new token, and when it was issued, before any call can use it."""


class State(NamedTuple):
    """All that is known of a login. It is replaced as a whole, so threads read it without a lock.

    :param bearer: what calls use.
    :param is_saved: whether the token is saved. One that was given or assigned counts as saved.
    :param ended: Kakao's answer, if it has ended the login.
    :param stored: what was in the store when it was last read or written; ``None`` if that has not
        happened since the token was given, assigned or fetched.
    :param replaced: fingerprints of the refresh tokens that Kakao has replaced.
    :param is_removed: whether the token was removed by ``token = {}``. What is in the store is not
        used then.
    """

    bearer: Bearer
    is_saved: bool = True
    ended: LoginRequiredError | None = None
    stored: Token | None = None
    replaced: frozenset[str] = frozenset()
    is_removed: bool = False

    @property
    def token(self) -> Token:
        return self.bearer.token


class News(NamedTuple):
    """What a refresh reports to the thread that made it, when it is over.

    :param token: the token that Kakao has issued; ``None`` if another process was faster.
    :param risk: why the new token is only in memory; ``None`` if it is saved.
    """

    token: Token | None = None
    risk: str | None = None


class Refresher:
    """One login, and everything that changes it.

    :param endpoint: where tokens are refreshed.
    :param persistence: where the login is kept; read at first use.
    :param credentials: who the app is.
    :param leeway: see :class:`~kakao_session.KakaoSession`; likewise *refresh_ahead*.
    :param token: a token to start with; empty for none.
    :param announce: called with a new bearer when only the save callback is still to be called.
    """

    news = News()
    """What the last refresh has to tell its caller."""

    def __init__(
        self,
        endpoint: TokenEndpoint,
        persistence: Persistence,
        credentials: ClientCredentials,
        leeway: float,
        refresh_ahead: float,
        token: Token,
        announce: Callable[[Bearer], object],
    ) -> None:
        self.endpoint = endpoint
        self.persistence = persistence
        self.credentials = credentials
        self._leeway = leeway
        self._refresh_ahead = refresh_ahead
        self._announce = announce
        self.state = State(self._bearer(token))

    def refresh(
        self,
        is_enough: IsEnough,
        *,
        before_use: BeforeUse | None = None,
        refresh_token: str | None = None,
        patience: float | None = None,
        **transport: Any,
    ) -> Bearer:
        """Get a bearer that is good enough: from the store if there is one, else from Kakao.

        :param is_enough: which bearer is good enough.
        :param before_use: called with a new token's header, before any call can use it.
        :param refresh_token: to be sent instead of the token's own.
        :param patience: seconds to wait for the store's lock, if not as long as usual.
        :param transport: see :meth:`TokenEndpoint.request`.
        :raises KakaoError: there is none.
        """
        self.news = News()
        if self.state.ended or not self.state.token:
            self.adopt()
        if not self.state.is_saved:
            self._save_again()
        if is_enough(self.state.bearer):
            return self.state.bearer
        if refresh_token is None:
            self._require_login()
        lock = self.persistence.lock()
        try:
            if patience is None:
                lock.__enter__()
            else:
                bounded(at_most(patience), lock.__enter__)
        except TokenStoreError as error:
            # Without the right to write, follow the process that has it.
            if is_enough(self.adopt(before_use, can_save=False)):
                return self.state.bearer
            # On a full disk go on without the lock, if nothing can be lost.
            if error.is_full and patience is None and self._keeps_its_refresh_token(refresh_token):
                return self._refresh(None, before_use, **transport)
            raise
        try:  # no ExitStack: after an interrupt, it could be in a reference cycle, with the lock
            self.adopt(before_use)
            if not self.state.is_saved:
                self._save(self.state.token)
            # A token that could not be saved will do as well.
            if is_enough(self._bearer(self.state.token)):
                return self.state.bearer
            return self._refresh(refresh_token, before_use, **transport)
        finally:
            lock.__exit__(None, None, None)

    def exchange(self, endpoint: TokenEndpoint, form: Form, **transport: Any) -> Bearer:
        """Exchange a code for a token, which replaces the old one, and save it.

        The code is not sent unless the store is ready to take the token.

        :raises KakaoError: there is no token, or it could not be saved.
        """
        old = self.state.token
        with self.persistence.lock():
            self.persistence.load()  # a file with something else is an error, and stays
            answer = endpoint.request(form, time_to_answer=TIME_TO_ANSWER, **transport)
            if old.get("app_key") in (None, form["client_id"]):
                new = answer.with_app(old.get("app_key"), old.get("client_secret"))
            else:  # of another app, whose client secret is not that of this one
                new = answer.with_app(form["client_id"], None)
            new.refresh_token_changed = True
            self.begin_with(new)
            return self._save(new)

    def begin_with(self, token: Token, *, is_removed: bool = False) -> Bearer:
        """Use the token of another login, and forget what was known of the old one."""
        self.state = State(self._bearer(token), replaced=self.state.replaced, is_removed=is_removed)
        return self.state.bearer

    def forget(self) -> Bearer:
        """Forget the token, here and in the store.

        :raises TokenStoreError: it could not be deleted from the store.
        """
        ended = self.state
        self.persistence.forget_newer_than(ended.replaced)
        self.begin_with(Token())
        # What is in the store does not come back from there.
        self.state = self.state._replace(stored=ended.stored or ended.token or None)
        with self.persistence.lock():
            stored = self.persistence.load()
            if stored is None or _is_login_of(ended, stored):
                self.persistence.delete()
            else:  # somebody else has logged in
                self.state = self.state._replace(stored=stored)
        return self.state.bearer

    # Adopt ----------------------------------------------------------------------------------

    def adopt(self, before_use: BeforeUse | None = None, *, can_save: bool = True) -> Bearer:
        """Adopt what is in the store, if another process has put it there.

        :param before_use: called with the header of a token that is adopted.
        :param can_save: false if the store could not be locked, so that nothing can be written to
            it.
        :raises TokenStoreError: the store could not be read.
        """
        if self.state.is_removed:
            return self.state.bearer
        stored = self.persistence.load()
        state, known = self.state, stored or self.state.token
        adopted: Token | None = None
        newer = self.persistence.newer_than(known)
        if newer is not None and (
            self.persistence.newer_than(state.token) or self._was_stored_by_others(newer)
        ):  # another session or auth of this process got it, and could not save it
            replaced = state.replaced | {fingerprint(known["refresh_token"])}
            bearer = self._bearer(newer).not_fresh()
            state = state._replace(bearer=bearer, is_saved=False, ended=None, replaced=replaced)
        elif not stored:
            return state.bearer
        elif self._is_over(stored):
            if state.token and not state.ended:  # the store went back, to a backup for example
                state = state._replace(bearer=state.bearer.not_fresh(), is_saved=False)
        elif stored.is_same_as(state.token) and state.is_saved and not state.ended:
            if stored != state.token:  # somebody has added a client secret, for example
                state = state._replace(bearer=self._bearer(state.token.with_fields_of(stored)))
        elif self._was_stored_by_others(stored):
            state, adopted = self._adopted(stored, can_save), stored
            if before_use is not None:
                before_use(state.bearer.authorization, stored.issued_at)
        self.state = state._replace(stored=stored)
        if adopted is not None:  # only now: a log handler may send a message with this session
            log.info("adopted the access token %s%s", adopted.fingerprint, self.persistence.place)
        return self.state.bearer

    def _adopted(self, stored: Token, can_save: bool) -> State:
        """:returns: the state with what was found in the store."""
        ours = self.state.token
        if self.state.ended or stored.get("refresh_token") or not ours.can_be_refreshed():
            return self.state._replace(bearer=self._bearer(stored), is_saved=True, ended=None)
        # A script has stored the answer of a refresh alone. Our refresh token goes with it.
        token = ours.merged(stored)
        token.refresh_token_changed = not self.state.is_saved and ours.refresh_token_changed
        bearer = self._bearer(token)
        if can_save or token.refresh_token_changed:
            return self.state._replace(bearer=bearer.not_fresh(), is_saved=False)
        return self.state._replace(bearer=bearer, is_saved=True)

    def _is_over(self, stored: Token) -> bool:
        """Whether Kakao has replaced the stored refresh token, or it has ended before ours."""
        if fingerprint(stored.get("refresh_token") or "") in self.state.replaced:
            return True
        ours_lives = self.state.ended is None and self.state.token.can_be_refreshed()
        return ours_lives and stored.is_refresh_token_expired()

    def _was_stored_by_others(self, stored: Token) -> bool:
        """Whether somebody else has put *stored* into the store since it was last read."""
        state, ours = self.state, self.state.token
        if stored.is_same_as(ours):
            return False
        if ours and not ours.can_be_refreshed() and stored.can_be_refreshed():
            return True  # it lives longer than ours
        if ours and state.ended is None and state.stored is None:
            # Ours was not loaded from there, so the later of the two counts.
            return stored.issued_at > ours.issued_at
        return state.ended is not None or not stored.is_same_as(state.stored)

    # Refresh --------------------------------------------------------------------------------

    def _require_login(self) -> None:
        """:raises LoginRequiredError: Kakao has ended the login, or there is none."""
        if self.state.ended:
            raise copy.copy(self.state.ended)
        if self.state.is_removed:
            raise LoginRequiredError(REMOVED, hint=REMOVED)
        if not self.state.token:
            raise self._login_required("No token")

    def _keeps_its_refresh_token(self, given: str | None) -> bool:
        """Whether nothing is lost if the answer can't be saved. The call may be the message that
        the disk is full."""
        token = self.state.token
        return given is None and token.can_be_refreshed() and not token.may_get_new_refresh_token()

    def _refresh(
        self,
        refresh_token: str | None,
        before_use: BeforeUse | None,
        **transport: Any,
    ) -> Bearer:
        old = self.state.token
        if refresh_token is not None:
            old = old.with_refresh_token(refresh_token)
        if not old.get("refresh_token"):
            raise self._login_required("No refresh token")
        if old.is_refresh_token_expired():
            raise self._login_required("Expired refresh token")
        self.persistence.check(old)
        form = self.credentials.form(
            lambda: old, "refresh_token", refresh_token=old["refresh_token"]
        )
        time_to_answer = TIME_TO_ANSWER if old.may_get_new_refresh_token() else 0.0
        try:
            answer = self.endpoint.request(form, time_to_answer=time_to_answer, **transport)
        except LoginRequiredError as error:
            error.say_how(self.persistence.how_to_log_in)
            if refresh_token is None:
                self._end(error)
            raise
        new = old.merged(answer)
        if new.refresh_token_changed:
            name = fingerprint(old["refresh_token"])
            self.persistence.remember(name, new)
            self.state = self.state._replace(replaced=self.state.replaced | {name})
        lost = new.refresh_token_changed and self.persistence.is_missing
        self.news = News(new, NOWHERE_TO_GO if lost else None)
        new.refresh_token_changed |= refresh_token is not None
        if before_use is not None:
            before_use(self._bearer(new).authorization, now())
        try:
            return self._save(new)
        finally:  # only now: a log handler may send a message with this session
            log.info("refreshed the access token %s, now %s", old.fingerprint, new.fingerprint)

    def _end(self, error: LoginRequiredError) -> None:
        """Remember that Kakao has ended the login. From now on each call looks into the store."""
        token = self.state.token
        self.state = self.state._replace(
            bearer=Bearer.unusable(token),
            is_saved=True,  # there is nothing left that is worth saving
            ended=copy.copy(error),
        )
        log.error("the login with the access token %s has ended", token.fingerprint)

    # Save -----------------------------------------------------------------------------------

    def _save(self, token: Token) -> Bearer:
        """Use a new token, and save it. The store is locked, and calls wait until it is saved."""
        bearer = self._bearer(token)
        self.state = self.state._replace(
            bearer=bearer.not_fresh(), is_saved=False, ended=None, is_removed=False
        )
        with self._unless_the_login_depends_on_it():
            self.persistence.save(token, before_callback=lambda: self._announce(bearer))
            self.persistence.forget_newer_than(self.state.replaced)
            if self.state.token is not token:
                return self.state.bearer  # the save callback has assigned another one
            self.state = self.state._replace(bearer=bearer, is_saved=True)
            if self.persistence.store is not None:
                self.state = self.state._replace(stored=token)
        return self.state.bearer

    def _save_again(self) -> None:
        with self._unless_the_login_depends_on_it(), self.persistence.lock():
            self.adopt()
            if not self.state.is_saved:
                self._save(self.state.token)

    @contextmanager
    def _unless_the_login_depends_on_it(self) -> Iterator[None]:
        """Go on if a save fails: the call may be the message that the disk is full.

        :raises TokenStoreError: it failed, and a new refresh token would be lost with the process.
        """
        try:
            yield
        except TokenStoreError as error:
            if self.state.token.refresh_token_changed:
                raise
            self.news = self.news._replace(risk=f"{NOT_SAVED} {error}")
            # Its own words are enough. It has frames with tokens, and log records live on.
            log.error("could not save the new token, will try again: %s", str(error))  # noqa: TRY400

    def _bearer(self, token: Token) -> Bearer:
        return Bearer.of(token, self._leeway, self._refresh_ahead)

    def _login_required(self, what: str) -> LoginRequiredError:
        hint = self.persistence.how_to_log_in
        return LoginRequiredError(f"{what}{self.persistence.place}. {hint}", hint=hint)


def _is_login_of(state: State, stored: Token) -> bool:
    """Whether a stored token is of the same login: the last one, or one that it has replaced."""
    name = stored.get("refresh_token")
    if name is not None and fingerprint(name) in state.replaced:
        return True
    return any(
        known is not None and known.get(key) == stored.get(key) is not None
        for known in (state.token, state.stored)
        for key in ("access_token", "refresh_token")
    )
