"""Packages that people use beside requests, each with a session of ours."""

import json
import subprocess
import sys
import textwrap
from dataclasses import asdict

import pytest
import requests

from kakao_session import KakaoAuth, KakaoSession
from tests.conftest import ME, ME_401, REFRESH, wire
from tests.required import package

TOKEN_URL = "https://kauth.kakao.com/oauth/token"
ME_URL = "https://kapi.kakao.com/v2/user/me"
OLD = {"access_token": "old", "refresh_token": "r", "expires_at": 1.0}
NEW = {"access_token": "new", "token_type": "bearer", "expires_in": 21_599}


def run(program, **environment):
    """Run a program in a process of its own, in which it may patch what it likes."""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment or None,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=["session", "auth"])
def get(request):
    """Gets user/me with an expired token: by a session, or by plain requests with an auth."""
    if request.param == "session":
        return lambda: KakaoSession("key", token=OLD).get(ME_URL)
    return lambda: requests.get(ME_URL, auth=KakaoAuth("key", token=OLD))


# requests-mock and responses ------------------------------------------------------------------


@pytest.fixture
def requests_mock():
    return package("requests_mock")


def test_requests_mock__of_every_session(get, requests_mock):
    with requests_mock.Mocker() as mock:
        token_request = mock.post(TOKEN_URL, json=NEW)
        me = mock.get(ME_URL, json={"id": 1})
        assert get().json() == {"id": 1}
    assert token_request.last_request.text == (
        "grant_type=refresh_token&client_id=key&refresh_token=r"
    )
    assert me.last_request.headers["Authorization"] == "Bearer new"


def test_requests_mock__of_one_session(requests_mock):
    session = KakaoSession("key", token=OLD)
    with requests_mock.Mocker(session=session) as mock:
        token_request = mock.post(TOKEN_URL, json=NEW)
        mock.get(ME_URL, json={"id": 1})
        assert session.get("/v2/user/me").json() == {"id": 1}
    assert token_request.call_count == 1


def test_requests_mock__sends_no_real_refresh_request(requests_mock):
    with requests_mock.Mocker() as mock:
        mock.get(ME_URL, json={"id": 1})
        with pytest.raises(requests_mock.NoMockAddress):
            KakaoSession("key", token=OLD).get(ME_URL)
    assert [request.url for request in mock.request_history] == [TOKEN_URL]


def test_requests_mock__an_adapter_that_is_mounted(requests_mock):
    adapter = requests_mock.Adapter()
    adapter.register_uri("POST", TOKEN_URL, json=NEW)
    adapter.register_uri(
        "GET", ME_URL, [{"status_code": 401, "json": {"code": -401}}, {"json": {}}]
    )
    session = KakaoSession("key", token={"access_token": "a", "refresh_token": "r"})
    session.mount("https://", adapter)
    assert session.get("/v2/user/me").status_code == 200
    assert [request.method for request in adapter.request_history] == ["GET", "POST", "GET"]


def test_responses(get):
    responses = package("responses")
    with responses.RequestsMock() as mock:
        mock.post(TOKEN_URL, json=NEW)
        mock.get(ME_URL, json={"id": 1})
        assert get().json() == {"id": 1}
        assert [call.request.url for call in mock.calls] == [TOKEN_URL, ME_URL]


# vcrpy ----------------------------------------------------------------------------------------


def test_vcrpy__records_and_plays_back(kakao, new_session, token, clock, tmp_path):
    vcr = package("vcr")
    cassette = tmp_path / "cassette.yaml"
    clock.advance(hours=7)

    def call():
        session = new_session(token=token)
        return session.get("/v2/user/me").json()["id"]

    with vcr.use_cassette(str(cassette), match_on=["method", "uri"]) as tape:
        recorded = call()
        assert tape.play_count == 0
    assert wire(kakao) == [REFRESH, ME]
    assert "!!python" not in cassette.read_text()
    with vcr.use_cassette(str(cassette), record_mode="none", match_on=["method", "uri"]) as tape:
        assert call() == recorded
        assert tape.play_count == 2
    assert wire(kakao) == [REFRESH, ME]


# OpenTelemetry --------------------------------------------------------------------------------


@pytest.fixture
def spans():
    """The spans of OpenTelemetry's instrumentation of requests."""
    package("opentelemetry.instrumentation.requests")
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    RequestsInstrumentor().instrument(tracer_provider=provider)
    yield exporter
    RequestsInstrumentor().uninstrument()


def test_opentelemetry__sees_the_token_request(
    kakao, new_session, new_auth, token, clock, me_url, spans
):
    clock.advance(hours=7)
    assert new_session(token=token).get(me_url).status_code == 200
    assert requests.get(me_url, auth=new_auth(token=token)).status_code == 200
    seen = spans.get_finished_spans()
    urls = [span.attributes["http.url"] for span in seen]
    assert urls == [kakao.endpoints.token_url, me_url] * 2
    assert token["refresh_token"] not in "".join(span.to_json() for span in seen)


