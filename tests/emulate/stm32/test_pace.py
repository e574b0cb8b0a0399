from __future__ import annotations

import time

from edgel3_deploy.emulate.stm32.pace import Pace, Ready


def looks_until_ready(ready: Ready) -> int:
    looks = 1
    while not ready.look():
        looks += 1
    return looks


def test_in_turbo_pace_a_flag_takes_several_looks() -> None:
    ready = Ready(Pace(seed=1), 1.0)
    assert not ready.look()
    ready.follow(True)
    assert not ready
    assert 2 < looks_until_ready(ready) < 7
    assert ready
    ready.follow(True)
    assert ready.look()


def test_the_number_of_looks_follows_from_the_seed() -> None:
    def series(seed: int) -> list[int]:
        ready = Ready(Pace(seed=seed), 1.0)
        counts = []
        for _ in range(10):
            ready.follow(True)
            counts.append(looks_until_ready(ready))
            ready.follow(False)
            while ready.look():
                pass
        return counts

    assert series(1) == series(1)
    assert series(1) != series(2)


def test_a_flag_falls_as_slowly_as_it_rises_unless_it_sticks() -> None:
    falling, stuck = Ready(Pace(), 1.0), Ready(Pace(), 1.0, sticks=True)
    for ready in (falling, stuck):
        ready.follow(True)
        looks_until_ready(ready)
        ready.follow(False)
        assert ready.look()
    assert [any(not ready.look() for _ in range(10)) for ready in (falling, stuck)] == [True, False]


def test_in_real_pace_looking_does_not_help() -> None:
    ready = Ready(Pace(real=True), 0.05)
    started = time.perf_counter()
    ready.follow(True)
    looks_until_ready(ready)
    assert time.perf_counter() - started >= 0.05


def test_a_stall_lasts_until_the_end() -> None:
    delay = Pace(real=True).after(0.02)
    started = time.perf_counter()
    delay.stall()
    assert time.perf_counter() - started >= 0.02
    assert delay.over
    delay = Pace().after(5.0)
    delay.stall()
    assert delay.over
