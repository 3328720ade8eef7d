"""What counts for every session of the process, and for how long."""

from __future__ import annotations

from kakao_session.pause import _MANY, Pause
from tests.conftest import Clock


def test_pause__edges(clock: Clock) -> None:
    pause = Pause(60)
    assert not pause.is_on("Bearer a")
    pause.begin("Bearer a")
    assert pause.is_on("Bearer a")
    assert not pause.is_on("Bearer b")
    clock.moment += 59
    assert pause.is_on("Bearer a")
    clock.moment += 1
    assert not pause.is_on("Bearer a")
    clock.moment -= 61
    assert not pause.is_on("Bearer a")


def test_pause__begun_again_and_ended(clock: Clock) -> None:
    pause = Pause(60)
    pause.begin("Bearer a")
    clock.moment += 100
    pause.begin("Bearer a")
    assert pause.is_on("Bearer a")
    for _ in range(2):
        pause.end("Bearer a")
        assert not pause.is_on("Bearer a")


def test_pauses__those_that_are_over_are_forgotten(clock: Clock) -> None:
    pause = Pause(60)
    for number in range(_MANY):
        pause.begin(f"Bearer {number}")
        clock.moment += 60 if number == 9 else 0
    assert len(pause._begun) == _MANY
    pause.begin("Bearer new")
    assert len(pause._begun) == _MANY - 10 + 1
    assert pause.is_on("Bearer 10")
    assert pause.is_on("Bearer new")


def test_pause__holds_no_token(clock: Clock) -> None:
    pause = Pause(60)
    pause.begin("Bearer the-access-token")
    assert "the-access-token" not in repr(vars(pause))
