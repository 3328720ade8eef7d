"""Every example is run unchanged, with Kakao's real host names, against the local Kakao."""

import html
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import redis
import requests
from sqlalchemy import create_engine

from kakao_session import RedisTokenStore, SQLTokenStore, Token
from tests.free_port import free_port
from tests.stores import servers

EXAMPLES = Path(__file__).parents[1] / "examples"
MEMO = "/v2/api/talk/memo/default/send"


def run(kakao, folder, name, *arguments, stdin="", **variables):
    """Run an example in a folder, with more environment variables than those for Kakao."""
    return subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *arguments],
        cwd=folder,
        env={**os.environ, **kakao.environment(), **variables},
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def run_logged_in(kakao, folder, name, *arguments, stdin=""):
    """Run an example in a folder that has a tutorial's token file, seven hours old."""
    kakao.write_token_file(folder / "kakao_token.json", hours_ago=7)
    return run(kakao, folder, name, *arguments, stdin=stdin)


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
    assert done.stderr.endswith("Log in again: run `kakao-session login`.\n")


def test_cron_notify(kakao, tmp_path):
    done = run_logged_in(kakao, tmp_path, "cron_notify.py", stdin="디스크 91%\n" + "x" * 500)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert last_message(kakao) == "디스크 91%\n" + "x" * 192


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (-402, "not sent: run `kakao-session login --scope talk_message`\n"),
        (-10, "not sent: API limit has been exceeded (code -10, HTTP 400). "),
    ],
)
def test_cron_notify__that_fails(kakao, tmp_path, code, expected):
    kakao.fail_next(path=MEMO, error_code=code)
    done = run_logged_in(kakao, tmp_path, "cron_notify.py", stdin="disk full")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(expected)


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


def test_shared_redis(kakao, tmp_path):
    with servers.redis_server() as server:
        place = {"REDIS_URL": server.url}
        nobody = run(kakao, tmp_path, "shared_redis.py", **place)
        assert (nobody.returncode, nobody.stdout) == (1, "")
        assert nobody.stderr.startswith("There is no token in RedisTokenStore('kakao:my-bot' at ")

        path = kakao.write_token_file(tmp_path / "kakao_token.json", hours_ago=7)
        moved = run(kakao, tmp_path, "shared_redis.py", path.name, **place)
        assert (moved.stdout, path.exists()) == ("Hello, 홍길동\n", False)

        kakao.revoke_access_tokens()
        kakao.clear_requests()
        with ThreadPoolExecutor() as threads:
            jobs = [
                threads.submit(run, kakao, tmp_path, "shared_redis.py", **place) for _ in range(3)
            ]
        assert [job.result().stdout for job in jobs] == ["Hello, 홍길동\n"] * 3
        assert len(kakao.token_requests) == 1

        with redis.Redis.from_url(server.url) as client:
            stored = RedisTokenStore(client, "kakao:my-bot").load()
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


def test_flask_login__cancelled(kakao, site):
    browser = Browser(kakao, 1)
    back = browser.decide(browser.click(browser.open(site)), "cancel")
    assert urlsplit(back.url).path == "/callback"
    assert back.status_code == 401
    assert kakao.token_requests == []
    assert browser.decide(browser.click(back), "agree").url == f"{site}/"


def test_flask_login__a_day_later(kakao, site):
    one, two = Browser(kakao, 1), Browser(kakao, 2)
    one.log_in(site)
    two.log_in(site)
    kakao.advance(days=1)
    kakao.clear_requests()
    assert one.open(site).status_code == 200
    assert len(kakao.token_requests) == 1
    kakao.unlink(1)
    assert one.open(site).status_code == 401
    assert two.open(site).status_code == 200


@pytest.mark.parametrize("state", ["", "&state=", "&state=forged"])
def test_flask_login__refuses_a_forged_callback(kakao, site, state):
    browser = Browser(kakao, 1)
    assert browser.open(f"{site}/callback?code=forged{state}").status_code == 401
    browser.open(site)
    assert browser.open(f"{site}/callback?code=forged{state}").status_code == 401
    assert kakao.token_requests == []
