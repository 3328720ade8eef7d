"""Processes that call Kakao with a login from a store. They import no more than they need."""

import threading
from dataclasses import dataclass

import requests

from kakao_session import Endpoints, KakaoAuth

THREADS = 8
CALLS = 2
ONE_AUTH = "one auth for all threads"
AUTH_PER_CALL = "an auth for each call"


@dataclass(frozen=True)
class App:
    """What another process has to know to talk to the emulator."""

    key: str
    endpoints: Endpoints
    ca_file: str

    @classmethod
    def of(cls, kakao):
        return cls(kakao.app_key, Endpoints(**vars(kakao.endpoints)), kakao.ca_file)

    def auth(self, store, **settings):
        return KakaoAuth(self.key, endpoints=self.endpoints, token_store=store, **settings)

    def http(self):
        session = requests.Session()
        session.verify = self.ca_file
        return session

    def me(self, auth, http=None):
        """:returns: the status of a call, or its error in words, which any process can read."""
        if http is None:
            with self.http() as http:
                return self.me(auth, http)
        try:
            url = f"{self.endpoints.api_url}/v2/user/me"
            return http.get(url, auth=auth, timeout=60).status_code
        except requests.RequestException as error:
            return f"{type(error).__name__}: {error}"


def make_calls(_, pipe):
    """Make calls in many threads each time this is told how, and tell their statuses.

    The first that it is sent is the app, and what makes stores; nothing ends their use.
    """
    while True:
        _make_calls(*pipe.recv(), pipe)


def _make_calls(app, new_store, pipe):
    shared = app.auth(new_store())
    new_auths = {ONE_AUTH: lambda: shared, AUTH_PER_CALL: lambda: app.auth(new_store())}
    pipe.send("ready")
    while how := pipe.recv():
        pipe.send(_statuses(app, new_auths[how]))


def _statuses(app, new_auth):
    statuses = []

    def call():
        with app.http() as http:
            statuses.extend(app.me(new_auth(), http) for _ in range(CALLS))

    threads = [threading.Thread(target=call) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def call_when_told(app, new_store, pipe):
    """Make a call each time this is told so, and tell its status."""
    auth = app.auth(new_store())
    pipe.send("ready")
    while pipe.recv():
        pipe.send(app.me(auth))
