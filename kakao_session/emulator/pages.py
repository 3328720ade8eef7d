"""Pages for a person, in Korean and English, that load nothing from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from flask import render_template, request
from werkzeug import Response

from kakao_session.emulator.wording import WORDS

if TYPE_CHECKING:
    from kakao_session.emulator.consent_items import Language

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def page(template: str, status: int = 200, **values: object) -> Response:
    """:returns: a page in the language of the browser, with a link to the other one."""
    language = _language()
    other = "en" if language == "ko" else "ko"
    html = render_template(
        template,
        lang=language,
        words=WORDS[language],
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


def _language() -> Language:
    """:returns: ``lang`` of the address, else what the browser prefers, else Korean."""
    asked = request.args.get("lang")
    if asked not in WORDS:
        asked = request.accept_languages.best_match(WORDS)
    return cast("Language", asked or "ko")
