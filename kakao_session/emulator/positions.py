"""The positions of the switches as they come from outside, where no type checker has seen them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_type_hints

from kakao_session.emulator.json_types import fits, in_words
from kakao_session.emulator.switches import Switches


def positions(switches: Switches) -> dict[str, Any]:
    """:returns: how every switch stands."""
    return {field.name: getattr(switches, field.name) for field in fields(Switches)}


def check_position(name: str, position: Any) -> None:
    """:raises ValueError: if there is no such switch, or it has no such position."""
    hint = get_type_hints(Switches).get(name)
    if hint is None:
        raise ValueError(f"there is no switch {name!r}")
    if not fits(position, hint):
        raise ValueError(f"{name} takes {in_words(hint)}")


def read_position(text: str) -> tuple[str, Any]:
    """:returns: switch and position of ``name=position``, which may be JSON.

    :raises ValueError: as :func:`check_position` does.
    """
    name, _, position = text.partition("=")
    try:
        read = json.loads(position)
    except (ValueError, RecursionError):
        read = position
    check_position(name, read)
    return name, read
