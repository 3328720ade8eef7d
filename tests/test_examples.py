"""Every example is run unchanged, with Kakao's real host names, against the local Kakao."""

import html
import io
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import redis
import requests
from sqlalchemy import create_engine

from kakao_session import FileTokenStore, RedisTokenStore, SQLTokenStore, Token
from tests.free_port import free_port

EXAMPLES = Path(__file__).parents[1] / "examples"
MEMO = "/v2/api/talk/memo/default/send"


def run(kakao, folder, name, *arguments, stdin="", options=("-W", "error"), **variables):
    """Run an example in a folder, with more environment variables than those for Kakao."""
    return subprocess.run(
        [sys.executable, *options, EXAMPLES / name, *arguments],
        cwd=folder,
        env={**os.environ, **kakao.environment(), **variables},
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=60,
        check=False,
    )


def run_logged_in(kakao, folder, name, *arguments, stdin=""):
    """Run an example in a folder that has a tutorial's token file, seven hours old."""
    kakao.write_token_file(folder / "kakao_token.json", hours_ago=7)
    return run(kakao, folder, name, *arguments, stdin=stdin)


def runs_in_background(kakao, folder, name, **variables):
    """Start an example, for a test that ends it."""
    return subprocess.Popen(
        [sys.executable, EXAMPLES / name],
        cwd=folder,
        env={**os.environ, **kakao.environment(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@contextmanager
def logins(url):
    """The stores of two users in a database."""
    engine = create_engine(url)
    yield {user: SQLTokenStore(engine, user) for user in ("1", "2")}
    engine.dispose()


def last_message(kakao):
    """:returns: the text of the message that was sent last."""
    assert kakao.requests[-1].path == MEMO
    return json.loads(dict(kakao.requests[-1].form)["template_object"])["text"]


LONGER = {"django_store.py": 61, "keep_alive.py": 60}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_example__is_short_and_tested(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGER.get(path.name, 40)
    if path.name == "django_store.py":
        return  # tests/stores/test_django.py
    assert f"test_{path.stem.removeprefix('test_')}" in globals()


def test_renew_token(kakao, tmp_path):
    assert len((EXAMPLES / "renew_token.py").read_text(encoding="utf-8").splitlines()) <= 15
    done = run_logged_in(kakao, tmp_path, "renew_token.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, 홍길동\n", "")
    assert [record.host for record in kakao.requests] == ["kauth.kakao.com", "kapi.kakao.com"]
    stored = json.loads((tmp_path / "kakao_token.json").read_text(encoding="utf-8"))
    assert stored["app_key"] == kakao.app_key
    assert stored["access_token"] not in str(kakao.token_requests[0].form)


def test_send_to_me(kakao, tmp_path):
    assert run_logged_in(kakao, tmp_path, "send_to_me.py", "안녕").stdout == "sent\n"
    assert last_message(kakao) == "안녕"


def test_user_info(kakao, tmp_path):
    expected = "id: 123456789\nnickname: 홍길동\ne-mail: {}\n"
    done = run_logged_in(kakao, tmp_path, "user_info.py")
    assert (done.returncode, done.stdout) == (0, expected.format("not agreed to"))
    kakao.login(scopes=["account_email"])
    assert run(kakao, tmp_path, "user_info.py").stdout == expected.format(
        "user123456789@example.com"
    )
    assert len(kakao.token_requests) == 1


def test_user_info__whose_login_is_over(kakao, tmp_path):
    kakao.write_token_file(tmp_path / "kakao_token.json")
    kakao.unlink()
    done = run(kakao, tmp_path, "user_info.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Log in: run `kakao-session login --token-file " in done.stderr


def test_cron_notify(kakao, tmp_path):
    done = run_logged_in(kakao, tmp_path, "cron_notify.py", stdin="디스크 91%\n" + "x" * 500)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert last_message(kakao) == "디스크 91%\n" + "x" * 192


def test_cron_notify__of_bytes_that_are_not_utf_8(kakao, tmp_path):
    done = run_logged_in(kakao, tmp_path, "cron_notify.py", stdin="\udcb0 91%")
    assert (done.returncode, done.stderr) == (0, "")
    assert last_message(kakao) == "\N{REPLACEMENT CHARACTER} 91%"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            -402,
            "not sent: run `kakao-session login --token-file kakao_token.json --scope "
            "talk_message`\n",
        ),
        (-10, "not sent: API limit has been exceeded (code -10, HTTP 400). "),
    ],
)
def test_cron_notify__that_fails(kakao, tmp_path, code, expected):
    kakao.fail_next(path=MEMO, error_code=code)
    done = run_logged_in(kakao, tmp_path, "cron_notify.py", stdin="disk full")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(expected)


@pytest.mark.parametrize(("interval", "start"), [(28, 0), (28, 16), (28, 28), (31, 29.9)])
def test_cron_notify__every_four_weeks_is_enough_and_every_month_is_not(
    kakao, clock, tmp_path, monkeypatch, interval, start
):
    """In this process, because the clock has to move for both sides."""
    store = FileTokenStore(tmp_path / "kakao_token.json")
    store.save(Token.from_response(kakao.login(), clock.moment))
    for name, value in kakao.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAKAO_SESSION_TOKEN_FILE", str(store.path))
    monkeypatch.setenv("KAKAO_REST_API_KEY", kakao.app_key)

    def runs():
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"disk full")))
        runpy.run_path(str(EXAMPLES / "cron_notify.py"))

    clock.advance(days=start)
    runs()
    if interval == 31:
        clock.advance(days=31)
        with pytest.raises(SystemExit, match="not sent: Expired refresh token"):
            runs()
        return
    for _ in range(13):
        clock.advance(days=interval)
        runs()
    assert last_message(kakao) == "disk full"
    assert sum(record.path == MEMO for record in kakao.requests) == 14


