"""A loopback listener, and a client for it that sends what a browser sends, or worse."""

import queue
import socket
import threading
from contextlib import suppress

from kakao_session.login.loopback import LoopbackListener
from kakao_session.login.page import Page

RIGHT_STATE = "state=right"


class Browser:
    """A listener at a redirect URI, and a client for it.

    :ivar arrived: the answers to the login that the listener has taken, as URLs.
    """

    answer = f"code=c&{RIGHT_STATE}"

    def __init__(self, redirect_uri, port, is_answer=lambda url: RIGHT_STATE in url.split("?")[1]):
        self.port = port
        self.host = redirect_uri.split("/")[2]
        self.arrived = queue.SimpleQueue()
        self.listener = LoopbackListener(redirect_uri, is_answer, self.arrived.put)

    def connect(self, address="127.0.0.1"):
        return socket.create_connection((address, self.port), timeout=30)

    def send(self, data, address="127.0.0.1"):
        """:returns: the whole answer."""
        with self.connect(address) as connection, connection.makefile("rb") as answer:
            with suppress(OSError):  # refused before it had all
                connection.sendall(data)
            return answer.read()

    def get(self, target, address="127.0.0.1", **headers):
        fields = {"Host": self.host, **headers}
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
        return self.send("\r\n".join([*lines, "", ""]).encode(), address)

    def is_still_waiting(self):
        """:returns: whether nothing was taken for the answer, and the right answer is."""
        return self.arrived.empty() and self.arrives()

    def arrives(self, address="127.0.0.1"):
        """:returns: whether the answer comes through, and the browser is shown a page."""
        pages = []
        target = f"/callback?{self.answer}"
        get = threading.Thread(target=lambda: pages.append(self.get(target, address)))
        get.start()
        redirect = self.arrived.get(timeout=10)
        self.listener.show(Page.DONE)
        get.join(10)
        return redirect.endswith(target) and "로그인되었습니다" in pages[0].decode()


def status(answer):
    return int(answer.split()[1])
