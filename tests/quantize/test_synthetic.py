"""Generated sounds: the same everywhere, varied, and with silent edges."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.quantize.synthetic import generate


@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_windows_are_audio(rate: int) -> None:
    sounds = generate(rate, 25)
    assert len(sounds) == 25
    assert all(sound.shape == (rate,) and sound.dtype == np.float32 for sound in sounds)
    assert all(np.isfinite(sound).all() for sound in sounds)
    assert not sounds[0].any()
    assert all(np.abs(sound).max() == pytest.approx(1, abs=1e-6) for sound in sounds[1:])


def test_the_same_sounds_come_every_time() -> None:
    for first, second in zip(generate(8000, 30), generate(8000, 30), strict=True):
        np.testing.assert_array_equal(first, second)


def test_no_two_are_alike_and_some_begin_or_end_in_silence() -> None:
    sounds = generate(8000, 60)
    assert len({sound.tobytes() for sound in sounds}) == 60
    assert sum(not sound[:800].any() for sound in sounds[1:]) >= 3
    assert sum(not sound[-800:].any() for sound in sounds[1:]) >= 3
