"""Unmodified clients, which only have the environment variables and Kakao's real host names."""

import json

import httpx
import pytest

from tests.emulator.client import run
from tests.required import program

ME = "https://kapi.kakao.com/v2/user/me"

CALLS = """
import { get } from 'node:https'
const [url, tokenUrl, key, access, refresh] = process.argv.slice(1)
const headers = { Authorization: `Bearer ${access}` }
for (let i = 0; i < 3; i++) {
  const response = await fetch(url, { headers })
  console.log(response.status, (await response.json()).id)
}
const form = { grant_type: 'refresh_token', client_id: key, refresh_token: refresh }
const body = new URLSearchParams(form)
const answer = await (await fetch(tokenUrl, { method: 'POST', body })).json()
console.log(Object.keys(answer).join(' '))
get(url, { headers }, response => {
  response.on('data', body => console.log(response.statusCode, JSON.parse(body).id))
})
"""
TLS = """
import { connect } from 'node:tls'
const token = process.argv[2]
const socket = connect(443, 'kapi.kakao.com', () => {
  socket.end(`GET /v2/user/me HTTP/1.1\\r\\nHost: kapi.kakao.com\\r\\nConnection: close\\r\\n` +
             `Authorization: Bearer ${token}\\r\\n\\r\\n`)
})
socket.on('data', data => console.log(String(data).slice(9, 12), socket.authorized))
"""
OUT = """
const failing = emitter => new Promise((_, reject) => emitter.on('error', reject))
const attempts = {
  fetch: () => fetch('https://example.com/'),
  plain: () => fetch('http://example.com/'),
  ip: () => fetch('https://192.0.2.1/'),
  kakao: () => fetch('https://kakao.com/'),
  port: () => fetch('https://kapi.kakao.com:8443/'),
  https: () => failing(require('https').get('https://example.com/')),
  net: () => failing(require('net').connect(80, 'example.com'))
}
async function main () {
  for (const [name, attempt] of Object.entries(attempts)) {
    await attempt().catch(error => console.log(name, error.cause?.message ?? error.message))
  }
}
main()
"""
LOOPBACK = """
console.log(process.execArgv.length, process.env.NODE_OPTIONS.slice(0, 24))
const http = require('http')
const server = http.createServer((request, response) => response.end('mine'))
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address()
  for (const host of ['127.0.0.1', 'localhost']) {
    console.log(await (await fetch(`http://${host}:${port}/`)).text())
  }
  server.close()
  server.closeAllConnections()
})
"""


def test_curl(kakao):
    token = kakao.login()
    header = f"Authorization: Bearer {token['access_token']}"
    printed = run(kakao, program("curl"), "--silent", "--show-error", "--fail", "-H", header, ME)
    assert json.loads(printed)["id"] == 123456789
    with pytest.raises(AssertionError, match="403"):
        run(kakao, program("curl"), "--silent", "--show-error", "https://example.com/")
    inside, outside = kakao.requests
    assert (inside.host, inside.status) == ("kapi.kakao.com", 200)
    assert inside.headers["user-agent"].startswith("curl/")
    assert outside.host == "example.com:443"


def test_httpx(kakao):
    token = kakao.login()
    with httpx.Client() as client:
        response = client.get(ME, headers={"Authorization": f"Bearer {token['access_token']}"})
        assert response.json()["id"] == 123456789
        form = {
            "grant_type": "refresh_token",
            "client_id": kakao.app_key,
            "refresh_token": token["refresh_token"],
        }
        assert (
            "access_token" in client.post("https://kauth.kakao.com/oauth/token", data=form).json()
        )
        with pytest.raises(httpx.ProxyError):
            client.get("https://example.com/")


def test_node__calls(kakao):
    token = kakao.login()
    urls = ME, "https://kauth.kakao.com/oauth/token"
    arguments = *urls, kakao.app_key, token["access_token"], token["refresh_token"]
    node = [program("node"), "--input-type=module", "--eval", CALLS, "--"]
    me = "200 123456789\n"
    assert run(kakao, *node, *arguments) == f"{me * 3}access_token token_type expires_in\n{me}"
    hosts = [record.host for record in kakao.requests]
    assert hosts == ["kapi.kakao.com"] * 3 + ["kauth.kakao.com", "kapi.kakao.com"]


def test_node__tls_as_a_module(kakao, tmp_path):
    path = tmp_path / "client.mjs"
    path.write_text(TLS)
    token = kakao.login()["access_token"]
    assert run(kakao, program("node"), str(path), token) == "200 true\n"


def test_node__nothing_leaves_the_machine(kakao):
    # Newer versions of Node would ask the proxy, which has another message.
    printed = run(kakao, program("node"), "--eval", OUT, NODE_USE_ENV_PROXY="0")
    errors = dict(line.split(" ", 1) for line in printed.splitlines())
    assert {name: message.partition(": ")[2] for name, message in errors.items()} == {
        "fetch": "example.com:443 was refused",
        "plain": "example.com:80 was refused",
        "ip": "192.0.2.1:443 was refused",
        "kakao": "kakao.com:443 was refused",
        "port": "kapi.kakao.com:8443 was refused",
        "https": "example.com:443 was refused",
        "net": "example.com:80 was refused",
    }
    assert all("nothing leave this machine" in message for message in errors.values())
    assert len(kakao.requests) == len(errors)
    assert {(record.service, record.status) for record in kakao.requests} == {("proxy", 403)}


def test_node__loopback_is_left_alone_and_the_users_options_stay(kakao, monkeypatch):
    monkeypatch.setenv("NODE_OPTIONS", "--max-old-space-size=77")
    assert kakao.environment()["NODE_OPTIONS"].startswith("--max-old-space-size=77 --require ")
    monkeypatch.setenv("NODE_OPTIONS", kakao.environment()["NODE_OPTIONS"])
    assert kakao.environment()["NODE_OPTIONS"].count("--require") == 1
    options, *pages = run(kakao, program("node"), "--eval", LOOPBACK).splitlines()
    assert "--max-old-space-size=77" in options
    assert pages == ["mine", "mine"]