def test_many_users(kakao, tmp_path):
    url = f"sqlite:///{tmp_path / 'users.db'}"
    with logins(url) as stores:
        for user, store in stores.items():
            store.save(Token({**kakao.login(int(user)), "expires_at": kakao.now() - 1}))
    done = run(
        kakao, tmp_path, "many_users.py", "1", "2", "3",
        DATABASE_URL=url, KAKAO_REST_API_KEY=kakao.app_key,
    )  # fmt: skip
    assert done.stdout == "1 is 홍길동\n2 is 홍길동\n3 has to log in\n"
    assert len(kakao.token_requests) == 2


def test_shared_redis(kakao, tmp_path, redis_client, redis_server):
    place = {"REDIS_URL": redis_server.url}
    nobody = run(kakao, tmp_path, "shared_redis.py", **place)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert nobody.stderr.startswith("No token in Redis key 'kakao:token:bot' at ")

    path = kakao.write_token_file(tmp_path / "kakao_token.json", hours_ago=7)
    moved = run(kakao, tmp_path, "shared_redis.py", path.name, **place)
    assert (moved.stdout, path.exists()) == ("Hello, 홍길동\n", False)

    kakao.revoke_access_tokens()
    kakao.clear_requests()
    with ThreadPoolExecutor() as threads:
        jobs = [threads.submit(run, kakao, tmp_path, "shared_redis.py", **place) for _ in range(2)]
    assert [job.result().stdout for job in jobs] == ["Hello, 홍길동\n"] * 2
    assert len(kakao.token_requests) == 1
    stored = RedisTokenStore(redis_client, "kakao:token:bot").load()
    assert stored["app_key"] == kakao.app_key


@pytest.mark.parametrize("name", ["KakaoSession", "OAuth2Session"])
def test_migrate_from_oauth2session(kakao, tmp_path, name):
    source = (EXAMPLES / "migrate_from_oauth2session.py").read_text(encoding="utf-8")
    if name == "OAuth2Session":
        before = "from requests_oauthlib import OAuth2Session"
        source = source.replace("from kakao_session import KakaoSession", before)
        source = source.replace("KakaoSession", name)
    script = tmp_path / "script.py"
    script.write_text(source, encoding="utf-8")
    token = {**kakao.login(), "expires_at": kakao.now() - 1}
    (tmp_path / "token.json").write_text(json.dumps(token))

    done = run(kakao, tmp_path, str(script), KAKAO_REST_API_KEY=kakao.app_key)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, 홍길동\n", "")
    saved = json.loads((tmp_path / "token.json").read_text())
    assert saved["access_token"] != token["access_token"]
    assert saved["refresh_token"] == token["refresh_token"]
    assert len(kakao.token_requests) == 1


def test_my_bot(kakao, tmp_path, monkeypatch):
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_bot.py"],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout


# Every night ----------------------------------------------------------------------------------


