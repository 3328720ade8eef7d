"""What counts for every session of the process, and for how long."""

from kakao_session.cooldown import _MANY, Cooldown


def test_cooldown__edges(clock):
    cooldown = Cooldown(60)
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


def test_cooldown__started_again_and_stopped(clock):
    cooldown = Cooldown(60)
    cooldown.start("Bearer a")
    clock.moment += 100
    cooldown.start("Bearer a")
    assert cooldown.is_on("Bearer a")
    for _ in range(2):
        cooldown.stop("Bearer a")
        assert not cooldown.is_on("Bearer a")


def test_cooldowns__those_that_are_over_are_forgotten(clock):
    cooldown = Cooldown(60)
    for number in range(_MANY):
        cooldown.start(f"Bearer {number}")
        clock.moment += 60 if number == 9 else 0
    assert len(cooldown._started) == _MANY
    cooldown.start("Bearer new")
    assert len(cooldown._started) == _MANY - 10 + 1
    assert cooldown.is_on("Bearer 10")
    assert cooldown.is_on("Bearer new")


def test_cooldown__holds_no_token(clock):
    cooldown = Cooldown(60)
    cooldown.start("Bearer the-access-token")
    assert "the-access-token" not in repr(vars(cooldown))
