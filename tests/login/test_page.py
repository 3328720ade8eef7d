"""The pages that the browser shows after the login."""

import re

import pytest

from kakao_session.login.page import Page, html


@pytest.mark.parametrize("page", list(Page))
def test_page__is_in_both_languages_and_loads_nothing(page):
    document = html(page)
    assert re.search(r"[가-힣]", document)
    assert re.search(r'<h1 lang="en">[A-Z]', document)
    assert not re.search(r"https?:|src=|url\(|<script", document)
    assert len(document) < 1500


def test_page__escapes_everything():
    document = html(Page.FAILED, "<script>alert('x')</script>&\"")
    assert "<script" not in document
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;" in document


def test_page__shows_80_characters_of_a_detail():
    assert "x" * 80 in html(Page.FAILED, "x" * 81)
    assert "x" * 81 not in html(Page.FAILED, "x" * 81)
