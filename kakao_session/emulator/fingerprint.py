"""A short name for a token, by which it can be shown."""

from __future__ import annotations

import hashlib


def fingerprint(token: str) -> str:
    """:returns: eight characters by which a token can be named without being told."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]
