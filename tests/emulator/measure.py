"""How fast the emulator is: ``python -m tests.emulator.measure``. No test, since machines differ.

The clients are processes of their own and speak over plain sockets, lest it is them that is
measured.
"""

import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from urllib.parse import urlencode, urlsplit

from kakao_session.emulator import KakaoEmulator

_START = """
import time; started = time.perf_counter()
import http.client, ssl
from kakao_session.emulator.kakao import KakaoEmulator
imported = time.perf_counter()
with KakaoEmulator() as kakao:
    port = int(kakao.endpoints.kauth_url.rpartition(":")[2])
    tls = ssl.create_default_context(cafile=kakao.ca_file)
    client = http.client.HTTPSConnection("localhost", port, context=tls)
    client.request("POST", "/oauth/token", b"")
    assert client.getresponse().status == 401
    answered = time.perf_counter()
    client.close()
print(answered - imported, answered - started)
"""
_SECONDS = 3.0
_PER_CLIENT = 20


def main():
    """Print what was measured, a line each."""
    runs = [_first_answer() for _ in range(10)]
    for place, what in enumerate(("start to first answer", "the same, with all imports")):
        times = [run[place] * 1000 for run in runs]
        _say(f"{what}: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")
    with KakaoEmulator() as kakao:
        _say(f"64 parallel clients: {_crowd(kakao)}")
        for clients in (1, 2, 8):
            _say(
                f"token requests, {clients} kept-alive: {_throughput(kakao, clients):.0f} a second"
            )


def _first_answer():
    done = subprocess.run([sys.executable, "-c", _START], capture_output=True, check=True)
    alone, with_imports = map(float, done.stdout.split())
    return alone, with_imports


def _crowd(kakao):
    request = _refresh(kakao)
    address = _address(kakao)
    together, failures = threading.Barrier(64), []

    def call():
        together.wait()
        try:
            with _connected(address, kakao.ca_file) as connection:
                for _ in range(_PER_CLIENT):
                    _exchange(connection, request)
        except (OSError, AssertionError) as error:
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(64)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    return f"{64 * _PER_CLIENT} requests in {took:.2f} s, {len(failures)} clients failed"


def _throughput(kakao, clients):
    given = _address(kakao), kakao.ca_file, _refresh(kakao)
    with ProcessPoolExecutor(clients) as pool:
        asked = [pool.submit(_keep_asking, *given) for _ in range(clients)]
        return sum(count.result() for count in asked) / _SECONDS


def _keep_asking(address, ca_file, request):
    with _connected(address, ca_file) as connection:
        _exchange(connection, request)
        count, until = 0, time.perf_counter() + _SECONDS
        while time.perf_counter() < until:
            _exchange(connection, request)
            count += 1
        return count


def _connected(address, ca_file):
    plain = socket.create_connection(address, timeout=30)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    context = ssl.create_default_context(cafile=ca_file)
    return context.wrap_socket(plain, server_hostname="kauth.kakao.com")


def _exchange(connection, request):
    connection.sendall(request)
    answer = connection.recv(65_536)
    if not (answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"}")):
        raise AssertionError(answer)


def _refresh(kakao):
    form = {
        "grant_type": "refresh_token",
        "client_id": kakao.app_key,
        "refresh_token": kakao.login()["refresh_token"],
    }
    body = urlencode(form).encode()
    head = (
        "POST /oauth/token HTTP/1.1\r\nHost: kauth.kakao.com\r\n"
        "Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n"
        f"Accept: */*\r\nUser-Agent: measure\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _address(kakao):
    url = urlsplit(kakao.endpoints.kauth_url)
    return str(url.hostname), int(url.port or 0)


def _say(line):
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
