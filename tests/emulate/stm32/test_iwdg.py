from __future__ import annotations

import pytest

from edgel3_deploy.emulate.stm32.iwdg import (
    FEED,
    KR,
    LSI_HZ,
    PR,
    PVU,
    RLR,
    RVU,
    SR,
    START,
    UNLOCK,
    WINR,
    Iwdg,
)


class Clock:
    """Time that a test sets."""

    now = 1.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watchdog(clock: Clock, said: list[str]) -> Iwdg:
    return Iwdg(said.append, clock)


def test_counts_once_it_is_started_and_feeding_moves_its_deadline(watchdog: Iwdg, clock: Clock) -> None:
    watchdog.write(KR, FEED)
    assert watchdog.deadline is None
    watchdog.write(KR, START)
    period = 0x1000 * 4 / LSI_HZ
    assert watchdog.deadline == 1.0 + period
    clock.now = 1.2
    watchdog.write(KR, FEED)
    assert watchdog.deadline == 1.2 + period


def test_prescaler_and_reload_need_their_key_and_time(watchdog: Iwdg, clock: Clock, said: list[str]) -> None:
    watchdog.write(PR, 6)
    assert watchdog.read(PR) == 0
    watchdog.write(KR, UNLOCK)
    watchdog.write(PR, 6)
    watchdog.write(RLR, 499)
    assert watchdog.read(SR) == PVU | RVU
    watchdog.write(RLR, 5)
    assert watchdog.read(RLR) == 499, "the last update is not over"
    assert len(said) == 2
    clock.now += 0.001
    assert watchdog.read(SR) == 0
    watchdog.write(KR, START)
    assert watchdog.deadline == pytest.approx(clock.now + 500 * 256 / LSI_HZ)
    watchdog.write(RLR, 7)
    assert watchdog.read(RLR) == 499, "any other key locks again"


def test_feeding_outside_the_window_resets_at_once(watchdog: Iwdg, clock: Clock) -> None:
    watchdog.write(KR, START)
    watchdog.write(KR, UNLOCK)
    watchdog.write(WINR, 0x7FF)
    watchdog.write(KR, FEED)
    assert watchdog.deadline == clock.now
    watchdog.reset()
    assert watchdog.deadline is None


def test_feeding_inside_the_window(watchdog: Iwdg, clock: Clock) -> None:
    watchdog.write(KR, START)
    watchdog.write(KR, UNLOCK)
    watchdog.write(WINR, 0x7FF)
    clock.now += 0.3
    watchdog.write(KR, FEED)
    assert watchdog.deadline is not None
    assert watchdog.deadline > clock.now
