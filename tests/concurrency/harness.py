"""What the tests of schedules and of interrupts share: steps, and a network that answers at once.

A step is the start of a Python function or the end of one in C. There, and nowhere else, CPython
runs signal handlers and switches threads.
"""

import json
import queue
import sys
import threading
from itertools import count
from pathlib import Path

import requests

import kakao_session

LOCK = type(threading.Lock())
OURS = str(Path(kakao_session.__file__).parent)
URL = "https://kapi.kakao.com/v2/user/me"


class FileFilter(dict):
    """Whether a file is one of these, or in one of these folders. It remembers what it said."""

    def __init__(self, *paths):
        super().__init__()
        self._paths = paths

    def __missing__(self, path):
        self[path] = found = path.startswith(self._paths)
        return found


def is_step(event, frame, is_watched, steps=("call", "c_return")):
    """Whether a profiler's event is a step in one of the watched files."""
    if event not in steps or not is_watched[frame.f_code.co_filename]:
        return False
    # In Python 3.10, an error at the start of a resumed generator would end it without its
    # finally. No signal does that.
    return event != "call" or frame.f_lasti < 0 or sys.version_info >= (3, 11)


def readiness(function):
    """:returns: what tells whether a C function would return at once; ``None`` if it always does.

    These are what the waiting in ``threading`` and ``queue`` ends in.
    """
    waited_for = getattr(function, "__self__", None)
    if isinstance(waited_for, queue.SimpleQueue) and function.__name__ == "get":
        return lambda: not waited_for.empty()
    if isinstance(waited_for, LOCK) and function.__name__ == "acquire":
        return lambda: not waited_for.locked()
    return None


class LocalKakao(requests.adapters.BaseAdapter):
    """A network in which Kakao answers at once, with a new token for each token request.

    :param name: how access tokens begin.
    :param rejected: access tokens that the API rejects.
    :param failure: what comes of token requests: an exception, or a status and a body.
    """

    def __init__(self, name="a", rejected=(), failure=None):
        super().__init__()
        self.token_requests = []
        self._name = name
        self._rejected = [f"Bearer {token}" for token in rejected]
        self._failure = failure
        self._numbers = count(1)

    def send(self, request, **_):
        if request.url.endswith("/oauth/token"):
            self.token_requests.append(request.body)
            return self._token(request)
        if request.headers["Authorization"] in self._rejected:
            return self._answer(request, 401, {"code": -401})
        return self._answer(request, 200, {"id": 1})

    def _token(self, request):
        if isinstance(self._failure, BaseException):
            raise self._failure
        number = next(self._numbers)
        token = {"access_token": f"{self._name}-{number}", "expires_in": 21_599}
        more = {"refresh_token": f"r{number}", "refresh_token_expires_in": 5_183_999}
        return self._answer(request, *(self._failure or (200, {**token, **more})))

    def _answer(self, request, status, body):
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, request.url
        response.connection = self
        response._content = json.dumps(body).encode()
        response._content_consumed = True
        return response

    def close(self):
        pass
