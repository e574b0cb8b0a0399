"""The made-up window and what is expected of it: the twins' own numbers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from edgel3_deploy.export.vector import falling_noise, fnv1a, make_vector, noise
from edgel3_deploy.graph.reference import run
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.reference.accept import read_network_file


def test_noise_falls_by_half_with_each_step() -> None:
    samples = falling_noise(8_000)
    steps = samples.reshape(8, 1_000)
    assert samples.dtype == np.int16
    peaks = np.abs(steps.astype(int)).max(axis=1)
    assert 32_000 < peaks[0] <= 32_768
    assert all(0.45 < later / before < 0.55 for before, later in pairwise(peaks))
    assert abs(samples.mean()) < 200


def test_noise_takes_every_number() -> None:
    assert np.unique(noise(20_000)).tolist() == list(range(-128, 128))


def test_the_generator_is_that_of_the_page() -> None:
    state = (2019 * 1_664_525 + 1_013_904_223) % 2**32
    assert noise(1).tolist() == [(state >> 24) - 128]
    assert falling_noise(1).tolist() == [(state >> 16) - 32_768]


def test_fnv1a_of_known_texts() -> None:
    assert fnv1a(b"") == 0x811C9DC5
    assert fnv1a(b"foobar") == 0xBF9CF968


def test_without_front_end_the_output_is_the_networks_for_noise(model_file: Path) -> None:
    network, content = read_network_file(model_file)
    vector = make_vector(without_front_end(network), content, None)
    window = noise(network.input.size).reshape(network.input.shape)
    assert vector.output.tolist() == run(network, window).reshape(-1).tolist()
    assert vector.input_sum == fnv1a(window.tobytes())
    assert vector.scores.size == 0
