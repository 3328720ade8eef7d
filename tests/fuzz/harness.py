"""How long the fuzz tests search, what one input may cost, and a network with one answer."""

import io
import os
import time
import tracemalloc
from contextlib import contextmanager

import requests
from hypothesis import HealthCheck, settings
from urllib3 import HTTPResponse

EXAMPLES = int(os.environ.get("KAKAO_SESSION_EXAMPLES", "40"))

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 2000,  # a longer search looks elsewhere each time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
fuzz_more = settings(fuzz, max_examples=5 * EXAMPLES)

MOST_SECONDS = 10.0
MOST_BYTES = 64 << 20


@contextmanager
def bounded():
    """Fails if an input costs too much memory, or too much of the CPU."""
    tracemalloc.start()
    began = time.process_time()
    try:
        yield
        took = time.process_time() - began
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < MOST_SECONDS
    assert most < MOST_BYTES


class Network(requests.adapters.HTTPAdapter):
    """A network in which everyone gives the same answer.

    :param body: bytes, or a file.
    """

    def __init__(self, status, body, headers=None):
        super().__init__()
        self.answer = (status, body, headers or {})

    def send(self, request, *_, **__):
        status, body, headers = self.answer
        file = io.BytesIO(body) if isinstance(body, bytes) else body
        raw = HTTPResponse(file, headers, status, preload_content=False, decode_content=False)
        return self.build_response(request, raw)
