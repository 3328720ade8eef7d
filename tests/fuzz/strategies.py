"""What may come from outside, however odd, and how much time and memory it may take."""

import gzip
import json
import os
import time
import tracemalloc
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("KAKAO_SESSION_EXAMPLES", "40"))

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 2000,  # a longer search looks elsewhere each time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

fuzz_cheaply = settings(fuzz, max_examples=5 * EXAMPLES)

MOST_SECONDS = 10.0
MOST_BYTES = 64 << 20


@contextmanager
def bounded():
    """Fails where one odd input costs much: of CPU, which no busy machine adds to, or of memory."""
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


KEYS = st.sampled_from(
    [
        "access_token",
        "refresh_token",
        "id_token",
        "expires_in",
        "expires_at",
        "refresh_token_expires_in",
        "refresh_token_expires_at",
        "scope",
        "app_key",
        "client_secret",
        "user_id",
        "encrypted",
        "error",
        "error_code",
        "code",
        "msg",
        "message",
        "required_scopes",
        "allowed_scopes",
    ]
)
ANY_TEXT = st.text(st.characters(codec=None))  # NUL and lone surrogates, too
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**320)
    | st.floats()
    | ANY_TEXT
    | st.sampled_from(["opaque-token", "21599", "-30", "KOE322", "invalid_grant", "fernet"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)
OBJECTS = st.dictionaries(KEYS | st.text(max_size=5), VALUES, max_size=8)

# What json.dumps writes, and what it does not.
LITERALS = VALUES.map(json.dumps) | st.sampled_from(
    [
        "NaN",
        "-Infinity",
        "1e999",
        "-1e999",
        "-0",
        "1E400",
        "9" * 4_300,  # as many digits as Python turns into a number
        "9" * 4_301,
        "-" + "9" * 300_000,
        "[" * 900 + "]" * 900,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '"\\ud800"',
        '"\\u0000"',
        '"' + "x" * 300_000 + '"',
        "",
    ]
)
LIVES = st.builds(
    '"{}{}":{}'.format,
    st.sampled_from(["", "refresh_token_"]),
    st.sampled_from(["expires_in", "expires_at"]),
    st.sampled_from(
        [
            *("0", "-1", "-9999999999", "1e308", "-1e308", "1e-320", "253402300800", str(2**63)),
            *("1" + "0" * 400, '" 5 "', '"1_0"', '"NaN"', "NaN", "1e999", "true", "null", "[]"),
        ]
    ),
)
PAIRS = st.lists(
    LIVES | st.tuples(KEYS.map(json.dumps), LITERALS).map(":".join), max_size=8
)  # keys twice, too
TEXTS = (
    st.builds(lambda pairs: f"{{{','.join(pairs)}}}", PAIRS)
    | st.builds(lambda pairs: f'{{"access_token":"a",{",".join(pairs)}}}', PAIRS)
    | LITERALS
    | OBJECTS.map(lambda fields: json.dumps(fields, ensure_ascii=False))
    | OBJECTS.map(lambda fields: json.dumps(fields)[:-1])
    | st.sampled_from(["[" * 100_000, '{"a":' * 100_000, "\ufeff{}", "\0", " " * 300_000])
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
BODIES = st.binary(max_size=200) | st.builds(
    lambda text, encoding: text.encode(
        encoding, "replace" if encoding == "latin-1" else "surrogatepass"
    ),
    TEXTS,
    ENCODINGS,
)
ACCESS_TOKEN = '"access_token":"opaque-token"'
GRANTS = st.lists(LIVES, max_size=3).map(  # tokens, unless a life of theirs is none
    lambda lives: f"{{{','.join([ACCESS_TOKEN, *lives])}}}".encode()
)

STATUSES = st.integers(100, 599)
TOKEN_STATUSES = (
    st.just(200) | st.sampled_from([200, 400, 401, 403, 429, 500, 503]) | STATUSES
)  # of the token endpoint, which reads an answer of 200 alone
RETRY_AFTERS = (
    st.text(st.characters(codec="latin-1"))
    | st.integers().map(str)
    | st.sampled_from(
        [
            "9" * 5_000,
            "1e9",
            "1.5",
            "NaN",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Mon, 01 Jan 0001 00:00:00 GMT",
            "1 Jan 99999999999 1:1:1",
            "Mon, 99 Foo 2020 99:99:99 +9999999999",
            "Mon,",
            ",",
        ]
    )
    | st.lists(
        st.sampled_from(
            [
                "Mon,",
                "1",
                "31",
                "Feb",
                "2020",
                "99",
                "::",
                "1:2:3",
                "+0900",
                "-",
                "GMT",
                "(",
                "9" * 99,
            ]
        ),
        max_size=7,
    ).map(" ".join)
)
CONTENT = st.sampled_from(
    [
        {},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "deflate"},
        {"Content-Encoding": "gzip, gzip"},
        {"Content-Type": "application/json; charset=nonsense"},
        {"Content-Type": "application/json; charset=utf-7"},
        {"Content-Type": "text/html; charset=\x7f"},
    ]
)
NO_CALENDAR = b'{"access_token":"a","refresh_token":"r","expires_at":1e308}'
NO_FLOAT = b'{"access_token":"a","expires_in":1' + b"0" * 400 + b"}"
ENDLESS = 64 << 20


def bomb():
    """:returns: kilobytes that become many megabytes."""
    return gzip.compress(bytes(ENDLESS))
