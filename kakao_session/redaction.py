"""Keeps secrets out of tracebacks, which print the repr of local variables: shows fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any


def fingerprint(secret: str) -> str:
    """A short name of a secret, from its hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:8]


class Secret(str):
    """A string whose repr is its fingerprint."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<secret {fingerprint(self)}>"

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> SecretBytes:
        """:returns: the bytes, whose repr hides them too."""
        return SecretBytes(super().encode(encoding, errors))


class SecretBytes(bytes):
    """Bytes whose repr is their number."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} secret bytes>"


class Secrets(dict[str, Any]):
    """A dict whose repr shows only the keys."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(map(str, self))}>"

    def __rich_repr__(self) -> Iterable[str]:
        yield from self  # rich prints the items of a dict, not its repr


def hidden(value: Any) -> Any:
    """:returns: the same value. Text, bytes and dicts get a repr that hides them."""
    for kind, hiding in _HIDING:
        if isinstance(value, kind):
            return hiding(value)
    return value


_HIDING: tuple[tuple[type, type], ...] = ((str, Secret), (bytes, SecretBytes), (dict, Secrets))


def without_frames(error: BaseException) -> BaseException:
    """Remove the frames of an error and its causes: they hold what was sent."""
    for link in _chain(error):
        link.__traceback__ = None
    return error


def without_words(error: BaseException) -> None:
    """Remove the messages of an error and its causes: they quote what was read."""
    for link in _chain(error):
        link.args = ("...",)


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        link = pending.pop()
        if link is not None and all(link is not each for each in links):
            links.append(link)
            pending += [link.__cause__, link.__context__]
    return links
