"""The user's browser: opens Kakao's login page, agrees and says where Kakao sends it.

``python browser.py URL`` prints the address.
"""

import sys
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests


class Form(HTMLParser):
    """The form of a page, with the fields that a browser sends if the user presses *Agree*."""

    def __init__(self, page):
        super().__init__()
        self.action = None
        self.fields = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.action = given["action"]
        if (given.get("type"), given.get("class")) == ("hidden", None) or "checked" in given:
            self.fields.append((given["name"], given["value"]))
        if tag == "button" and given["value"] == "agree":
            self.fields.append((given["name"], given["value"]))


def agree(url):
    """:returns: the redirect URI with the code."""
    page = requests.get(url, timeout=30)
    form = Form(page.text)
    if form.action is None:
        sys.exit(f"{url} is no login page:\n{page.text}")
    action = urljoin(page.url, form.action)
    answer = requests.post(action, data=form.fields, allow_redirects=False, timeout=30)
    return answer.headers["Location"]


if __name__ == "__main__":
    print(agree(sys.argv[1]))
