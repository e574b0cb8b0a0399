from __future__ import annotations

import threading
import time

from edgel3_deploy.emulate.core.watchdog import ChipTime, WatchdogTimer


class Dog:
    """Implements `Watchdog`."""

    deadline: float | None = None


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_only_work_and_announced_rests_count() -> None:
    clock = ChipTime()
    assert clock.seconds() == 0.0
    clock.start()
    time.sleep(1.0)
    assert clock.seconds() < 0.5
    burn(0.05)
    assert 0.05 <= clock.seconds() < 0.9
    clock.rested(1.0)
    assert clock.seconds() >= 1.05


def test_an_unfed_watchdog_interrupts_until_it_is_reset() -> None:
    clock, dog, interrupts = ChipTime(), Dog(), threading.Semaphore(0)
    timer = WatchdogTimer(clock, dog, interrupts.release)
    with timer:
        assert not timer.expired
        dog.deadline = clock.seconds() + 0.02
        assert not timer.expired
        burn(0.03)
        assert timer.expired
        assert interrupts.acquire(timeout=60)
        assert interrupts.acquire(timeout=60), "once may fall between two runs of the engine"
        dog.deadline = None
        assert not timer.expired
