"""The stream of training windows: batch k is the same whatever was drawn before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgel3_deploy.train.recordings import scan
from edgel3_deploy.train.stream import WindowStream


def test_a_batch_depends_on_the_seed_and_its_number_alone(recordings: Path) -> None:
    usable, _ = scan(sorted(recordings.iterdir()))
    stream = WindowStream(usable, 8_000, 4, seed=3)
    batches = [stream.batch(step) for step in range(3)]
    np.testing.assert_array_equal(WindowStream(usable, 8_000, 4, seed=3).batch(2), batches[2])
    assert (WindowStream(usable, 8_000, 4, seed=4).batch(2) != batches[2]).any()
    assert (batches[0] != batches[1]).any()


def test_windows_are_one_second_at_the_rate_asked_for() -> None:
    batch = WindowStream((), 48_000, 3, seed=0).batch(0)
    assert batch.shape == (3, 48_000)
    assert batch.dtype == np.float32
    assert np.isfinite(batch).all()


def test_memory_is_bounded_by_the_banks(recordings: Path) -> None:
    usable, _ = scan(sorted(recordings.iterdir()))
    stream = WindowStream(usable, 8_000, 2, seed=0)
    bank = stream._excerpts
    bank._size = 8
    for step in range(60):
        bank.draw(step, np.random.default_rng(step))
        assert len(bank._sounds) <= 16
