"""Augmentation: full scale is never left, and every variant differs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.train.augment import augment, normalize
from edgel3_deploy.train.sounds import urban_sound
from edgel3_deploy.train.synthesis import noise


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_a_variant_stays_within_full_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound, background = (urban_sound(rng, 8_000, 8_000) for _ in range(2))
    variant = augment(sound, background, rng, 8_000)
    assert variant.shape == sound.shape
    assert np.isfinite(variant).all()
    assert np.abs(variant).max() <= 1


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_no_variant_of_a_steady_sound_is_silent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert augment(noise(rng, 8_000, 8_000), np.zeros(8_000), rng, 8_000).any()


def test_silence_is_survived() -> None:
    silence, rng = np.zeros(8_000), np.random.default_rng(0)
    for _ in range(50):
        assert np.isfinite(augment(silence, silence, rng, 8_000)).all()
    assert not normalize(silence).any()