class Night:
    """Many users, whose logins a database or a Redis keeps.

    :param variables: lead the example to them.
    :param new_store: makes the store of a user.
    """

    def __init__(self, kakao, folder, new_store, variables):
        self.kakao = kakao
        self.folder = folder
        self.new_store = new_store
        self.variables = {**variables, "KAKAO_REST_API_KEY": kakao.app_key}
        self.users = []

    def log_in(self, count, days_ago):
        """Add users who logged in some days ago."""
        self.kakao.advance(days=-days_ago)
        for _ in range(count):
            user = len(self.users) + 1
            token = Token.from_response(self.kakao.login(user), self.kakao.now())
            self.users.append(user)
            self.new_store(user).save(token)
        self.kakao.advance(days=days_ago)

    def run(self):
        """:returns: the exit status, how many had which outcome, and the messages."""
        # A pool of connections lives as long as the process.
        options = ("-W", "error", "-W", "ignore::ResourceWarning")
        done = run(self.kakao, self.folder, "keep_alive.py", options=options, **self.variables)
        for token in self.kakao.tokens:
            assert token.value not in done.stdout + done.stderr
        counts = re.findall(r"(\d+) ([a-z ]+)", done.stdout)
        counts = {what: int(number) for number, what in counts if number != "0"}
        return done.returncode, counts, done.stderr

    def start(self):
        return runs_in_background(self.kakao, self.folder, "keep_alive.py", **self.variables)

    def alive(self):
        """:returns: the users whose stored refresh token Kakao still accepts."""
        stored = {user: self.new_store(user).load()["refresh_token"] for user in self.users}
        return [user for user in self.users if not self.kakao.find(stored[user]).ended]


@pytest.fixture
def redis_client(redis_server):
    """A client of a Redis that is empty."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture(params=["sqlite"])
def night(request, kakao, tmp_path):
    """Logins in SQLite, or in the server that the test asks for."""
    if request.param == "redis":
        client = request.getfixturevalue("redis_client")
        variables = {"REDIS_URL": request.getfixturevalue("redis_server").url}
        new_store = partial(RedisTokenStore, client)
        yield Night(kakao, tmp_path, lambda user: new_store(f"kakao:token:{user}"), variables)
        return
    url = f"sqlite:///{tmp_path / 'users.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").url
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS kakao_tokens")
    new_store = partial(SQLTokenStore, engine)
    yield Night(kakao, tmp_path, lambda user: new_store(str(user)), {"DATABASE_URL": url})
    engine.dispose()


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("night", ["redis"], indirect=True)
def test_keep_alive(kakao, night):
    night.log_in(30, days_ago=35)
    night.log_in(5, days_ago=2)
    kakao.unlink(7)
    status, counts, messages = night.run()
    assert (status, counts) == (1, {"refreshed": 29, "not due": 5, "ended": 1})
    assert messages.startswith("kakao:token:7: The refresh token has expired")
    assert len(night.alive()) == 34

    night.log_in(1, days_ago=35)
    night.new_store(7).delete()
    night.users.remove(7)
    kakao.fail_next(error_code="KOE237")
    status, counts, messages = night.run()
    assert (status, counts) == (1, {"refused": 1, "not due": 34})
    assert "Too many token requests (KOE237" in messages
    assert night.run() == (0, {"refreshed": 1, "not due": 34}, "")
    assert night.alive() == night.users


def test_keep_alive__no_logins_and_one_temporary_error(kakao, night):
    assert night.run() == (0, {}, "")
    night.log_in(5, days_ago=35)
    kakao.fail_next("garbage")
    status, counts, messages = night.run()
    assert (status, counts) == (0, {"refreshed": 4, "unavailable": 1})
    assert messages.count("\n") == 1


@pytest.mark.parametrize("night", ["redis"], indirect=True)
def test_keep_alive__stops_if_kakao_refuses_everything(kakao, night):
    kakao.fail_next(error_code="KOE237", times=None)
    stopped = "Stopped: too many token requests in a row failed. Try again in an hour.\n"
    for more, visited, stops in [(19, 19, 0), (1, 20, 1), (80, 80, 1)]:
        night.log_in(more, days_ago=35)
        status, counts, messages = night.run()
        assert (status, counts) == (1, {"refused": visited})
        assert (messages.count(stopped), messages.endswith(stopped)) == (stops, bool(stops))
    kakao.clear_failures()
    assert night.run() == (0, {"refreshed": 100}, "")


@pytest.mark.parametrize("night", ["postgresql"], indirect=True)
def test_keep_alive__killed_in_the_middle(kakao, night):
    """Each thread waits for an answer. Kakao has not replaced these refresh tokens."""
    night.log_in(60, days_ago=35)
    kakao.latency = 0.1
    with night.start() as process:
        wait_for(lambda: len(kakao.token_requests) > 20)
        kakao.fail_next("hang", times=None)
        wait_for(lambda: sum("hang" in record.note for record in kakao.token_requests) == 16)
        process.kill()
    kakao.clear_failures()
    kakao.latency = 0
    done = Counter(record.status for record in kakao.token_requests)[200]
    assert 0 < done < 60
    assert night.run() == (0, {"refreshed": 60 - done, "not due": done}, "")
    assert night.alive() == night.users


@pytest.mark.parametrize("night", ["postgresql"], indirect=True)
def test_keep_alive__asked_to_end_saves_what_is_under_way(kakao, night):
    night.log_in(60, days_ago=35)
    kakao.latency = 0.3
    with night.start() as process:
        wait_for(lambda: len(kakao.token_requests) > 20)
        process.terminate()
    assert process.returncode == -signal.SIGINT
    assert len(kakao.token_requests) < 60
    assert night.alive() == night.users


# On a web server --------------------------------------------------------------------------------


@pytest.fixture
def site(kakao, tmp_path):
    """:returns: the address of the example's web server."""
    port = free_port()
    address = f"http://localhost:{port}"
    kakao.client_secret = "the-client-secret"
    kakao.redirect_uris = [f"{address}/callback"]
    kakao.consent = "page"
    with subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", EXAMPLES / "flask_login", "run", f"-p{port}"],
        cwd=tmp_path,
        env={
            **os.environ,
            **kakao.environment(),
            "KAKAO_REST_API_KEY": kakao.app_key,
            "KAKAO_CLIENT_SECRET": kakao.client_secret,
            "FLASK_SECRET_KEY": "the key that signs the cookies",
            "FLASK_DATABASE_URL": f"sqlite:///{tmp_path / 'users.db'}",
            "FLASK_REDIRECT_URI": f"{address}/callback",
        },
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        next(line for line in server.stderr if "Running on" in line)
        yield address
        server.terminate()


