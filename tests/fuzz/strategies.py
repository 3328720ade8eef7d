"""Inputs from outside: texts and bytes that are almost tokens, headers, redirects."""

import json
from urllib.parse import urlencode

from hypothesis import strategies as st

SECRET = "opaque-secret"
"""What must not be shown, wherever it stands."""

ANY_TEXT = st.text(st.characters(codec=None))  # NUL and lone surrogates, too

FIELDS = st.sampled_from(
    [
        *("access_token", "refresh_token", "id_token", "scope", "app_key", "client_secret"),
        *("expires_in", "expires_at", "refresh_token_expires_in", "refresh_token_expires_at"),
        *("user_id", "encrypted", "error", "error_code", "code", "msg", "message"),
        *("required_scopes", "allowed_scopes"),
    ]
)

# JSON ---------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**320)
    | st.floats()
    | ANY_TEXT
    | st.sampled_from([SECRET, "21599", "-30", "KOE322", "invalid_grant", "fernet"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
)
OBJECTS = st.dictionaries(FIELDS | st.text(max_size=5), VALUES, max_size=8)
JSON_VALUES = VALUES.map(json.dumps) | st.sampled_from(
    [  # what json.dumps does not write
        *("NaN", "-Infinity", "1e999", "-1e999", "-0", "1E400", '"\\ud800"', '"\\u0000"', ""),
        "9" * 4_300,  # as many digits as Python turns into a number
        "9" * 4_301,
        "-" + "9" * 300_000,
        '"' + "x" * 300_000 + '"',
        "[" * 900 + "]" * 900,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
    ]
)
EXPIRIES = st.builds(
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
PAIRS = EXPIRIES | st.tuples(FIELDS.map(json.dumps), JSON_VALUES).map(":".join)
PAIR_LISTS = st.lists(PAIRS, max_size=8).map(",".join)  # with the same key twice, too
JSON_TEXTS = (
    PAIR_LISTS.map("{{{}}}".format)
    | PAIR_LISTS.map('{{"access_token":"a",{}}}'.format)
    | JSON_VALUES
    | OBJECTS.map(lambda fields: json.dumps(fields, ensure_ascii=False))
    | OBJECTS.map(lambda fields: json.dumps(fields)[:-1])
    | st.sampled_from(["[" * 100_000, '{"a":' * 100_000, "\ufeff{}", "\0", " " * 300_000])
)
ENCODINGS = st.sampled_from(
    [
        *(("utf-8", "surrogatepass"), ("utf-8-sig", "surrogatepass"), ("latin-1", "replace")),
        *(("utf-16", "surrogatepass"), ("utf-16-le", "surrogatepass"), ("utf-32", "surrogatepass")),
    ]
)
BYTES = st.binary(max_size=200) | st.builds(
    lambda text, encoding: text.encode(*encoding), JSON_TEXTS, ENCODINGS
)
TOKENS = st.lists(EXPIRIES, max_size=3).map(
    lambda expiries: "".join(
        ["{", ",".join([f'"access_token":"{SECRET}"', *expiries]), "}"]
    ).encode()
)
TOO_LATE_FOR_A_CALENDAR = b'{"access_token":"a","refresh_token":"r","expires_at":1e308}'
TOO_LONG_FOR_A_FLOAT = b'{"access_token":"a","expires_in":1' + b"0" * 400 + b"}"

# HTTP ---------------------------------------------------------------------------------------------

STATUSES = (
    st.just(200) | st.sampled_from([200, 400, 401, 403, 429, 500, 503]) | st.integers(100, 599)
)
RETRY_AFTERS = (
    st.text(st.characters(codec="latin-1"))
    | st.integers().map(str)
    | st.sampled_from(
        [
            *("9" * 5_000, "1e9", "1.5", "NaN", "Mon,", ","),
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Mon, 01 Jan 0001 00:00:00 GMT",
            "1 Jan 99999999999 1:1:1",
            "Mon, 99 Foo 2020 99:99:99 +9999999999",
        ]
    )
    | st.lists(
        st.sampled_from(
            [
                *("Mon,", "1", "31", "Feb", "2020", "99", "::", "1:2:3", "+0900", "-", "GMT", "("),
                "9" * 99,
            ]
        ),
        max_size=7,
    ).map(" ".join)
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": RETRY_AFTERS,
        "Content-Encoding": st.sampled_from(["gzip", "deflate", "gzip, gzip"]),
        "Content-Type": st.sampled_from(
            [
                "application/json; charset=nonsense",
                "application/json; charset=utf-7",
                "text/html; charset=\x7f",
            ]
        ),
    },
)
REDIRECTS = (
    ANY_TEXT
    | st.dictionaries(
        st.sampled_from(["code", "state", "error", "error_description"]), st.text()
    ).map(lambda query: f"http://localhost:8765/callback?{urlencode(query)}")
    | st.lists(
        st.sampled_from(
            [
                *("http://", "localhost", "[", "]", ":", "//", "/", "?", "#", "&", ";", "=", "%"),
                *("code", "state", "error", "the-state", "a" * 30, "%ED%A0%80", "\ud800", "'", " "),
            ]
        ),
        max_size=20,
    ).map("".join)
    | st.sampled_from(["code=" * 20_000, "&" * 60_000, "?" * 60_000, "x" * 60_000, "%" * 60_000])
)
