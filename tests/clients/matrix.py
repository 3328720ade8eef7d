"""The clients of others that log in to the emulator, and the table of them in the documents.

``python -m tests.clients.matrix`` writes the table again.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "clients.md"
_PLACE = re.compile(r"(?<=<!-- clients: begin -->\n).*(?=<!-- clients: end -->)", re.DOTALL)


@dataclass(frozen=True)
class Client:
    """A client, and what its driver does with it.

    :ivar does: what it has to do: login, profile, message, refresh, unlink.
    :ivar package: its name at PyPI or npm; ``None`` for a program.
    :ivar path: where its callback is.
    :ivar options: further options for ``kakao-session emulate``.
    :ivar needs_openid: whether it logs in only with OpenID Connect.
    :ivar openid_error: why its login fails with OpenID Connect.
    :ivar needs: what to add, for the table.
    """

    name: str
    driver: str
    does: str
    package: str | None = None
    path: str = "/callback"
    options: tuple[str, ...] = ("--client-secret", "not-a-secret")
    needs_openid: bool = False
    openid_error: str = ""
    needs: str = ""


_IN_FORM = '`token_endpoint_auth_method="client_secret_post"`'

CLIENTS = [
    Client(
        name="django-allauth",
        driver="python with_allauth.py",
        does="login profile",
        package="django-allauth",
        path="/accounts/kakao/login/callback/",
    ),
    Client(
        name="social-auth-core",
        driver="python with_social_auth.py",
        does="login profile refresh",
        package="social-auth-core",
        path="/complete/kakao/",
        options=(
            *("--client-secret", "not-a-secret"),
            *("--switch", "missing_redirect_uri=accepted"),
        ),
        needs="`--switch missing_redirect_uri=accepted`: its token request has no `redirect_uri`; "
        '`SOCIAL_AUTH_KAKAO_EXTRA_DATA = ["refresh_token"]`, to refresh',
    ),
    Client(
        name="fastapi-sso",
        driver="python with_fastapi_sso.py",
        does="login profile",
        package="fastapi-sso",
    ),
    Client(
        name="Authlib",
        driver="python with_authlib.py",
        does="login profile refresh unlink",
        package="Authlib",
        needs=_IN_FORM,
    ),
    Client(
        name="Authlib, with discovery",
        driver="python with_authlib_discovery.py",
        does="login profile",
        package="Authlib",
        needs_openid=True,
        needs=_IN_FORM,
    ),
    Client(
        name="httpx-oauth",
        driver="python with_httpx_oauth.py",
        does="login profile refresh",
        package="httpx-oauth",
    ),
    Client(
        name="Flask-Dance",
        driver="python with_flask_dance.py",
        does="login profile refresh unlink",
        package="Flask-Dance",
        needs='`token_url_params={"include_client_id": True}`',
    ),
    Client(
        name="PyKakao",
        driver="python with_pykakao.py",
        does="login message",
        package="PyKakao",
        options=(),
        needs="an app without a client secret, as in the emulator by default",
    ),
    Client(
        name="kakaome",
        driver="python with_kakaome.py",
        does="login message refresh",
        package="kakaome",
    ),
    Client(
        name="passport-kakao",
        driver="node with_passport_kakao.mjs",
        does="login profile",
        package="passport-kakao",
    ),
    Client(
        name="@auth/core",
        driver="node with_auth_core.mjs",
        does="login profile",
        package="@auth/core",
        path="/auth/callback/kakao",
        openid_error='unexpected JWT "iss" (issuer) claim value',
    ),
    Client(
        name="@auth/core, with an issuer",
        driver="node with_auth_core.mjs https://kauth.kakao.com",
        does="login profile",
        package="@auth/core",
        path="/auth/callback/kakao",
        needs="`Kakao({ issuer: 'https://kauth.kakao.com' })`",
    ),
    Client(
        name="arctic",
        driver="node with_arctic.mjs",
        does="login profile refresh",
        package="arctic",
    ),
    Client(
        name="openid-client",
        driver="node with_openid_client.mjs",
        does="login profile refresh unlink",
        package="openid-client",
        needs_openid=True,
    ),
    Client(
        name="grant",
        driver="node with_grant.mjs",
        does="login profile",
        package="grant",
        path="/connect/kakao/callback",
        needs="`profile_url: 'https://kapi.kakao.com/v2/user/me'`",
    ),
    Client(
        name="simple-oauth2",
        driver="node with_simple_oauth2.mjs",
        does="login profile refresh",
        package="simple-oauth2",
        needs="`authorizationMethod: 'body'`",
    ),
    Client(name="curl", driver="sh with_curl.sh", does="login profile refresh unlink"),
    Client(name="wget", driver="sh with_wget.sh", does="login profile refresh unlink"),
    Client(
        name="Java's `HttpClient`",
        driver="java WithHttpClient.java",
        does="login profile refresh unlink",
    ),
]


def with_table(text):
    """:returns: the document with the table of :data:`CLIENTS`."""
    versions = _versions()
    rows = [
        ["client", "version", "what it does here", "with OpenID Connect", "what it needs"],
        *(_row(client, versions) for client in CLIENTS),
    ]
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    lines = ["", head, "|---|---|---|---|---|", *body, "", ""]
    return _PLACE.sub(lambda _: "\n".join(lines), text)


def _row(client, versions):
    openid = "the same"
    if client.needs_openid:
        openid = "only with it"
    if client.openid_error:
        openid = f"fails: `{client.openid_error}`"
    does = client.does.replace(" ", ", ")
    return [client.name, versions.get(client.package, ""), does, openid, client.needs]


def _versions():
    pinned = re.compile(r"^([\w-]+)(?:\[\w+\])?==(\S+)$", re.MULTILINE)
    python = dict(pinned.findall((HERE / "requirements.txt").read_text(encoding="utf-8")))
    node = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return {**python, **node}


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
