"""Many threads that need a new token at the same moment: one of them gets it for all."""

from itertools import chain

import pytest
import requests

from kakao_session import FileTokenStore
from tests.conftest import at_once


def many_connections():
    return requests.adapters.HTTPAdapter(pool_maxsize=64)


@pytest.mark.parametrize(("trouble", "is_loaded"), [("expired", False), ("revoked", True)])
def test_64_threads__one_refresh(kakao, new_session, token, clock, tmp_path, trouble, is_loaded):
    kakao.refresh_token_renewal = "always"
    kakao.previous_access_token = "dies"
    kakao.latency = 0.1
    store = FileTokenStore(tmp_path / "token.json")
    store.save(token)
    session = new_session(token_store=store)
    session.mount("https://", many_connections())
    assert not is_loaded or session.authorized
    if trouble == "expired":
        clock.advance(hours=7)
    else:
        kakao.revoke_access_tokens()
    saved = []
    session.token_updater = saved.append
    assert at_once(64, lambda: session.get("/v2/user/me").status_code) == [200] * 64
    assert len(kakao.token_requests) == 1
    assert saved == [session.token] == [store.load()]
    assert session.token["refresh_token"] != token["refresh_token"]


def test_ip_mismatched__one_refresh_for_64_threads(kakao, new_session, token):
    kakao.fail_next("ip_mismatched", path="/v2/user/me", times=None)
    session = new_session(token=token)
    session.mount("https://", many_connections())
    calls = at_once(64, lambda: [session.get("/v2/user/me").status_code for _ in range(4)])
    assert list(chain.from_iterable(calls)) == [401] * 256
    assert len(kakao.token_requests) == 1
