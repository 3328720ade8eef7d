"""Where a call's token comes from: the current token, and its renewal in single flight.

While the token is fresh, :meth:`TokenSource.authorization` compares two numbers. All else happens
in a flight: the first thread that needs one leads it, and the others share what comes of it. What
a leader does is in :mod:`~kakao_session.renewer`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from kakao_session.credentials import ClientCredentials
from kakao_session.errors import (
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    TokenStoreError,
    warn,
)
from kakao_session.flight import SingleFlight
from kakao_session.held import LEEWAY, REFRESH_AHEAD, Held
from kakao_session.kauth import Form, TokenEndpoint
from kakao_session.keeper import Keeper
from kakao_session.pause import Pause
from kakao_session.renewer import BOUGHT, Need, Renewer
from kakao_session.token import Token, now

log = logging.getLogger(__name__)

AHEAD = Pause(30.0)
"""Between two tries to renew a token that is still good."""


class TokenSource:
    """Keeps one login alive. Safe to share between threads, to pickle and to fork.

    :param endpoint: where tokens are renewed.
    :param keeper: where they are kept; read at first use.
    :param client_id: the REST API key, if neither environment nor token shall say it.
    :param client_secret: its secret, likewise.
    :param token: a token to begin with.
    :param leeway: seconds before its end from which on a token is not used any more.
    :param refresh_ahead: seconds before that from which on one caller renews it.
    :raises ValueError: *token* is none.
    """

    __slots__ = ("_flights", "_renewer", "credentials", "keeper")

    def __init__(
        self,
        endpoint: TokenEndpoint,
        keeper: Keeper,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        token: Mapping[str, Any] | None = None,
        leeway: float = LEEWAY,
        refresh_ahead: float = REFRESH_AHEAD,
    ) -> None:
        self.keeper = keeper
        self.credentials = ClientCredentials(client_id, client_secret)
        hold = partial(Held.of, leeway=leeway, refresh_ahead=refresh_ahead)
        self._renewer = Renewer(endpoint, keeper, self.credentials, hold, Token(token or {}))
        self._flights: SingleFlight[Held] = SingleFlight()

    @property
    def endpoint(self) -> TokenEndpoint:
        """Where tokens are renewed."""
        return self._renewer.endpoint

    @endpoint.setter
    def endpoint(self, value: TokenEndpoint) -> None:
        self._renewer.endpoint = value

    # What a call needs ----------------------------------------------------------------------

    def authorization(self) -> str:
        """The ``Authorization`` header for a call that goes out now.

        :raises KakaoError: there is no usable token, and none could be had.
        """
        held = self._renewer.held
        if now() < held.fresh_until:
            return held.authorization
        return self.current().authorization

    def current(self) -> Held:
        """What to use now; renewed if it is about to end.

        :raises KakaoError: there is no usable token, and none could be had.
        """
        self.look_up()
        held = self._renewer.held
        if held.is_fresh():
            return held
        if held.is_usable() and self._renewer.is_saved:
            return self._renewed_ahead(held)
        return self._obtain(Need(Held.is_usable))

    def after_rejection(self, authorization: str) -> str | None:
        """What to send a call with that Kakao has answered with a 401.

        :param authorization: the header that was rejected.
        :returns: another header; ``None`` if a new token would not help.
        :raises KakaoError: a new token could not be had.
        """
        if self.is_bought(authorization):
            return None
        need = Need(
            lambda held: held.is_usable() and held.authorization != authorization, cures_401=True
        )
        return self._obtain(need).authorization

    def is_bought(self, authorization: str) -> bool:
        """Whether a header carries what was just bought for a 401, and has not cured it yet."""
        return BOUGHT.is_on(authorization)

    def tell_cured(self, authorization: str, cured: bool) -> None:
        """Tell whether a header that :meth:`is_bought` was accepted."""
        if cured:
            BOUGHT.end(authorization)
        else:
            BOUGHT.begin(authorization)

    # What an owner does ---------------------------------------------------------------------

    def look_up(self) -> Token:
        """The token as it is, from the store if there is none yet; empty if there is none.

        :raises TokenStoreError: the store could not be read.
        """
        renewer = self._renewer
        if not renewer.held.token:
            self._flights.alone(lambda: renewer.held if renewer.held.token else renewer.take_over())
        return renewer.held.token

    def assign(self, token: Mapping[str, Any] | None) -> None:
        """Replace the token in memory, and forget whatever was known of the old one.

        :raises ValueError: it is no token.
        """
        given = Token(token or {})

        def replace() -> Held:
            if not given:
                self._renewer.take_over()  # so that it does not come back from the store
            return self._renewer.begin_with(given)

        self._flights.alone(replace)

    def exchange(self, endpoint: TokenEndpoint, form: Form, **transport: Any) -> Token:
        """Log in: exchange a code for a token, which takes the place of the old one, and save it.

        :param endpoint: where to.
        :param form: with the code, which is not spent unless the store is ready to take the token.
        :param transport: settings of this request alone, see :meth:`TokenEndpoint.request`.
        :raises TokenEndpointError: there is no token; the old one stays.
        :raises TokenStoreError: the token could not be saved. If the code is spent it is kept in
            memory, and the save is tried again before the next call.
        """
        self.look_up()
        return self._flights.alone(
            lambda: self._renewer.exchange(endpoint, form, **transport)
        ).token

    def forget(self) -> None:
        """Drop the token, here and in the store.

        :raises TokenStoreError: the store did not let go of it.
        """
        self._flights.alone(self._renewer.drop)

    def renew(self, refresh_token: str | None = None, **transport: Any) -> Token:
        """Renew the token now, unless somebody has just done so.

        :param refresh_token: to be presented in the place of the token's own.
        :param transport: settings of this request alone, see :meth:`TokenEndpoint.request`.
        :raises KakaoError: there is no new token.
        """
        before = self.look_up()
        if refresh_token == before.get("refresh_token"):
            refresh_token = None
        need = Need(
            lambda held: held.is_usable() and held.token is not before,
            refresh_token=refresh_token,
            transport=transport,
        )
        return self._obtain(need).token

    # The flight -----------------------------------------------------------------------------

    def _obtain(self, need: Need) -> Held:
        renewer = self._renewer
        held = self._flights.share(lambda: renewer.meet(need), need.is_met_by)
        self._warn()
        # A saver that calls Kakao itself does so with the token that is being saved.
        return renewer.held if held is None else held

    def _renewed_ahead(self, held: Held) -> Held:
        """Renew a token that is still good, if nobody does and the last try was not just now."""
        if AHEAD.is_on(held.authorization):
            return held
        renewed = self._flights.lead(lambda: self._try_ahead(held))
        self._warn()
        return renewed or held

    def _warn(self) -> None:
        """Warn of a login at risk: when the flight has landed, so that an error breaks nothing."""
        risk, self._renewer.risk = self._renewer.risk, None
        if risk is not None:
            warn(risk)

    def _try_ahead(self, held: Held) -> Held:
        if AHEAD.is_on(held.authorization):  # somebody else was a moment faster
            return held
        AHEAD.begin(held.authorization)  # while it is tried, for other auths of this token
        try:
            renewed = self._renewer.meet(Need(Held.is_fresh))
        except (LoginRequiredError, TemporaryError, RateLimitedError, TokenStoreError) as error:
            if not self._can_go_on(held):
                raise
            at_hand = self._renewer.held
            AHEAD.begin(at_hand.authorization)
            log.warning("could not renew ahead of time, going on with the token at hand: %s", error)
            return at_hand
        AHEAD.end(held.authorization)
        return renewed

    def _can_go_on(self, held: Held) -> bool:
        """Whether the token at hand will do, a try to renew *held* ahead of time having failed."""
        if self._renewer.dead:
            return False
        at_hand = self._renewer.held
        # If it is another, it was taken over from the store, or is new and could not be saved.
        return at_hand.token is held.token or (self._renewer.is_saved and at_hand.is_usable())