# requests-cache -------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
def test_requests_cache__installed(kakao, token, clock, when, tmp_path):
    package("requests_cache")
    out = run(
        f"""
        import json, requests, requests_cache
        def install():
            requests_cache.install_cache(backend="memory")
        if {when!r} == "before":
            install()
        from kakao_session import KakaoAuth, KakaoSession, Endpoints
        if {when!r} == "after":
            install()
        endpoints = Endpoints(**json.loads({json.dumps(asdict(kakao.endpoints))!r}))
        expired = {{**{dict(token)!r}, "expires_at": 1.0}}
        url = endpoints.api_url + "/v2/user/me"
        with KakaoSession({kakao.app_key!r}, token=expired, endpoints=endpoints) as kakao:
            kakao.verify = {kakao.ca_file!r}
            print([kakao.get(url).json()["id"] for _ in range(2)])
        auth = KakaoAuth({kakao.app_key!r}, token=expired, endpoints=endpoints)
        print([requests.get(url, auth=auth).json()["id"] for _ in range(2)])
        """,
        REQUESTS_CA_BUNDLE=kakao.ca_file,
    )
    assert out.splitlines() == ["[123456789, 123456789]"] * 2
    assert wire(kakao).count(REFRESH) == 2


def test_requests_cache__mixed_in(kakao, token, clock):
    package("requests_cache")
    from requests_cache import CacheMixin

    class CachedSession(CacheMixin, KakaoSession):
        pass

    with CachedSession(
        client_id=kakao.app_key, backend="memory", token=token, endpoints=kakao.endpoints
    ) as session:
        session.verify = kakao.ca_file
        clock.advance(hours=7)
        assert [session.get("/v2/user/me").from_cache for _ in range(2)] == [False, True]
        kakao.revoke_access_tokens()
        session.cache.clear()
        assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME, ME_401, REFRESH, ME]


# CacheControl ---------------------------------------------------------------------------------


def test_cachecontrol(kakao, new_session, token, clock):
    cachecontrol = package("cachecontrol")
    session = cachecontrol.CacheControl(new_session(token=token))
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200
    kakao.revoke_access_tokens()
    assert session.get("/v2/user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME, ME_401, REFRESH, ME]


# requests-toolbelt ----------------------------------------------------------------------------


def test_toolbelt__streams_an_upload(kakao, new_session, token):
    package("requests_toolbelt")
    from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor

    session = new_session(token=token)
    encoder = MultipartEncoder({"file": ("a.txt", b"x" * 100_000, "text/plain")})
    monitor = MultipartEncoderMonitor(encoder)
    response = session.post(
        "/v2/api/talk/message/image/upload",
        data=monitor,
        headers={"Content-Type": monitor.content_type},
    )
    assert monitor.bytes_read > 100_000
    assert response.request.headers["Authorization"] == f"Bearer {token['access_token']}"


def test_toolbelt__base_url_session(kakao, token, clock):
    package("requests_toolbelt")
    from requests_toolbelt.sessions import BaseUrlSession

    class Session(KakaoSession, BaseUrlSession):
        def __init__(self, base_url, **kwargs):
            KakaoSession.__init__(self, kakao.app_key, endpoints=kakao.endpoints, **kwargs)
            self.base_url = base_url

    clock.advance(hours=7)
    with Session(f"{kakao.endpoints.api_url}/v2/", token=token) as session:
        assert session.get("user/me").status_code == 200
    assert wire(kakao) == [REFRESH, ME]


def test_toolbelt__adapters(kakao, new_session, token, clock):
    package("requests_toolbelt")
    from requests_toolbelt.adapters.source import SourceAddressAdapter

    session = new_session(token=token)
    session.mount("https://", SourceAddressAdapter("127.0.0.1"))
    clock.advance(hours=7)
    assert session.get("/v2/user/me").status_code == 200


# gevent ---------------------------------------------------------------------------------------


def test_gevent__one_refresh_for_many_greenlets(kakao, token):
    package("gevent")
    kakao.latency = 0.2
    out = run(
        f"""
        from gevent import monkey
        monkey.patch_all()
        import gevent, json
        from kakao_session import KakaoSession, Endpoints

        endpoints = Endpoints(**json.loads({json.dumps(asdict(kakao.endpoints))!r}))
        expired = {{**{dict(token)!r}, "expires_at": 1.0}}
        with KakaoSession({kakao.app_key!r}, token=expired, endpoints=endpoints) as kakao:
            kakao.verify = {kakao.ca_file!r}
            jobs = [gevent.spawn(kakao.get, "/v2/user/me", timeout=20) for _ in range(20)]
            gevent.joinall(jobs, raise_error=True)
            print({{job.value.status_code for job in jobs}})
            kakao.token = expired
            with gevent.Timeout(0.1, False):
                kakao.get("/v2/user/me")
                print("not interrupted")
            waiting = gevent.spawn(kakao.get, "/v2/user/me", timeout=20)
            print({{kakao.get("/v2/user/me", timeout=20).status_code, waiting.get().status_code}})
        """
    )
    assert out.splitlines() == ["{200}", "{200}"]
    assert [request.status for request in kakao.token_requests] == [200] * 3
