"""Which token a call uses now: a fresh one, one that is refreshed ahead of time, or a new one.

While the token is fresh, :meth:`TokenSource.authorization` compares two numbers and takes no lock.
Everything else happens in single flight: the first thread does the work of
:mod:`~kakao_session.refresher`, the others share its outcome.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from kakao_session.call import current
from kakao_session.cooldown import Cooldown
from kakao_session.errors import (
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    TokenStoreError,
    warn,
)
from kakao_session.persistence import Persistence
from kakao_session.redaction import without_inner_frames
from kakao_session.refresher import IsEnough, News, Refresher
from kakao_session.single_flight import SingleFlight
from kakao_session.token import LEEWAY, REFRESH_AHEAD, Bearer, Token, now
from kakao_session.token_endpoint import DEADLINE, ClientCredentials, Form, TokenEndpoint

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that a refresh ahead of time waits for the store's lock: the token is still good."""

TRIED_AHEAD = Cooldown(30.0)
"""After an attempt to refresh a token that is still good, the next one comes no sooner."""


class TokenSource:
    """Keeps one login alive. Threads can share it; it can be pickled and survives a fork.

    :param endpoint: where tokens are refreshed.
    :param persistence: where the login is kept; read at first use.
    :param client_id: the REST API key. Default: the environment's, else the token's.
    :param client_secret: its secret, likewise.
    :param token: a token to start with.
    :param leeway: see :class:`~kakao_session.KakaoSession`; likewise *refresh_ahead*.
    :raises ValueError: *token* is not a token.
    """

    __slots__ = ("_flights", "_refresher", "credentials", "persistence")

    def __init__(
        self,
        endpoint: TokenEndpoint,
        persistence: Persistence,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        token: Mapping[str, Any] | None = None,
        leeway: float = LEEWAY,
        refresh_ahead: float = REFRESH_AHEAD,
    ) -> None:
        self.persistence = persistence
        self.credentials = ClientCredentials(client_id, client_secret)
        self._flights: SingleFlight[Bearer] = SingleFlight(persistence.lock_timeout + DEADLINE)
        self._refresher = Refresher(
            endpoint,
            persistence,
            self.credentials,
            leeway,
            refresh_ahead,
            Token(token or {}),
            self._flights.announce,
        )

    def use(self, endpoint: TokenEndpoint) -> None:
        """Refresh tokens at this endpoint from now on."""
        self._refresher.endpoint = endpoint

    # For a call -----------------------------------------------------------------------------

    def authorization(self) -> str:
        """The ``Authorization`` header for a call that goes out now.

        :raises KakaoError: there is no usable token, and none could be had.
        """
        bearer = self._refresher.state.bearer
        if now() < bearer.fresh_until:
            return bearer.authorization
        return self.current().authorization

    @without_inner_frames
    def current(self) -> Bearer:
        """What a call uses now. The token is refreshed if it is about to end.

        :raises KakaoError: there is no usable token, and none could be had.
        """
        self.look_up()
        state = self._refresher.state
        if state.bearer.is_fresh():
            return state.bearer
        if state.bearer.is_usable() and state.is_saved:
            return self._refresh_ahead(state.bearer)
        return self.obtain(Bearer.is_usable)

    @without_inner_frames
    def obtain(self, is_enough: IsEnough, *, is_shared: bool = True, **options: Any) -> Bearer:
        """Get a bearer that is good enough, or share what another thread is getting.

        :param is_enough: which bearer is good enough.
        :param is_shared: false if a failure concerns nobody else.
        :param options: see :meth:`Refresher.refresh`.
        :raises KakaoError: there is none.
        """
        bearer, news = self._share(is_enough, is_shared=is_shared, **options)
        self._tell(news)
        return bearer

    def _share(
        self, is_enough: IsEnough, *, is_shared: bool = True, **options: Any
    ) -> tuple[Bearer, News]:
        refresher, news = self._refresher, News()

        def refresh() -> Bearer:
            nonlocal news
            try:
                return refresher.refresh(is_enough, **options)
            finally:
                news = refresher.news

        if not is_shared:
            return self._flights.alone(refresh), news
        bearer = self._flights.share(refresh, is_enough)
        # A save callback that calls Kakao itself uses the token that is being saved.
        return refresher.state.bearer if bearer is None else bearer, news

    # For the owner --------------------------------------------------------------------------

    @without_inner_frames
    def look_up(self) -> Token:
        """The token as it is. If there is none yet, the store is read.

        :returns: the token; empty if there is none.
        :raises TokenStoreError: the store could not be read.
        """
        refresher = self._refresher
        token = refresher.state.token
        if token:
            return token
        return self._flights.alone(
            lambda: refresher.state.bearer if refresher.state.token else refresher.adopt()
        ).token

    @without_inner_frames
    def assign(self, token: Mapping[str, Any] | None) -> None:
        """Replace the token in memory, and forget what was known of the old one.

        An empty one stays until another is assigned or fetched.

        :raises ValueError: it is not a token.
        """
        given = Token(token or {})

        self._flights.alone(lambda: self._refresher.begin_with(given, is_removed=not given))

    @without_inner_frames
    def exchange(self, endpoint: TokenEndpoint, form: Form, **transport: Any) -> Token:
        """Log in: exchange a code for a token, which replaces the old one, and save it.

        The code is not sent unless the store is ready to take the token.

        :param endpoint: where to.
        :param form: with the code.
        :param transport: settings of this request only, see :meth:`TokenEndpoint.request`.
        :raises TokenEndpointError: there is no token; the old one stays.
        :raises TokenStoreError: the token could not be saved. If the code was sent, the token is in
            memory, and will be saved again before the next call.
        """
        self.look_up()
        return self._flights.alone(
            lambda: self._refresher.exchange(endpoint, form, **transport)
        ).token

    @without_inner_frames
    def check_can_forget(self) -> None:
        """Check that the token can be deleted from the store, before Kakao ends the login.

        :raises TokenStoreError: it can't be.
        """
        with self.persistence.lock():
            pass

    @without_inner_frames
    def forget(self) -> None:
        """Forget the token, here and in the store.

        :raises TokenStoreError: it could not be deleted from the store.
        """
        self._flights.alone(self._refresher.forget)

    @without_inner_frames
    def refresh(self, refresh_token: str | None = None, **transport: Any) -> Token:
        """Refresh the token now, unless somebody has just done so.

        :param refresh_token: sent instead of the token's own.
        :param transport: settings of this request only, see :meth:`TokenEndpoint.request`.
        :raises KakaoError: there is no new token.
        """
        before = self.look_up()
        if refresh_token == before.get("refresh_token"):
            refresh_token = None
        return self.obtain(
            lambda bearer: (
                refresh_token is None and bearer.is_usable() and bearer.token is not before
            ),
            is_shared=refresh_token is None
            and all(transport.get(name) is None for name in ("verify", "proxies")),
            refresh_token=refresh_token,
            **transport,
        ).token

    @without_inner_frames
    def keep_alive(self) -> bool:
        """Refresh the token if Kakao may replace the refresh token now.

        :returns: whether this call made the refresh.
        :raises KakaoError: the login has ended, or there is no new token.
        """
        before, refresher = self.look_up(), self._refresher

        def is_enough(bearer: Bearer) -> bool:
            if refresher.state.ended:
                return False
            is_new = bearer.token is not before and bearer.is_usable()
            return is_new or not bearer.token.may_get_new_refresh_token()

        if refresher.state.is_saved and is_enough(refresher.state.bearer):
            return False
        _, news = self._share(is_enough)
        self._tell(news)
        return news.token is not None

    # Ahead of time --------------------------------------------------------------------------

    def _refresh_ahead(self, bearer: Bearer) -> Bearer:
        """Refresh a token that is still good, unless that is being tried or was just tried."""
        if TRIED_AHEAD.is_on(bearer.authorization):
            return bearer
        news = News()

        def refresh() -> Bearer:
            nonlocal news
            refreshed, news = self._try_ahead(bearer)
            return refreshed

        refreshed = self._flights.lead(refresh)
        _warn(news)
        return refreshed or bearer

    def _try_ahead(self, bearer: Bearer) -> tuple[Bearer, News]:
        if TRIED_AHEAD.is_on(bearer.authorization):  # another thread was faster
            return bearer, News()
        TRIED_AHEAD.start(bearer.authorization)  # now, for other sessions with this token
        refresher, began = self._refresher, time.monotonic()
        try:
            refreshed = refresher.refresh(Bearer.is_fresh, patience=PATIENCE, tries=1)
        except (LoginRequiredError, TemporaryError, RateLimitedError, TokenStoreError) as error:
            if not self._can_go_on(bearer):
                raise
            at_hand = refresher.state.bearer
            TRIED_AHEAD.start(at_hand.authorization)
            is_being_refreshed = isinstance(error, TokenStoreError) and (
                time.monotonic() - began >= PATIENCE
            )
            if not is_being_refreshed:  # by another process, which has the lock
                # As text: the error has frames with tokens, and log records live on.
                text = "could not refresh ahead of time, using the current token: %s"
                log.warning(text, str(error))
            return at_hand, refresher.news
        TRIED_AHEAD.stop(bearer.authorization)
        return refreshed, refresher.news

    def _can_go_on(self, bearer: Bearer) -> bool:
        """Whether the token at hand will do, after an attempt to refresh *bearer* has failed."""
        state = self._refresher.state
        if state.ended:
            return False
        # If it is another one, it was adopted from the store, or is new and could not be saved.
        return state.token is bearer.token or (state.is_saved and state.bearer.is_usable())

    def _tell(self, news: News) -> None:
        """Tell the caller of a refresh. It is over, so an error here breaks nothing.

        :raises TokenUpdated: there is a new token, and the call has asked for that.
        """
        if news.token is not None and current.get().raises_for is self:
            # Not needed for a KakaoAuth alone.
            from requests_oauthlib.oauth2_session import TokenUpdated

            raise TokenUpdated(news.token.copy())  # type: ignore[no-untyped-call]  # the parent has no types
        _warn(news)


def _warn(news: News) -> None:
    if news.risk is not None:
        warn(news.risk)
