"""The pages that the browser shows after the login: small, in Korean and English."""

from __future__ import annotations

from enum import Enum
from html import escape


class Page(Enum):
    """The pages. Each has a title and a sentence in both languages."""

    DONE = (
        "로그인되었습니다",
        "이 창을 닫고 터미널로 돌아가세요.",
        "You are logged in",
        "Close this window and go back to the terminal.",
    )
    DENIED = (
        "로그인이 취소되었습니다",
        "동의하지 않아 아무것도 저장하지 않았습니다. 이 창을 닫아도 됩니다.",
        "The login was cancelled",
        "You did not agree, and nothing was stored. You can close this window.",
    )
    FAILED = (
        "로그인하지 못했습니다",
        "이유는 터미널에 나와 있습니다.",
        "The login did not succeed",
        "Your terminal shows the reason.",
    )
    STRAY = (
        "이 로그인의 주소가 아닙니다",
        "지금 진행 중인 로그인과 관계없는 주소입니다. 터미널에 표시된 주소를 다시 여세요.",
        "This address is not part of the login",
        "Open the address that your terminal shows.",
    )


HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with each page. The address bar has a code in it that no other site may see."""

_HTML = """<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title_ko} · {title_en}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ max-width: 30rem; margin: 18vh auto 0; padding: 0 1.5rem; font: 1rem/1.6 system-ui, sans-serif; word-break: keep-all; overflow-wrap: anywhere }}
h1 {{ font-size: 1.4rem; margin: 2rem 0 .25rem }}
p {{ margin: 0 }}
code {{ opacity: .7 }}
</style>
</head>
<body>
<main>
<h1>{title_ko}</h1>
<p>{text_ko}</p>
<h1 lang="en">{title_en}</h1>
<p lang="en">{text_en}</p>
{detail}
</main>
</body>
</html>
"""  # noqa: E501 - HTML


def html(page: Page, detail: str = "") -> str:
    """:returns: the page.

    :param detail: one more word, such as ``access_denied``. It is escaped.
    """
    title_ko, text_ko, title_en, text_en = map(escape, page.value)
    return _HTML.format(
        title_ko=title_ko,
        text_ko=text_ko,
        title_en=title_en,
        text_en=text_en,
        detail=f"<p><code>{escape(detail[:80])}</code></p>" if detail else "",
    )
