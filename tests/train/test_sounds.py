"""The generator of urban sounds: always finite, always audible, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.train.sounds import SOUNDS, Generator, urban_sound


@pytest.mark.parametrize("rate", [8_000, 48_000])
@pytest.mark.parametrize("generator", [generator for generator, _ in SOUNDS], ids=lambda g: g.__name__)
def test_every_generator_gives_finite_sound_of_the_length_asked_for(generator: Generator, rate: int) -> None:
    for seed in range(6):
        sound = generator(np.random.default_rng(seed), rate + rate // 2, rate)
        assert sound.shape == (rate + rate // 2,)
        assert np.isfinite(sound).all()


def test_sounds_have_unit_level_and_repeat() -> None:
    first, second = np.random.default_rng(7), np.random.default_rng(7)
    for _ in range(40):
        sound = urban_sound(first, 12_000, 8_000)
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(1)
        np.testing.assert_array_equal(sound, urban_sound(second, 12_000, 8_000))
