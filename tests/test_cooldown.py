"""What was just tried for a token is not tried again at once, in the whole process."""

import gc
import pickle

import pytest

from kakao_session.cooldown import Cooldown


@pytest.fixture
def cooldown(clock):
    return Cooldown(60)


def test_cooldown__edges(cooldown, clock):
    assert not cooldown.is_on("Bearer a")
    cooldown.start("Bearer a")
    assert cooldown.is_on("Bearer a")
    assert not cooldown.is_on("Bearer b")
    clock.moment += 59
    assert cooldown.is_on("Bearer a")
    clock.moment += 1
    assert not cooldown.is_on("Bearer a")
    clock.moment -= 61
    assert not cooldown.is_on("Bearer a")


def test_cooldown__started_again_and_stopped(cooldown, clock):
    cooldown.start("Bearer a")
    clock.moment += 100
    cooldown.start("Bearer a")
    assert cooldown.is_on("Bearer a")
    for _ in range(2):
        cooldown.stop("Bearer a")
        assert not cooldown.is_on("Bearer a")


def test_cooldowns__those_that_are_over_are_forgotten(cooldown, clock):
    for number in range(1024):
        cooldown.start(f"Bearer {number}")
    size = len(pickle.dumps(cooldown))
    clock.moment += 30
    cooldown.start("Bearer late")
    assert cooldown.is_on("Bearer 0")
    clock.moment += 30
    cooldown.start("Bearer new")
    assert len(pickle.dumps(cooldown)) < size / 100
    assert cooldown.is_on("Bearer late")
    assert cooldown.is_on("Bearer new")


def test_cooldowns__forgotten_by_two_threads_at_once(cooldown, clock):
    """Garbage is collected while they are gone through, and another thread comes in between."""

    def come_in_between(phase, info):
        if others:
            others.pop()
            cooldown.start("Bearer other")

    for number in range(1024):
        cooldown.start(f"Bearer {number}")
    clock.moment += 60
    others, thresholds = ["another thread"], gc.get_threshold()
    gc.collect()
    gc.callbacks.append(come_in_between)
    gc.set_threshold(500)  # in the middle of the 1,024
    try:
        cooldown.start("Bearer new")
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(come_in_between)
    assert cooldown.is_on("Bearer new")


def test_cooldown__holds_no_token(cooldown):
    cooldown.start("Bearer the-access-token")
    assert b"the-access-token" not in pickle.dumps(cooldown)
