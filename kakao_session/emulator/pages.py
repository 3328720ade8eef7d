"""Renders HTML pages in Korean and English that load nothing from other hosts."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import render_template, request
from werkzeug import Response

from kakao_session.emulator.translations import TRANSLATIONS

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def page(template: str, status: int = 200, **values: object) -> Response:
    """:returns: the page in the user's language, with a link to the same in the other."""
    language = _language()
    other = "en" if language == "ko" else "ko"
    html = render_template(
        template,
        lang=language,
        words=TRANSLATIONS[language],
        elsewhere=f"{request.path}?{urlencode({**request.args, 'lang': other})}",
        **values,
    )
    headers = {
        "Content-Language": language,
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(html, status, headers, content_type="text/html;charset=UTF-8")


def _language() -> str:
    """:returns: ``lang`` in the URL, else what the browser prefers, else Korean."""
    asked = request.args.get("lang")
    if asked not in TRANSLATIONS:
        asked = request.accept_languages.best_match(TRANSLATIONS)
    return asked or "ko"
