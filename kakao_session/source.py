"""Where a call's token comes from: the current token, and its renewal in single flight.

While the token is fresh, :meth:`TokenSource.authorization` compares two numbers. All else happens
in a flight: the first thread that needs one leads it, and the others share what comes of it.
"""

from __future__ import annotations

import copy
import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from kakao_session.credentials import ClientCredentials
from kakao_session.errors import (
    LOGIN,
    KakaoError,
    LoginRequiredError,
    RateLimitedError,
    TemporaryError,
    TokenStoreError,
)
from kakao_session.flight import Flight, SingleFlight
from kakao_session.held import LEEWAY, REFRESH_AHEAD, Held
from kakao_session.kauth import Form, TokenEndpoint
from kakao_session.keeper import Keeper
from kakao_session.token import Token, now

log = logging.getLogger(__name__)

AHEAD_PAUSE = 30.0
"""Seconds between two tries to renew a token that is still good."""

REJECTION_PAUSE = 60.0
"""Seconds for which a token that did not cure a 401 is not renewed for the next one."""


NOTHING_BOUGHT = ("", -math.inf)


class Renewal(NamedTuple):
    """What is peculiar to one renewal.

    ``cures_401`` marks the new token as one that is to cure a 401; ``refresh_token`` is presented
    in the place of the token's own; ``transport`` goes to :meth:`TokenEndpoint.request`.
    """

    cures_401: bool = False
    refresh_token: str | None = None
    transport: Mapping[str, Any] = MappingProxyType({})


