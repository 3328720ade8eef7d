"""Java, wget and PHP, which have other settings for a proxy than most programs."""

import json

import pytest

from kakao_session.emulator import KakaoEmulator
from tests.emulator.client import KAPI, run
from tests.required import program

ME = f"{KAPI}/v2/user/me"

JAVA = """
import java.net.*;
import java.net.http.*;
import java.io.*;

class Me {
  public static void main(String[] given) throws Exception {
    URL url = new URL(given[0]);
    HttpURLConnection connection = (HttpURLConnection) url.openConnection();
    connection.setRequestProperty("Authorization", "Bearer " + given[1]);
    System.out.println(connection.getResponseCode());
    HttpRequest request = HttpRequest.newBuilder(URI.create(given[0]))
        .header("Authorization", "Bearer " + given[1]).build();
    HttpClient client = HttpClient.newHttpClient();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.statusCode());
    try {
      new URL("https://example.com/").openStream();
    } catch (IOException error) {
      System.out.println("refused");
    }
  }
}
"""
PHP = """
<?php
[, $url, $token] = $argv;
$header = "Authorization: Bearer $token";
$proxy = str_replace('http://', 'tcp://', getenv('HTTPS_PROXY'));
$context = stream_context_create(['http' => ['header' => $header, 'proxy' => $proxy]]);
echo json_decode(file_get_contents($url, false, $context))->id, "\\n";
$curl = curl_init($url);
curl_setopt($curl, CURLOPT_HTTPHEADER, [$header]);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
echo json_decode(curl_exec($curl))->id, "\\n";
curl_setopt($curl, CURLOPT_URL, "https://example.com/");
echo var_export(curl_exec($curl), true), "\\n";
"""


def refused(kakao):
    return [record.host for record in kakao.requests if record.service == "proxy"]


def test_java__both_clients(kakao, tmp_path):
    path = tmp_path / "Me.java"
    path.write_text(JAVA)
    java = [program("java"), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # start fast
    printed = run(kakao, *java, str(path), ME, kakao.login()["access_token"])
    assert printed == "200\n200\nrefused\n"
    assert refused(kakao) == ["example.com:443"]


def test_java__options_of_the_user_stay(kakao, monkeypatch):
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx64m")
    options = kakao.environment()["JAVA_TOOL_OPTIONS"]
    assert options.startswith('-Xmx64m "-Dhttp.proxyHost=127.0.0.1" ')
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", options)
    assert kakao.environment()["JAVA_TOOL_OPTIONS"] == options


def test_php__curl_and_streams(kakao, tmp_path):
    path = tmp_path / "me.php"
    path.write_text(PHP.lstrip())
    printed = run(kakao, program("php"), str(path), ME, kakao.login()["access_token"])
    assert printed == "123456789\n123456789\nfalse\n"
    assert refused(kakao) == ["example.com:443"]


@pytest.mark.parametrize("variable", ["WGETRC", "HOME"])
def test_wget__settings_of_the_user_stay(monkeypatch, tmp_path, variable):
    own = tmp_path / ".wgetrc"
    own.write_text("user_agent = mine")
    monkeypatch.delenv("WGETRC", raising=False)
    monkeypatch.setenv(variable, str(own if variable == "WGETRC" else tmp_path))
    with KakaoEmulator() as kakao:
        access_token = kakao.login()["access_token"]
        header = f"--header=Authorization: Bearer {access_token}"
        printed = run(kakao, program("wget"), "--quiet", "--output-document=-", header, ME)
        assert json.loads(printed)["id"] == 123456789
        assert kakao.requests[-1].headers["User-Agent"] == "mine"


def test_environment__leads_every_client_here(kakao):
    environment = kakao.environment()
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        assert environment[name] == environment[name.lower()] == kakao.proxy_url
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        assert environment[name] == kakao.ca_file
    assert environment["NODE_USE_ENV_PROXY"] == "1"
    assert "kakao" not in environment["NO_PROXY"]
