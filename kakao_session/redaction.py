"""Keeps secrets out of what people see: names them by fingerprints, and errors lose inner frames.

Crash reporters show the local variables of every frame of a traceback. Inside this package these
are tokens, secrets and codes. So an error leaves the package without the frames in which it came
about, and so does everything that it chains.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_PACKAGE = "kakao_session."
_CALLS_OTHERS = "kakao_session.persistence"


def fingerprint(secret: str) -> str:
    """A short name of a secret, from its hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def without_inner_frames(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that programs call: its errors show no frame from inside the package.

    The frames of a program's own save callback or store stay: it has to find its mistakes there.
    """

    @wraps(function)
    def call(*arguments: P.args, **keywords: P.kwargs) -> T:
        handled = sys.exc_info()[1]  # the caller's, if it calls while it handles an error
        try:
            return function(*arguments, **keywords)
        except BaseException as error:
            arguments, keywords = (), {}  # type: ignore[assignment]  # crash reporters show this frame
            _drop_inner_frames(error, handled)
            raise error  # noqa: TRY201  # a bare raise restores the frames in Python 3.10

    return call


def drop_messages(error: BaseException) -> None:
    """Drop the messages of an error and of what led to it: they quote what was stored."""
    link: BaseException | None = error
    while link is not None:
        link.args = ("...",)
        link = link.__cause__ or link.__context__


def _drop_inner_frames(error: BaseException, handled: BaseException | None) -> None:
    """Drop the inner frames of an error and of all that it chains.

    :param handled: what the caller was handling before. It stays as it is.
    """
    seen: set[int] = set()
    pending: list[tuple[BaseException | None, bool]] = [(error, False)]
    while pending:
        link, is_of_others = pending.pop()
        if link is None or link is handled or id(link) in seen:
            continue
        seen.add(id(link))
        # How often it has passed without_inner_frames. The error itself is passing it just now.
        passes = sum(module == __name__ for module in map(_module, _entries(link.__traceback__)))
        if link is error:
            passes -= 1
        link.__traceback__ = _outer(link.__traceback__, keep=is_of_others)
        # If it has passed before, what it chains has no inner frames any more.
        is_of_others = link.__traceback__ is not None or passes > 0
        pending += [(link.__cause__, is_of_others), (link.__context__, is_of_others)]


def _outer(traceback: TracebackType | None, *, keep: bool) -> TracebackType | None:
    """:returns: of a traceback, the frames of other people's code that persistence has called.

    :param keep: whether its first frames are theirs.
    """
    kept = []
    for entry in _entries(traceback):
        module = _module(entry)
        if module.startswith(_PACKAGE):
            keep = module in (_CALLS_OTHERS, __name__)
        elif keep and module != "contextlib":  # with lock(): of our own stores too
            kept.append(entry)
    rebuilt = None
    for entry in reversed(kept):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _module(entry: TracebackType) -> str:
    return str(entry.tb_frame.f_globals.get("__name__", ""))