class TokenSource:
    """Keeps one login alive. Safe to share between threads, to pickle and to fork.

    :param endpoint: where tokens are renewed.
    :param keeper: where they are kept; read at first use.
    :param client_id: the REST API key, if neither environment nor token shall say it.
    :param client_secret: its secret, likewise.
    :param token: a token to begin with.
    :param leeway: seconds before its end from which on a token is not used any more.
    :param refresh_ahead: seconds before that from which on one caller renews it.
    """

    _held: Held
    _unsaved: bool
    _dead: LoginRequiredError | None
    _bought: tuple[str, float]  # the header that was to cure a 401, and since when
    _failed_ahead: float

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
        self.endpoint = endpoint
        self.keeper = keeper
        self.leeway = leeway
        self.refresh_ahead = refresh_ahead
        self.credentials = ClientCredentials(client_id, client_secret, self.look_up)
        self._flights: dict[int, SingleFlight[Held]] = {}
        self._begin_with(Token(token or {}))

    # What a call needs ----------------------------------------------------------------------

    def authorization(self) -> str:
        """The ``Authorization`` header for a call that goes out now.

        :raises KakaoError: there is no usable token, and none could be had.
        """
        held = self._held
        if now() < held.fresh_until:
            return held.authorization
        return self.current().authorization

    def current(self) -> Held:
        """What to use now; renewed if it is about to end.

        :raises KakaoError: there is no usable token, and none could be had.
        """
        self.look_up()
        held = self._held
        if held.is_fresh():
            return held
        if held.is_usable() and not self._unsaved:
            return self._renewed_ahead(held)
        return self._attain(Held.is_usable, Renewal())

    def after_rejection(self, authorization: str) -> str | None:
        """What to send a call with that Kakao has answered with a 401.

        :param authorization: the header that was rejected.
        :returns: another header; ``None`` if a new token would not help.
        :raises KakaoError: a new token could not be had.
        """
        bought, since = self._bought
        if authorization == bought and _is_within(REJECTION_PAUSE, since):
            return None
        held = self._attain(
            lambda held: held.is_usable() and held.authorization != authorization,
            Renewal(cures_401=True),
        )
        return held.authorization

    def tell_cured(self, authorization: str, cured: bool) -> None:
        """Tell whether the header of :meth:`after_rejection` was accepted."""
        bought, _ = self._bought
        if authorization == bought:
            self._bought = NOTHING_BOUGHT if cured else (bought, now())

    # What an owner does ---------------------------------------------------------------------

    def look_up(self) -> Token:
        """The token as it is, from the store if there is none yet; empty if there is none.

        :raises TokenStoreError: the store could not be read.
        """
        if not self._held.token:
            self._alone(lambda: self._held if self._held.token else self._adopted())
        return self._held.token

    def assign(self, token: Mapping[str, Any] | None) -> None:
        """Replace the token in memory, and forget whatever was known of the old one.

        :raises ValueError: it is no token.
        """
        given = Token(token or {})

        def replace() -> Held:
            if not given:
                self._adopted()  # so that it does not come back from the store
            return self._begin_with(given)

        self._alone(replace)

    def exchange(self, endpoint: TokenEndpoint, form: Form, **transport: Any) -> Token:
        """Log in: exchange a code for a token, which takes the place of the old one, and save it.

        :param endpoint: where to.
        :param form: with the code, which is not spent unless the store is ready to take the token.
        :param transport: settings of this request alone, see :meth:`TokenEndpoint.request`.
        :raises TokenEndpointError: there is no token; the old one stays.
        :raises TokenStoreError: the token could not be saved. If the code is spent it is kept in
            memory, and the save is tried again before the next call.
        """
        old = self.look_up()

        def take_over() -> Held:
            with self.keeper.lock():
                new = endpoint.request(form, **transport)
                for name in ("app_key", "client_secret"):  # the app's, not the user's
                    if name in old:
                        new.setdefault(name, old[name])
                new.refresh_token_changed = True
                self._begin_with(new)
                return self._saved(new)

        return self._alone(take_over).token

    def forget(self) -> None:
        """Drop the token, here and in the store.

        :raises TokenStoreError: the store did not let go of it.
        """

        def drop() -> Held:
            self._begin_with(Token())
            with self.keeper.lock():
                self.keeper.delete()
            return self._held

        self._alone(drop)

    def renew(self, refresh_token: str | None = None, **transport: Any) -> Token:
        """Renew the token now, unless somebody has just done so.

        :param refresh_token: to be presented in the place of the token's own.
        :param transport: settings of this request alone, see :meth:`TokenEndpoint.request`.
        :raises KakaoError: there is no new token.
        """
        before = self.look_up()
        if refresh_token == before.get("refresh_token"):
            refresh_token = None
        return self._attain(
            lambda held: held.is_usable() and held.token is not before,
            Renewal(refresh_token=refresh_token, transport=transport),
        ).token

    # The flight -----------------------------------------------------------------------------

    def _attain(self, wanted: Callable[[Held], bool], how: Renewal) -> Held:
        """Fly, or share the flight that is under way, until what is held is what is wanted."""
        while True:
            flight, leads = self._flight_control.board()
            if leads:
                return self._lead(flight, lambda: self._work(wanted, how))
            if flight.is_led_by_this_thread:
                return self._held  # a saver that calls Kakao itself, with the token being saved
            flight.landed.wait()
            if flight.error is not None:
                # Each thread raises an error of its own: raising writes into the object.
                raise copy.copy(flight.error) from flight.error
            if flight.outcome is not None and wanted(flight.outcome):
                return flight.outcome

    def _renewed_ahead(self, held: Held) -> Held:
        """Renew a token that is still good, if nobody does and the last try was not just now."""
        if _is_within(AHEAD_PAUSE, self._failed_ahead):
            return held
        flight, leads = self._flight_control.board()
        if not leads:
            return held
        try:
            return self._lead(flight, lambda: self._work(Held.is_fresh, Renewal()))
        except (TemporaryError, RateLimitedError, TokenStoreError) as error:
            if self._held.token is not held.token:
                raise  # a new token that could not be saved
            self._failed_ahead = now()
            log.warning("could not renew ahead of time, going on with the token at hand: %s", error)
            return held

    def _lead(self, flight: Flight[Held], work: Callable[[], Held]) -> Held:
        try:
            flight.outcome = work()
        except KakaoError as error:
            flight.error = error
            raise
        finally:
            self._flight_control.land(flight)
        return flight.outcome

    def _alone(self, job: Callable[[], Held]) -> Held:
        """Do a job while no flight is under way; nobody's failure is shared."""
        while True:
            flight, leads = self._flight_control.board()
            if leads:
                try:
                    return job()
                finally:
                    self._flight_control.land(flight)
            if flight.is_led_by_this_thread:
                return job()
            flight.landed.wait()

    @property
    def _flight_control(self) -> SingleFlight[Held]:
        # One for each process: a thread that leads while the process forks is not in the child.
        return self._flights.setdefault(os.getpid(), SingleFlight())

    # What the leader does -------------------------------------------------------------------

    def _work(self, wanted: Callable[[Held], bool], how: Renewal) -> Held:
        """Bring about what is wanted: from the store if somebody put it there, else from Kakao."""
        if self._dead or not self._held.token:
            self._adopted()
        if self._unsaved:
            self._save_again()
        if wanted(self._held):
            return self._held
        if how.refresh_token is None:
            if self._dead:
                raise copy.copy(self._dead)
            if not self._held.token:
                raise self._login_required("There is no token")
        with self.keeper.lock():
            self._adopted(how.cures_401)
            if wanted(self._held):
                return self._held
            return self._renewed(how)

    def _renewed(self, how: Renewal) -> Held:
        old = self._held.token
        if how.refresh_token is not None:
            old = old.with_refresh_token(how.refresh_token)
        if old.get("refresh_token") is None:
            raise self._login_required("There is no refresh token")
        if old.is_refresh_token_expired():
            raise self._login_required("The refresh token has run out")
        form = self.credentials.form("refresh_token", refresh_token=old["refresh_token"])
        try:
            answer = self.endpoint.request(form, **how.transport)
        except LoginRequiredError as error:
            if how.refresh_token is None:
                self._die(error)
            raise
        new = old.merged(answer)
        new.refresh_token_changed |= self._unsaved and old.refresh_token_changed
        new.refresh_token_changed |= how.refresh_token is not None
        log.info("renewed the access token %s, now %s", old.fingerprint, new.fingerprint)
        if how.cures_401:
            self._buy(self._hold(new))
        return self._saved(new)

    def _adopted(self, cures_401: bool = False) -> Held:
        """Take over what is stored, if somebody put it there since the store was last looked at."""
        stored = self.keeper.load()
        if stored is not None and self._is_news(stored):
            log.info("took over the access token %s%s", stored.fingerprint, self.keeper.place)
            held = self._hold(stored)
            if cures_401 and _is_within(REJECTION_PAUSE, stored.issued_at):
                self._buy(held)  # somebody else has, for all who share the store
            self._unsaved, self._dead, self._held = False, None, held
        self.keeper.seen = stored or self.keeper.seen
        return self._held

    def _is_news(self, stored: Token) -> bool:
        held = self._held.token
        if stored.is_same_as(held):
            return False
        if held and self._dead is None and self.keeper.seen is None:
            # Ours was given, not loaded, so the times of issue have to tell which is the later.
            return stored.issued_at > held.issued_at
        return self._dead is not None or not stored.is_same_as(self.keeper.seen)

    def _saved(self, token: Token) -> Held:
        """Hold a new token and save it, the store being locked. No call goes out with it before."""
        held = self._hold(token)
        self._unsaved, self._dead, self._held = True, None, held.as_unsaved()
        with self._if_possible():
            self.keeper.save(token)
            self._unsaved, self._held = False, held
        return self._held

    def _save_again(self) -> None:
        with self._if_possible(), self.keeper.lock():
            self._adopted()
            if self._unsaved:
                self._saved(self._held.token)

    @contextmanager
    def _if_possible(self) -> Iterator[None]:
        """Let a save fail, unless the login hangs on it: the disk may be full, and the next call
        the one that says so."""
        try:
            yield
        except TokenStoreError as error:
            if self._held.token.refresh_token_changed:
                raise
            log.error("the renewed token lives in memory only; saving is tried again: %s", error)  # noqa: TRY400  # the error's own words are enough

    # Life and death -------------------------------------------------------------------------

    def _begin_with(self, token: Token) -> Held:
        self._unsaved = False
        self._dead = None
        self._bought = NOTHING_BOUGHT
        self._failed_ahead = -math.inf
        self._held = self._hold(token)
        if token:
            self.keeper.seen = None
        return self._held

    def _hold(self, token: Token) -> Held:
        return Held.of(token, self.leeway, self.refresh_ahead)

    def _buy(self, held: Held) -> None:
        """Remember a token that is to cure a 401, before anybody can use it."""
        self._bought = (held.authorization, now())

    def _die(self, error: LoginRequiredError) -> None:
        """Remember that the login is over: every call now looks whether the store shows another."""
        self._dead = copy.copy(error)
        self._held = Held.dead(self._held.token)
        log.error("the login of access token %s is over", self._held.token.fingerprint)

    def _login_required(self, what: str) -> LoginRequiredError:
        return LoginRequiredError(f"{what}{self.keeper.place}. {LOGIN}", hint=LOGIN)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_flights": {}}


def _is_within(pause: float, since: float) -> bool:
    # A clock that has been set back ends every pause, lest one last for hours.
    return 0.0 <= now() - since < pause
