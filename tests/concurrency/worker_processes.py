"""Processes that call Kakao with a login from a store, for the storms and the faults."""

import json
import os
import random
import signal
import threading
import time
from dataclasses import dataclass

import requests

from kakao_session import Endpoints, FileTokenStore, KakaoAuth, KakaoSession


@dataclass(frozen=True)
class App:
    """What another process has to know to talk to the emulator."""

    key: str
    endpoints: Endpoints
    ca_file: str

    @classmethod
    def of(cls, kakao):
        return cls(kakao.app_key, Endpoints(**vars(kakao.endpoints)), kakao.ca_file)

    def auth(self, new_store, **settings):
        return KakaoAuth(self.key, endpoints=self.endpoints, token_store=new_store(), **settings)

    def http(self):
        session = requests.Session()
        session.verify = self.ca_file
        return session

    def me(self, http, auth):
        return http.get(f"{self.endpoints.api_url}/v2/user/me", auth=auth, timeout=60)


THREADS = 4
CALLS = 8


ONE_AUTH = "one auth for all threads"
AUTH_PER_CALL = "an auth for each call"


def storm(app, new_store, pipe):
    """Each time it is told how, make 8 calls in each of 4 threads and tell their statuses."""
    shared = app.auth(new_store)
    pipe.send("ready")
    while True:
        how = pipe.recv()
        statuses = []

        def call(how=how, statuses=statuses):
            with app.http() as http:
                for _ in range(CALLS):
                    auth = shared if how == ONE_AUTH else app.auth(new_store)
                    try:
                        statuses.append(app.me(http, auth).status_code)
                    except requests.RequestException as error:
                        statuses.append(str(error))

        threads = [threading.Thread(target=call) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send(statuses)


def call_when_told(app, new_store, pipe):
    """Make a call each time it is told so. Tell its status, or the error's name."""
    auth = app.auth(new_store)
    with app.http() as http:
        pipe.send("ready")
        while pipe.recv():
            try:
                pipe.send(app.me(http, auth).status_code)
            except requests.RequestException as error:
                pipe.send(type(error).__name__)


def be_killed(app, times, new_store, pipe):
    """Fork children that do nothing but renew, kill each in the middle, and look at the file.

    Tells how often a temporary file was left behind.
    """
    store = new_store()
    assert isinstance(store, FileTokenStore)
    path = store.path
    left_behind = 0
    parent = os.getpid()
    for _ in range(times):
        before = path.stat().st_mtime_ns
        child = os.fork()
        if child == 0:
            with KakaoSession(app.key, endpoints=app.endpoints, token_store=store) as kakao:
                kakao.verify = app.ca_file
                while os.getppid() == parent:
                    kakao.refresh_token()
            os._exit(0)
        while path.stat().st_mtime_ns == before:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        token = json.loads(path.read_bytes())
        assert token["access_token"]
        assert token["refresh_token"]
        files = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        assert set(files.values()) == {0o600}
        assert len(files.keys() - {path.name, f"{path.name}.lock"}) <= 1
        left_behind += len(files) > 2
    with store.lock():
        pass
    pipe.send(left_behind)
