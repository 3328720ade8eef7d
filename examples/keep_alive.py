"""Keep the logins of all your users alive. Run this every night. If it is killed, run it again.

17 3 * * *  DATABASE_URL=postgresql+psycopg://... python keep_alive.py

With REDIS_URL it visits the keys kakao:token:* of a Redis instead. A login that has ended stays in
the store. The exit status is 1 if a person has to read the output.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

import kakao_session as ks

THREADS = 16
MOST_FAILS = 20  # more in a row are about Kakao or the app, not about single users
new_store: Callable[[str], ks.TokenStore]
if url := os.environ.get("DATABASE_URL"):
    from sqlalchemy import create_engine

    engine = create_engine(url, pool_size=THREADS)
    keys, new_store = ks.SQLTokenStore.keys(engine), partial(ks.SQLTokenStore, engine)
else:
    from redis import Redis

    client = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
    keys = ks.RedisTokenStore.keys(client, "kakao:token:*")
    new_store = partial(ks.RedisTokenStore, client)


def visit(key: str) -> tuple[str, str]:
    try:
        refreshed = ks.KakaoAuth(token_store=new_store(key)).keep_alive()
    except (ks.RateLimitedError, ks.ConfigurationError) as error:
        return "refused", str(error)
    except ks.TemporaryError as error:
        return "unavailable", str(error)
    except ks.KakaoError as error:
        return "ended" if isinstance(error, ks.LoginRequiredError) else "failed", str(error)
    return "refreshed" if refreshed else "not due", ""


signal.signal(signal.SIGTERM, signal.default_int_handler)  # finish the requests under way
counts, fails = Counter(refreshed=0), 0
with ThreadPoolExecutor(THREADS) as threads:
    while fails < MOST_FAILS and (batch := list(islice(keys, 5 * THREADS))):
        for key, (outcome, message) in zip(batch, threads.map(visit, batch), strict=True):
            counts[outcome] += 1
            fails = 0 if outcome == "refreshed" else fails + (outcome in {"refused", "unavailable"})
            if message:
                print(f"{key}: {message}", file=sys.stderr)
print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
if fails >= MOST_FAILS:
    sys.exit("Stopped: too many token requests in a row failed. Try again in an hour.")
sys.exit(1 if counts.keys() & {"ended", "failed", "refused"} else 0)