class Browser:
    """The browser of a user of the site."""

    def __init__(self, kakao, user):
        self.kakao = kakao
        self.user = user
        self.http = requests.Session()
        self.http.proxies = {"https": kakao.proxy_url}
        self.http.verify = kakao.ca_file

    def open(self, url):
        """Follow a link. The user is logged in at Kakao."""
        self.kakao.browser_user = self.user
        return self.http.get(url, timeout=30)

    def click(self, page):
        """Follow the only link of a page."""
        [link] = re.findall(r"href='([^']+)'", page.text)
        return self.open(html.unescape(link))

    def decide(self, page, decision):
        """Press a button of the consent page."""
        [action] = re.findall(r'action="([^"]+)"', page.text)
        url = urljoin(page.url, html.unescape(action))
        scopes = re.findall(r'name="scope" value="([^"]+)"', page.text)
        form = {"scope": scopes, "decision": decision, "user": self.user}
        return self.http.post(url, data=form, timeout=30)

    def log_in(self, address):
        """Agree to everything. :returns: the page that needed it."""
        connected = self.decide(self.click(self.open(address)), "agree")
        assert (connected.url, connected.status_code) == (f"{address}/", 401)
        consent = self.click(connected)
        assert parse_qs(urlsplit(consent.url).query)["scope"] == ["friends"]
        return self.decide(consent, "agree")


def test_flask_login(kakao, site, tmp_path):
    one, two = Browser(kakao, 1), Browser(kakao, 2)
    assert one.log_in(site).text == "Friends here: 2"
    assert two.log_in(site).text == "Friends here: 3"
    assert one.open(site).text == "Friends here: 3"
    with logins(f"sqlite:///{tmp_path / 'users.db'}") as stores:
        for browser in (one, two):
            browser.open(site)
            token = stores[str(browser.user)].load()
            sent = kakao.requests[-1].headers["authorization"]
            assert sent == f"Bearer {token['access_token']}"

    kakao.advance(days=1)
    kakao.clear_requests()
    assert one.open(site).status_code == 200
    assert len(kakao.token_requests) == 1
    kakao.unlink(1)
    assert one.open(site).status_code == 401
    assert two.open(site).status_code == 200


def test_flask_login__forged_or_cancelled(kakao, site):
    for state in ("", "&state=", "&state=forged"):
        browser = Browser(kakao, 1)
        assert browser.open(f"{site}/callback?code=forged{state}").status_code == 401
        browser.open(site)
        assert browser.open(f"{site}/callback?code=forged{state}").status_code == 401
    back = browser.decide(browser.click(browser.open(site)), "cancel")
    assert urlsplit(back.url).path == "/callback"
    assert back.status_code == 401
    assert kakao.token_requests == []
    assert browser.decide(browser.click(back), "agree").url == f"{site}/"
